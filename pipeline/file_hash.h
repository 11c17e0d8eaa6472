/* The XXH3 of a whole file, by which a batch knows its outputs again. */
#ifndef FW_PIPELINE_FILE_HASH_H
#define FW_PIPELINE_FILE_HASH_H

#include "filters/filter.h"

/* Of an open regular file, read by position; takes as long as reading does. FW_ERR_OUTPUT when it
 * cannot be read. */
int fw_file_hash(int fd, uint64_t *hash_out, struct fw_error *err) FW_MUST_CHECK;

#endif
