/*
 * One question to one process: fork, run a function there, get its bytes or its error back.
 *
 * For work on hostile bytes outside a running job (probing, planning, pictures). The child closes
 * every descriptor that is not named, dies with its parent, and may lock itself before it reads
 * anything. The caller waits; it needs no SIGCHLD handler.
 */
#ifndef FW_PIPELINE_CHILD_H
#define FW_PIPELINE_CHILD_H

#include "control.h"

#define FW_CHILD_KEEP_MAX 16          /* descriptors that a child may keep */
#define FW_CHILD_BYTES_MAX (1u << 30) /* a longer answer is FW_ERR_LIMIT */

struct fw_child_question {
    int (*body)(void *arg, int result_fd, struct fw_error *err);
    void *arg;
    const int *keep_fds;
    uint32_t keep_count;
    int timeout_ms;             /* negative: no limit */
    int cancel_fd;              /* readable: the child is ended; 0: none */
    const struct fw_proc *proc; /* shared; the time counts anew whenever it beats. NULL: never */
};

/*
 * Runs body(arg, result_fd, err) in a child process that keeps `keep_fds` under their numbers and
 * nothing else (the standard ones become /dev/null unless they are kept). The body writes its
 * answer to result_fd and returns FW_OK or a failure; both come back as if it had run here.
 * *bytes_out is the caller's to free, holds a zero byte behind *count_out bytes, and is NULL on
 * failure.
 *
 * FW_ERR_DIED names the signal that ended the child; FW_ERR_STALLED: it did not answer in time and
 * was killed; FW_ERR_CANCELLED: cancel_fd. No child is left when this returns. The child ignores
 * the keyboard's signals: whoever handles them here decides.
 */
int fw_child_call(const struct fw_child_question *question, void **bytes_out, size_t *count_out,
                  struct fw_error *err) FW_MUST_CHECK;
/* A fork takes only the calling thread along, so others would leave their locks behind:
 * FW_ERR_USAGE when this process has more than one. */
int fw_child_check_threads(struct fw_error *err) FW_MUST_CHECK;
/* Memory that is shared with the child, where it beats; NULL when there is none. */
struct fw_control *fw_child_map_control(void);
void fw_child_unmap_control(struct fw_control *control); /* NULL ok */
/* In a child: closes every descriptor from 3 on that is not in `keep`, which it sorts. */
void fw_child_close_others(int *keep, uint32_t count);
/* For bodies: writes all of it. FW_ERR_SYSTEM when the parent does not read any more. */
int fw_child_answer(int result_fd, const void *bytes, size_t count,
                    struct fw_error *err) FW_MUST_CHECK;

#endif
