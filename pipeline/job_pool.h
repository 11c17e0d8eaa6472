/*
 * Jobs beside each other: each a process of its own that supervises one job, as `framewheel run`
 * does, with a share of the workers.
 *
 * Runs in the supervising process of a batch. A job that dies with all its processes costs itself.
 */
#ifndef FW_PIPELINE_JOB_POOL_H
#define FW_PIPELINE_JOB_POOL_H

#include "framewheel.h"
#include "job.h"

struct fw_job_pool;

/* An output that is complete. */
struct fw_job_made {
    uint64_t bytes;
    uint64_t xxh3;
};

struct fw_job_end {
    uint64_t id;
    bool naming; /* it has not ended: its output waits for fw_job_pool_allow to get its name */
    struct fw_job_made made;
    int status;
    int signal;    /* 0: the supervisor of the job ended by itself */
    bool no_video; /* it failed, and its input is no film */
    struct fw_error err;
    char *report; /* from malloc; NULL when there is none */
    char *notes;  /* the same: warnings of the job, a line each */
    double wall_s;
    double cpu_s;
};

int fw_job_pool_create(struct fw_job_pool **pool_out, uint32_t slots,
                       struct fw_error *err) FW_MUST_CHECK;
/* Ends all of them at once. NULL ok. */
void fw_job_pool_destroy(struct fw_job_pool *pool);
bool fw_job_pool_has_room(const struct fw_job_pool *pool);
uint32_t fw_job_pool_busy(const struct fw_job_pool *pool);
/* Starts a job; it is forked with all its options, and stays the caller's. With `doubtful`, an
 * input that it failed on is looked at: nobody has said that it is a film. */
int fw_job_pool_give(struct fw_job_pool *pool, uint64_t id, const struct fw_job *job, bool doubtful,
                     struct fw_error *err) FW_MUST_CHECK;
/* The next one that ended, or has an output to be named; its texts are the caller's. FW_END: none
 * within `wait_ms`, or cancel_fd became readable. */
int fw_job_pool_wait(struct fw_job_pool *pool, int cancel_fd, int wait_ms,
                     struct fw_job_end *end_out) FW_MUST_CHECK;
/* Lets a job give its output its name. */
void fw_job_pool_allow(struct fw_job_pool *pool, uint64_t id);
/* Interrupts all of them, as fw_job_cancel does; again: at once. */
void fw_job_pool_cancel(struct fw_job_pool *pool);
/* Frames a second of all that run, and the share of their frames that is done (0..1). */
void fw_job_pool_gauge(const struct fw_job_pool *pool, double *fps_out, double *share_out);

#endif
