/*
 * One question to one process: fork, run a function there, get its bytes or its error back.
 *
 * For work on hostile bytes outside a running job (probing, planning, pictures). The child closes
 * every descriptor that is not named, dies with its parent, and may lock itself before it reads
 * anything. The caller waits; it needs no SIGCHLD handler.
 */
#ifndef FW_PIPELINE_CHILD_H
#define FW_PIPELINE_CHILD_H

#include "filters/filter.h"

#define FW_CHILD_KEEP_MAX 16            /* descriptors that a child may keep */
#define FW_CHILD_BYTES_MAX (1u << 30)   /* a longer answer is FW_ERR_LIMIT */

/*
 * Runs body(arg, result_fd, err) in a child process that keeps `keep_fds` under their numbers,
 * standard error, and nothing else (0 and 1 become /dev/null unless they are kept). The body writes
 * its answer to result_fd and returns a status; both come back as if it had run here. *bytes_out is
 * the caller's to free, holds a zero byte behind *count_out bytes, and is NULL on failure.
 *
 * FW_ERR_DIED names the signal that ended the child; FW_ERR_STALLED: it did not answer within
 * timeout_ms (negative: no limit) and was killed. No child is left when this returns.
 */
int fw_child_call(int (*body)(void *arg, int result_fd, struct fw_error *err), void *arg,
                  const int *keep_fds, uint32_t keep_count, int timeout_ms, void **bytes_out,
                  size_t *count_out, struct fw_error *err) FW_MUST_CHECK;
/* For bodies: writes all of it. FW_ERR_SYSTEM when the parent does not read any more. */
int fw_child_answer(int result_fd, const void *bytes, size_t count,
                    struct fw_error *err) FW_MUST_CHECK;

#endif
