#include "plan_document.h"

#include "document.h"
#include "losses_document.h"
#include "remux_document.h"
#include "sink.h"

#include "filters/chain.h"
#include "filters/check.h"

static const char *const class_names[] = {
    [FW_CLASS_PURE] = "pure",
    [FW_CLASS_INDEXED] = "indexed",
    [FW_CLASS_WINDOWED] = "windowed",
    [FW_CLASS_SEQUENTIAL] = "sequential",
};

static json_t *chain_json(const struct fw_plan *plan, const struct fw_chain *chain)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < fw_chain_step_count(chain); i++) {
        struct fw_chain_step step;
        fw_chain_step_at(chain, i, &step);
        json_array_append_new(
            list, json_pack("{s:s,s:o,s:s,s:s,s:s,s:i,s:i,s:b,s:b,s:o,s:o}", "name", step.name,
                            "args", fw_json_text(step.args), "engine", step.engine, "class",
                            class_names[step.filter_class], "reason", step.reason, "before",
                            (int)step.before, "after", (int)step.after, "inserted",
                            step.inserted || i < plan->prefix_steps, "reads_files",
                            (step.flags & FW_CAPS_READS_FILES) != 0, "in", fw_json_video(&step.in),
                            "out", fw_json_video(&step.out)));
    }
    return list;
}

json_t *fw_json_steps(const struct fw_plan *plan, const struct fw_plan_stage *stage)
{
    json_t *list = json_array();
    for (uint32_t i = stage->step_first; i < stage->step_first + stage->step_count; i++)
        if (i < FW_PLAN_STEPS)
            json_array_append_new(list, json_string(plan->steps[i]));
    return list;
}

static json_t *stages_json(const struct fw_plan *plan)
{
    struct fw_plan_stage stages[2 * FW_HOPS_MAX + 1];
    uint32_t count = fw_plan_stages(plan, stages);
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        const struct fw_plan_stage *stage = &stages[i];
        json_t *row = json_pack(
            "{s:s,s:i,s:s,s:o,s:o}", "name", stage->name, "processes", (int)stage->proc_count,
            "class", stage->parallel ? "parallel" : "sequential", "filters",
            fw_json_steps(plan, stage), "cost_ms",
            stage->cost_ns > 0 ? json_real(stage->cost_ns * 1e-6) : json_null());
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *hop_json(const struct fw_plan *plan, uint32_t index)
{
    const struct fw_hop_plan *hop = &plan->hops[index];
    const struct fw_hop_geometry *g = &hop->geometry;
    json_t *row = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:o}", "workers", (int)hop->workers, "before",
                            (int)g->before, "after", (int)g->after, "outputs_per_input",
                            (int)g->fanout, "inputs_per_output", (int)hop->decimation, "range",
                            (int)g->range_len, "direct", json_boolean(g->direct));
    json_t *memory = json_pack("{s:i,s:i,s:I,s:I,s:i,s:I,s:I}", "in_slots", (int)g->in_slots,
                               "out_slots", (int)g->out_slots, "in_slot_bytes",
                               (json_int_t)g->in_slot_bytes, "out_slot_bytes",
                               (json_int_t)g->out_slot_bytes, "descriptors", (int)g->ring_len,
                               "ring_bytes", (json_int_t)(hop->in_pool_bytes + hop->out_pool_bytes),
                               "scratch_bytes", (json_int_t)(hop->scratch_bytes * hop->workers));
    if (row != NULL)
        json_object_update_new(row, memory);
    return row;
}

static json_t *hops_json(const struct fw_plan *plan)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < plan->hop_count; i++)
        json_array_append_new(list, hop_json(plan, i));
    return list;
}

static json_t *memory_json(const struct fw_plan *plan)
{
    const struct fw_hop_geometry *first = &plan->hops[0].geometry;
    const struct fw_hop_geometry *last = &plan->hops[plan->hop_count - 1].geometry;
    uint64_t ring = 0, scratch = 0;
    uint32_t in_slots = 0, out_slots = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_hop_plan *hop = &plan->hops[i];
        in_slots += hop->geometry.in_slots;
        out_slots += hop->geometry.out_slots;
        ring += hop->in_pool_bytes + hop->out_pool_bytes;
        scratch += hop->scratch_bytes * hop->workers;
        scratch += i + 1 < plan->hop_count ? plan->joints[i].scratch_bytes : 0;
    }
    return json_pack("{s:i,s:i,s:I,s:I,s:i,s:I,s:I,s:I,s:I}", "in_slots", (int)in_slots,
                     "out_slots", (int)out_slots, "in_slot_bytes", (json_int_t)first->in_slot_bytes,
                     "out_slot_bytes", (json_int_t)last->out_slot_bytes, "descriptors",
                     (int)first->ring_len, "ring_bytes", (json_int_t)ring, "scratch_bytes",
                     (json_int_t)scratch, "total_bytes", (json_int_t)(ring + scratch),
                     "budget_bytes", (json_int_t)plan->budget_bytes);
}

