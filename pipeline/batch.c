/* The batch as an object, and the order of things. Read this first, batch.h second. */
#include "batch.h"

#include "child.h"
#include "control.h"
#include "loader.h"
#include "publish_path.h"

#include "filters/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_NS 100000000u
#define RATE_NS 1000000000u
#define FILES_WANTED 1024u
#define FILES_PER_OUTPUT 2u

int fw_batch_create(struct fw_batch **batch_out, enum fw_scope scope, struct fw_error *err)
{
    struct fw_batch *batch = calloc(1, sizeof(*batch));
    if (!batch)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a batch");
    fw_batch_settings_init(&batch->settings, scope);
    batch->joblog.fd = -1;
    batch->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (batch->cancel_fd < 0) {
        int error = errno;
        fw_batch_destroy(batch);
        return fw_fail(err, FW_ERR_SYSTEM, "eventfd: %s", strerrordesc_np(error));
    }
    *batch_out = batch;
    return FW_OK;
}

void fw_batch_destroy(struct fw_batch *batch)
{
    if (!batch)
        return;
    if (batch->cancel_fd >= 0)
        close(batch->cancel_fd);
    for (uint32_t i = 0; i < batch->word_count; i++) {
        free(batch->words[i].name);
        free(batch->words[i].value);
    }
    free(batch->words);
    fw_batch_free_jobs(batch);
    for (uint32_t i = 0; batch->real_folders && i < batch->gathered.folders.count; i++)
        free(batch->real_folders[i]);
    free(batch->real_folders);
    fw_gathered_deinit(&batch->gathered);
    fw_output_names_deinit(&batch->names);
    fw_causes_destroy(batch->causes);
    fw_causes_destroy(batch->others);
    fw_causes_destroy(batch->losses);
    fw_text_deinit(&batch->source);
    fw_text_deinit(&batch->output);
    fw_text_deinit(&batch->folder);
    free(batch->items);
    free(batch->report);
    free(batch->sandbox);
    fw_batch_settings_deinit(&batch->settings);
    free(batch);
}

int fw_batch_set(struct fw_batch *batch, const char *name, const char *value, struct fw_error *err)
{
    int status = fw_batch_settings_set(&batch->settings, name, value, err);
    if (status < 0)
        return status;
    batch->list_items = batch->list_items || strcmp(name, "json") == 0;
    struct fw_batch_word *words = reallocarray(batch->words, batch->word_count + 1, sizeof(*words));
    if (!words)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    batch->words = words;
    const struct fw_job_option *option = fw_option_find(batch->settings.scope, name);
    struct fw_batch_word word = { strdup(option ? option->name : name),
                                  value ? strdup(value) : NULL };
    words[batch->word_count++] = word;
    return word.name && (word.value || !value)
               ? FW_OK
               : fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
}

int fw_batch_add(struct fw_batch *batch, const char *source, struct fw_error *err)
{
    struct fw_strings *sources = &batch->settings.sources;
    char **items = reallocarray(sources->items, sources->count + 1, sizeof(*items));
    if (!items)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a source");
    sources->items = items;
    items[sources->count] = strdup(source);
    if (!items[sources->count])
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a source");
    sources->count++;
    return FW_OK;
}

void fw_batch_cancel(struct fw_batch *batch)
{
    int saved = errno;
    uint64_t one = 1;
    (void)!write(batch->cancel_fd, &one, sizeof(one));
    errno = saved;
}

void fw_batch_cancel_by(struct fw_batch *batch, int signal)
{
    if (batch->signal == 0)
        batch->signal = signal;
    fw_batch_cancel(batch);
}

/* ---- while it runs ------------------------------------------------------------------------ */

void fw_batch_say(const struct fw_batch *batch, enum fw_message_level level, const char *format,
                  ...)
{
    char text[FW_ERROR_TEXT];
    if (!batch->events || !batch->events->message)
        return;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    batch->events->message(batch->events->user, level, text);
}

static uint64_t settled(const struct fw_batch *batch)
{
    const struct fw_batch_counts *counts = &batch->counts;
    return counts->done + counts->unchanged + counts->skipped + counts->failed;
}

