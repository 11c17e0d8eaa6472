/*
 * One picture file: read, filtered, written. Runs in an image worker, on open descriptors alone.
 *
 * A task object lives as long as its worker and keeps what the next file can use again: chains,
 * tables, memory. It belongs to one thread.
 */
#ifndef FW_PIPELINE_IMAGE_TASK_H
#define FW_PIPELINE_IMAGE_TASK_H

#include "batch_settings.h"
#include "still.h"

struct fw_image_task;
struct fw_plugins;

/* From this size on the rows of a picture are shared by threads. */
#define FW_IMAGE_SHARED_PIXELS (UINT64_C(64) << 20)

struct fw_image_task_options {
    const struct fw_batch_settings *settings; /* borrowed */
    struct fw_plugins *plugins;               /* borrowed; NULL: none */
    /* Asked before a picture's memory is taken, when that is more than `free_bytes`: may wait. Says
     * how many threads may work on it. */
    uint64_t free_bytes;
    int (*grant)(void *user, uint64_t bytes, uint32_t *threads_out, struct fw_error *err);
    void *user;
};

struct fw_image_outcome {
    uint64_t frames_in;
    uint64_t frames_out;
    struct fw_still_sum sum;
    uint64_t decode_ns;
    uint64_t filter_ns;
    uint64_t encode_ns;
    int32_t width; /* as stored in the source */
    int32_t height;
    int32_t out_width;
    int32_t out_height;
};

int fw_image_task_create(struct fw_image_task **task_out,
                         const struct fw_image_task_options *options,
                         struct fw_error *err) FW_MUST_CHECK;
void fw_image_task_destroy(struct fw_image_task *task); /* NULL ok */
/* `kind` NONE: the source's own. `output_fd` is empty and read-write; what is in it after a failure
 * is worth nothing. With --verify decode the output is read back. */
int fw_image_task_run(struct fw_image_task *task, int source_fd, int output_fd,
                      enum fw_still_kind kind, struct fw_image_outcome *outcome_out,
                      struct fw_losses *losses, struct fw_error *err) FW_MUST_CHECK;

#endif
