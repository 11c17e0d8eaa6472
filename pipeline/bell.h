/*
 * Waiting in shared memory: one word per waiter, [epoch:32 | sleepers:32].
 *
 * A waiter sets its bit and then looks at its condition; a ringer changes what the condition reads
 * and then bumps the epoch. Both do it by a read-modify-write of the same word, so one of the two
 * comes second and sees what the other did. The bit says who sleeps, so that it can be cleared for
 * a process that was killed; a count could not.
 *
 * What ready() reads, and what a ringer stores before it rings or looks at fw_bell_asleep, is
 * accessed with memory_order_seq_cst: with less, both sides can miss each other.
 */
#ifndef FW_PIPELINE_BELL_H
#define FW_PIPELINE_BELL_H

#include "control.h"

#define FW_BELL_SLEEPER 1u /* the bit of a bell's only waiter */
#ifndef FW_BELL_TIMEOUT_MS
#define FW_BELL_TIMEOUT_MS 250 /* a lost wake-up costs this much; stress tests raise it */
#endif

/* Zeroed: nobody sleeps. One process, and in it one thread, waits on a bell. */
struct fw_bell {
    alignas(FW_LINE) _Atomic uint64_t word;
};

struct fw_wait {
    struct fw_bell *bell;
    struct fw_control *control; /* its run_state ends the wait */
    struct fw_proc *self;       /* beats and accounts; NULL: this wait is not a sign of life */
    enum fw_wait_kind kind;
    uint64_t seq;             /* what is waited for, shown in self->wait_seq */
    bool (*ready)(void *arg); /* true once the wait is over; may be called at any time */
    void *arg;
};

/* Returns FW_OK once ready() holds, FW_ERR_CANCELLED when the job is aborted. */
int fw_bell_wait(const struct fw_wait *wait) FW_MUST_CHECK;
/* After the condition was made true. */
void fw_bell_ring(struct fw_bell *bell);
/* Rings and wakes whatever the word says: repairs a ringer killed between epoch and wake. */
void fw_bell_ring_hard(struct fw_bell *bell);
/* Whether the owner waits, or is about to look at its condition once more before it sleeps. */
bool fw_bell_asleep(const struct fw_bell *bell);
/* The owner was killed and reaped: its bit goes. */
void fw_bell_repair(struct fw_bell *bell);

/* A sign of life; the process's own thread only. `self` may be NULL. */
void fw_proc_beat(struct fw_proc *self);
bool fw_control_aborting(const struct fw_control *control);

#endif