static void renew_rate(struct fw_batch *batch, uint64_t now)
{
    if (now - batch->rate_ns < RATE_NS)
        return;
    uint64_t items = batch->counts.done + batch->counts.failed;
    double rate = (double)(items - batch->rate_items) / ((double)(now - batch->rate_ns) * 1e-9);
    batch->rate = batch->rate > 0 ? 0.6 * batch->rate + 0.4 * rate : rate;
    batch->rate_ns = now;
    batch->rate_items = items;
}

static void show(struct fw_batch *batch, uint64_t now)
{
    const struct fw_batch_counts *counts = &batch->counts;
    double elapsed = (double)(now - batch->start_ns) * 1e-9;
    double worked = (double)(counts->done + counts->failed) + batch->share * (double)batch->running;
    double mean = elapsed > 0 ? worked / elapsed : 0;
    double left = (double)(counts->items - settled(batch)) - batch->share * (double)batch->running;
    if (!batch->events || !batch->events->progress)
        return;
    const struct fw_batch_progress progress = {
        .struct_size = sizeof(progress),
        .running = batch->running,
        .elapsed_s = elapsed,
        .items = counts->items,
        .done = counts->done,
        .unchanged = counts->unchanged,
        .skipped = counts->skipped,
        .failed = counts->failed,
        .bytes_in = counts->bytes_in,
        .bytes_out = counts->bytes_out,
        .rate = batch->rate > 0 ? batch->rate : mean,
        .rate_mean = mean,
        .eta_s = mean > 0 && elapsed > 2 ? left / mean : -1,
        .fps = batch->fps,
    };
    batch->events->progress(batch->events->user, &progress);
}

void fw_batch_tick(struct fw_batch *batch)
{
    uint64_t count = 0;
    uint64_t now = fw_now_ns();
    if (read(batch->cancel_fd, &count, sizeof(count)) == (ssize_t)sizeof(count)) {
        batch->cancels += (uint32_t)count;
        batch->halted = true;
        batch->hurried = batch->hurried || batch->cancels > 1;
    }
    if (now - batch->shown_ns < TICK_NS)
        return;
    batch->shown_ns = now;
    renew_rate(batch, now);
    show(batch, now);
}

/* One that failed, however: counted, told, and grouped by its cause. */
static void count_failure(struct fw_batch *batch, const char *source, const struct fw_error *why)
{
    char shown[FW_SHOWN_BYTES];
    int code = fw_status_exit_code(why->status);
    if (batch->counts.failed++ == 0)
        batch->first_code = code;
    else if (batch->first_code != code)
        batch->first_code = -1;
    (void)fw_path_shown(source, shown, sizeof(shown));
    size_t bytes = strlen(shown);
    bool named = strncmp(why->text, shown, bytes) == 0 && why->text[bytes] == ':';
    fw_batch_say(batch, FW_MESSAGE_ERROR, "%s%s%s", named ? "" : shown, named ? "" : ": ",
                 why->text);
    (void)!fw_causes_add(batch->causes, why->text, source, NULL);
}

void fw_batch_note_failure(struct fw_batch *batch, struct fw_item *item,
                           const struct fw_item_end *end)
{
    struct fw_error why = end->err;
    why.status = end->status;
    item->fate = FW_FATE_FAILED;
    count_failure(batch, fw_item_source(batch, item), &why);
    if (batch->deciding)
        return; /* known before anything began: it stops nobody */
    batch->halted = batch->halted || batch->settings.halt != FW_HALT_NEVER;
    batch->hurried = batch->hurried || batch->settings.halt == FW_HALT_NOW;
}

/* ---- from start to end -------------------------------------------------------------------- */

int fw_batch_check(struct fw_batch *batch, struct fw_error *err)
{
    uint32_t flags = 0;
    int status = fw_batch_settings_check(&batch->settings, err);
    if (status == FW_OK)
        status = fw_loader_check_chain(&batch->settings.job, batch->cancel_fd, &flags, err);
    return status;
}

char *fw_batch_state_folder(struct fw_batch *batch)
{
    if (!batch->settings.in_place)
        return strdup(batch->settings.folder);
    const char *source = ".";
    const struct fw_item first = { .file = 0, .job = FW_NONE };
    struct stat status;
    if (batch->settings.sources.count > 0)
        source = batch->settings.sources.items[0];
    else if (batch->gathered.count > 0)
        source = fw_item_source(batch, &first);
    char *real = realpath(source, NULL);
    if (real && stat(real, &status) == 0 && !S_ISDIR(status.st_mode)) {
        char *slash = strrchr(real, '/');
        slash[slash == real] = '\0';
    }
    return real;
}

