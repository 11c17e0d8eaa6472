/* Pixel formats by the names that people use. */
#ifndef FW_PIPELINE_SINK_FORMAT_H
#define FW_PIPELINE_SINK_FORMAT_H

#include "filters/filter.h"

/* FFmpeg's names, "yuv420p10" for the native order included; NULL when unknown. */
const struct fw_format *fw_format_named(const char *name);

#endif
