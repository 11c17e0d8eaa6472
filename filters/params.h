/* The arguments of a call stored into a filter's state through its option table. */
#ifndef FW_FILTERS_PARAMS_H
#define FW_FILTERS_PARAMS_H

#include "grammar.h"

/* Stores the table's defaults, then the call's arguments ("enable" is skipped: it is the host's).
 * Errors about single arguments go to `complaints`. Returns FW_OK, FW_ERR_USAGE or FW_ERR_MEMORY.
 */
int fw_params_store(void *self, const struct fw_filter *filter, const struct fw_call *call,
                    struct fw_complaints *complaints) FW_MUST_CHECK;
/* Frees the texts that fw_params_store allocated. */
void fw_params_release(void *self, const struct fw_filter *filter);
/* "(integer, 0..1024, default 5)" */
void fw_params_describe(char *text, size_t bytes, const struct fw_option *option);
/* The `enable` argument of a call, or NULL. */
const struct fw_arg *fw_params_enable(const struct fw_call *call);

#endif
