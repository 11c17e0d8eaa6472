#include "segment.h"

#include <stdlib.h>

#include "loader.h"
#include "read_paths.h"

#include "filters/chain.h"
#include "filters/check.h"
#include "filters/format.h"
#include "filters/plugin.h"

static bool same_shape(const struct fw_video *a, const struct fw_video *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height;
}

/* The links on both sides, as planned and as negotiated here. */
static int check_links(struct fw_segment *segment, const struct fw_plan *plan, uint32_t index,
                       struct fw_error *err)
{
    const struct fw_hop_plan *hop = &plan->hops[index / 2];
    bool joint = index % 2 != 0;
    struct fw_chain_segment negotiated;
    if (fw_chain_segment_count(segment->chain) != 2 * plan->hop_count - 1)
        return fw_fail(err, FW_ERR_INTERNAL, "the chain negotiates otherwise than planned");
    fw_chain_segment_at(segment->chain, index, &negotiated);
    int status = fw_picture_init(&segment->in, joint ? &hop->out : &hop->in,
                                 joint ? hop->geometry.out_slot_bytes : hop->geometry.in_slot_bytes,
                                 err);
    if (status == FW_OK)
        status = fw_picture_init(
            &segment->out, joint ? &hop[1].in : &hop->out,
            joint ? hop[1].geometry.in_slot_bytes : hop->geometry.out_slot_bytes, err);
    if (status == FW_OK && (!same_shape(&segment->in.video, &negotiated.in) ||
                            !same_shape(&segment->out.video, &negotiated.out)))
        status = fw_fail(err, FW_ERR_INTERNAL, "the chain negotiates otherwise than planned");
    segment->step_first = negotiated.step_first;
    segment->reads_files = (negotiated.flags & FW_CAPS_READS_FILES) != 0;
    return status;
}

/* Frames of one job are filtered by one state of the files: a worker that starts later, in a dead
 * one's place, must have read the same. */
static int check_files(const struct fw_segment *segment, const struct fw_station *station,
                       struct fw_error *err)
{
    if (!segment->reads_files && segment->plugins == NULL)
        return FW_OK;
    if (fw_read_paths_stamp(station->settings) == station->plan->files_stamp)
        return FW_OK;
    return fw_fail(err, FW_ERR_INPUT, "a file that the chain names was changed meanwhile");
}

int fw_segment_open(struct fw_segment *segment, struct fw_station *station, uint32_t index,
                    struct fw_error *err)
{
    const struct fw_plan *plan = station->plan;
    struct fw_video in, out;
    if (!fw_link_to_video(&plan->source, &in))
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's input is no picture");
    segment->text = fw_plan_chain_text(plan, station->settings);
    if (segment->text == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the chain");
    int status = fw_station_lock_loading(station, err);
    if (status == FW_OK)
        status = fw_loader_open(station->settings, &segment->plugins, err);
    if (status == FW_OK)
        status = fw_chain_create_with(&segment->chain, segment->text, segment->plugins, err);
    if (status != FW_OK)
        return status;
    fw_chain_set_output_format(segment->chain, fw_format_at(plan->output_format));
    fw_chain_watch(segment->chain, &station->self->step);
    if (station->settings->cpu != FW_CPU_LIMIT_AUTO) /* the words stand in the order of levels */
        fw_chain_set_cpu(segment->chain, (int)station->settings->cpu - FW_CPU_LIMIT_C);
    status = fw_chain_negotiate(segment->chain, &in, &out, err);
    if (status == FW_OK)
        status = check_links(segment, plan, index, err);
    if (status == FW_OK)
        status = fw_chain_start(segment->chain, index, err);
    if (status == FW_OK)
        status = check_files(segment, station, err);
    return status;
}

/* libass and fontconfig open fonts when a text first needs them: those folders stay readable. */
int fw_segment_lock(const struct fw_segment *segment, struct fw_station *station,
                    struct fw_error *err)
{
    static const char *const folders[] = { "/usr/share/fonts", "/usr/local/share/fonts",
                                           "/etc/fonts", "/usr/share/fontconfig",
                                           "/var/cache/fontconfig" };
    return fw_station_lock(station, folders, segment->reads_files ? FW_COUNT(folders) : 0, err);
}

void fw_segment_close(struct fw_segment *segment)
{
    fw_chain_destroy(segment->chain);
    fw_plugins_destroy(segment->plugins);
    free(segment->text);
    *segment = (struct fw_segment){ 0 };
}
