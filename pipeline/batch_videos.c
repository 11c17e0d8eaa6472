/* Videos to jobs beside each other, and what comes back. */
#include "batch.h"

#include "control.h"
#include "job.h"
#include "job_pool.h"
#include "losses_document.h"
#include "plan.h"
#include "publish_path.h"

#include "filters/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#define WAIT_MS 100
/* Cores that one encoder keeps busy, about: jobs at once are a share of the machine. */
#define CORES_PER_JOB 4u

struct driving {
    struct fw_batch *batch;
    struct fw_job_pool *pool;
    uint32_t *order; /* items, in the order they are to be done */
    uint32_t next;
    uint32_t left; /* items that wait */
    uint32_t slots;
    uint32_t budget; /* workers of all jobs together */
    uint32_t at_work;
    bool hurried; /* that was passed on */
};

/* ---- order -------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b, void *user)
{
    struct fw_batch *batch = user;
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    struct fw_identity one, two;
    fw_item_identity(batch, &batch->items[first], &one);
    fw_item_identity(batch, &batch->items[second], &two);
    if (one.size != two.size)
        return one.size > two.size ? -1 : 1;
    return first < second ? -1 : 1;
}

/* The longest first, so that no core waits long for the last: by size, which is known unread. */
static int make_order(struct driving *driving, struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    driving->order = calloc(batch->item_count, sizeof(*driving->order));
    if (!driving->order)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the order of jobs");
    for (uint32_t i = 0; i < batch->item_count; i++)
        driving->order[i] = i;
    if (batch->settings.order == FW_ORDER_LONGEST)
        qsort_r(driving->order, batch->item_count, sizeof(*driving->order), by_size, batch);
    return FW_OK;
}

static struct fw_item *next_item(struct driving *driving)
{
    struct fw_batch *batch = driving->batch;
    while (driving->next < batch->item_count &&
           batch->items[driving->order[driving->next]].fate != FW_FATE_WAITING)
        driving->next++;
    return driving->next < batch->item_count ? &batch->items[driving->order[driving->next]] : NULL;
}

/* ---- one job ------------------------------------------------------------------------------ */

static int set_words(struct fw_job *job, const struct fw_batch_word *words, uint32_t count,
                     struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < count && status == FW_OK; i++) {
        const struct fw_job_option *option = fw_job_option_find(words[i].name);
        bool own = fw_option_find(FW_SCOPE_BATCH, words[i].name) != NULL && !option;
        bool told = option && (option->command_only || strcmp(option->name, "report") == 0 ||
                               strcmp(option->name, "y") == 0);
        if (own || told || strcmp(words[i].name, "output") == 0)
            continue;
        status = fw_job_set(job, words[i].name, words[i].value, err);
    }
    return status;
}

/* A share of the workers that are idle: all of them, once no other job waits for any. */
static uint32_t share_of(const struct driving *driving)
{
    uint32_t busy = fw_job_pool_busy(driving->pool);
    uint32_t slots = driving->slots - busy;
    if (driving->left < slots)
        slots = driving->left > 0 ? driving->left : 1;
    uint32_t idle = driving->budget - driving->at_work;
    return (idle + slots - 1) / slots;
}

/* In a batch '-' is a file like any other. */
static const char *plain_name(const char *source)
{
    return strcmp(source, "-") == 0 ? "./-" : source;
}

