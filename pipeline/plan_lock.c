#include "plan_lock.h"

#include "avlog.h"
#include "read_paths.h"
#include "sandbox.h"

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"

#include <stdlib.h>
#include <string.h>

/* ---- in the planner ----------------------------------------------------------------------- */

int fw_plan_lock(const struct fw_settings *settings, struct fw_error *err)
{
    uint32_t layers = 0;
    struct fw_read_paths paths = { 0 };
    fw_avlog_limit_memory();
    fw_read_paths_collect(&paths, settings);
    const struct fw_sandbox_options options = {
        .role = FW_SANDBOX_WORKER,
        .mode = settings->sandbox,
        .address_space = FW_ADDRESS_SPACE_BASE,
        .read_paths = paths.items,
        .read_path_count = paths.count,
    };
    int status = fw_sandbox_enter(&options, &layers, err);
    fw_read_paths_deinit(&paths);
    return status;
}

/* ---- in the supervisor -------------------------------------------------------------------- */

static bool pool_fits(uint32_t slots, uint64_t slot_bytes, uint64_t pool_bytes, uint64_t most)
{
    uint64_t bytes = 0;
    return slots > 0 && !__builtin_mul_overflow(slots, slot_bytes, &bytes) && bytes == pool_bytes &&
           bytes <= most;
}

static bool frame_fits(const struct fw_link *link, uint64_t slot_bytes)
{
    struct fw_video video;
    struct fw_image_layout layout;
    return fw_link_to_video(link, &video) &&
           fw_image_layout(&layout, video.format, video.width, video.height) == 0 &&
           layout.bytes + FW_BLOB_MAX <= slot_bytes;
}

static bool steps_fit(const struct fw_plan *plan, uint32_t first, uint32_t count)
{
    return count <= plan->step_count && first <= plan->step_count - count;
}

static bool hop_fits(const struct fw_plan *plan, const struct fw_hop_plan *hop, uint32_t workers)
{
    const struct fw_hop_geometry *g = &hop->geometry;
    bool direct = g->direct && hop->step_count == 0 && hop->out_pool_bytes == 0;
    return fw_hop_geometry_check(g, hop->workers, NULL) == FW_OK &&
           hop->first_proc == FW_PROC_WORKERS + workers && hop->decimation > 0 &&
           steps_fit(plan, hop->step_first, hop->step_count) &&
           frame_fits(&hop->in, g->in_slot_bytes) && frame_fits(&hop->out, g->out_slot_bytes) &&
           pool_fits(g->in_slots, g->in_slot_bytes, hop->in_pool_bytes, plan->budget_bytes) &&
           (direct ||
            pool_fits(g->out_slots, g->out_slot_bytes, hop->out_pool_bytes, plan->budget_bytes));
}

static int check_hops(const struct fw_plan *plan, struct fw_error *err)
{
    uint32_t workers = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_joint_plan *joint = &plan->joints[i];
        if (!hop_fits(plan, &plan->hops[i], workers) ||
            (i + 1 < plan->hop_count && !steps_fit(plan, joint->step_first, joint->step_count)))
            return fw_fail(err, FW_ERR_INTERNAL, "the plan's hop %u makes no sense", i);
        workers += plan->hops[i].workers;
    }
    if (workers != plan->workers || workers > FW_PROCS_MAX - FW_PROC_WORKERS)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan has %u workers", plan->workers);
    return FW_OK;
}

static int check_streams(const struct fw_plan *plan, struct fw_error *err)
{
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++) {
        const struct fw_stream_plan *stream = &plan->streams[i];
        if (stream->action > FW_STREAM_ATTACHMENT || stream->output < -1 ||
            stream->output >= FW_STREAMS_MAX)
            return fw_fail(err, FW_ERR_INTERNAL, "the plan's stream %u makes no sense", i);
    }
    return FW_OK;
}

int fw_plan_check(struct fw_plan *plan, struct fw_error *err)
{
    plan->prefix[sizeof(plan->prefix) - 1] = '\0';
    plan->encoder[sizeof(plan->encoder) - 1] = '\0';
    for (uint32_t i = 0; i < FW_PLAN_STEPS; i++)
        plan->steps[i][sizeof(plan->steps[i]) - 1] = '\0';
    if (plan->hop_count < 1 || plan->hop_count > FW_HOPS_MAX ||
        plan->prefix_steps > plan->step_count)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan has %u hops and %u filters", plan->hop_count,
                       plan->step_count);
    if (!frame_fits(&plan->source, plan->hops[0].geometry.in_slot_bytes) ||
        !frame_fits(&plan->output, plan->hops[plan->hop_count - 1].geometry.out_slot_bytes) ||
        fw_format_at(plan->given_format) == NULL ||
        (plan->output_format != UINT32_MAX && fw_format_at(plan->output_format) == NULL))
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's pictures make no sense");
    int status = check_hops(plan, err);
    return status == FW_OK ? check_streams(plan, err) : status;
}