int fw_batch_open_tree(struct fw_batch *batch, bool create, struct fw_error *err)
{
    if (batch->settings.in_place)
        return fw_tree_open(&batch->tree, "/", false, err);
    if (!create && access(batch->settings.folder, F_OK) < 0)
        return FW_OK; /* a plan for a folder that is not there yet */
    return fw_tree_open(&batch->tree, batch->settings.folder, create, err);
}

static char *command_text(const struct fw_batch *batch)
{
    char *text = NULL;
    if (asprintf(&text, "framewheel %s -o %s",
                 batch->settings.scope == FW_SCOPE_IMAGES ? "images" : "batch",
                 batch->settings.folder ? batch->settings.folder : "(in place)") < 0)
        return NULL;
    return text;
}

static int open_ledger(struct fw_batch *batch, struct fw_error *err)
{
    static const enum fw_durability modes[] = { [FW_DURABLE_FULL] = FW_DURABILITY_FULL,
                                                [FW_DURABLE_BATCH] = FW_DURABILITY_BATCH,
                                                [FW_DURABLE_NONE] = FW_DURABILITY_NONE };
    char *folder = fw_batch_state_folder(batch);
    int error = errno;
    char *command = command_text(batch);
    const struct fw_ledger_options options = { .folder = folder,
                                               .state = batch->settings.state,
                                               .command = command,
                                               .durability = modes[batch->settings.durability],
                                               .wait = batch->settings.wait,
                                               .cancel_fd = batch->cancel_fd };
    int status = folder && command ? fw_ledger_open(&batch->ledger, &options, err)
                                   : fw_fail(err, FW_ERR_OUTPUT, "the folder of the state: %s",
                                             strerrordesc_np(error));
    free(folder);
    free(command);
    return status;
}

static int open_books(struct fw_batch *batch, struct fw_error *err)
{
    int status = fw_batch_open_tree(batch, true, err);
    if (status == FW_OK)
        status = open_ledger(batch, err);
    if (status == FW_OK && batch->settings.joblog)
        status = fw_joblog_open(&batch->joblog, batch->settings.joblog, err);
    if (status == FW_OK)
        status = fw_causes_create(&batch->causes, err);
    if (status == FW_OK)
        status = fw_causes_create(&batch->others, err);
    if (status == FW_OK)
        status = fw_causes_create(&batch->losses, err);
    if (status == FW_OK)
        status = fw_settle_open(batch, err);
    return status;
}

/* Named by a run that could not say so any more: recorded now, with what that run noted. */
static int count_finished(struct fw_batch *batch, struct fw_item *item, struct fw_error *err)
{
    struct fw_ledger_item known;
    const char *output = fw_item_output(batch, item);
    int status = fw_ledger_find(batch->ledger, output, strlen(output), &known, err);
    if (status < 0)
        return status;
    struct fw_item_end end = { 0 };
    if (status == FW_OK) {
        end.frames_in = known.frames_in;
        end.frames_out = known.frames_out;
        end.output_xxh3 = known.output_xxh3;
        end.started = known.started;
        end.wall_s = known.wall_s;
        end.losses = known.losses ? strdup(known.losses) : NULL;
        end.loss_count = end.losses != NULL;
    }
    return fw_settle_ended(batch, item, FW_FATE_DONE, &end, err);
}

