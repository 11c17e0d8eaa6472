/*
 * A middle process: takes a lease on a range of frames, runs the chain over each of them from its
 * IN slot to its OUT slot. It owns nothing that outlives it.
 */
#include "role.h"

#include "fault.h"
#include "loader.h"

#include "filters/chain.h"
#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"
#include "filters/plugin.h"

#include <stdlib.h>
#include <string.h>

struct working {
    struct fw_hop hop;
    struct fw_plugins *plugins;
    struct fw_chain *chain;
    struct fw_video in;
    struct fw_video out;
    struct fw_image_layout in_layout;
    struct fw_image_layout out_layout;
    char *chain_text;
    struct fw_hdr hdr; /* of the frame in work */
};

static int check_negotiated(const struct fw_plan *plan, const struct working *working,
                            struct fw_error *err)
{
    struct fw_video planned;
    if (!fw_link_to_video(&plan->output, &planned) || planned.format != working->out.format ||
        planned.width != working->out.width || planned.height != working->out.height)
        return fw_fail(err, FW_ERR_INTERNAL, "the chain negotiates otherwise than planned");
    return FW_OK;
}

static int open_chain(struct fw_station *station, struct working *working, struct fw_error *err)
{
    const struct fw_plan *plan = station->plan;
    if (!fw_link_to_video(&plan->source, &working->in))
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's input is no picture");
    working->chain_text = fw_plan_chain_text(plan, station->settings);
    if (working->chain_text == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the chain");
    int status = fw_loader_open(station->settings, &working->plugins, err);
    if (status == FW_OK)
        status = fw_chain_create_with(&working->chain, working->chain_text, working->plugins, err);
    if (status != FW_OK)
        return status;
    fw_chain_set_output_format(working->chain, fw_format_at(plan->output_format));
    fw_chain_watch(working->chain, &station->self->step);
    status = fw_chain_negotiate(working->chain, &working->in, &working->out, err);
    if (status == FW_OK)
        status = check_negotiated(plan, working, err);
    if (status == FW_OK)
        status = fw_chain_start(working->chain, 0, err);
    if (status != FW_OK)
        return status;
    if (fw_image_layout(&working->in_layout, working->in.format, working->in.width,
                        working->in.height) != 0 ||
        fw_image_layout(&working->out_layout, working->out.format, working->out.width,
                        working->out.height) != 0)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's picture sizes have no layout");
    return FW_OK;
}

/* libass and fontconfig open fonts when a text first needs them: those folders stay readable. */
static int lock_worker(struct fw_station *station, struct fw_error *err)
{
    static const char *const folders[] = { "/usr/share/fonts", "/usr/local/share/fonts",
                                           "/etc/fonts", "/usr/share/fontconfig",
                                           "/var/cache/fontconfig" };
    bool reads = (station->plan->chain_flags & FW_CAPS_READS_FILES) != 0;
    return fw_station_lock(station, folders, reads ? FW_COUNT(folders) : 0, err);
}

static int open_working(struct fw_station *station, struct working *working, struct fw_error *err)
{
    int status = fw_station_map(station, false, true, err);
    if (status == FW_OK)
        status = fw_station_join(station, station->plan, &working->hop, NULL, err);
    if (status == FW_OK)
        status = fw_station_lock_loading(station, err);
    if (status == FW_OK)
        status = open_chain(station, working, err);
    if (status == FW_OK)
        status = lock_worker(station, err);
    return status;
}

static void frame_from_work(struct working *working, const struct fw_work *work,
                            struct fw_frame *frame)
{
    *frame = (struct fw_frame){
        .struct_size = sizeof(*frame),
        .flags = work->info.flags,
        .index = work->seq,
        .pts = work->info.pts,
        .duration = work->info.duration,
        .sample_aspect = work->info.sample_aspect,
        .color = work->info.color,
    };
    size_t blob = working->hop.geometry.in_slot_bytes - FW_BLOB_MAX;
    if (fw_hdr_from_side(&working->hdr, work->in + blob, work->info.blob_bytes))
        frame->hdr = &working->hdr;
    /* The mapping is read-only: the chain only reads through these pointers. */
    fw_image_map(&frame->image, &working->in_layout, working->in.format, working->in.width,
                 working->in.height, (void *)(uintptr_t)work->in);
}

static void info_from_frame(const struct working *working, const struct fw_work *work,
                            const struct fw_frame *frame, struct fw_frame_info *info)
{
    *info = (struct fw_frame_info){
        .pts = frame->pts,
        .duration = frame->duration,
        .format = working->out.format->id,
        .width = working->out.width,
        .height = working->out.height,
        .flags = frame->flags,
        .sample_aspect = frame->sample_aspect,
        .color = frame->color,
        .blob_bytes = work->info.blob_bytes,
    };
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
    struct fw_frame in;
    if (work->info.format != working->in.format->id || work->info.width != working->in.width ||
        work->info.height != working->in.height)
        return fw_fail(err, FW_ERR_INTERNAL, "frame %llu is not of the planned size or format",
                       (unsigned long long)work->seq);
    frame_from_work(working, work, &in);
    struct fw_frame out = in;
    fw_image_map(&out.image, &working->out_layout, working->out.format, working->out.width,
                 working->out.height, work->out);
    station->self->step = 0; /* not where the last frame ended */
    fw_fault_point(station->settings->fault, "worker", "mid_filter", work->seq);
    const struct fw_frame *window[] = { &in };
    int status = fw_chain_process(working->chain, window, &out, err);
    if (status < 0) {
        fw_error_prefix(err, "frame %llu", (unsigned long long)work->seq);
        return status;
    }
    struct fw_frame_info info;
    info_from_frame(working, work, &out, &info);
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
    fw_chain_destroy(working.chain);
    fw_plugins_destroy(working.plugins);
    free(working.chain_text);
    return status == FW_END ? FW_OK : status;
}
