/* Opens the input: a name as bytes, or standard input. Runs in the supervisor; reads nothing. */
#ifndef FW_PIPELINE_INPUT_H
#define FW_PIPELINE_INPUT_H

#include "filters/filter.h"

/* A descriptor above 2 for `path`, "-" for standard input. FW_ERR_INPUT: missing, a directory, not
 * readable. */
int fw_input_open(int *fd_out, const char *path, struct fw_error *err) FW_MUST_CHECK;

#endif
