/* The built-in filters, found by name, and what is known of libavfilter's. */
#ifndef FW_FILTERS_REGISTRY_H
#define FW_FILTERS_REGISTRY_H

#include "filter.h"

#include <stdbool.h>

uint32_t fw_filter_count(void);
const struct fw_filter *fw_filter_at(uint32_t index); /* NULL past the end */
const struct fw_filter *fw_filter_find(const char *name);

/* One of libavfilter's filters with one video input and output, before its options. */
struct fw_foreign {
    const char *name;
    const char *summary;
    enum fw_class filter_class;
    const char *reason;  /* why it has its class */
    const char *refusal; /* why it does not run here; NULL when it does */
};
/* The next one, in libavfilter's order; false past the end. *state starts NULL. */
bool fw_foreign_next(void **state, struct fw_foreign *foreign_out);

#endif