/* ---- what was decided and why -------------------------------------------------------------- */

/* The filter of a joint that asks for it; the rest of a joint are conversions and neighbours. */
static bool sequential_step(const struct fw_chain *chain, const struct fw_joint_plan *joint,
                            struct fw_chain_step *step)
{
    uint32_t end = joint->step_first + joint->step_count;
    for (uint32_t i = joint->step_first; i < end && i < fw_chain_step_count(chain); i++) {
        fw_chain_step_at(chain, i, step);
        if (step->filter_class == FW_CLASS_SEQUENTIAL)
            return true;
    }
    return false;
}

/* The slowest one, as far as costs are known; NULL: more workers make the filters faster. */
static json_t *limit_json(const struct fw_plan *plan, const struct fw_chain *chain)
{
    const struct fw_joint_plan *slowest = NULL;
    struct fw_chain_step step, found;
    uint32_t at = 0;
    for (uint32_t i = 0; i + 1 < plan->hop_count; i++) {
        const struct fw_joint_plan *joint = &plan->joints[i];
        if (!sequential_step(chain, joint, &found) ||
            (slowest != NULL && joint->cost_ns <= slowest->cost_ns))
            continue;
        slowest = joint;
        step = found;
        at = i;
    }
    if (slowest == NULL)
        return json_null();
    json_t *limit = json_pack(
        "{s:s,s:i,s:o,s:o}", "filter", step.name, "sequential", (int)at + 1, "text",
        json_sprintf("%s keeps state between frames: runs in one process", step.name), "cost_ms",
        slowest->cost_ns > 0 ? json_real(slowest->cost_ns * 1e-6) : json_null());
    return limit;
}

static void decide_ranges(json_t *list, const struct fw_plan *plan,
                          const struct fw_settings *settings)
{
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_hop_plan *hop = &plan->hops[i];
        uint32_t range = hop->geometry.range_len;
        if (hop->workers == 0)
            continue;
        if (settings->range != 0 && settings->range != range)
            json_array_append_new(
                list, json_sprintf("ranges of %u, not %u: filters make or drop frames in groups "
                                   "of %u",
                                   range, settings->range, hop->range_multiple));
        else if (settings->range == 0 && hop->range_best > range)
            json_array_append_new(
                list, json_sprintf("ranges of %u, where %u would repeat less work: memory is short",
                                   range, hop->range_best));
    }
}

static json_t *decisions_json(const struct fw_plan *plan, const struct fw_settings *settings,
                              const struct fw_chain *chain)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i + 1 < plan->hop_count; i++) {
        struct fw_chain_step step;
        if (plan->joints[i].step_count == 0)
            json_array_append_new(
                list, json_sprintf("sequential %u only hands frames over: what lies before it "
                                   "would be done again for each neighbour that is read behind it",
                                   i + 1));
        else if (sequential_step(chain, &plan->joints[i], &step))
            json_array_append_new(list, json_sprintf("%s runs in sequential %u: it %s", step.name,
                                                     i + 1, step.reason));
    }
    decide_ranges(list, plan, settings);
    return list;
}

int fw_plan_document(char **json_out, const struct fw_settings *settings,
                     const struct fw_plan *plan, const struct fw_media *media,
                     const struct fw_chain *chain, const struct fw_losses *losses,
                     struct fw_error *err)
{
    struct fw_video out = { 0 };
    if (!fw_link_to_video(&plan->output, &out))
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's output is no picture");
    json_t *loss_list = json_array();
    fw_json_append_losses(loss_list, losses->items, losses->count);
    json_t *document = json_pack(
        "{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:i,s:o,s:o}", "schema", "framewheel-plan/1", "input",
        fw_media_json(media), "output",
        json_pack("{s:o,s:s,s:o}", "name", fw_json_text(settings->output), "encoder", plan->encoder,
                  "video", fw_json_video(&out)),
        "chain", chain_json(plan, chain), "stages", stages_json(plan), "memory", memory_json(plan),
        "streams", fw_stream_plans_json(media, plan->streams, plan->encoder), "workers",
        (int)plan->workers, "range", (int)fw_plan_range(plan), "losses", loss_list, "frames",
        plan->frames_total == 0 ? json_null() : json_integer((json_int_t)plan->frames_total));
    if (document != NULL) {
        json_object_set_new(document, "hops", hops_json(plan));
        json_object_set_new(document, "scaling_limit", limit_json(plan, chain));
        json_object_set_new(document, "decisions", decisions_json(plan, settings, chain));
        json_object_set_new(document, "frames_exact", json_boolean(plan->frames_exact));
        json_object_set_new(document, "input_name", fw_json_text(settings->input));
        json_object_set_new(document, "chain_text",
                            fw_json_text(settings->chain == NULL ? "" : settings->chain));
    }
    return fw_json_finish(document, json_out, err);
}
