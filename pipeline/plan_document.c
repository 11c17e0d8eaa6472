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
            list, json_pack("{s:s,s:o,s:s,s:s,s:s,s:b,s:b,s:o,s:o}", "name", step.name, "args",
                            fw_json_text(step.args), "engine", step.engine, "class",
                            class_names[step.filter_class], "reason", step.reason, "inserted",
                            step.inserted || i < plan->prefix_steps, "reads_files",
                            (step.flags & FW_CAPS_READS_FILES) != 0, "in", fw_json_video(&step.in),
                            "out", fw_json_video(&step.out)));
    }
    return list;
}

static json_t *stages_json(const struct fw_plan *plan)
{
    json_t *list = json_array();
    json_array_append_new(
        list, json_pack("{s:s,s:i,s:s}", "name", "decode", "processes", 1, "class", "sequential"));
    json_array_append_new(list, json_pack("{s:s,s:i,s:s,s:i}", "name", "filter", "processes",
                                          (int)plan->workers, "class", "parallel", "filters",
                                          (int)plan->step_count));
    json_array_append_new(
        list, json_pack("{s:s,s:i,s:s}", "name", "encode", "processes", 1, "class", "sequential"));
    return list;
}

static json_t *memory_json(const struct fw_plan *plan)
{
    const struct fw_hop_geometry *first = &plan->hops[0].geometry;
    const struct fw_hop_geometry *last = &plan->hops[plan->hop_count - 1].geometry;
    uint64_t ring = 0, scratch = 0;
    for (uint32_t i = 0; i < plan->hop_count; i++) {
        const struct fw_hop_plan *hop = &plan->hops[i];
        ring += hop->in_pool_bytes + hop->out_pool_bytes;
        scratch += hop->scratch_bytes * hop->workers;
    }
    return json_pack(
        "{s:i,s:i,s:I,s:I,s:i,s:I,s:I,s:I,s:I}", "in_slots", (int)first->in_slots, "out_slots",
        (int)last->out_slots, "in_slot_bytes", (json_int_t)first->in_slot_bytes, "out_slot_bytes",
        (json_int_t)last->out_slot_bytes, "descriptors", (int)first->ring_len, "ring_bytes",
        (json_int_t)ring, "scratch_bytes", (json_int_t)scratch, "total_bytes",
        (json_int_t)(ring + scratch), "budget_bytes", (json_int_t)plan->budget_bytes);
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
        (int)plan->workers, "range", (int)plan->hops[0].geometry.range_len, "losses", loss_list,
        "frames",
        plan->frames_total == 0 ? json_null() : json_integer((json_int_t)plan->frames_total));
    if (document != NULL) {
        json_object_set_new(document, "frames_exact", json_boolean(plan->frames_exact));
        json_object_set_new(document, "input_name", fw_json_text(settings->input));
        json_object_set_new(document, "chain_text",
                            fw_json_text(settings->chain == NULL ? "" : settings->chain));
    }
    return fw_json_finish(document, json_out, err);
}
