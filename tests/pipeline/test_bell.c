#include "pipeline/bell.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared, so that a child can be the waiter. */
struct scene {
    struct fw_control control;
    struct fw_bell bell;
    _Atomic uint32_t flag;
    uint32_t looks;    /* how often ready() was asked */
    uint32_t raise_at; /* at this look somebody rings without a wait being seen */
    bool ring;         /* ... or only sets the flag */
};

static struct scene *scene_open(void)
{
    struct scene *scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    cr_assert(scene != MAP_FAILED);
    scene->control.proc_count = 1;
    return scene;
}

static bool flag_set(void *arg)
{
    struct scene *scene = arg;

    return atomic_load(&scene->flag) != 0;
}

/* False first, and then the condition comes true right behind the look. */
static bool flag_set_late(void *arg)
{
    struct scene *scene = arg;
    bool set = flag_set(arg);

    if (++scene->looks == scene->raise_at) {
        atomic_store(&scene->flag, 1);
        if (scene->ring)
            fw_bell_ring(&scene->bell);
    }
    return set;
}

static struct fw_wait wait_on(struct scene *scene, bool (*ready)(void *arg))
{
    return (struct fw_wait){ .bell = &scene->bell,
                             .control = &scene->control,
                             .self = &scene->control.procs[0],
                             .kind = FW_WAIT_HEAD,
                             .seq = 7,
                             .ready = ready,
                             .arg = scene };
}

Test(bell, no_wait_when_ready)
{
    struct scene *scene = scene_open();
    struct fw_wait wait = wait_on(scene, flag_set);

    atomic_store(&scene->flag, 1);
    cr_assert(fw_bell_wait(&wait) == FW_OK);
    cr_assert(atomic_load(&scene->bell.word) == 0);
    cr_assert(scene->control.procs[0].wakes == 0);
}

/* Rung between the last look and the sleep: the futex sees another epoch and does not sleep. */
Test(bell, a_ring_before_the_sleep_is_not_lost)
{
    struct scene *scene = scene_open();
    struct fw_wait wait = wait_on(scene, flag_set_late);

    scene->raise_at = 2; /* the look after the bit was set */
    scene->ring = true;
    cr_assert(fw_bell_wait(&wait) == FW_OK);
    cr_assert(scene->control.procs[0].lost_wakeups == 0);
    cr_assert(!fw_bell_asleep(&scene->bell));
}

/* The same without the ring: the wait ends by its timeout and says so. */
Test(bell, a_missing_ring_is_counted)
{
    struct scene *scene = scene_open();
    struct fw_wait wait = wait_on(scene, flag_set_late);

    scene->raise_at = 2;
    cr_assert(fw_bell_wait(&wait) == FW_OK);
    cr_assert(scene->control.procs[0].lost_wakeups == 1);
    cr_assert(scene->control.procs[0].starved_ns >= 200000000u);
    cr_assert(scene->control.procs[0].blocked_ns == 0);
    cr_assert(scene->control.procs[0].beat > 0);
}

static void *wait_in_thread(void *arg)
{
    struct scene *scene = arg;
    struct fw_wait wait = wait_on(scene, flag_set);

    wait.kind = FW_WAIT_OUT_SLOT;
    return (void *)(intptr_t)fw_bell_wait(&wait);
}

static int wait_and(void (*act)(struct scene *scene), struct scene *scene)
{
    pthread_t thread;
    void *result;

    pthread_create(&thread, NULL, wait_in_thread, scene);
    while (!fw_bell_asleep(&scene->bell))
        sched_yield();
    cr_assert(atomic_load(&scene->control.procs[0].wait_kind) == FW_WAIT_OUT_SLOT);
    cr_assert(atomic_load(&scene->control.procs[0].wait_seq) == 7);
    act(scene);
    pthread_join(thread, &result);
    cr_assert(atomic_load(&scene->control.procs[0].wait_kind) == FW_WAIT_NONE);
    return (int)(intptr_t)result;
}

static void raise_flag(struct scene *scene)
{
    atomic_store(&scene->flag, 1);
    fw_bell_ring(&scene->bell);
}

static void abort_job(struct scene *scene)
{
    atomic_store(&scene->control.run_state, FW_ABORT);
    fw_bell_ring_hard(&scene->bell);
}

Test(bell, a_ring_ends_the_wait)
{
    struct scene *scene = scene_open();

    cr_assert(wait_and(raise_flag, scene) == FW_OK);
    cr_assert(scene->control.procs[0].lost_wakeups == 0);
    cr_assert(scene->control.procs[0].blocked_ns > 0);
    cr_assert(scene->control.procs[0].starved_ns == 0);
}

Test(bell, an_abort_ends_the_wait)
{
    struct scene *scene = scene_open();

    cr_assert(wait_and(abort_job, scene) == FW_ERR_CANCELLED);
    atomic_store(&scene->flag, 1);
    struct fw_wait wait = wait_on(scene, flag_set);
    cr_assert(fw_bell_wait(&wait) == FW_ERR_CANCELLED);
}

/* A killed waiter leaves its bit; its successor waits on the same bell as if nothing was. */
Test(bell, a_killed_waiter_is_repaired)
{
    struct scene *scene = scene_open();
    pid_t pid = fork();

    cr_assert(pid >= 0);
    if (pid == 0) {
        struct fw_wait wait = wait_on(scene, flag_set);
        _exit(fw_bell_wait(&wait) == FW_OK ? 0 : 1);
    }
    while (!fw_bell_asleep(&scene->bell))
        sched_yield();
    kill(pid, SIGKILL);
    cr_assert(waitpid(pid, NULL, 0) == pid);
    cr_assert(fw_bell_asleep(&scene->bell));
    fw_bell_repair(&scene->bell);
    cr_assert(!fw_bell_asleep(&scene->bell));
    cr_assert(wait_and(raise_flag, scene) == FW_OK);
}

/* A ringer was killed between the epoch and the wake; the next broadcast wakes all the same. */
static void raise_half(struct scene *scene)
{
    atomic_store(&scene->flag, 1);
    atomic_fetch_add(&scene->bell.word, UINT64_C(1) << 32);
    fw_bell_ring_hard(&scene->bell);
}

Test(bell, a_broadcast_repairs_half_a_ring)
{
    struct scene *scene = scene_open();

    cr_assert(wait_and(raise_half, scene) == FW_OK);
    cr_assert(scene->control.procs[0].lost_wakeups == 0);
}

Test(bell, the_epoch_wraps)
{
    struct scene *scene = scene_open();
    struct fw_wait wait = wait_on(scene, flag_set_late);

    atomic_store(&scene->bell.word, UINT64_C(0xffffffff) << 32);
    scene->raise_at = 2;
    scene->ring = true;
    cr_assert(fw_bell_wait(&wait) == FW_OK);
    cr_assert(atomic_load(&scene->bell.word) == 0);
}
