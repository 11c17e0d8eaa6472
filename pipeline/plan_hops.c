#include "plan_hops.h"

#include "filters/chain.h"

#include <stdio.h>

static uint32_t at_least_one(uint32_t value)
{
    return value < 1 ? 1 : value;
}

static int note_hop(struct fw_hop_plan *hop, const struct fw_chain_segment *segment,
                    struct fw_error *err)
{
    struct fw_hop_geometry *geometry = &hop->geometry;
    if (segment->sequential || segment->rate_num < 1 || segment->rate_den < 1 ||
        segment->rate_num > FW_FANOUT_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "the chain has a parallel segment of rate %d/%d",
                       segment->rate_num, segment->rate_den);
    fw_link_from_video(&hop->in, &segment->in);
    fw_link_from_video(&hop->out, &segment->out);
    hop->step_first = segment->step_first;
    hop->step_count = segment->step_count;
    hop->decimation = (uint32_t)segment->rate_den;
    hop->range_best = at_least_one(segment->range_best);
    /* Whole groups save work and are no condition: where they are too long, one input's. */
    hop->range_multiple = segment->range_multiple <= FW_RANGE_MAX
                              ? at_least_one(segment->range_multiple)
                              : (uint32_t)segment->rate_num;
    hop->scratch_bytes = segment->scratch_bytes;
    hop->cost_ns = segment->cost_ns;
    geometry->before = segment->before;
    geometry->after = segment->after;
    geometry->fanout = (uint32_t)segment->rate_num;
    geometry->direct = segment->step_count == 0;
    return FW_OK;
}

static int note_joint(struct fw_joint_plan *joint, const struct fw_chain_segment *segment,
                      struct fw_error *err)
{
    if (!segment->sequential)
        return fw_fail(err, FW_ERR_INTERNAL, "two parallel segments of a chain are neighbours");
    joint->step_first = segment->step_first;
    joint->step_count = segment->step_count;
    joint->scratch_bytes = segment->scratch_bytes;
    joint->cost_ns = segment->cost_ns;
    joint->rate = (struct fw_rational){ segment->rate_num, segment->rate_den };
    return FW_OK;
}

static void note_steps(struct fw_plan *plan, const struct fw_chain *chain)
{
    plan->step_count = fw_chain_step_count(chain);
    for (uint32_t i = 0; i < plan->step_count && i < FW_PLAN_STEPS; i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        snprintf(plan->steps[i], sizeof(plan->steps[i]), "%s", step.name);
    }
}

int fw_plan_hops(struct fw_plan *plan, const struct fw_chain *chain, struct fw_error *err)
{
    uint32_t count = fw_chain_segment_count(chain);
    int status = FW_OK;
    if (count % 2 == 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a chain of %u segments", count);
    if (count / 2 + 1 > FW_HOPS_MAX)
        return fw_fail(
            err, FW_ERR_USAGE,
            "the chain needs %u filters that see every frame in order, each in a process "
            "of its own, and a job has at most %d\nhint: put such filters side by side, "
            "or run the chain in two jobs",
            count / 2, FW_HOPS_MAX - 1);
    plan->hop_count = count / 2 + 1;
    plan->chain_flags = 0;
    for (uint32_t i = 0; status == FW_OK && i < count; i++) {
        struct fw_chain_segment segment;
        fw_chain_segment_at(chain, i, &segment);
        plan->chain_flags |= segment.flags;
        status = i % 2 == 0 ? note_hop(&plan->hops[i / 2], &segment, err)
                            : note_joint(&plan->joints[i / 2], &segment, err);
    }
    note_steps(plan, chain);
    return status;
}

static uint64_t scaled(uint64_t frames, uint64_t num, uint64_t den)
{
    uint64_t product = 0;
    if (den == 0 || __builtin_mul_overflow(frames, num, &product))
        return frames;
    return (product + den - 1) / den;
}

/* As many as the frame rates on both sides say. */
static uint64_t guessed(const struct fw_link *in, const struct fw_link *out, uint64_t frames)
{
    const struct fw_rational a = in->frame_rate, b = out->frame_rate;
    if (a.num < 1 || a.den < 1 || b.num < 1 || b.den < 1)
        return frames;
    double ratio = (double)b.num * a.den / ((double)b.den * a.num);
    return (uint64_t)((double)frames * ratio + 0.5);
}

uint64_t fw_plan_frames_out(const struct fw_plan *plan, uint64_t frames, uint32_t *exact_out)
{
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_hop_plan *hop = &plan->hops[i];
        frames = scaled(frames, hop->geometry.fanout, hop->decimation);
        if (i + 1 == plan->hop_count)
            break;
        const struct fw_joint_plan *joint = &plan->joints[i];
        if (joint->rate.num > 0 && joint->rate.den > 0) {
            frames = scaled(frames, (uint64_t)joint->rate.num, (uint64_t)joint->rate.den);
        } else {
            frames = guessed(&hop->out, &plan->hops[i + 1].in, frames);
            *exact_out = 0;
        }
    }
    return frames;
}

static struct fw_plan_stage filter_stage(const struct fw_plan *plan, uint32_t index)
{
    const struct fw_hop_plan *hop = &plan->hops[index];
    struct fw_plan_stage stage = { .name = "filter",
                                   .parallel = true,
                                   .first_proc = hop->first_proc,
                                   .proc_count = hop->workers,
                                   .step_first = hop->step_first,
                                   .step_count = hop->step_count,
                                   .cost_ns = hop->cost_ns };
    if (plan->hop_count > 1)
        snprintf(stage.name, sizeof(stage.name), "filter %u", index + 1);
    return stage;
}

static struct fw_plan_stage joint_stage(const struct fw_plan *plan, uint32_t index)
{
    const struct fw_joint_plan *joint = &plan->joints[index];
    struct fw_plan_stage stage = { .first_proc = FW_PROC_SEQUENTIAL + index,
                                   .proc_count = 1,
                                   .step_first = joint->step_first,
                                   .step_count = joint->step_count,
                                   .cost_ns = joint->cost_ns };
    snprintf(stage.name, sizeof(stage.name), "sequential %u", index + 1);
    return stage;
}

uint32_t fw_plan_stages(const struct fw_plan *plan,
                        struct fw_plan_stage stages[2 * FW_HOPS_MAX + 1])
{
    uint32_t count = 0;
    stages[count++] =
        (struct fw_plan_stage){ .name = "decode", .first_proc = FW_PROC_DECODER, .proc_count = 1 };
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        if (plan->hops[i].workers > 0)
            stages[count++] = filter_stage(plan, i);
        if (i + 1 < plan->hop_count)
            stages[count++] = joint_stage(plan, i);
    }
    stages[count++] =
        (struct fw_plan_stage){ .name = "encode", .first_proc = FW_PROC_ENCODER, .proc_count = 1 };
    return count;
}
