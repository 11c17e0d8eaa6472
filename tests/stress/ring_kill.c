/*
 * The hop in processes, whose workers are killed at random moments and at every named point of the
 * protocol. Passes when each frame comes out once, in order, with the pixels of an undisturbed run,
 * and nobody ever slept through a wake-up.
 *
 * ring_kill [KILLS [SEED]]; built with FW_HOOKS and a wake-up timeout of 10 s.
 */
#include "synthetic.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/ring_hooks.h"

#define PROCS_MAX (FW_SYNTHETIC_WORKER + 4)
#define ROUND_SECONDS 60

/* Where this process is to die; count 0: nowhere. */
static struct {
    enum fw_hook_point point;
    uint32_t count;
} doom;

void fw_hook(enum fw_hook_point point)
{
    if (doom.count > 0 && point == doom.point && --doom.count == 0)
        kill(getpid(), SIGKILL);
}

struct crew {
    struct fw_synthetic_job job;
    struct fw_hop hop; /* the supervisor's view */
    struct fw_synthetic_random random;
    uint64_t seed;
    uint64_t frames;
    uint32_t count;
    pid_t pids[PROCS_MAX]; /* 0: gone */
    uint64_t kills;
    uint64_t attempts;
    uint64_t at_point[FW_HOOK_COUNT];
    enum fw_hook_point doomed_at[PROCS_MAX];
};

static _Noreturn void run_role(struct crew *crew, uint32_t index)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (index == FW_SYNTHETIC_WRITER)
        fw_synthetic_write(&crew->job, crew->frames);
    else if (index == FW_SYNTHETIC_READER) {
        uint64_t frames = fw_synthetic_read(&crew->job, crew->seed);
        if (frames != crew->frames)
            fw_synthetic_die("%" PRIu64 " frames of %" PRIu64 " came out", frames, crew->frames);
    } else
        fw_synthetic_work(&crew->job, index, crew->seed);
    _exit(0);
}

static void spawn(struct crew *crew, uint32_t index)
{
    doom.count = 0;
    crew->doomed_at[index] = FW_HOOK_COUNT;
    if (index >= FW_SYNTHETIC_WORKER && fw_synthetic_next(&crew->random) % 4 != 0) {
        doom.point = fw_synthetic_next(&crew->random) % FW_HOOK_COUNT;
        doom.count = 1 + fw_synthetic_next(&crew->random) % 12;
        crew->doomed_at[index] = doom.point;
    }
    pid_t pid = fork();
    if (pid < 0)
        fw_synthetic_die("fork: %s", strerror(errno));
    if (pid == 0)
        run_role(crew, index);
    doom.count = 0;
    crew->pids[index] = pid;
}

static void requeue(struct crew *crew, uint32_t index)
{
    struct fw_proc *proc = &crew->job.control->procs[index];
    uint32_t generation = atomic_load(&proc->generation);
    struct fw_requeue requeue;

    crew->kills++;
    if (crew->doomed_at[index] < FW_HOOK_COUNT)
        crew->at_point[crew->doomed_at[index]]++;
    fw_hop_requeue(&crew->hop, index, &requeue);
    if (atomic_load(&proc->generation) != generation + 1)
        fw_synthetic_die("the generation stays");
    if (!requeue.had_frame)
        return;
    crew->attempts++;
    int64_t input = (int64_t)(requeue.seq / crew->job.geometry.fanout);
    if (requeue.attempts < 1 || requeue.info.pts != input * 3)
        fw_synthetic_die("attempt %u on frame %" PRIu64 " with pts %" PRId64, requeue.attempts,
                         requeue.seq, requeue.info.pts);
}

/* Reaps who has ended. True while the reader runs. */
static bool reap(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        int status;
        if (crew->pids[i] == 0 || waitpid(crew->pids[i], &status, WNOHANG) != crew->pids[i])
            continue;
        crew->pids[i] = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        if (i < FW_SYNTHETIC_WORKER || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fw_synthetic_die("process %u ended with status %#x", i, (unsigned)status);
        requeue(crew, i);
        spawn(crew, i);
    }
    return crew->pids[FW_SYNTHETIC_READER] != 0;
}

