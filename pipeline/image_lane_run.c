/* A picture through the chains of a lane, by one thread or in bands of rows by several. */
#include "image_lane.h"

#include "filters/check.h"
#include "filters/image.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX FW_WORKERS_MAX

/* ---- one thread --------------------------------------------------------------------------- */

static int process_parallel(struct fw_chain *chain, const struct fw_chain_segment *segment,
                            const struct fw_frame *in, struct fw_frame *out, struct fw_error *err)
{
    const struct fw_frame *window[2 * FW_CHAIN_NEIGHBOURS_MAX + 1] = { NULL };
    FW_CHECK(segment->before <= FW_CHAIN_NEIGHBOURS_MAX &&
             segment->after <= FW_CHAIN_NEIGHBOURS_MAX);
    window[segment->before] = in;
    return fw_chain_process(chain, window + segment->before, out, err);
}

/* Takes what there is to pull; `count` is how many frames came so far. */
static int pull_all(struct fw_chain *chain, struct fw_frame *out, uint32_t *count,
                    struct fw_error *err)
{
    const struct fw_image image = out->image;
    for (;;) {
        int status = fw_chain_pull(chain, out, err);
        if (status == FW_END)
            return FW_OK;
        if (status < 0)
            return status;
        if (++*count > 1)
            return fw_fail(err, FW_ERR_USAGE,
                           "the chain makes several frames of one; a picture stays one");
        out->image = image;
    }
}

/* A stream of one frame. */
static int process_sequential(struct fw_chain *chain, uint32_t index, const struct fw_frame *in,
                              struct fw_frame *out, struct fw_error *err)
{
    struct fw_frame first = *in;
    uint32_t count = 0;
    first.index = 0;
    fw_chain_stop(chain);
    int status = fw_chain_start(chain, index, err);
    if (status == FW_OK)
        status = fw_chain_push(chain, &first, err);
    if (status == FW_OK)
        status = pull_all(chain, out, &count, err);
    if (status == FW_OK)
        status = fw_chain_push(chain, NULL, err);
    if (status == FW_OK)
        status = pull_all(chain, out, &count, err);
    if (status == FW_OK && count == 0)
        return FW_DROP;
    return status;
}

/* What a chain of the lane makes of a picture. */
struct pass {
    struct fw_frame now;
    void *blocks[2]; /* of pictures between two chains, used in turn */
    bool changed;
};

static int map_between(struct pass *pass, uint32_t index, const struct fw_video *video,
                       struct fw_image *image, struct fw_error *err)
{
    struct fw_image_layout layout;
    void **block = &pass->blocks[index % 2];
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "a picture between filters is too large");
    free(*block);
    *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (!*block)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture between filters");
    fw_image_map(image, &layout, video->format, video->width, video->height, *block);
    return FW_OK;
}

static int run_chain(struct fw_lane *lane, struct pass *pass, uint32_t index,
                     const struct fw_frame *target, struct fw_error *err)
{
    struct fw_chain_segment segment;
    struct fw_chain *chain = lane->chains[index];
    struct fw_frame next = *target;
    int status = FW_OK;
    fw_chain_segment_at(chain, lane->segments[index], &segment);
    if (index + 1 < lane->count)
        status = map_between(pass, index, &segment.out, &next.image, err);
    const struct fw_image image = next.image;
    if (status == FW_OK && segment.sequential)
        status = process_sequential(chain, lane->segments[index], &pass->now, &next, err);
    else if (status == FW_OK)
        status = process_parallel(chain, &segment, &pass->now, &next, err);
    if (status == FW_DROP)
        return fw_fail(err, FW_ERR_FILTER, "the chain drops the picture");
    if (status < 0)
        return status;
    next.image = status == FW_IDENTITY ? pass->now.image : image;
    next.index = target->index;
    pass->changed = pass->changed || status != FW_IDENTITY;
    pass->now = next;
    return FW_OK;
}

