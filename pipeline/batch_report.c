/* The account of a batch as JSON ("framewheel-batch/1"). */
#include "batch.h"

#include "control.h"
#include "document.h"
#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

static const char *status_word(const struct fw_batch *batch)
{
    if (batch->error.status == FW_ERR_CANCELLED)
        return "interrupted";
    if (batch->error.status < 0)
        return "failed";
    if (batch->counts.failed > 0)
        return "some-failed";
    return batch->counts.degraded > 0 ? "degraded" : "ok";
}

static json_t *counts_of(const struct fw_batch *batch)
{
    const struct fw_batch_counts *counts = &batch->counts;
    uint64_t settled = counts->done + counts->unchanged + counts->skipped + counts->failed;
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "items", (json_int_t)counts->items, "done",
        (json_int_t)counts->done, "unchanged", (json_int_t)counts->unchanged, "skipped",
        (json_int_t)counts->skipped,
        batch->settings.scope == FW_SCOPE_IMAGES ? "no_pictures" : "no_videos",
        (json_int_t)counts->no_media, "failed", (json_int_t)counts->failed, "not_begun",
        (json_int_t)(counts->items > settled ? counts->items - settled : 0), "with_losses",
        (json_int_t)counts->lossy, "degraded", (json_int_t)counts->degraded, "left_out",
        (json_int_t)batch->gathered.skipped_count);
}

static json_t *causes_of(struct fw_causes *causes)
{
    json_t *list = json_array();
    struct fw_cause cause;
    for (uint32_t i = 0; causes && fw_causes_at(causes, i, &cause); i++) {
        json_t *names = json_array();
        for (uint32_t k = 0; k < cause.name_count; k++)
            (void)json_array_append_new(names, fw_json_text(cause.names[k]));
        (void)json_array_append_new(list,
                                    json_pack("{s:o,s:I,s:o}", "cause", fw_json_text(cause.text),
                                              "count", (json_int_t)cause.count, "names", names));
    }
    return list;
}

static const char *fate_word(const struct fw_item *item)
{
    static const char *const words[] = {
        [FW_FATE_WAITING] = "not-begun", [FW_FATE_RUNNING] = "interrupted",
        [FW_FATE_DONE] = "done",         [FW_FATE_UNCHANGED] = "unchanged",
        [FW_FATE_SKIPPED] = "skipped",   [FW_FATE_FAILED] = "failed",
    };
    return words[item->fate];
}

/* What the ledger holds of an item, beside its fate in this run. */
static json_t *item_of(struct fw_batch *batch, struct fw_item *item)
{
    struct fw_ledger_item known;
    const char *output = fw_item_output(batch, item);
    json_t *object = json_pack(
        "{s:o,s:o,s:s,s:s}", "source", fw_json_text(fw_item_source(batch, item)), "output",
        fw_json_text(output), "status", fate_word(item), "reason", fw_reason_text(item->reason));
    if (!object || !batch->ledger ||
        fw_ledger_find(batch->ledger, output, strlen(output), &known, NULL) != FW_OK)
        return object;
    (void)json_object_set_new(object, "exit", json_integer(known.exit_code));
    (void)json_object_set_new(object, "frames_in", json_integer((json_int_t)known.frames_in));
    (void)json_object_set_new(object, "frames_out", json_integer((json_int_t)known.frames_out));
    (void)json_object_set_new(object, "bytes_in", json_integer((json_int_t)known.input_bytes));
    (void)json_object_set_new(object, "bytes_out", json_integer((json_int_t)known.output_bytes));
    (void)json_object_set_new(object, "wall_s", json_real(known.wall_s));
    (void)json_object_set_new(object, "cpu_s", json_real(known.cpu_s));
    if (known.message)
        (void)json_object_set_new(object, known.status < 0 ? "error" : "message",
                                  fw_json_text(known.message));
    json_t *losses = known.losses ? json_loads(known.losses, 0, NULL) : NULL;
    if (losses)
        (void)json_object_set_new(object, "losses", losses);
    return object;
}

static json_t *items_of(struct fw_batch *batch)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < batch->item_count; i++)
        (void)json_array_append_new(list, item_of(batch, &batch->items[i]));
    return list;
}

static json_t *left_out_of(struct fw_batch *batch)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < batch->gathered.skipped_count; i++) {
        fw_text_clear(&batch->source);
        if (fw_skipped_path(&batch->gathered, i, &batch->source, NULL) < 0)
            continue;
        (void)json_array_append_new(
            list, json_pack("{s:o,s:s}", "source", fw_json_text(batch->source.bytes), "reason",
                            fw_skip_word(batch->gathered.skipped[i].reason)));
    }
    return list;
}

char *fw_batch_report_make(struct fw_batch *batch)
{
    static const char *const durabilities[] = { "auto", "full", "batch", "none" };
    const struct fw_batch_settings *settings = &batch->settings;
    char layers[128];
    char *text = NULL;
    fw_sandbox_describe(batch->layers, layers, sizeof(layers));
    json_t *report = json_pack(
        "{s:s,s:s,s:i,s:o,s:o,s:{s:I,s:I},s:{s:I,s:I},s:f,s:f,s:i,s:i,s:s,s:s?,s:o}", "schema",
        "framewheel-batch/1", "status", status_word(batch), "exit", batch->exit_code, "folder",
        fw_json_text(settings->in_place ? NULL : settings->folder), "counts", counts_of(batch),
        "bytes", "in", (json_int_t)batch->counts.bytes_in, "out",
        (json_int_t)batch->counts.bytes_out, "frames", "in", (json_int_t)batch->counts.frames_in,
        "out", (json_int_t)batch->counts.frames_out, "wall_s",
        (double)(fw_now_ns() - batch->start_ns) * 1e-9, "cpu_s", batch->cpu_s, "workers",
        (int)batch->workers, "deaths", (int)batch->deaths, "durability",
        durabilities[settings->durability], "sandbox",
        settings->scope == FW_SCOPE_IMAGES ? layers : batch->sandbox, "causes",
        causes_of(batch->causes));
    if (!report)
        return NULL;
    (void)json_object_set_new(report, "losses", causes_of(batch->losses));
    if (settings->scope == FW_SCOPE_IMAGES)
        (void)json_object_set_new(report, "others", causes_of(batch->others));
    if (batch->error.status < 0)
        (void)json_object_set_new(report, "error", fw_json_text(batch->error.text));
    if (settings->scope == FW_SCOPE_BATCH || settings->job.reports.count > 0 || batch->list_items) {
        (void)json_object_set_new(report, "items", items_of(batch));
        (void)json_object_set_new(report, "left_out", left_out_of(batch));
    }
    if (fw_json_finish(report, &text, NULL) < 0)
        return NULL;
    return text;
}
