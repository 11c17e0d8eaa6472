/* A filter and its options as JSON: "framewheel-filter/1". */
#ifndef FW_PIPELINE_FILTER_DOCUMENT_H
#define FW_PIPELINE_FILTER_DOCUMENT_H

#include "filters/filter.h"
#include "filters/registry.h"

#include <jansson.h>

/* `plugin` is the file that the filter comes from; NULL: built-in. A new reference; NULL without
 * memory. */
json_t *fw_filter_document(const struct fw_filter *filter, const char *plugin);
/* The same of a filter of libavfilter: without options, with class and reason, or "refused". */
json_t *fw_foreign_document(const struct fw_foreign *foreign);

#endif
