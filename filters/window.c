/*
 * Parallel segments: which frames a window needs, and what is kept of them.
 *
 * A segment is a line of spans. The first span reads the caller's frames; every other one begins
 * with a filter that reads a window of what the span before it made. Those results are kept by
 * number, as many as the window is wide, so that consecutive outputs compute each of them once;
 * whatever is missing is computed from the caller's frames, depth first.
 */
#include "stage.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

/* One output of a segment in work. */
struct climb {
    struct fw_chain *chain;
    const struct fw_part *part;
    const struct fw_frame *const *in;
    uint32_t level;                      /* span in work */
    uint64_t number[FW_CHAIN_SPANS_MAX]; /* output that each span up to it works on */
};

size_t fw_window_bytes(const struct fw_chain *chain, const struct fw_part *part)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i + 1 < part->span_count; i++) {
        const struct fw_span *span = &chain->spans[part->span_first + i];
        const struct fw_video *out = &chain->stages[span->stage_end - 1].out;
        struct fw_image_layout layout;
        FW_CHECK(fw_image_layout(&layout, out->format, out->width, out->height) == 0);
        bytes += (size_t)(span[1].before + 1 + span[1].after) * layout.bytes;
    }
    return bytes;
}

static int open_span(struct fw_chain *chain, struct fw_span *span, bool keeps, struct fw_error *err)
{
    size_t width = (size_t)(span->before + 1 + span->after);
    span->window = calloc(width, sizeof(*span->window));
    if (!span->window)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a window of frames");
    if (!keeps)
        return FW_OK;
    const struct fw_video *out = &chain->stages[span->stage_end - 1].out;
    uint32_t count = (uint32_t)(span[1].before + 1 + span[1].after);
    struct fw_image_layout layout;
    FW_CHECK(fw_image_layout(&layout, out->format, out->width, out->height) == 0);
    span->kept = calloc(count, sizeof(*span->kept));
    span->kept_count = span->kept ? count : 0;
    for (uint32_t i = 0; i < span->kept_count; i++) {
        span->kept[i].block = fw_block_take(layout.bytes);
        if (!span->kept[i].block)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a window of frames");
    }
    return span->kept ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for a window of frames");
}

int fw_window_open(struct fw_chain *chain, const struct fw_part *part, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < part->span_count && status == FW_OK; i++)
        status = open_span(chain, &chain->spans[part->span_first + i], i + 1 < part->span_count,
                           err);
    return status;
}

void fw_window_close(struct fw_chain *chain, const struct fw_part *part)
{
    for (uint32_t i = 0; i < part->span_count; i++) {
        struct fw_span *span = &chain->spans[part->span_first + i];
        for (uint32_t k = 0; k < span->kept_count; k++)
            free(span->kept[k].block);
        free(span->kept);
        free(span->window);
        span->kept = NULL;
        span->kept_count = 0;
        span->window = NULL;
    }
}

static struct fw_span *span_at(const struct climb *climb, uint32_t level)
{
    return &climb->chain->spans[climb->part->span_first + level];
}

/* Number of the frame at the middle of the window for output `number` of a span. */
static uint64_t middle_of(const struct climb *climb, uint32_t level, uint64_t number)
{
    const struct fw_span *span = span_at(climb, level);
    return fw_number_before(climb->chain, span->stage_first, span->stage_end, number);
}

/* The caller's frame `offset` from the middle; NULL beyond the ends. */
static const struct fw_frame *caller_frame(const struct climb *climb, uint64_t number)
{
    const struct fw_chain_segment *shown = &climb->part->shown;
    int64_t offset = (int64_t)(number - climb->in[0]->index);
    FW_CHECK(offset >= -shown->before && offset <= shown->after);
    return climb->in[offset];
}

/* Whether output `number` of the span at `level` exists: if the input in its middle does. */
static bool exists(const struct climb *climb, uint32_t level, int64_t number)
{
    if (number < 0)
        return false;
    uint64_t at = (uint64_t)number;
    for (uint32_t below = level + 1; below-- > 0;)
        at = middle_of(climb, below, at);
    return caller_frame(climb, at) != NULL;
}

