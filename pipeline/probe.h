/* A look at a file by a locked process of its own. */
#ifndef FW_PIPELINE_PROBE_H
#define FW_PIPELINE_PROBE_H

#include "filters/filter.h"

/* FW_END: no media, or without video. FW_OK: a film, or what cannot be told: damaged, unreadable,
 * no process to be had. One thread, as fw_probe. */
int fw_probe_film(const char *path);

#endif
