/*
 * A fixed output rate from frames at any times: which frame is shown at which tick, as FFmpeg's fps
 * filter with its defaults decides it (nearest tick, from the first frame on, ends rounded alike).
 *
 * Pure arithmetic. The caller keeps one frame and writes it as often as it is told to.
 */
#ifndef FW_PIPELINE_CADENCE_H
#define FW_PIPELINE_CADENCE_H

#include "filters/filter.h"

#include <stdbool.h>

struct fw_cadence {
    struct fw_rational base; /* unit of the times that arrive */
    struct fw_rational rate; /* frames a second that leave */
    int64_t next;            /* first tick not yet written */
    bool started;
    bool held; /* the caller keeps a frame */
    uint64_t duplicated;
    uint64_t dropped;
};

/* Ticks at which the kept frame is to be written: [first, first + count). */
struct fw_cadence_run {
    int64_t first;
    int64_t count;
};

/* `base` and `rate` are positive. */
void fw_cadence_init(struct fw_cadence *cadence, struct fw_rational base, struct fw_rational rate);
/* A frame at `pts` arrives. The answer is for the frame kept until now, which the new one then
 * replaces. */
struct fw_cadence_run fw_cadence_push(struct fw_cadence *cadence, int64_t pts);
/* Nothing more arrives; the last frame ends at `end`. The answer is for the frame kept. */
struct fw_cadence_run fw_cadence_finish(struct fw_cadence *cadence, int64_t end);

/* A time in ticks of another base: to the nearest, halves away from zero; the ends of int64_t where
 * it does not fit, and `value` itself where a base is 0. */
int64_t fw_rescale(int64_t value, struct fw_rational from, struct fw_rational to);

#endif