/* What was decided against, counted; what failed before fails again, with its words. */
static int count_decision(struct fw_batch *batch, struct fw_item *item, struct fw_error *err)
{
    struct fw_item_end end = { 0 };
    struct fw_ledger_item known;
    switch ((enum fw_fate)item->fate) {
    case FW_FATE_WAITING:
    case FW_FATE_RUNNING:
        return FW_OK;
    case FW_FATE_DONE:
        return count_finished(batch, item, err);
    case FW_FATE_UNCHANGED:
        batch->counts.unchanged++;
        batch->counts.degraded += item->degraded;
        return FW_OK;
    case FW_FATE_SKIPPED:
        batch->counts.skipped++;
        batch->counts.no_media += item->reason == FW_REASON_NO_VIDEO;
        return FW_OK;
    case FW_FATE_FAILED:
        break;
    }
    end.status = FW_ERR_OUTPUT;
    const char *output = fw_item_output(batch, item);
    int status = FW_OK;
    if (item->reason == FW_REASON_FAILED_BEFORE)
        status = fw_ledger_find(batch->ledger, output, strlen(output), &known, err);
    if (status < 0)
        return status;
    if (item->reason == FW_REASON_FAILED_BEFORE && status == FW_OK) {
        end.status = known.status < 0 ? known.status : FW_ERR_INTERNAL;
        const char *message = known.message ? known.message : "it failed before";
        int line = (int)strcspn(message, "\n");
        (void)fw_fail(&end.err, end.status, "%.*s (--retry-failed tries again)%s", line, message,
                      message + line);
    } else {
        /* One hint for all: thousands of the same say no more. */
        bool hint = item->reason == FW_REASON_FOREIGN && !batch->hinted;
        (void)fw_fail(&end.err, FW_ERR_OUTPUT, "%s%s", fw_reason_text((enum fw_reason)item->reason),
                      hint ? "\nhint: -y to replace it" : "");
        batch->hinted = batch->hinted || hint;
    }
    fw_batch_note_failure(batch, item, &end);
    return FW_OK;
}

/* Hidden files that a killed run left of an output, whether it is to be made again or not. */
static void tidy_one(void *user, const char *output)
{
    struct fw_batch *batch = user;
    const char *name = fw_path_name(output);
    char *folder = strndup(output, name > output ? (size_t)(name - output) - 1 : 0);
    int dir_fd = folder ? fw_tree_find(&batch->tree, folder) : -1;
    if (dir_fd >= 0)
        fw_output_tidy(dir_fd, name);
    free(folder);
}

static int decide_all(struct fw_batch *batch, struct fw_error *err)
{
    int status = FW_OK;
    batch->deciding = true;
    for (uint32_t i = 0; i < batch->item_count && status == FW_OK; i++) {
        status = fw_batch_decide(batch, &batch->items[i], err);
        if (status == FW_OK)
            status = count_decision(batch, &batch->items[i], err);
    }
    batch->deciding = false;
    return status == FW_OK ? fw_settle_flush(batch, true, err) : status;
}

/* Folders that could not be read hold sources that nobody will ever see: failures, not skips. */
static void note_unreadable(struct fw_batch *batch)
{
    for (uint32_t i = 0; i < batch->gathered.skipped_count; i++) {
        const struct fw_skipped *skipped = &batch->gathered.skipped[i];
        struct fw_error why = { 0 };
        if (skipped->reason != FW_SKIP_UNREADABLE)
            continue;
        fw_text_clear(&batch->source);
        if (fw_skipped_path(&batch->gathered, i, &batch->source, NULL) < 0)
            continue;
        batch->counts.items++;
        (void)fw_fail(&why, FW_ERR_INPUT, "cannot be read: %s", strerrordesc_np(skipped->error));
        count_failure(batch, batch->source.bytes, &why);
    }
}

static bool any_waits(const struct fw_batch *batch)
{
    for (uint32_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].fate == FW_FATE_WAITING)
            return true;
    }
    return false;
}

static int find_code(const struct fw_batch *batch)
{
    const struct fw_batch_counts *counts = &batch->counts;
    if (counts->failed == 0 && counts->degraded > 0)
        return 9;
    if (counts->failed == 0)
        return counts->items > 0 && counts->no_media == counts->items
                   ? fw_status_exit_code(FW_ERR_INPUT)
                   : 0;
    /* One cause and nothing done: as a run of that one file would end. */
    bool alone = counts->done + counts->unchanged == 0 && batch->first_code >= 0;
    return alone ? batch->first_code : 3;
}

static int failure_code(const struct fw_batch *batch, int status)
{
    return status == FW_ERR_CANCELLED && batch->signal != 0 ? 128 + batch->signal
                                                            : fw_status_exit_code(status);
}

static struct fw_ledger_counts ledger_counts(const struct fw_batch *batch)
{
    const struct fw_batch_counts *counts = &batch->counts;
    return (struct fw_ledger_counts){ .items = counts->items,
                                      .done = counts->done,
                                      .failed = counts->failed,
                                      .skipped = counts->skipped,
                                      .unchanged = counts->unchanged };
}

