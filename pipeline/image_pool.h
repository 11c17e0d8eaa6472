/*
 * Processes that turn picture files into picture files, and stay warm from one file to the next.
 *
 * The pool runs in the supervising process. A worker gets open descriptors, never a name; it is
 * locked before the first of them. A worker that dies or takes too long costs the file it was at:
 * it is reaped first, then replaced, and the file that was waiting behind comes back untouched.
 */
#ifndef FW_PIPELINE_IMAGE_POOL_H
#define FW_PIPELINE_IMAGE_POOL_H

#include "image_task.h"

#include <stdbool.h>

struct fw_image_pool;

struct fw_pool_options {
    const struct fw_batch_settings *settings; /* borrowed */
    uint32_t workers;
    /* Of pictures: each worker has an equal share of it by right, and asks for more. What is
     * granted beyond the shares is not more than this again, or one single picture. */
    uint64_t memory_bytes;
    bool reads_files; /* the chain opens files when it starts */
    int (*body)(void *worker); /* what a process runs; NULL: fw_image_worker_run */
};

struct fw_pool_task {
    uint64_t id;   /* the caller's; unique among those in the pool */
    int source_fd; /* both stay the caller's */
    int output_fd;
    enum fw_still_kind kind; /* of the output; NONE: the source's */
    bool sync;               /* fsync the output in the worker */
    bool alone;              /* nothing waits behind it in its worker */
};

enum fw_pool_fate {
    FW_POOL_DONE,     /* status and err say how it ended */
    FW_POOL_DIED,     /* the worker died in it; signal */
    FW_POOL_LATE,     /* it was ended: --max-image-time */
    FW_POOL_UNTOUCHED /* it waited behind another one: give it again */
};

struct fw_pool_result {
    uint64_t id;
    enum fw_pool_fate fate;
    int status;
    int signal;
    struct fw_error err;
    struct fw_image_outcome outcome;
    uint64_t cpu_ns;
    double wall_s;
    uint32_t loss_count;
    struct fw_loss *losses; /* valid until the next call of wait; NULL when there are none */
};

/* Starts the workers. FW_ERR_LIMIT for --sandbox=strict where it cannot be. */
int fw_image_pool_create(struct fw_image_pool **pool_out, const struct fw_pool_options *options,
                         struct fw_error *err) FW_MUST_CHECK;
/* Ends all workers at once. NULL ok. */
void fw_image_pool_destroy(struct fw_image_pool *pool);
/* Whether a task (of that kind) can be given now. */
bool fw_image_pool_has_room(const struct fw_image_pool *pool, bool alone);
uint32_t fw_image_pool_busy(const struct fw_image_pool *pool); /* tasks in it */
int fw_image_pool_give(struct fw_image_pool *pool, const struct fw_pool_task *task,
                       struct fw_error *err) FW_MUST_CHECK;
/* The next result. FW_END: none within `wait_ms`, or cancel_fd became readable. FW_ERR_DIED when
 * workers cannot even start. */
int fw_image_pool_wait(struct fw_image_pool *pool, int cancel_fd, int wait_ms,
                       struct fw_pool_result *result_out, struct fw_error *err) FW_MUST_CHECK;

/* What the workers did and held. */
struct fw_pool_stats {
    uint32_t workers;
    uint32_t deaths;
    uint32_t layers; /* of the sandbox, those that all workers have */
};
void fw_image_pool_stats(const struct fw_image_pool *pool, struct fw_pool_stats *stats_out);

#endif
