/* The built-in filters, found by name. Plugins will be added to the same list. */
#ifndef FW_FILTERS_REGISTRY_H
#define FW_FILTERS_REGISTRY_H

#include "filter.h"

uint32_t fw_filter_count(void);
const struct fw_filter *fw_filter_at(uint32_t index); /* NULL past the end */
const struct fw_filter *fw_filter_find(const char *name);

#endif
