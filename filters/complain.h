/* Collects all errors of one chain text, each with a caret line under the bytes it is about. */
#ifndef FW_FILTERS_COMPLAIN_H
#define FW_FILTERS_COMPLAIN_H

#include "filter.h"

struct fw_complaints {
    const char *text;     /* the chain; borrowed */
    struct fw_error *err; /* may be NULL */
    uint32_t count;
};

/* Appends one error about bytes [first, end) of the text. `hint` (NULL or "": none) is shown below
 * the caret line. What does not fit into fw_error is dropped behind a line that says so. */
void fw_complain(struct fw_complaints *complaints, uint32_t first, uint32_t end, const char *hint,
                 const char *format, ...) FW_PRINTF(5, 6);

#endif
