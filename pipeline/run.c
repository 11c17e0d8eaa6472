/*
 * One job from start to end. Read this first.
 *
 *   check what the words say -> open the input -> decoder: what is in it? -> plan -> memory, output
 *   -> encoder, workers -> go -> watch -> close the account -> publish
 */
#include "outcome.h"

#include "budget.h"
#include "child.h"
#include "fault.h"
#include "input.h"
#include "job.h"
#include "loader.h"
#include "sequence.h"
#include "sink_codecs.h"

#include "filters/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What one run holds; zeroed: nothing to undo. */
struct running {
    struct fw_job *job;
    struct fw_supervisor *crew;
    struct fw_planned planned;
    struct fw_output output;
    struct fw_opened input;
    uint64_t budget_bytes;
    void *media;
    size_t media_bytes;
    struct fw_outcome_record record;
};

/* Everything that can be known before the input is read, all faults of a chain at once. */
static int check_words(struct fw_job *job, struct fw_error *err)
{
    const struct fw_settings *settings = &job->settings;
    uint32_t flags = 0;
    fw_sink_silence();
    int status = fw_sequence_recognize(&job->settings, err);
    if (status == FW_OK)
        status = fw_settings_check(settings, err);
    if (status == FW_OK)
        status = fw_loader_check_chain(settings, job->cancel_fd, &flags, err);
    if (status == FW_OK && settings->isolation == FW_ISOLATION_THREADS &&
        (flags & FW_CAPS_PROCESS_ONLY) != 0)
        status = fw_fail(err, FW_ERR_USAGE,
                         "a filter of this chain works in processes only: --isolation process");
    if (status == FW_OK)
        status = fw_sink_check(settings, err);
    return status;
}

