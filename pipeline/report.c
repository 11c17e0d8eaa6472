/* The report of a run, "framewheel-run/1", and its exit code. */
#include "outcome.h"

#include "document.h"
#include "framewheel.h"
#include "losses_document.h"
#include "plan_document.h"
#include "sandbox.h"

#include "filters/check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *fw_outcome_word(const struct fw_outcome_record *record)
{
    if (record->interrupted)
        return "interrupted";
    if (record->error->status != FW_OK)
        return "failed";
    if (record->skipped)
        return "skipped";
    return record->degraded ? "degraded" : "ok";
}

int fw_outcome_exit(const struct fw_outcome_record *record)
{
    if (record->interrupted)
        return 128 + SIGINT;
    if (record->error->status != FW_OK) {
        int code = fw_status_exit_code(record->error->status);
        return code == 2 && record->crew != NULL && record->crew->running ? 1 : code;
    }
    return record->degraded ? 9 : 0;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* Frames that filters took out and put in, hop by hop: what is no one's loss. */
struct filtered {
    uint64_t added;
    uint64_t removed;
    uint64_t skipped; /* by the poison policy, before the last hop */
};

static void count_joint(const struct fw_supervisor *crew, uint32_t index, struct filtered *filtered)
{
    const struct fw_proc *joint = &crew->control->procs[FW_PROC_SEQUENTIAL + index];
    uint64_t pushed = atomic_load(&joint->aux[FW_AUX_PUSHED]);
    uint64_t made = atomic_load(&joint->frames);
    filtered->removed += atomic_load(&joint->aux[FW_AUX_REMOVED]);
    filtered->skipped += atomic_load(&joint->aux[FW_AUX_SKIPPED]);
    if (made > pushed)
        filtered->added += made - pushed;
    else
        filtered->removed += pushed - made;
}

static struct filtered count_filtered(const struct fw_supervisor *crew)
{
    struct filtered filtered = { .removed = crew->encoder_result.removed };
    for (uint32_t i = 0; crew->joined && i < crew->plan->hop_count; i++) {
        const struct fw_hop_geometry *g = &crew->plan->hops[i].geometry;
        struct fw_hop_state at;
        fw_hop_observe(&crew->line[i].view, &at);
        filtered.added += at.published - at.published / g->fanout;
        if (i + 1 < crew->plan->hop_count)
            count_joint(crew, i, &filtered);
    }
    return filtered;
}

/* decoded + added - removed + duplicated - dropped = encoded, in a run that came to its end. */
static json_t *frames_json(const struct fw_outcome_record *record)
{
    const struct fw_supervisor *crew = record->crew;
    if (crew == NULL)
        return json_pack("{s:i,s:i,s:i,s:i,s:i}", "decoded", 0, "encoded", 0, "dropped", 0,
                         "duplicated", 0, "poisoned", 0);
    const struct fw_source_stats *in = &crew->decoder_result.source;
    const struct fw_role_result *out = &crew->encoder_result;
    const struct filtered filtered = count_filtered(crew);
    /* A job that failed has no results: the counters say how far it came. */
    uint64_t decoded = crew->decoder_done
                           ? in->frames
                           : atomic_load(&crew->control->procs[FW_PROC_DECODER].frames);
    uint64_t encoded = crew->encoder_done
                           ? out->sink.frames
                           : atomic_load(&crew->control->procs[FW_PROC_ENCODER].frames);
    json_t *frames = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "decoded", (json_int_t)decoded,
                               "encoded", (json_int_t)encoded, "dropped",
                               (json_int_t)(out->dropped + out->sink.dropped + filtered.skipped),
                               "duplicated", (json_int_t)out->sink.duplicated, "poisoned",
                               (json_int_t)crew->poisoned, "cut", (json_int_t)in->frames_cut,
                               "damaged", (json_int_t)in->damaged, "skipped",
                               (json_int_t)in->skipped);
    json_object_set_new(frames, "added", json_integer((json_int_t)filtered.added));
    json_object_set_new(frames, "removed", json_integer((json_int_t)filtered.removed));
    return frames;
}