static void pause_random(struct crew *crew)
{
    struct timespec ts = { .tv_nsec = 20000 + fw_synthetic_next(&crew->random) % 400000 };

    nanosleep(&ts, NULL);
}

static void kill_random(struct crew *crew)
{
    uint32_t workers = crew->count - FW_SYNTHETIC_WORKER;
    uint32_t index = FW_SYNTHETIC_WORKER + fw_synthetic_next(&crew->random) % workers;

    if (crew->pids[index] == 0 || fw_synthetic_next(&crew->random) % 8 != 0)
        return;
    crew->doomed_at[index] = FW_HOOK_COUNT;
    kill(crew->pids[index], SIGKILL);
}

static bool anyone_left(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        if (crew->pids[i] != 0)
            return true;
    }
    return false;
}

static void finish(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++) {
        uint64_t lost = atomic_load(&crew->job.control->procs[i].lost_wakeups);
        if (lost > 0)
            fw_synthetic_die("process %u lost %" PRIu64 " wake-ups", i, lost);
    }
    fw_synthetic_close(&crew->job);
}

static void run(struct crew *crew, uint32_t workers, uint32_t range_len, uint32_t fanout,
                bool tight)
{
    struct fw_hop_geometry g = { .range_len = range_len,
                                 .fanout = fanout,
                                 .in_slot_bytes = FW_SYNTHETIC_SLOT,
                                 .out_slot_bytes = FW_SYNTHETIC_SLOT,
                                 .before = 1,
                                 .after = 1 };

    fw_hop_geometry_fit(&g, workers);
    if (tight) {
        g.in_slots = 3;
        g.out_slots = 1;
        g.ring_len = fanout > 1 ? 16 : 4;
    }
    crew->count = FW_SYNTHETIC_WORKER + workers;
    fw_synthetic_open(&crew->job, &g, crew->count);
    fw_synthetic_join(&crew->job, &crew->hop, FW_PROCS_MAX);
    alarm(ROUND_SECONDS); /* a deadlock ends the program */
    for (uint32_t i = 0; i < crew->count; i++)
        spawn(crew, i);
    while (reap(crew)) {
        kill_random(crew);
        pause_random(crew);
    }
    while (anyone_left(crew)) {
        (void)reap(crew);
        pause_random(crew);
    }
    alarm(0);
    finish(crew);
}

int main(int argc, char **argv)
{
    static const uint32_t range_lens[] = { 1, 2, 8 };
    static struct crew crew;
    uint64_t kills = argc > 1 ? strtoull(argv[1], NULL, 0) : 300;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    crew.random.state = seed;
    crew.frames = 1203; /* three divides it, the lengths of ranges do not */
    for (uint32_t round = 0; crew.kills < kills; round++) {
        uint32_t workers = 1 + round % 4;
        uint32_t range_len = range_lens[round / 4 % 3];
        uint32_t fanout = fw_synthetic_next(&crew.random) % 3 == 0 ? 3 : 1;
        bool tight = fw_synthetic_next(&crew.random) % 2 != 0;
        crew.seed = seed + round;
        run(&crew, workers, range_len, fanout, tight);
        printf("round %u: workers %u, range %u, fanout %u, %s, kills %" PRIu64
               ", in a frame %" PRIu64 ", seed %" PRIu64 "\n",
               round, workers, range_len, fanout, tight ? "tight" : "roomy", crew.kills,
               crew.attempts, crew.seed);
        fflush(stdout);
    }
    for (uint32_t point = 0; point < FW_HOOK_COUNT; point++)
        printf("killed at point %2u: %" PRIu64 "\n", point, crew.at_point[point]);
    return 0;
}
