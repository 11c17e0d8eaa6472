/* A filter and its options as JSON: "framewheel-filter/1". */
#ifndef FW_PIPELINE_FILTER_DOCUMENT_H
#define FW_PIPELINE_FILTER_DOCUMENT_H

#include "filters/filter.h"
#include "filters/registry.h"

#include <jansson.h>

/* `file` is the plugin that the filter comes from, one of `plugins`; NULL: built-in. With the
 * class, the reason for it and the formats that it has with its default options, where it can do
 * without others. A new reference; NULL without memory. */
struct fw_plugins;
json_t *fw_filter_document(const struct fw_filter *filter, const char *file,
                           struct fw_plugins *plugins);
/* The same of a filter of libavfilter: without options, with class and reason, or "refused". */
json_t *fw_foreign_document(const struct fw_foreign *foreign);

#endif