int fw_lane_process(struct fw_lane *lane, const struct fw_frame *in, struct fw_frame *out,
                    struct fw_error *err)
{
    struct pass pass = { .now = *in };
    const struct fw_frame target = *out;
    int status = FW_OK;
    for (uint32_t i = 0; i < lane->count && status == FW_OK; i++)
        status = run_chain(lane, &pass, i, &target, err);
    if (status == FW_OK && pass.changed && pass.now.image.data[0] != target.image.data[0])
        fw_image_copy(&target.image, &pass.now.image);
    free(pass.blocks[0]);
    free(pass.blocks[1]);
    if (status < 0)
        return status;
    *out = pass.now;
    out->image = target.image;
    return pass.changed ? FW_OK : FW_IDENTITY;
}

/* ---- several ------------------------------------------------------------------------------ */

/* One thread's share of the rows. */
struct share {
    pthread_t thread;
    struct fw_chain *chain;
    const struct fw_frame *in;
    struct fw_frame out;
    int32_t first;
    int32_t end;
    int status;
    struct fw_error err;
};

static void *run_share(void *argument)
{
    struct share *share = argument;
    share->status = fw_chain_process_rows(share->chain, share->in, &share->out, share->first,
                                          share->end, &share->err);
    return NULL;
}

/* Equal shares of whole units; the last one may be shorter. Returns how many there are. */
static uint32_t cut_rows(struct share *shares, uint32_t threads, int32_t height, int32_t unit)
{
    int32_t units = (height + unit - 1) / unit;
    uint32_t count = 0;
    for (uint32_t i = 0; i < threads; i++) {
        int32_t first = (int32_t)((int64_t)units * i / threads) * unit;
        int32_t end = (int32_t)((int64_t)units * (i + 1) / threads) * unit;
        end = end < height ? end : height;
        if (first >= end)
            continue;
        shares[count].first = first;
        shares[count++].end = end;
    }
    return count;
}

static int run_shares(struct share *shares, uint32_t count, struct fw_error *err)
{
    uint32_t started = 1;
    int status = FW_OK;
    for (; started < count; started++) {
        int error = pthread_create(&shares[started].thread, NULL, run_share, &shares[started]);
        if (error) {
            status = fw_fail(err, FW_ERR_SYSTEM, "cannot start a thread: %s",
                             strerrordesc_np(error));
            break;
        }
    }
    (void)run_share(&shares[0]);
    for (uint32_t i = 1; i < started; i++)
        (void)pthread_join(shares[i].thread, NULL);
    for (uint32_t i = 0; i < started && status == FW_OK; i++) {
        if (shares[i].status < 0)
            status = fw_fail(err, shares[i].status, "%s", shares[i].err.text);
    }
    return status;
}

int fw_lane_process_shared(struct fw_lane *lane, const struct fw_lane_request *request,
                           const struct fw_frame *in, struct fw_frame *out, uint32_t threads,
                           struct fw_error *err)
{
    struct fw_chain_segment segment;
    int32_t unit = 0;
    if (lane->count == 1 && threads > 1) {
        fw_chain_segment_at(lane->chains[0], lane->segments[0], &segment);
        unit = segment.sequential ? 0 : fw_chain_row_unit(lane->chains[0], in);
    }
    if (unit == 0)
        return fw_lane_process(lane, in, out, err);
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    struct share *shares = calloc(threads, sizeof(*shares));
    if (!shares)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for threads");
    uint32_t count = cut_rows(shares, threads, lane->out.height, unit);
    int status = FW_OK;
    for (uint32_t i = 0; i < count && status == FW_OK; i++) {
        shares[i].in = in;
        shares[i].out = *out;
        shares[i].chain = lane->chains[0];
        if (i > 0)
            status = fw_lane_copy_chain(&shares[i].chain, lane, request, err);
    }
    if (status == FW_OK)
        status = run_shares(shares, count, err);
    if (status == FW_OK) {
        const struct fw_image image = out->image;
        *out = shares[0].out;
        out->image = image;
    }
    for (uint32_t i = 1; i < count; i++)
        fw_chain_destroy(shares[i].chain);
    free(shares);
    return status;
}
