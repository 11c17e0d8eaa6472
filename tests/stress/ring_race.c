/*
 * The whole hop in threads of one process, where ThreadSanitizer sees it: payload has no
 * synchronisation of its own, so any missing release or acquire is a report. Many small geometries,
 * most of them at the smallest sizes that are sound.
 *
 * ring_race [FRAMES [SEED]]
 */
#include "synthetic.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct thread {
    struct fw_synthetic_job *job;
    uint32_t index;
    uint64_t seed;
    uint64_t frames;
    pthread_t handle;
};

static void *run_thread(void *arg)
{
    struct thread *thread = arg;

    if (thread->index == FW_SYNTHETIC_WRITER)
        fw_synthetic_write(thread->job, thread->frames);
    else if (thread->index == FW_SYNTHETIC_READER)
        thread->frames = fw_synthetic_read(thread->job, thread->seed);
    else
        fw_synthetic_work(thread->job, thread->index, thread->seed);
    return NULL;
}

static uint64_t lost_wakeups(const struct fw_synthetic_job *job)
{
    uint64_t lost = 0;

    for (uint32_t i = 0; i < job->control->proc_count; i++)
        lost += atomic_load(&job->control->procs[i].lost_wakeups);
    return lost;
}

static void run(const struct fw_hop_geometry *geometry, uint32_t workers, uint64_t frames,
                uint64_t seed)
{
    struct thread threads[FW_SYNTHETIC_WORKER + 8];
    struct fw_synthetic_job job;
    uint32_t count = FW_SYNTHETIC_WORKER + workers;

    fw_synthetic_open(&job, geometry, count);
    for (uint32_t i = 0; i < count; i++) {
        threads[i] = (struct thread){ .job = &job, .index = i, .seed = seed, .frames = frames };
        if (pthread_create(&threads[i].handle, NULL, run_thread, &threads[i]) != 0)
            fw_synthetic_die("no thread");
    }
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i].handle, NULL);
    if (threads[FW_SYNTHETIC_READER].frames != frames)
        fw_synthetic_die("%" PRIu64 " frames of %" PRIu64 " came out",
                         threads[FW_SYNTHETIC_READER].frames, frames);
    uint64_t lost = lost_wakeups(&job);
    if (lost > 0)
        fw_synthetic_die("%" PRIu64 " lost wake-ups", lost);
    fw_synthetic_close(&job);
}

/* The smallest sound sizes, or roomy ones. */
static struct fw_hop_geometry sized(uint32_t workers, uint32_t range_len, int32_t around,
                                    uint32_t fanout, bool tight)
{
    struct fw_hop_geometry g = { .range_len = range_len,
                                 .fanout = fanout,
                                 .in_slot_bytes = FW_SYNTHETIC_SLOT,
                                 .out_slot_bytes = FW_SYNTHETIC_SLOT,
                                 .before = around,
                                 .after = around };
    struct fw_error err = { 0 };

    fw_hop_geometry_fit(&g, workers);
    if (tight) {
        g.in_slots = 2 * (uint32_t)around + 1;
        g.out_slots = 1;
        g.ring_len = fanout > 1 ? 16 : 4;
    }
    if (fw_hop_geometry_check(&g, workers, &err) < 0)
        fw_synthetic_die("geometry: %s", err.text);
    return g;
}

int main(int argc, char **argv)
{
    static const uint32_t range_lens[] = { 1, 2, 8 };
    static const uint32_t worker_counts[] = { 1, 2, 3, 8 };
    uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 0) : 1501;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    for (uint32_t i = 0; i < 3 * 4 * 4; i++) {
        uint32_t range_len = range_lens[i % 3];
        uint32_t workers = worker_counts[i / 3 % 4];
        bool tight = i / 12 % 2 != 0;
        int32_t around = i / 24 % 2 != 0;
        uint32_t fanout = i % 5 < 3 ? 1 : 3;
        struct fw_hop_geometry g = sized(workers, range_len, around, fanout, tight);
        printf("workers %u, range %u, window %d, fanout %u, ring %u, slots %u+%u, seed %" PRIu64
               "\n",
               workers, range_len, around, fanout, g.ring_len, g.in_slots, g.out_slots, seed);
        fflush(stdout);
        run(&g, workers, frames / fanout * fanout, seed++);
    }
    return 0;
}
