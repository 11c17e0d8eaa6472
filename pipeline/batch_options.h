/* Rows of the option tables of `images` and `batch`; fw_option_at shows them to everybody. */
#ifndef FW_PIPELINE_BATCH_OPTIONS_H
#define FW_PIPELINE_BATCH_OPTIONS_H

#include "batch_settings.h"
#include "options.h"

/* A row whose offset is of struct fw_batch_settings; NULL. */
const struct fw_option_row *fw_batch_row_find(enum fw_scope scope, const char *name);
/* Whether a word is an option of a job, or of an encoder, that this scope takes. */
bool fw_batch_shares(enum fw_scope scope, const char *name);

#endif
