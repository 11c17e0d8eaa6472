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
#define KILLS_TO_RETIRE 3   /* of one worker, each soon after the last: there is no room for it */
#define KILLS_APART_NS 10000000000ull
#define BUDGET_DEATHS 6          /* and two for each worker, without the reader moving, */
#define BUDGET_NS 10000000000ull /* within this time: replacing them does not help */

static const uint64_t backoff_ns[] = { 0, 100000000u, 400000000u, 1600000000u };

static struct fw_hop *hop_of(struct fw_supervisor *crew, uint32_t proc_index)
{
    return &crew->line[fw_plan_hop_of(crew->plan, proc_index)].view;
}

struct fw_rational fw_death_base(const struct fw_supervisor *crew, const struct fw_death *death)
{
    uint32_t hop = fw_plan_hop_of(crew->plan, death->proc_index);
    return crew->plan->hops[hop].in.time_base;
}

static void describe_frame(const struct fw_supervisor *crew, const struct fw_death *death,
                           char *text, size_t bytes)
{
    const struct fw_rational tb = fw_death_base(crew, death);
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

/* What a process does, and how far it has come, when it was not in a frame. */
static void describe_idle(const struct fw_supervisor *crew, const struct fw_death *death,
                          char *text, size_t bytes)
{
    const struct fw_plan *plan = crew->plan;
    uint32_t index = death->proc_index - FW_PROC_SEQUENTIAL; /* wraps for the processes before */
    uint64_t frames = atomic_load(&crew->control->procs[death->proc_index].frames);
    bool sequential = plan != NULL && index < plan->hop_count - 1 &&
                      plan->joints[index].step_count > 0;
    if (sequential)
        snprintf(text, bytes, "after %llu frames in '%s'", (unsigned long long)frames,
                 step_name(crew, plan->joints[index].step_first));
    else
        snprintf(text, bytes, "between frames");
}

void fw_mourn_text(const struct fw_supervisor *crew, const struct fw_death *death, char *text,
                   size_t bytes)
{
    char name[32];
    char frame[96] = "";
    char how[64];
    fw_station_name(death->proc_index, name, sizeof(name));
    if (death->stalled)
        snprintf(how, sizeof(how), "hung and was ended");
    else
        snprintf(how, sizeof(how), "died (%s)", strsignal(death->signal));
    if (!death->had_frame) {
        describe_idle(crew, death, frame, sizeof(frame));
        snprintf(text, bytes, "%s %s %s", name, how, frame);
        return;
    }
    describe_frame(crew, death, frame, sizeof(frame));
    snprintf(text, bytes, "%s %s on %s in '%s'", name, how, frame, step_name(crew, death->step));
}

static bool passes_unfiltered(const struct fw_hop_plan *hop)
{
    return hop->in.format == hop->out.format && hop->in.width == hop->out.width &&
           hop->in.height == hop->out.height && hop->geometry.fanout == 1 &&
           hop->in.time_base.num == hop->out.time_base.num &&
           hop->in.time_base.den == hop->out.time_base.den;
}

bool fw_mourn_others(const struct fw_supervisor *crew, uint32_t proc_index)
{
    bool others = false;
    for (uint32_t i = FW_PROC_WORKERS; i < crew->proc_count; i++) {
        const struct fw_child *child = &crew->children[i];
        if (i != proc_index &&
            fw_plan_hop_of(crew->plan, i) == fw_plan_hop_of(crew->plan, proc_index))
            others = others || fw_child_alive(child) || child->respawn_ns != 0;
    }
    return others;
}

/* The place to count a frame's deaths in: its own, a new one, or one whose frame is done with. */
static struct fw_blame *blame_of(struct fw_supervisor *crew, uint32_t hop, uint64_t seq)
{
    struct fw_hop_state at;
    struct fw_blame *place = NULL;
    fw_hop_observe(&crew->line[hop].view, &at);
    for (uint32_t i = 0; i < crew->blame_count; i++) {
        struct fw_blame *blame = &crew->blames[i];
        if (blame->hop == hop && blame->seq == seq)
            return blame;
        if (blame->hop == hop && blame->seq < at.consumed)
            place = blame;
    }
    if (place == NULL && crew->blame_count < FW_BLAMES_MAX)
        place = &crew->blames[crew->blame_count++];
    if (place == NULL)
        place = &crew->blames[seq % FW_BLAMES_MAX];
    *place = (struct fw_blame){ .hop = hop, .seq = seq };
    return place;
}

static int poison(struct fw_supervisor *crew, struct fw_death *death, uint32_t deaths,
                  struct fw_error *err)
{
    char text[512];
    enum fw_on_poison policy = crew->settings->on_poison;
    fw_mourn_text(crew, death, text, sizeof(text));
    const struct fw_hop_plan *hop =
        &crew->plan->hops[fw_plan_hop_of(crew->plan, death->proc_index)];
    if (policy == FW_ON_POISON_PASS && !passes_unfiltered(hop)) {
        snprintf(death->action, sizeof(death->action), "failed");
        return fw_fail(
            err, FW_ERR_DIED,
            "%s (death %u in that frame): it cannot be passed unfiltered, since the chain "
            "changes size, format or rate\nhint: --on-poison skip or hold",
            text, deaths);
    }
    if (policy == FW_ON_POISON_FAIL) {
        snprintf(death->action, sizeof(death->action), "failed");
        return fw_fail(err, death->stalled ? FW_ERR_STALLED : FW_ERR_DIED,
                       "%s (death %u in that frame): the frame kills the filter\n"
                       "hint: --on-poison pass, skip or hold goes on without it",
                       text, deaths);
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
    fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%s (death %u in that frame): %s", text, deaths,
                      death->action);
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
    if (crew->budget_deaths >= BUDGET_DEATHS + 2 * crew->plan->workers &&
        now - crew->budget_ns < BUDGET_NS)
        return fw_fail(err, FW_ERR_DIED, "%s: %u workers died without progress, giving up", text,
                       crew->budget_deaths);
    return FW_OK;
}

/* Somebody else's SIGKILL: most likely the kernel out of memory, so one worker less may help. */
static bool retires(struct fw_supervisor *crew, struct fw_child *child, bool own_doing)
{
    uint64_t now = fw_now_ns();
    bool soon = child->kills > 0 && now - child->killed_ns < KILLS_APART_NS;
    child->kills = own_doing ? 0 : soon ? child->kills + 1 : 1;
    child->killed_ns = now;
    return child->kills >= KILLS_TO_RETIRE && fw_mourn_others(crew, child->station.proc_index);
}

/* Longer and longer by generations of workers; never at once where memory may be short. */
static void plan_respawn(struct fw_supervisor *crew, struct fw_child *child)
{
    uint32_t step = (crew->budget_deaths - 1) / crew->plan->workers;
    if (child->kills > 0 && step == 0)
        step = 1;
    if (step >= sizeof(backoff_ns) / sizeof(backoff_ns[0]))
        step = sizeof(backoff_ns) / sizeof(backoff_ns[0]) - 1;
    child->respawn_ns = fw_now_ns() + backoff_ns[step];
}

/* Says what is done about a death, or fails. */
static int judge(struct fw_supervisor *crew, struct fw_death *death, bool own_doing, bool retired,
                 struct fw_error *err)
{
    struct fw_blame *blame = NULL;
    char text[512];
    if (death->had_frame) {
        blame = blame_of(crew, fw_plan_hop_of(crew->plan, death->proc_index), death->seq);
        blame->crashes += own_doing;
        blame->kills += !own_doing;
    }
    if (blame != NULL &&
        (own_doing ? blame->crashes >= CRASHES_TO_POISON : blame->kills >= KILLS_TO_POISON))
        return poison(crew, death, blame->crashes + blame->kills, err);
    fw_mourn_text(crew, death, text, sizeof(text));
    if (!crew->running && own_doing && crew->children[death->proc_index].deaths > 0)
        return fw_fail(err, FW_ERR_DIED, "%s before the first frame", text);
    fw_supervisor_say(crew, FW_MESSAGE_WARNING, "%s: %s, the frames are done again", text,
                      retired ? "killed again and again and not replaced" : "restarted");
    return FW_OK;
}

void fw_mourn_note(struct fw_supervisor *crew, const struct fw_death *death)
{
    if (crew->death_count < FW_DEATHS_MAX)
        crew->deaths[crew->death_count++] = *death;
}

/* The frame that it took last is still there: it gives a frame back when it has done with it. */
int fw_mourn_sequential(struct fw_supervisor *crew, uint32_t proc_index, int signal_number,
                        struct fw_error *err)
{
    const struct fw_child *child = &crew->children[proc_index];
    const struct fw_proc *self = child->station.self;
    uint64_t current = atomic_load(&self->current);
    struct fw_frame_info info = { .pts = FW_NOPTS };
    char text[512];
    bool known = current > 0 && fw_hop_look(hop_of(crew, proc_index), current - 1, &info);
    struct fw_death death = {
        .proc_index = proc_index,
        .signal = signal_number,
        .stalled = child->stalled,
        .had_frame = current > 0,
        .seq = current > 0 ? current - 1 : 0,
        .pts = known ? info.pts : FW_NOPTS,
        .step = self->step,
        .action = "failed",
    };
    fw_mourn_note(crew, &death);
    fw_mourn_text(crew, &death, text, sizeof(text));
    return fw_fail(err, child->stalled ? FW_ERR_STALLED : FW_ERR_DIED,
                   "%s: what its filters remember of earlier frames is lost with it%s", text,
                   child->stalled ? "\nhint: --stall SECONDS allows more" : "");
}

int fw_mourn_worker(struct fw_supervisor *crew, uint32_t proc_index, int signal_number,
                    struct fw_error *err)
{
    struct fw_child *child = &crew->children[proc_index];
    struct fw_requeue requeue = { 0 };
    char text[512];
    fw_hop_blame(hop_of(crew, proc_index), proc_index, &requeue);
    bool own_doing = child->stalled || signal_number != SIGKILL;
    bool retired = retires(crew, child, own_doing);
    struct fw_death death = {
        .proc_index = proc_index,
        .signal = signal_number,
        .stalled = child->stalled,
        .had_frame = requeue.had_frame,
        .seq = requeue.seq,
        .pts = requeue.had_frame ? requeue.info.pts : FW_NOPTS,
        .step = child->station.self->step,
    };
    snprintf(death.action, sizeof(death.action), retired ? "retired" : "restarted");
    fw_mourn_text(crew, &death, text, sizeof(text));
    int status = judge(crew, &death, own_doing, retired, err);
    fw_mourn_note(crew, &death);
    /* Only now, so that nobody else dies of a frame that is given up. */
    fw_hop_requeue(hop_of(crew, proc_index), proc_index, &requeue);
    child->deaths++;
    if (status == FW_OK)
        status = spend_budget(crew, text, err);
    if (status == FW_OK && !retired)
        plan_respawn(crew, child);
    fw_hop_broadcast(hop_of(crew, proc_index));
    return status;
}