static struct fw_kept *kept_at(const struct climb *climb, uint32_t level, uint64_t number)
{
    struct fw_span *span = span_at(climb, level);
    return &span->kept[number % span->kept_count];
}

/* Fills the window of the span in work from what is kept (a frame that was dropped is none, like
 * those beyond the ends); returns false, with the number, when something is missing. */
static bool fill_window(struct climb *climb, uint64_t *missing_out)
{
    uint32_t level = climb->level;
    struct fw_span *span = span_at(climb, level);
    uint64_t middle = middle_of(climb, level, climb->number[level]);
    for (int32_t i = -span->before; i <= span->after; i++) {
        int64_t number = (int64_t)middle + i;
        const struct fw_frame *frame = NULL;
        if (level == 0) {
            frame = number < 0 ? NULL : caller_frame(climb, (uint64_t)number);
        } else if (exists(climb, level - 1, number)) {
            const struct fw_kept *kept = kept_at(climb, level - 1, (uint64_t)number);
            if (!kept->valid || kept->frame.index != (uint64_t)number) {
                *missing_out = (uint64_t)number;
                return false;
            }
            frame = kept->dropped ? NULL : &kept->frame;
        }
        span->window[span->before + i] = frame;
    }
    return true;
}

/* Output of the span in work into its kept images. */
static int keep(struct climb *climb, const struct fw_frame *const *window, struct fw_error *err)
{
    struct fw_span *span = span_at(climb, climb->level);
    uint64_t number = climb->number[climb->level];
    struct fw_kept *kept = kept_at(climb, climb->level, number);
    kept->valid = false;
    kept->dropped = false;
    kept->frame = (struct fw_frame){ .index = number };
    fw_video_map(&climb->chain->stages[span->stage_end - 1].out, kept->block, &kept->frame.image);
    int status = FW_DROP;
    if (window[0])
        status = fw_pass_run(climb->chain, span->stage_first, span->stage_end, window, number,
                             &kept->frame, err);
    if (status < 0)
        return status;
    kept->dropped = status == FW_DROP;
    if (status == FW_IDENTITY)
        fw_image_copy(&kept->frame.image, &window[0]->image);
    if (kept->frame.hdr) {
        kept->hdr = *kept->frame.hdr;
        kept->frame.hdr = &kept->hdr;
    }
    kept->valid = true;
    return FW_OK;
}

/* Output of the last span into the caller's image. */
static int finish(const struct climb *climb, const struct fw_frame *const *window,
                  struct fw_frame *out, struct fw_error *err)
{
    const struct fw_span *span = span_at(climb, climb->level);
    if (!window[0])
        return FW_DROP;
    int status = fw_pass_run(climb->chain, span->stage_first, span->stage_end, window,
                             climb->number[climb->level], out, err);
    if (status != FW_IDENTITY || climb->level == 0)
        return status;
    /* The same as what the span before it made, which the caller does not have. */
    fw_image_copy(&out->image, &window[0]->image);
    return FW_OK;
}

int fw_window_run(struct fw_chain *chain, const struct fw_part *part,
                  const struct fw_frame *const *in, uint64_t number, struct fw_frame *out,
                  struct fw_error *err)
{
    struct climb climb = { .chain = chain, .part = part, .in = in, .level = part->span_count - 1 };
    const uint32_t top = climb.level;
    climb.number[top] = number;
    for (;;) {
        const struct fw_span *span = span_at(&climb, climb.level);
        uint64_t missing;
        if (!fill_window(&climb, &missing)) {
            climb.number[--climb.level] = missing;
            continue;
        }
        const struct fw_frame *const *window = span->window + span->before;
        if (climb.level == top)
            return finish(&climb, window, out, err);
        int status = keep(&climb, window, err);
        if (status < 0)
            return status;
        climb.level++;
    }
}