/* Whoever looks at the ledger meanwhile can tell how much is left. */
static int plan_run(struct fw_batch *batch, struct fw_error *err)
{
    const struct fw_ledger_counts told = ledger_counts(batch);
    int status = fw_ledger_plan_run(batch->ledger, &told, err);
    return status == FW_OK ? fw_ledger_commit(batch->ledger, err) : status;
}

static int end_run(struct fw_batch *batch, int status, struct fw_error *err)
{
    const struct fw_ledger_counts told = ledger_counts(batch);
    batch->exit_code = status < 0 ? failure_code(batch, status) : find_code(batch);
    struct fw_error own = { 0 };
    int ended = fw_ledger_end_run(batch->ledger, &told, batch->exit_code, &own);
    if (ended == FW_OK)
        ended = fw_ledger_commit(batch->ledger, &own);
    if (status == FW_OK && ended < 0)
        return fw_fail(err, ended, "%s", own.text);
    return status;
}

static int run_all(struct fw_batch *batch, struct fw_error *err)
{
    int status = fw_ledger_interrupted(batch->ledger, tidy_one, batch, err);
    if (status == FW_OK)
        status = decide_all(batch, err);
    note_unreadable(batch);
    if (status == FW_OK)
        status = plan_run(batch, err);
    if (status == FW_OK && !batch->halted && any_waits(batch))
        status = batch->settings.scope == FW_SCOPE_IMAGES ? fw_batch_run_images(batch, err)
                                                          : fw_batch_run_videos(batch, err);
    /* What is finished gets its name, however the rest ended, unless nothing is to be left. */
    struct fw_error own = { 0 };
    int settled_all = batch->cancels > 1 ? FW_OK : fw_settle_flush(batch, true, &own);
    if (status >= FW_OK && settled_all < 0)
        status = fw_fail(err, settled_all, "%s", own.text);
    if (status >= FW_OK && batch->cancels > 0)
        status = fw_fail(err, FW_ERR_CANCELLED, "interrupted");
    return end_run(batch, status, err);
}

void fw_batch_close_books(struct fw_batch *batch)
{
    fw_settle_close(batch);
    fw_ledger_close(batch->ledger);
    batch->ledger = NULL;
    fw_joblog_close(&batch->joblog);
    fw_tree_close(&batch->tree);
}

/* Outputs that wait for their names, sources and folders are all held open. Where the limit is low
 * all the same, fewer wait together. */
static void raise_file_limit(struct fw_batch *batch, struct rlimit *old)
{
    batch->group_max = FW_SETTLE_GROUP_MAX;
    if (getrlimit(RLIMIT_NOFILE, old) < 0)
        return;
    struct rlimit wanted = *old;
    if (wanted.rlim_cur < FILES_WANTED)
        wanted.rlim_cur = wanted.rlim_max < FILES_WANTED ? wanted.rlim_max : FILES_WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &wanted);
    if (wanted.rlim_cur < FILES_WANTED)
        batch->group_max = wanted.rlim_cur > 8 * FILES_PER_OUTPUT
                               ? (uint32_t)(wanted.rlim_cur / (8 * FILES_PER_OUTPUT))
                               : 1;
    if (batch->group_max > FW_SETTLE_GROUP_MAX)
        batch->group_max = FW_SETTLE_GROUP_MAX;
}

int fw_batch_supervise(struct fw_batch *batch, const struct fw_batch_events *events,
                       struct fw_error *err)
{
    struct fw_error own = { 0 };
    struct rlimit files = { 0 };
    batch->events = events;
    raise_file_limit(batch, &files);
    batch->start_ns = batch->rate_ns = fw_now_ns();
    int status = fw_child_check_threads(&own);
    if (status == FW_OK)
        status = fw_batch_check(batch, &own);
    if (status == FW_OK)
        status = fw_batch_make_items(batch, &own);
    batch->hash = fw_batch_hash(batch);
    if (status == FW_OK)
        status = open_books(batch, &own);
    if (status == FW_OK)
        status = run_all(batch, &own);
    else
        batch->exit_code = failure_code(batch, status);
    batch->shown_ns = 0;
    fw_batch_tick(batch);
    batch->error = own;
    batch->report = fw_batch_report_make(batch);
    fw_batch_close_books(batch);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (status < 0 && err)
        *err = own;
    return status < 0 ? status : FW_OK;
}

const char *fw_batch_report(struct fw_batch *batch)
{
    return batch->report;
}