static int open_crew(struct running *running, const struct fw_events *events, struct fw_error *err)
{
    const struct fw_settings *settings = &running->job->settings;
    running->crew = calloc(1, sizeof(*running->crew));
    if (running->crew == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the supervisor");
    running->budget_bytes = fw_budget_bytes(settings);
    int status = fw_supervisor_init(running->crew, settings, events, running->budget_bytes,
                                    running->job->cancel_fd, err);
    running->crew->input_fd = running->input.fd;
    running->crew->end_fd = running->job->end_fd;
    /* The report reads the shared counters. */
    if (status == FW_OK)
        running->record.crew = running->crew;
    return status;
}

/* The decoder looks into the input and says what it holds; then all is decided. */
static int plan_job(struct running *running, bool want_document, struct fw_error *err)
{
    int status = fw_supervisor_start(running->crew, FW_ROLE_DECODER, FW_PROC_DECODER, err);
    if (status == FW_OK)
        status = fw_supervisor_expect_media(running->crew, &running->media, &running->media_bytes,
                                            err);
    if (status != FW_OK)
        return status;
    const struct fw_plan_request request = { .settings = &running->job->settings,
                                             .media = running->media,
                                             .media_bytes = running->media_bytes,
                                             .budget_bytes = running->budget_bytes,
                                             .cores = fw_usable_cores(),
                                             .cancel_fd = running->job->cancel_fd,
                                             .want_document = want_document };
    status = fw_plan_make(&running->planned, &request, err);
    if (status != FW_OK)
        return status;
    running->record.planned = &running->planned;
    if (running->job->settings.strict && running->planned.loss_count > 0)
        return fw_fail(err, FW_ERR_USAGE, "--strict: %s: %s", running->planned.losses[0].kind,
                       running->planned.losses[0].detail);
    running->crew->media = running->media;
    running->crew->media_bytes = running->media_bytes;
    return FW_OK;
}

static int open_output(struct running *running, struct fw_error *err)
{
    const struct fw_plan *plan = &running->planned.plan;
    /* A rate makes more of them, or fewer, by times that are not known yet. */
    bool counted = plan->frames_exact && fw_settings_pace(&running->job->settings).num == 0;
    int status = fw_output_open(&running->output, &running->job->settings,
                                counted ? plan->frames_total : 0, err);
    if (status == FW_OK && running->output.kind == FW_OUTPUT_FILE && plan->output_estimate > 0)
        status = fw_output_room(&running->output, (uint64_t)plan->output_estimate, err);
    running->crew->output_fd = running->output.kind == FW_OUTPUT_NONE ? -1 : running->output.fd;
    running->crew->output_seekable = running->output.kind == FW_OUTPUT_FILE;
    return status;
}

/* From the end of the line to its start, so that nothing is read that nobody can take. */
static int start_job(struct running *running, struct fw_error *err)
{
    struct fw_supervisor *crew = running->crew;
    const struct fw_plan *plan = &running->planned.plan;
    int status = fw_supervisor_arrange(crew, plan, err);
    if (status == FW_OK)
        status = fw_supervisor_start(crew, FW_ROLE_ENCODER, FW_PROC_ENCODER, err);
    for (uint32_t i = plan->hop_count - 1; status == FW_OK && i > 0; i--)
        status = fw_supervisor_start(crew, FW_ROLE_SEQUENTIAL, FW_PROC_SEQUENTIAL + i - 1, err);
    for (uint32_t i = 0; status == FW_OK && i < plan->workers; i++)
        status = fw_supervisor_start(crew, FW_ROLE_WORKER, FW_PROC_WORKERS + i, err);
    for (uint32_t i = FW_PROC_ENCODER; status == FW_OK && i < crew->proc_count; i++)
        if (crew->children[i].state != FW_CHILD_NONE)
            status = fw_supervisor_expect_ready(crew, i, err);
    if (status == FW_OK)
        status = fw_supervisor_go(crew, err);
    return status;
}

static int open_account(const char *what, uint64_t a, uint64_t b, struct fw_error *err)
{
    return fw_fail(err, FW_ERR_VERIFY, "the account does not close: %s (%llu, %llu)", what,
                   (unsigned long long)a, (unsigned long long)b);
}

/* What went into each hop came out of it, and what a sequential process took it accounts for. */
static int close_hops(const struct fw_supervisor *crew, struct fw_error *err)
{
    uint64_t given = crew->decoder_result.source.frames;
    for (uint32_t i = 0; i < crew->plan->hop_count; i++) {
        struct fw_hop_state at;
        fw_hop_observe(&crew->line[i].view, &at);
        if (at.published != given * crew->plan->hops[i].geometry.fanout)
            return open_account("frames given to the filters", given, at.published, err);
        if (at.consumed != at.published)
            return open_account("frames behind the filters", at.published, at.consumed, err);
        if (i + 1 == crew->plan->hop_count)
            break;
        const struct fw_proc *joint = &crew->control->procs[FW_PROC_SEQUENTIAL + i];
        uint64_t ended = atomic_load(&joint->aux[FW_AUX_PUSHED]) +
                         atomic_load(&joint->aux[FW_AUX_REMOVED]) +
                         atomic_load(&joint->aux[FW_AUX_SKIPPED]);
        if (ended != at.consumed)
            return open_account("frames for a sequential filter", at.consumed, ended, err);
        given = atomic_load(&joint->frames);
    }
    return FW_OK;
}

/* Hop by hop, then the encoder's; poison frames are among the encoded or dropped ones. */
static int close_account(const struct running *running, struct fw_error *err)
{
    const struct fw_supervisor *crew = running->crew;
    const struct fw_role_result *out = &crew->encoder_result;
    struct fw_hop_state at;
    int status = close_hops(crew, err);
    if (status != FW_OK)
        return status;
    fw_supervisor_observe(crew, &at);
    uint64_t ended = out->frames + out->dropped + out->removed;
    if (at.consumed != ended)
        return open_account("frames for the encoder", at.consumed, ended, err);
    uint64_t given = out->frames + out->sink.duplicated - out->sink.dropped;
    if (out->sink.frames != given)
        return open_account("frames that the encoder got", given, out->sink.frames, err);
    return FW_OK;
}

/* --strict: what was lost on the way. */
static int check_late_losses(const struct running *running, struct fw_error *err)
{
    const struct fw_supervisor *crew = running->crew;
    struct fw_losses losses = { 0 };
    if (!running->job->settings.strict)
        return FW_OK;
    fw_outcome_source_losses(&crew->decoder_result.source, &losses);
    const struct fw_loss *first = crew->loss_count > 0 ? &crew->losses[0]
                                  : losses.count > 0   ? &losses.items[0]
                                                       : NULL;
    int status = first == NULL
                     ? FW_OK
                     : fw_fail(err, FW_ERR_FILTER, "--strict: %s: %s", first->kind, first->detail);
    fw_losses_deinit(&losses);
    return status;
}

/* The last look: an interrupt that comes later finds the job done. */
static int settle_interrupts(struct running *running, struct fw_error *err)
{
    struct fw_supervisor *crew = running->crew;
    uint64_t count = 0;
    if (read(running->job->cancel_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        crew->interrupts += (uint32_t)count;
    if (crew->interrupts > 1)
        return fw_fail(err, FW_ERR_CANCELLED, "interrupted");
    running->record.interrupted = crew->interrupts > 0;
    return FW_OK;
}

static int finish_job(struct running *running, struct fw_error *err)
{
    struct fw_outcome_record *record = &running->record;
    int status = close_account(running, err);
    if (status != FW_OK)
        return status;
    fw_gauge_progress(running->crew, true);
    const struct fw_settings *settings = &running->job->settings;
    status = check_late_losses(running, err);
    if (status != FW_OK)
        return status;
    record->degraded = running->crew->decoder_result.source.damaged > 0 ||
                       running->crew->poisoned > 0;
    fw_fault_point(settings->fault, "supervisor", "publish", 0);
    status = settle_interrupts(running, err);
    if (status != FW_OK)
        return status;
    if (running->job->naming && running->output.kind == FW_OUTPUT_FILE && !record->interrupted)
        status = running->job->naming(running->job->naming_user, running->output.fd, err);
    if (status != FW_OK)
        return status;
    running->output.file_count = running->crew->encoder_result.sink.packets;
    return fw_output_commit(&running->output, record->interrupted, record->published,
                            sizeof(record->published), err);
}

static int run_checked(struct running *running, const struct fw_events *events,
                       struct fw_error *err)
{
    const struct fw_settings *settings = &running->job->settings;
    int status = check_words(running->job, err);
    if (status == FW_OK)
        status = fw_opened_open(&running->input, settings, err);
    if (status == FW_OK)
        status = fw_output_check(settings, running->input.fd, &running->record.skipped, err);
    if (status != FW_OK || running->record.skipped)
        return status;
    status = open_crew(running, events, err);
    if (status == FW_OK)
        status = plan_job(running, false, err);
    if (status == FW_OK)
        status = open_output(running, err);
    if (status == FW_OK)
        status = start_job(running, err);
    if (status == FW_OK)
        status = fw_supervisor_watch(running->crew, err);
    if (running->crew != NULL)
        fw_supervisor_stop(running->crew); /* no child outlives this line */
    if (status == FW_OK)
        status = finish_job(running, err);
    return status;
}

static void close_run(struct running *running)
{
    fw_output_close(&running->output);
    if (running->crew != NULL && running->crew->abandoned)
        return; /* the process is about to end, and the thread with it */
    if (running->crew != NULL)
        fw_supervisor_deinit(running->crew);
    free(running->crew);
    fw_planned_deinit(&running->planned);
    free(running->media);
    fw_opened_close(&running->input);
}

int fw_job_supervise(struct fw_job *job, const struct fw_events *events, struct fw_error *err)
{
    struct fw_error own = { 0 };
    struct running running = { .job = job, .input = FW_OPENED_NONE };
    running.record.settings = &job->settings;
    running.record.start_ns = fw_now_ns();
    int status = fw_child_check_threads(&own);
    if (status == FW_OK)
        status = run_checked(&running, events, &own);
    if (status > FW_OK)
        status = fw_fail(&own, FW_ERR_INTERNAL, "the job ended with status %d", status);
    if (status == FW_ERR_CANCELLED ||
        (status != FW_OK && running.crew != NULL && running.crew->interrupts > 0))
        running.record.interrupted = true;
    running.record.end_ns = fw_now_ns();
    running.record.error = &own;
    free(job->report);
    job->report = fw_report_make(&running.record);
    close_run(&running);
    if (status == FW_OK && running.record.interrupted)
        status = fw_fail(&own, FW_ERR_CANCELLED, "interrupted");
    if (status != FW_OK && err != NULL)
        *err = own;
    return status;
}

/* What would stop the job before its start; standard output takes the plan instead. */
static int check_planned_output(const struct running *running, struct fw_error *err)
{
    const struct fw_settings *settings = &running->job->settings;
    bool skip = false;
    if (settings->output == NULL || strcmp(settings->output, "-") == 0)
        return FW_OK;
    return fw_output_check(settings, running->input.fd, &skip, err);
}

int fw_job_explain(struct fw_job *job, char **json_out, struct fw_error *err)
{
    struct fw_error own = { 0 };
    struct running running = { .job = job, .input = FW_OPENED_NONE };
    int status = fw_child_check_threads(&own);
    if (status == FW_OK)
        status = check_words(job, &own);
    if (status == FW_OK)
        status = fw_opened_open(&running.input, &job->settings, &own);
    if (status == FW_OK)
        status = check_planned_output(&running, &own);
    if (status == FW_OK)
        status = open_crew(&running, NULL, &own);
    if (status == FW_OK)
        status = plan_job(&running, true, &own);
    if (running.crew != NULL)
        fw_supervisor_stop(running.crew);
    if (status == FW_OK) {
        *json_out = running.planned.document;
        running.planned.document = NULL;
    }
    close_run(&running);
    if (status != FW_OK && err != NULL)
        *err = own;
    return status;
}