void fw_outcome_source_losses(const struct fw_source_stats *stats, struct fw_losses *losses)
{
    if (stats->changed > 0)
        fw_losses_add(losses, "converted", -1,
                      "%llu frames of another size, format, aspect or colour: %s",
                      (unsigned long long)stats->changed, stats->first_change);
    if (stats->side_lost > 0)
        fw_losses_add(losses, "side-data", -1, "%llu entries of frame side data could not travel",
                      (unsigned long long)stats->side_lost);
    if (stats->notes_lost > 0)
        fw_losses_add(losses, "metadata", -1,
                      "%llu notes of pictures (EXIF, XMP, profiles, texts) do not travel",
                      (unsigned long long)stats->notes_lost);
    if (stats->animations > 0)
        fw_losses_add(losses, "stream", -1, "%llu animations: only their first picture is taken",
                      (unsigned long long)stats->animations);
    if (stats->read_losses > 0)
        fw_losses_add(losses, "converted", -1, "%llu in reading pictures: %s",
                      (unsigned long long)stats->read_losses, stats->first_read_loss);
    if (stats->late_streams > 0)
        fw_losses_add(losses, "stream", -1,
                      "%u streams that begin after the first seconds were left out",
                      stats->late_streams);
    if (stats->damaged > 0)
        fw_losses_add(losses, "damage", -1, "%llu damaged: %s", (unsigned long long)stats->damaged,
                      stats->first_damage);
}

static json_t *losses_json(const struct fw_outcome_record *record)
{
    json_t *list = json_array();
    struct fw_losses losses = { 0 };
    if (record->planned != NULL)
        fw_json_append_losses(list, record->planned->losses, record->planned->loss_count);
    if (record->crew != NULL) {
        fw_json_append_losses(list, record->crew->losses, record->crew->loss_count);
        fw_outcome_source_losses(&record->crew->decoder_result.source, &losses);
    }
    fw_json_append_losses(list, losses.items, losses.count);
    fw_losses_deinit(&losses);
    return list;
}

/* One stage: the workers of a hop are one. */
static json_t *stage_json(const struct fw_supervisor *crew, const struct fw_plan_stage *stage)
{
    uint64_t cpu = 0, frames = 0, starved = 0, blocked = 0, busy = 0, wakes = 0;
    uint32_t end = stage->first_proc + stage->proc_count;
    for (uint32_t i = stage->first_proc; i < end && i < crew->proc_count; i++) {
        const struct fw_proc *proc = &crew->control->procs[i];
        cpu += crew->children[i].user_ns + crew->children[i].system_ns;
        frames += atomic_load(&proc->frames);
        starved += atomic_load(&proc->starved_ns);
        blocked += atomic_load(&proc->blocked_ns);
        busy += atomic_load(&proc->busy_ns);
        wakes += atomic_load(&proc->wakes);
    }
    return json_pack("{s:s,s:i,s:I,s:f,s:f,s:f,s:f,s:f,s:I}", "name", stage->name, "processes",
                     (int)stage->proc_count, "frames", (json_int_t)frames, "cpu_s", seconds(cpu),
                     "ms_per_frame", frames > 0 ? (double)cpu / 1e6 / (double)frames : 0.0,
                     "busy_s", seconds(busy), "starved_s", seconds(starved), "blocked_s",
                     seconds(blocked), "wakes", (json_int_t)wakes);
}

static json_t *stages_json(const struct fw_outcome_record *record)
{
    json_t *list = json_array();
    const struct fw_supervisor *crew = record->crew;
    if (crew == NULL || crew->plan == NULL)
        return list;
    struct fw_plan_stage stages[2 * FW_HOPS_MAX + 1];
    uint32_t count = fw_plan_stages(crew->plan, stages);
    for (uint32_t i = 0; i < count; i++) {
        json_t *stage = stage_json(crew, &stages[i]);
        json_object_set_new(stage, "filters", fw_json_steps(crew->plan, &stages[i]));
        json_array_append_new(list, stage);
    }
    return list;
}

