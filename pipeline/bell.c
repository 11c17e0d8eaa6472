#include "bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ring_hooks.h"

#define EPOCH_ONE (UINT64_C(1) << 32)
#define SLEEPERS UINT64_C(0xffffffff)

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared words need lock-free 64-bit atomics");
_Static_assert(sizeof(struct fw_bell) == FW_LINE, "a bell is one line");

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The kernel compares 32 bits: the half of the word that holds the epoch. */
static uint32_t *epoch_half(struct fw_bell *bell)
{
    uint32_t *halves = (uint32_t *)(void *)&bell->word;

    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? halves + 1 : halves;
}

/* True when the time ran out. No PRIVATE flag: the word is shared between processes. */
static bool futex_sleep(struct fw_bell *bell, uint32_t epoch)
{
    struct timespec timeout = { .tv_sec = FW_BELL_TIMEOUT_MS / 1000,
                                .tv_nsec = FW_BELL_TIMEOUT_MS % 1000 * 1000000L };
    long result = syscall(SYS_futex, epoch_half(bell), FUTEX_WAIT, epoch, &timeout, NULL, 0);

    return result < 0 && errno == ETIMEDOUT;
}

static void futex_wake(struct fw_bell *bell)
{
    (void)syscall(SYS_futex, epoch_half(bell), FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Single writer: no need for a locked add. */
static void add(_Atomic uint64_t *counter, uint64_t value)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, old + value, memory_order_relaxed);
}

void fw_proc_beat(struct fw_proc *self)
{
    if (self)
        add(&self->beat, 1);
}

bool fw_control_aborting(const struct fw_control *control)
{
    return atomic_load(&control->run_state) == FW_ABORT;
}

void fw_bell_ring(struct fw_bell *bell)
{
    FW_HOOK(BEFORE_RING);
    if (atomic_fetch_add(&bell->word, EPOCH_ONE) & SLEEPERS) {
        FW_HOOK(BEFORE_WAKE);
        futex_wake(bell);
    }
    FW_HOOK(AFTER_RING);
}

void fw_bell_ring_hard(struct fw_bell *bell)
{
    atomic_fetch_add(&bell->word, EPOCH_ONE);
    futex_wake(bell);
}

bool fw_bell_asleep(const struct fw_bell *bell)
{
    return (atomic_load(&bell->word) & SLEEPERS) != 0;
}

void fw_bell_repair(struct fw_bell *bell)
{
    atomic_fetch_and(&bell->word, ~(uint64_t)FW_BELL_SLEEPER);
}

static bool is_room(enum fw_wait_kind kind)
{
    return kind == FW_WAIT_IN_SLOT || kind == FW_WAIT_OUT_SLOT || kind == FW_WAIT_WRITE ||
           kind == FW_WAIT_PACKET;
}

/* The reason is there before the last look at the condition: a ringer that sees another one came
 * before that look, and what it did is seen. */
static void show_reason(const struct fw_wait *wait)
{
    if (!wait->self)
        return;
    atomic_store(&wait->self->wait_seq, wait->seq);
    atomic_store(&wait->self->wait_kind, (uint32_t)wait->kind);
}

/* After every nap, so that a long wait shows while it lasts. */
static void account(const struct fw_wait *wait, uint64_t waited_ns)
{
    if (!wait->self)
        return;
    add(is_room(wait->kind) ? &wait->self->blocked_ns : &wait->self->starved_ns, waited_ns);
}

/* One nap: returns whether the time ran out. */
static bool nap(const struct fw_wait *wait)
{
    bool timed_out = false;

    FW_HOOK(BEFORE_ARM);
    uint64_t word = atomic_fetch_or(&wait->bell->word, FW_BELL_SLEEPER);
    FW_HOOK(AFTER_ARM);
    if (!wait->ready(wait->arg) && !fw_control_aborting(wait->control)) {
        timed_out = futex_sleep(wait->bell, (uint32_t)(word >> 32));
        if (wait->self)
            add(&wait->self->wakes, 1);
    }
    FW_HOOK(AFTER_SLEEP);
    atomic_fetch_and(&wait->bell->word, ~(uint64_t)FW_BELL_SLEEPER);
    fw_proc_beat(wait->self);
    return timed_out;
}

static int sleep_until_ready(const struct fw_wait *wait)
{
    uint64_t since = now_ns();

    for (;;) {
        bool timed_out = nap(wait);
        uint64_t now = now_ns();
        account(wait, now - since);
        since = now;
        if (fw_control_aborting(wait->control))
            return FW_ERR_CANCELLED;
        if (!wait->ready(wait->arg))
            continue;
        if (timed_out && wait->self)
            add(&wait->self->lost_wakeups, 1);
        return FW_OK;
    }
}

int fw_bell_wait(const struct fw_wait *wait)
{
    if (fw_control_aborting(wait->control))
        return FW_ERR_CANCELLED;
    if (wait->ready(wait->arg))
        return FW_OK;
    show_reason(wait);
    int status = sleep_until_ready(wait);
    if (wait->self)
        atomic_store(&wait->self->wait_kind, FW_WAIT_NONE);
    return status;
}
