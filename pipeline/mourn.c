/*
 * What a worker's death means: its range goes back, the frame it was in is counted, a frame that
 * kills twice is poison, and somebody takes the worker's place.
 */
#include "supervisor.h"

#include "framewheel.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define CRASHES_TO_POISON 2 /* the frame's own doing: a crash or a hang */
#define KILLS_TO_POISON 4   /* somebody else's SIGKILL, or the kernel out of memory */
#define BUDGET_DEATHS 8     /* deaths without the reader moving, */
#define BUDGET_NS 10000000000ull /* within this time: replacing them does not help */

static const uint64_t backoff_ns[] = { 0, 100000000u, 400000000u, 1600000000u };

static struct fw_hop *hop_of(struct fw_supervisor *crew, uint32_t proc_index)
{
    return &crew->line[fw_plan_hop_of(crew->plan, proc_index)].view;
}

static void describe_frame(const struct fw_supervisor *crew, const struct fw_death *death,
                           char *text, size_t bytes)
{
    const struct fw_rational tb = crew->plan->source.time_base;
    int used = snprintf(text, bytes, "frame %llu", (unsigned long long)death->seq);
    if (death->pts != FW_NOPTS && tb.den > 0 && used > 0 && (size_t)used < bytes)
        snprintf(text + used, bytes - (size_t)used, " (%.3f s)",
                 (double)death->pts * tb.num / tb.den);
}

static const char *step_name(const struct fw_supervisor *crew, uint32_t step)
{
    return step < crew->plan->step_count && step < FW_PLAN_STEPS ? crew->plan->steps[step]
                                                                 : "the chain";
}

void fw_mourn_text(const struct fw_supervisor *crew, const struct fw_death *death, char *text,
                   size_t bytes)
{
    char name[32];
    char frame[64] = "";
    char how[64];
    fw_station_name(death->proc_index, name, sizeof(name));
    if (death->stalled)
        snprintf(how, sizeof(how), "hung and was ended");
    else
        snprintf(how, sizeof(how), "died (%s)", strsignal(death->signal));
    if (!death->had_frame) {
        snprintf(text, bytes, "%s %s between frames", name, how);
        return;
    }
    describe_frame(crew, death, frame, sizeof(frame));
    snprintf(text, bytes, "%s %s on %s in '%s'", name, how, frame, step_name(crew, death->step));
}

static bool passes_unfiltered(const struct fw_plan *plan)
{
    return plan->source.format == plan->output.format && plan->source.width == plan->output.width &&
           plan->source.height == plan->output.height;
}

static int poison(struct fw_supervisor *crew, struct fw_death *death, uint32_t attempts,
                  struct fw_error *err)
{
    char text[512];
    enum fw_on_poison policy = crew->settings->on_poison;
    fw_mourn_text(crew, death, text, sizeof(text));
    if (policy == FW_ON_POISON_PASS && !passes_unfiltered(crew->plan)) {
        snprintf(death->action, sizeof(death->action), "failed");
        return fw_fail(err, FW_ERR_DIED,
                       "%s, %u times: it cannot be passed unfiltered, since the chain changes size "
                       "or format\nhint: --on-poison skip or hold",
                       text, attempts);
    }
    if (policy == FW_ON_POISON_FAIL) {
        snprintf(death->action, sizeof(death->action), "failed");
        return fw_fail(err, death->stalled ? FW_ERR_STALLED : FW_ERR_DIED,
                       "%s, %u times: the frame kills the filter\n"
                       "hint: --on-poison pass, skip or hold goes on without it",
                       text, attempts);
    }
    static const struct {
        enum fw_outcome outcome;
        const char *action;
    } ends[] = {
        [FW_ON_POISON_PASS] = { FW_OUTCOME_ALIAS, "passed" },
        [FW_ON_POISON_SKIP] = { FW_OUTCOME_DROP, "skipped" },
        [FW_ON_POISON_HOLD] = { FW_OUTCOME_HOLD, "held" },
    };
    /* Finished after all, by a worker whose lease was taken back while it was in the frame. */
    if (!fw_hop_poison(hop_of(crew, death->proc_index), death->seq, ends[policy].outcome))
        return FW_OK;
    snprintf(death->action, sizeof(death->action), "%s", ends[policy].action);
    crew->poisoned++;
    fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%s, %u times: %s", text, attempts, death->action);
    return FW_OK;
}

/* FW_ERR_DIED when workers die faster than the job moves. */
static int spend_budget(struct fw_supervisor *crew, const char *text, struct fw_error *err)
{
    struct fw_hop_state at;
    uint64_t now = fw_now_ns();
    fw_supervisor_observe(crew, &at);
    if (at.consumed != crew->budget_seq || crew->budget_deaths == 0) {
        crew->budget_seq = at.consumed;
        crew->budget_ns = now;
        crew->budget_deaths = 0;
    }
    crew->budget_deaths++;
    if (crew->budget_deaths >= BUDGET_DEATHS && now - crew->budget_ns < BUDGET_NS)
        return fw_fail(err, FW_ERR_DIED, "%s: %u workers died without progress, giving up", text,
                       crew->budget_deaths);
    return FW_OK;
}

static void plan_respawn(struct fw_supervisor *crew, struct fw_child *child)
{
    uint32_t step = crew->budget_deaths - 1;
    if (step >= sizeof(backoff_ns) / sizeof(backoff_ns[0]))
        step = sizeof(backoff_ns) / sizeof(backoff_ns[0]) - 1;
    child->deaths++;
    child->respawn_ns = fw_now_ns() + backoff_ns[step];
}

int fw_mourn_worker(struct fw_supervisor *crew, uint32_t proc_index, int signal_number,
                    struct fw_error *err)
{
    struct fw_child *child = &crew->children[proc_index];
    struct fw_requeue requeue = { 0 };
    char text[512];
    fw_hop_blame(hop_of(crew, proc_index), proc_index, &requeue);
    struct fw_death death = {
        .proc_index = proc_index,
        .signal = signal_number,
        .stalled = child->stalled,
        .had_frame = requeue.had_frame,
        .seq = requeue.seq,
        .pts = requeue.had_frame ? requeue.info.pts : FW_NOPTS,
        .step = child->station.self->step,
        .action = "restarted",
    };
    bool own_doing = child->stalled || signal_number != SIGKILL;
    fw_mourn_text(crew, &death, text, sizeof(text));
    int status = FW_OK;
    if (requeue.had_frame &&
        requeue.attempts >= (own_doing ? CRASHES_TO_POISON : KILLS_TO_POISON))
        status = poison(crew, &death, requeue.attempts, err);
    else if (!crew->running && own_doing && child->deaths > 0)
        status = fw_fail(err, FW_ERR_DIED, "%s before the first frame", text);
    else
        fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%s: restarted, the frames are done again",
                          text);
    if (crew->death_count < FW_DEATHS_MAX)
        crew->deaths[crew->death_count++] = death;
    /* Only now, so that nobody else dies of a frame that is given up. */
    fw_hop_requeue(hop_of(crew, proc_index), proc_index, &requeue);
    if (status == FW_OK)
        status = spend_budget(crew, text, err);
    if (status == FW_OK)
        plan_respawn(crew, child);
    fw_hop_broadcast(hop_of(crew, proc_index));
    return status;
}