static json_t *deaths_json(const struct fw_supervisor *crew)
{
    json_t *list = json_array();
    for (uint32_t i = 0; crew != NULL && i < crew->death_count; i++) {
        const struct fw_death *death = &crew->deaths[i];
        char name[32];
        const char *filter = death->proc_index >= FW_PROC_SEQUENTIAL && death->had_frame &&
                                     death->step < crew->plan->step_count &&
                                     death->step < FW_PLAN_STEPS
                                 ? crew->plan->steps[death->step]
                                 : NULL;
        fw_station_name(death->proc_index, name, sizeof(name));
        json_t *row = json_pack("{s:s,s:i,s:b,s:o,s:o,s:s}", "process", name, "signal",
                                death->signal, "hung", death->stalled, "frame",
                                death->had_frame ? json_integer((json_int_t)death->seq)
                                                 : json_null(),
                                "filter", fw_json_text(filter), "action", death->action);
        if (crew->plan != NULL && death->pts != FW_NOPTS) {
            const struct fw_rational base = fw_death_base(crew, death);
            if (base.den > 0)
                json_object_set_new(row, "time_s",
                                    json_real((double)death->pts * base.num / base.den));
        }
        json_array_append_new(list, row);
    }
    return list;
}

static uint64_t peak_bytes(const struct fw_supervisor *crew)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; crew != NULL && i < crew->proc_count; i++)
        sum += atomic_load(&crew->control->procs[i].pss_peak);
    return sum;
}

static json_t *sandbox_json(const struct fw_supervisor *crew)
{
    char text[128] = "off";
    uint32_t layers = UINT32_MAX;
    /* One without any has not come to its lock, or none was asked for. */
    for (uint32_t i = 0; crew != NULL && i < crew->proc_count; i++)
        if (crew->children[i].layers != 0)
            layers &= crew->children[i].layers;
    if (layers != UINT32_MAX)
        fw_sandbox_describe(layers, text, sizeof(text));
    return json_string(text);
}

static void set_times(json_t *report, const struct fw_outcome_record *record)
{
    const struct fw_supervisor *crew = record->crew;
    uint64_t cpu = 0;
    for (uint32_t i = 0; crew != NULL && i < crew->proc_count; i++)
        cpu += crew->children[i].user_ns + crew->children[i].system_ns;
    double wall = seconds(record->end_ns - record->start_ns);
    uint64_t frames = crew == NULL ? 0 : crew->encoder_result.sink.frames;
    uint64_t bytes = crew == NULL ? 0 : crew->encoder_result.sink.bytes;
    int64_t end_us = crew == NULL ? 0 : crew->encoder_result.sink.end_us;
    json_object_set_new(report, "cpu_s", json_real(seconds(cpu)));
    json_object_set_new(report, "wall_s", json_real(wall));
    json_object_set_new(report, "fps", json_real(wall > 0 ? (double)frames / wall : 0));
    json_object_set_new(report, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(report, "media_s", json_real((double)end_us / 1e6));
    json_object_set_new(report, "peak_bytes", json_integer((json_int_t)peak_bytes(crew)));
}

char *fw_report_make(const struct fw_outcome_record *record)
{
    const struct fw_supervisor *crew = record->crew;
    char *text = NULL;
    const struct fw_plan *plan = crew == NULL ? NULL : crew->plan;
    json_t *report = json_pack(
        "{s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "schema", "framewheel-run/1", "status",
        fw_outcome_word(record), "exit", fw_outcome_exit(record), "error",
        fw_json_text(record->error->status == FW_OK ? NULL : record->error->text), "input",
        fw_json_text(record->settings->input), "output", fw_json_text(record->settings->output),
        "published", fw_json_text(record->published[0] == '\0' ? NULL : record->published),
        "frames", frames_json(record), "losses", losses_json(record), "stages",
        stages_json(record));
    if (report == NULL)
        return NULL;
    set_times(report, record);
    json_object_set_new(report, "workers",
                        json_integer(plan == NULL ? 0 : (json_int_t)plan->workers));
    json_object_set_new(report, "range",
                        json_integer(plan == NULL ? 0 : (json_int_t)fw_plan_range(plan)));
    json_object_set_new(report, "encoder", fw_json_text(plan == NULL ? NULL : plan->encoder));
    json_object_set_new(report, "limit", fw_json_text(crew == NULL ? NULL : crew->limit));
    json_object_set_new(report, "deaths", deaths_json(crew));
    json_object_set_new(report, "sandbox", sandbox_json(crew));
    json_object_set_new(report, "reads_files",
                        json_boolean(plan != NULL && (plan->chain_flags & FW_CAPS_READS_FILES)));
    json_object_set_new(report, "verified",
                        fw_json_text(crew == NULL ? "" : crew->encoder_result.verified));
    struct fw_error ignored = { 0 };
    return fw_json_finish(report, &text, &ignored) == FW_OK ? text : NULL;
}
