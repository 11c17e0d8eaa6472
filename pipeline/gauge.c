/* Progress and shares from the counters that every process keeps: the only source of both. */
#include "supervisor.h"

#include "framewheel.h"

#define GAUGE_NS 200000000u

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* Share of the time since GO that a process ran and was neither starved nor blocked. */
static double busy_share(const struct fw_supervisor *crew, uint32_t proc_index, uint64_t now)
{
    const struct fw_proc *proc = &crew->control->procs[proc_index];
    const struct fw_child *child = &crew->children[proc_index];
    uint64_t end = child->ended_ns > crew->start_ns ? child->ended_ns : now;
    double elapsed = seconds(now - crew->start_ns);
    double waited = seconds(atomic_load_explicit(&proc->starved_ns, memory_order_relaxed) +
                            atomic_load_explicit(&proc->blocked_ns, memory_order_relaxed));
    double share = elapsed > 0 ? (seconds(end - crew->start_ns) - waited) / elapsed : 0;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double workers_share(const struct fw_supervisor *crew, uint64_t now)
{
    double sum = 0;
    uint32_t count = crew->plan->workers;
    for (uint32_t i = 0; i < count; i++)
        sum += busy_share(crew, FW_PROC_WORKERS + i, now);
    return count > 0 ? sum / count : 0;
}

/* Of the busiest one: each of them bounds the whole. */
static double sequential_share(const struct fw_supervisor *crew, uint64_t now)
{
    double most = 0;
    for (uint32_t i = 0; i + 1 < crew->plan->hop_count; i++) {
        double share = busy_share(crew, FW_PROC_SEQUENTIAL + i, now);
        most = share > most ? share : most;
    }
    return most;
}

static uint32_t frames_in_flight(const struct fw_supervisor *crew)
{
    uint64_t frames = 0;
    for (uint32_t i = 0; i < crew->plan->hop_count; i++) {
        struct fw_hop_state at;
        fw_hop_observe(&crew->line[i].view, &at);
        frames += at.published - at.consumed;
    }
    return (uint32_t)frames;
}

/* CPU seconds of all processes so far, over the seconds that the cores had; 0 for threads. */
static double cores_share(const struct fw_supervisor *crew, uint64_t now)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < crew->proc_count; i++) {
        const struct fw_child *child = &crew->children[i];
        used += child->user_ns + child->system_ns;
        if (child->state == FW_CHILD_STARTED || child->state == FW_CHILD_READY)
            used += fw_spawn_cpu_ns(child);
    }
    double had = seconds(now - crew->start_ns) * crew->plan->cores;
    return had > 0 ? seconds(used) / had : 0;
}

/* All cores busy: the machine. Else the stage that hardly ever waits. */
static const char *limit_of(const struct fw_supervisor *crew, const struct fw_progress *progress,
                            uint64_t now)
{
    double most = progress->busy_workers;
    const char *stage = "filters";
    if (progress->busy_sequential > most) {
        most = progress->busy_sequential;
        stage = "sequential";
    }
    if (progress->busy_encoder > most) {
        most = progress->busy_encoder;
        stage = "encoder";
    }
    if (progress->busy_decoder > most) {
        most = progress->busy_decoder;
        stage = "decoder";
    }
    if (cores_share(crew, now) > 0.85)
        return "cpu";
    return most > 0.6 ? stage : "";
}

/* The rate over at least a second in which a frame came out: slow frames come one by one. */
static void smooth_rate(struct fw_supervisor *crew, struct fw_progress *progress, uint64_t now)
{
    if (crew->rate_ns == 0)
        crew->rate_ns = crew->start_ns;
    double interval = seconds(now - crew->rate_ns);
    if (progress->frames > crew->gauge_frames && interval >= 1) {
        double rate = (double)(progress->frames - crew->gauge_frames) / interval;
        crew->gauge_fps = crew->gauge_fps > 0 ? 0.7 * crew->gauge_fps + 0.3 * rate : rate;
        crew->rate_ns = now;
        crew->gauge_frames = progress->frames;
    }
    progress->fps_mean = progress->elapsed_s > 0 ? (double)progress->frames / progress->elapsed_s
                                                 : 0;
    progress->fps = crew->gauge_fps > 0 ? crew->gauge_fps : progress->fps_mean;
    progress->eta_s = -1;
    if (progress->frames_total > progress->frames && progress->fps_mean > 0)
        progress->eta_s = (double)(progress->frames_total - progress->frames) / progress->fps_mean;
}

void fw_gauge_progress(struct fw_supervisor *crew, bool last)
{
    uint64_t now = fw_now_ns();
    bool heard = crew->events != NULL && crew->events->progress != NULL;
    if (crew->plan == NULL || (!last && (!heard || now - crew->gauge_ns < GAUGE_NS)))
        return;
    const struct fw_proc *decoder = &crew->control->procs[FW_PROC_DECODER];
    const struct fw_proc *encoder = &crew->control->procs[FW_PROC_ENCODER];
    struct fw_progress progress = {
        .struct_size = sizeof(progress),
        .workers = crew->plan->workers,
        .elapsed_s = seconds(now - crew->start_ns),
        .frames = atomic_load_explicit(&encoder->aux[FW_AUX_WRITTEN], memory_order_relaxed),
        .frames_total = crew->plan->frames_total,
        .frames_total_exact = crew->plan->frames_exact != 0,
        .media_s = (double)(int64_t)atomic_load_explicit(&encoder->aux[FW_AUX_END_US],
                                                         memory_order_relaxed) /
                   1e6,
        .bytes = atomic_load_explicit(&encoder->bytes, memory_order_relaxed),
        .ring_used = frames_in_flight(crew),
        .ring_slots = fw_plan_slots(crew->plan),
        .duplicated = atomic_load_explicit(&encoder->aux[FW_AUX_DUPLICATED], memory_order_relaxed),
        .dropped = atomic_load_explicit(&encoder->aux[FW_AUX_DROPPED], memory_order_relaxed),
        .damaged = atomic_load_explicit(&decoder->aux[FW_AUX_DAMAGED], memory_order_relaxed),
        .busy_decoder = busy_share(crew, FW_PROC_DECODER, now),
        .busy_workers = workers_share(crew, now),
        .busy_encoder = busy_share(crew, FW_PROC_ENCODER, now),
        .busy_sequential = sequential_share(crew, now),
    };
    smooth_rate(crew, &progress, now);
    crew->gauge_ns = now;
    progress.limit = limit_of(crew, &progress, now);
    crew->limit = progress.limit;
    if (heard)
        crew->events->progress(crew->events->user, &progress);
}