/* The batch's options, those of the job, and a share of the workers. */
static int fill_job(struct driving *driving, struct fw_item *item, struct fw_job *job,
                    struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    char *output = NULL;
    char workers[16];
    if (asprintf(&output, "%s/%s", batch->settings.folder, fw_item_output(batch, item)) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a name");
    int status = set_words(job, batch->words, batch->word_count, err);
    if (status == FW_OK && item->file == FW_NONE)
        status = set_words(job, batch->jobs[item->job].words, batch->jobs[item->job].word_count,
                           err);
    uint32_t asked = job->settings.workers;
    uint32_t share = share_of(driving);
    item->workers = (uint8_t)(asked > 0 && asked < share ? asked : share);
    (void)snprintf(workers, sizeof(workers), "%u", item->workers);
    if (status == FW_OK)
        status = fw_job_set(job, "workers", workers, err);
    /* Decoders share the machine as workers do; it changes no frame. */
    if (status == FW_OK && job->settings.decoder_threads == 0)
        status = fw_job_set(job, "decoder-threads", workers, err);
    job->settings.unsynced = batch->settings.durability == FW_DURABLE_NONE;
    if (status == FW_OK && item->replaces)
        status = fw_job_set(job, "y", NULL, err);
    if (status == FW_OK)
        status = fw_job_set(job, "input", plain_name(fw_item_source(batch, item)), err);
    if (status == FW_OK)
        status = fw_job_set(job, "output", output, err);
    free(output);
    return status;
}

static bool is_doubtful(const struct fw_batch *batch, const struct fw_item *item)
{
    return item->file != FW_NONE && batch->gathered.files[item->file].found;
}

static int start_item(struct driving *driving, struct fw_item *item, struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    struct fw_job *job = NULL;
    struct fw_error why = { 0 };
    const char *name = NULL;
    int dir_fd = -1;
    item->tries++;
    int status = fw_item_place(batch, item, &dir_fd, &name, &why); /* makes the folder */
    if (status == FW_OK)
        status = fw_job_create(&job, &why);
    if (status == FW_OK)
        status = fill_job(driving, item, job, &why);
    if (status == FW_OK) {
        item->fate = FW_FATE_RUNNING;
        status = fw_settle_begun(batch, item, NULL, err);
        if (status == FW_OK)
            status = fw_job_pool_give(driving->pool, (uint64_t)(item - batch->items), job,
                                      is_doubtful(batch, item), err);
        driving->at_work += item->workers;
        fw_job_destroy(job);
        return status;
    }
    fw_job_destroy(job);
    struct fw_item_end end = { .status = status, .err = why, .started = fw_unix_time() };
    return fw_settle_ended(batch, item, FW_FATE_FAILED, &end, err);
}

/* ---- its end ------------------------------------------------------------------------------ */

static uint64_t count_at(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

/* Layers follow one upon the other, so the shorter list is the weaker lock. */
static void note_sandbox(struct fw_batch *batch, const char *layers)
{
    if (!layers || (batch->sandbox && strlen(batch->sandbox) <= strlen(layers)))
        return;
    free(batch->sandbox);
    batch->sandbox = strdup(layers);
}

/* Published, and not what it should be: which is an item's own message. */
static void note_damage(const json_t *frames, struct fw_item_end *end)
{
    unsigned long long damaged = count_at(frames, "damaged");
    unsigned long long poisoned = count_at(frames, "poisoned");
    end->degraded = true;
    (void)snprintf(end->err.text, sizeof(end->err.text),
                   "%llu frame%s of the input damaged, %llu frame%s that a filter died of", damaged,
                   damaged == 1 ? "" : "s", poisoned, poisoned == 1 ? "" : "s");
}

/* What the job's report says of frames, losses, deaths, locks. */
static void read_report(struct fw_batch *batch, const char *text, struct fw_item_end *end)
{
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;
    json_t *frames = json_object_get(report, "frames");
    json_t *losses = json_object_get(report, "losses");
    end->frames_in = count_at(frames, "decoded");
    end->frames_out = count_at(frames, "encoded");
    end->loss_count = (uint32_t)json_array_size(losses);
    if (end->loss_count > 0)
        end->losses = json_dumps(losses, JSON_COMPACT);
    if (end->status == FW_OK && json_integer_value(json_object_get(report, "exit")) == 9)
        note_damage(frames, end);
    batch->deaths += (uint32_t)json_array_size(json_object_get(report, "deaths"));
    note_sandbox(batch, json_string_value(json_object_get(report, "sandbox")));
    json_t *cpu = json_object_get(report, "cpu_s");
    if (json_is_number(cpu))
        end->cpu_s = json_number_value(cpu);
    json_decref(report);
}

static bool may_try_again(const struct fw_batch *batch, const struct fw_item *item, int status)
{
    bool chance = status == FW_ERR_DIED || status == FW_ERR_STALLED || status == FW_ERR_SYSTEM ||
                  status == FW_ERR_INTERNAL;
    return chance && item->tries < batch->settings.tries_max && !batch->halted;
}

/* What a job warned of: for people, and kept where it ended well. */
static void tell_notes(struct fw_batch *batch, struct fw_item *item, const char *notes,
                       struct fw_item_end *end)
{
    char shown[FW_SHOWN_BYTES];
    if (!notes)
        return;
    fw_batch_say(batch, FW_MESSAGE_WARNING, "%s: %s",
                 fw_path_shown(fw_item_source(batch, item), shown, sizeof(shown)), notes);
    size_t used = strlen(end->err.text);
    if (end->status == FW_OK)
        (void)snprintf(end->err.text + used, sizeof(end->err.text) - used, "%s%s", used ? "\n" : "",
                       notes);
}

static int take_no_video(struct fw_batch *batch, struct fw_item *item, struct fw_item_end *end,
                         struct fw_error *err)
{
    end->status = FW_OK;
    (void)snprintf(end->err.text, sizeof(end->err.text), "%s", fw_reason_text(FW_REASON_NO_VIDEO));
    item->reason = FW_REASON_NO_VIDEO;
    batch->counts.skipped++;
    batch->counts.no_media++;
    return fw_settle_ended(batch, item, FW_FATE_SKIPPED, end, err);
}

static int try_again(struct driving *driving, struct fw_item *item, struct fw_item_end *end,
                     struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    char shown[FW_SHOWN_BYTES];
    fw_batch_say(batch, FW_MESSAGE_WARNING, "%s: %s; trying once more",
                 fw_path_shown(fw_item_source(batch, item), shown, sizeof(shown)), end->err.text);
    int status = fw_settle_tried(batch, item, end, err);
    free(end->losses);
    return status == FW_OK ? start_item(driving, item, err) : status;
}

/* The ledger knows what will have the name, so that a run that finds it there knows it again. */
static int allow(struct driving *driving, struct fw_item *item, const struct fw_job_end *ended,
                 struct fw_error *err)
{
    const struct fw_item_end end = { .output_xxh3 = ended->made.xxh3,
                                     .output_bytes = ended->made.bytes,
                                     .started = fw_unix_time() };
    int status = fw_settle_begun(driving->batch, item, &end, err);
    if (status == FW_OK)
        fw_job_pool_allow(driving->pool, ended->id);
    return status;
}

static int take(struct driving *driving, struct fw_job_end *ended, struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    struct fw_item *item = &batch->items[ended->id];
    if (ended->naming)
        return allow(driving, item, ended, err);
    struct fw_item_end end = { .status = ended->status,
                               .signal = ended->signal,
                               .err = ended->err,
                               .started = fw_unix_time() - ended->wall_s,
                               .wall_s = ended->wall_s,
                               .cpu_s = ended->cpu_s,
                               .output_bytes = ended->made.bytes,
                               .output_xxh3 = ended->made.xxh3 };
    driving->at_work -= item->workers;
    read_report(batch, ended->report, &end);
    if (!ended->no_video)
        tell_notes(batch, item, ended->notes, &end);
    free(ended->report);
    free(ended->notes);
    if (ended->no_video)
        return take_no_video(batch, item, &end, err);
    if (ended->status == FW_ERR_CANCELLED)
        return fw_settle_ended(batch, item, FW_FATE_RUNNING, &end, err);
    if (may_try_again(batch, item, ended->status))
        return try_again(driving, item, &end, err);
    return fw_settle_ended(batch, item, ended->status < 0 ? FW_FATE_FAILED : FW_FATE_DONE, &end,
                           err);
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* A job that is interrupted once would publish what it has, under another name: twice, or not at
 * all. */
static void pass_hurry(struct driving *driving)
{
    if (!driving->batch->hurried || driving->hurried)
        return;
    driving->hurried = true;
    fw_job_pool_cancel(driving->pool);
    fw_job_pool_cancel(driving->pool);
}

static int drive(struct driving *driving, struct fw_error *err)
{
    struct fw_batch *batch = driving->batch;
    struct fw_job_end ended;
    int status = FW_OK;
    while (status == FW_OK) {
        struct fw_item *item = next_item(driving);
        while (status == FW_OK && item && !batch->halted && fw_job_pool_has_room(driving->pool)) {
            status = start_item(driving, item, err);
            driving->left--;
            item = next_item(driving);
        }
        batch->running = fw_job_pool_busy(driving->pool);
        if (status != FW_OK || (batch->running == 0 && (!item || batch->halted)))
            break;
        status = fw_job_pool_wait(driving->pool, batch->cancel_fd, WAIT_MS, &ended);
        if (status == FW_OK)
            status = take(driving, &ended, err);
        if (status == FW_OK || status == FW_END)
            status = fw_settle_flush(batch, false, err);
        fw_job_pool_gauge(driving->pool, &batch->fps, &batch->share);
        fw_batch_tick(batch);
        pass_hurry(driving);
    }
    return status;
}

int fw_batch_run_videos(struct fw_batch *batch, struct fw_error *err)
{
    struct driving *driving = calloc(1, sizeof(*driving));
    if (!driving)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a batch");
    driving->batch = batch;
    driving->budget = batch->settings.job.workers;
    if (driving->budget == 0)
        driving->budget = fw_usable_cores();
    if (driving->budget > FW_WORKERS_MAX)
        driving->budget = FW_WORKERS_MAX;
    driving->slots = batch->settings.jobs;
    if (driving->slots == 0)
        driving->slots = (fw_usable_cores() + CORES_PER_JOB - 1) / CORES_PER_JOB;
    if (driving->slots > driving->budget)
        driving->slots = driving->budget;
    for (uint32_t i = 0; i < batch->item_count; i++)
        driving->left += batch->items[i].fate == FW_FATE_WAITING;
    batch->workers = driving->slots;
    int status = make_order(driving, err);
    if (status == FW_OK)
        status = fw_job_pool_create(&driving->pool, driving->slots, err);
    if (status == FW_OK)
        status = drive(driving, err);
    fw_job_pool_destroy(driving->pool);
    free(driving->order);
    free(driving);
    batch->fps = batch->share = 0;
    return status;
}
