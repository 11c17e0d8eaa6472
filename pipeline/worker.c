/*
 * A middle process: takes a lease on a range of frames, runs its segment of the chain over each of
 * them from IN slots to its OUT slot. It owns nothing that outlives it.
 */
#include "role.h"

#include "fault.h"
#include "picture.h"
#include "segment.h"

#include "filters/chain.h"
#include "filters/check.h"

#include <stdlib.h>
#include <string.h>

struct working {
    struct fw_hop hop;
    struct fw_segment segment;
    struct fw_pictured *window;     /* the neighbours before, the frame in work, those after */
    const struct fw_frame **inputs; /* the same, NULL beyond the ends of the stream */
};

static int open_window(struct working *working, struct fw_error *err)
{
    const struct fw_hop_geometry *g = &working->hop.geometry;
    size_t count = (size_t)g->before + (size_t)g->after + 1;
    working->window = calloc(count, sizeof(working->window[0]));
    working->inputs = calloc(count, sizeof(working->inputs[0]));
    if (working->window == NULL || working->inputs == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a window of %zu frames", count);
    return FW_OK;
}

static int open_working(struct fw_station *station, struct working *working, struct fw_error *err)
{
    uint32_t hop = fw_plan_hop_of(station->plan, station->proc_index);
    int status = fw_station_map(station, false, true, err);
    if (status == FW_OK)
        status = fw_station_join(station, station->plan, &working->hop, NULL, err);
    if (status == FW_OK)
        status = open_window(working, err);
    if (status == FW_OK)
        status = fw_segment_open(&working->segment, station, 2 * hop, err);
    if (status == FW_OK)
        status = fw_segment_lock(&working->segment, station, err);
    return status;
}

/* The frame at an offset from the one in work, as an input of the chain. */
static int gather_one(struct working *working, const struct fw_work *work, int32_t offset,
                      struct fw_error *err)
{
    int32_t at = working->hop.geometry.before + offset;
    struct fw_pictured *pictured = &working->window[at];
    struct fw_frame_info info = work->info;
    const uint8_t *pixels = work->in;
    uint64_t index = work->input + (uint64_t)(int64_t)offset;
    int status = FW_OK;
    if (offset != 0)
        status = fw_lease_neighbour(&working->hop, work, offset, &info, &pixels);
    working->inputs[at] = status == FW_OK ? &pictured->frame : NULL;
    if (status == FW_END)
        return FW_OK;
    if (status != FW_OK || !fw_picture_fits(&working->segment.in, &info))
        return fw_fail(err, FW_ERR_INTERNAL, "frame %llu is not of the planned size or format",
                       (unsigned long long)index);
    fw_picture_read(&working->segment.in, &info, pixels, index, pictured);
    return FW_OK;
}

static void copy_side_data(const struct fw_hop *hop, const struct fw_work *work)
{
    size_t in_offset = hop->geometry.in_slot_bytes - FW_BLOB_MAX;
    size_t out_offset = hop->geometry.out_slot_bytes - FW_BLOB_MAX;
    memcpy(work->out + out_offset, work->in + in_offset, work->info.blob_bytes);
}

static int do_frame(struct fw_station *station, struct working *working, struct fw_lease *lease,
                    const struct fw_work *work, struct fw_error *err)
{
    const struct fw_hop_geometry *g = &working->hop.geometry;
    int status = FW_OK;
    for (int32_t offset = -g->before; status == FW_OK && offset <= g->after; offset++)
        status = gather_one(working, work, offset, err);
    if (status != FW_OK)
        return status;
    struct fw_frame out = working->window[g->before].frame;
    out.index = work->seq;
    fw_picture_place(&working->segment.out, work->out, &out.image);
    station->self->step = working->segment.step_first; /* not where the last frame ended */
    fw_fault_point(station->settings->fault, "worker", "mid_filter", work->seq);
    status = fw_chain_process(working->segment.chain, working->inputs + g->before, &out, err);
    if (status < 0) {
        fw_error_prefix(err, "frame %llu", (unsigned long long)work->seq);
        return status;
    }
    struct fw_frame_info info = work->info;
    fw_picture_describe(&working->segment.out, &out, &info);
    if (status == FW_OK)
        copy_side_data(&working->hop, work);
    fw_fault_point(station->settings->fault, "worker", "before_done", work->seq);
    fw_lease_finish(&working->hop, lease,
                    status == FW_DROP       ? FW_OUTCOME_DROP
                    : status == FW_IDENTITY ? FW_OUTCOME_ALIAS
                                            : FW_OUTCOME_DONE,
                    &info);
    atomic_fetch_add_explicit(&station->self->frames, 1, memory_order_relaxed);
    return FW_OK;
}

/* One range, until it is done or given back. */
static int run_lease(struct fw_station *station, struct working *working, struct fw_error *err)
{
    struct fw_lease lease = { 0 };
    struct fw_work work = { 0 };
    int status = fw_lease_claim(&working->hop, &lease, err);
    if (status != FW_OK)
        return status;
    status = fw_lease_next(&working->hop, &lease, &work, err);
    while (status == FW_OK) {
        uint64_t start = fw_now_ns();
        status = do_frame(station, working, &lease, &work, err);
        atomic_fetch_add_explicit(&station->self->busy_ns, fw_now_ns() - start,
                                  memory_order_relaxed);
        fw_station_sample(station, false);
        if (status == FW_OK)
            status = fw_lease_next(&working->hop, &lease, &work, err);
    }
    return status == FW_END ? FW_OK : status;
}

int fw_worker_run(struct fw_station *station, struct fw_error *err)
{
    struct working working = { 0 };
    int status = open_working(station, &working, err);
    while (status == FW_OK)
        status = run_lease(station, &working, err);
    fw_station_sample(station, true);
    fw_segment_close(&working.segment);
    free(working.window);
    free(working.inputs);
    return status == FW_END ? FW_OK : status;
}
