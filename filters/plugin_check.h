/* Whether a plugin's tables can be used: what the host reads of them before it calls anything. */
#ifndef FW_FILTERS_PLUGIN_CHECK_H
#define FW_FILTERS_PLUGIN_CHECK_H

#include "filter.h"

/* FW_ERR_USAGE with the file and what is wrong with it. */
int fw_plugin_check(const struct fw_plugin *plugin, const char *path,
                    struct fw_error *err) FW_MUST_CHECK;

#endif
