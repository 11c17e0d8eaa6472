/*
 * Hangs: a process that does nothing although it could, and a job in which all wait for each other.
 *
 * A process that is not given a core, or whose disk takes its time, is no hang. One that computes
 * has more time: four times the stall time, or fifty frames' worth where frames are that slow.
 */
#include "supervisor.h"

#include <stdio.h>

#define FRAMES_OF_PATIENCE 50
#define FLOW_GRACE_NS 2000000000ull   /* a single one that hangs is ended before all are blamed */
#define FRAME_MAX_NS 3600000000000ull /* what the workers say about their frames has a bound */

static uint64_t limit_ns(const struct fw_supervisor *crew)
{
    return (uint64_t)crew->settings->stall_ms * 1000000u;
}

static uint64_t busy_limit_ns(const struct fw_supervisor *crew)
{
    uint64_t frames = 0, busy_ns = 0;
    for (uint32_t i = FW_PROC_SEQUENTIAL; i < crew->proc_count; i++) {
        const struct fw_proc *proc = &crew->control->procs[i];
        frames += atomic_load_explicit(&proc->frames, memory_order_relaxed);
        busy_ns += atomic_load_explicit(&proc->busy_ns, memory_order_relaxed);
    }
    uint64_t mean_ns = frames == 0 ? 0 : busy_ns / frames;
    uint64_t patience_ns = (mean_ns < FRAME_MAX_NS ? mean_ns : FRAME_MAX_NS) * FRAMES_OF_PATIENCE;
    uint64_t busy_ns_min = 4 * limit_ns(crew);
    return patience_ns > busy_ns_min ? patience_ns : busy_ns_min;
}

static void start_clock(struct fw_child *child, uint64_t now)
{
    child->beat_ns = now;
    child->look_ns = 0;
}

void fw_stall_restart(struct fw_supervisor *crew, uint64_t now)
{
    for (uint32_t i = 0; i < crew->proc_count; i++)
        start_clock(&crew->children[i], now);
    crew->flow_ns = now;
}

/* Whether the child neither ran nor waited for a core in the half of the stall time that ends now.
 * Asked again and again, so that what it did before does not excuse it. */
static bool idle(struct fw_child *child, uint64_t half_ns, uint64_t now)
{
    if (child->look_ns != 0 && now - child->look_ns < half_ns)
        return false;
    bool ready = false;
    uint64_t wanted_ns = fw_spawn_wanted_ns(child, &ready);
    bool idle = child->look_ns != 0 && !ready && wanted_ns >= child->look_wanted_ns &&
                (wanted_ns - child->look_wanted_ns) * 50 < now - child->look_ns;
    child->look_ns = now;
    child->look_wanted_ns = wanted_ns;
    return idle;
}

static bool rests(const struct fw_supervisor *crew, const struct fw_child *child)
{
    uint32_t kind = atomic_load(&child->station.self->wait_kind);
    /* The decoder between its answer and GO; one that has not answered cannot claim that. */
    if (kind == FW_WAIT_START)
        return !crew->running && crew->media_bytes > 0;
    return kind == FW_WAIT_SYNC && child->station.role == FW_ROLE_ENCODER &&
           fw_spawn_state(child) != 'T';
}

void fw_stall_check(struct fw_supervisor *crew, struct fw_child *child, uint64_t now)
{
    uint64_t beat = atomic_load(&child->station.self->beat);
    if (beat != child->beat || rests(crew, child)) {
        child->beat = beat;
        start_clock(child, now);
        return;
    }
    uint64_t limit = limit_ns(crew);
    uint64_t quiet = now - child->beat_ns;
    if (limit == 0 || quiet < limit / 2 || child->stalled)
        return;
    bool still = idle(child, limit / 2, now);
    if (quiet < limit)
        return;
    char state = fw_spawn_state(child);
    if (still || state == 'T' || state == 't' || quiet > busy_limit_ns(crew)) {
        child->stalled = true;
        fw_spawn_kill(child);
    }
}

/* ---- all wait for each other --------------------------------------------------------------- */

static const char *wait_name(uint32_t kind)
{
    switch (kind) {
    case FW_WAIT_IN_SLOT:
        return "a slot for frame";
    case FW_WAIT_RANGE:
        return "a range from frame";
    case FW_WAIT_INPUT:
        return "input up to frame";
    case FW_WAIT_OUT_SLOT:
        return "a slot for the output of frame";
    case FW_WAIT_HEAD:
        return "frame";
    case FW_WAIT_PACKET:
        return "room for packets after frame";
    default:
        return NULL; /* not another process of the job */
    }
}

/* Anything that changes when frames or packets move. */
static uint64_t flow_of(const struct fw_supervisor *crew)
{
    uint64_t sum = 0;
    struct fw_hop_state at;
    for (uint32_t i = 0; i < crew->plan->hop_count; i++) {
        fw_hop_observe(&crew->line[i].view, &at);
        sum += at.published + at.consumed;
    }
    for (uint32_t i = 0; i < crew->proc_count; i++)
        sum += atomic_load_explicit(&crew->control->procs[i].frames, memory_order_relaxed) +
               atomic_load_explicit(&crew->control->procs[i].bytes, memory_order_relaxed);
    return sum;
}

static bool all_wait(const struct fw_supervisor *crew)
{
    bool wait = true;
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        const struct fw_child *child = &crew->children[i];
        if (fw_child_alive(child))
            wait = wait && wait_name(atomic_load(&child->station.self->wait_kind)) != NULL;
        else
            wait = wait && child->respawn_ns == 0;
    }
    return wait;
}

static int fail_flow(const struct fw_supervisor *crew, uint64_t quiet_ns, struct fw_error *err)
{
    char text[FW_ERROR_TEXT / 2] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < crew->proc_count && used < sizeof(text); i++) {
        const struct fw_proc *proc = &crew->control->procs[i];
        const char *what = wait_name(atomic_load(&proc->wait_kind));
        char name[32];
        if (!fw_child_alive(&crew->children[i]) || what == NULL)
            continue;
        fw_station_name(i, name, sizeof(name));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s for %s %llu",
                                 used == 0 ? "" : ", ", name, what,
                                 (unsigned long long)atomic_load(&proc->wait_seq));
    }
    return fw_fail(err, FW_ERR_STALLED, "nothing moved for %.1f s: all wait (%s)",
                   (double)quiet_ns * 1e-9, text);
}

int fw_stall_check_flow(struct fw_supervisor *crew, uint64_t now, struct fw_error *err)
{
    uint64_t flow = flow_of(crew);
    if (flow != crew->flow || crew->flow_ns == 0 || !all_wait(crew)) {
        crew->flow = flow;
        crew->flow_ns = now;
        return FW_OK;
    }
    uint64_t limit = limit_ns(crew);
    uint64_t quiet = now - crew->flow_ns;
    return limit == 0 || quiet < limit + FLOW_GRACE_NS ? FW_OK : fail_flow(crew, quiet, err);
}
