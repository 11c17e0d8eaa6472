#include "hop_bench.h"

#include <pthread.h>
#include <sched.h>

/* ---- claim and yield ------------------------------------------------------------------------ */

Test(ranges, a_range_is_there_with_its_first_frame)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;

    bench_open(&b, 16, 8, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_close(&b);
}

Test(ranges, the_lowest_ready_one_is_claimed)
{
    struct bench b;
    struct fw_lease a;
    struct fw_lease c;
    struct fw_requeue requeue;

    bench_open(&b, 16, 2, 8, 8);
    bench_start(&b);
    for (uint32_t i = 0; i < 6; i++)
        bench_publish(&b);
    bench_claim(&b, BENCH_A, &a, 0);
    bench_claim(&b, BENCH_B, &c, 2);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    bench_claim(&b, BENCH_B, &c, 0);
    bench_claim(&b, BENCH_A, &a, 4);
    bench_close(&b);
}

/* One OUT slot, bound to frame 0. The worker with range 1 can only wait, and nobody has range 0. */
Test(ranges, a_blocked_worker_yields_to_a_lower_range)
{
    struct bench b;
    struct fw_lease a;
    struct fw_lease c;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 1, 4, 1);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &a, 0);
    bench_claim(&b, BENCH_B, &c, 1);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(fw_lease_next(&b.hops[BENCH_B], &c, &work, NULL) == FW_END);
    bench_claim(&b, BENCH_B, &c, 0);
    bench_next(&b, BENCH_B, &c, &work, 0);
    bench_claim(&b, BENCH_A, &a, 1);
    bench_close(&b);
}

Test(ranges, a_yielded_range_keeps_its_finished_frames)
{
    struct bench b;
    struct fw_lease a;
    struct fw_lease c;
    struct fw_work work;
    struct fw_taken taken;
    struct fw_requeue requeue;

    bench_open(&b, 16, 2, 6, 3);
    bench_start(&b);
    bench_bind(&b);
    for (uint32_t i = 0; i < 4; i++)
        bench_publish(&b);
    bench_claim(&b, BENCH_A, &a, 0);
    bench_claim(&b, BENCH_B, &c, 2);
    bench_next(&b, BENCH_B, &c, &work, 2);
    bench_finish(&b, BENCH_B, &c, &work, FW_OUTCOME_DONE);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(fw_lease_next(&b.hops[BENCH_B], &c, &work, NULL) == FW_END);
    bench_claim(&b, BENCH_B, &c, 0);
    for (uint64_t seq = 0; seq < 2; seq++) {
        bench_next(&b, BENCH_B, &c, &work, seq);
        bench_finish(&b, BENCH_B, &c, &work, FW_OUTCOME_DONE);
        bench_take(&b, &taken, seq, FW_OUTCOME_DONE);
        fw_hop_consume(b.reader);
    }
    cr_assert(fw_lease_next(&b.hops[BENCH_B], &c, &work, NULL) == FW_END);
    bench_claim(&b, BENCH_B, &c, 2);
    bench_next(&b, BENCH_B, &c, &work, 3);
    bench_close(&b);
}

/* Returns the start of what it claimed, plus one. */
static void *claim_in_thread(void *arg)
{
    struct bench *b = arg;
    struct fw_lease lease;

    bool ok = fw_lease_claim(&b->hops[BENCH_B], &lease, NULL) == FW_OK;
    return (void *)(uintptr_t)(ok ? lease.start + 1 : 0);
}

/* Two ranges became ready and both rings went to the same worker, which takes only one of them. */
Test(ranges, who_sees_more_work_rings_the_next_worker)
{
    struct bench b;
    struct fw_lease lease;
    pthread_t thread;
    void *result;

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    pthread_create(&thread, NULL, claim_in_thread, &b);
    while (!fw_bell_asleep(&b.hops[0].shared->worker_bells[BENCH_B]))
        sched_yield();
    for (uint64_t seq = 0; seq < 2; seq++)
        atomic_store(&b.hops[0].ranges[seq].word, fw_range_word(0, 0, 0, FW_RANGE_READY));
    atomic_store(&b.hops[0].shared->published, 2);
    cr_assert(fw_lease_claim(&b.hops[BENCH_A], &lease, NULL) == FW_OK);
    pthread_join(thread, &result);
    cr_assert((uintptr_t)result + lease.start == 2); /* one has 0, the other has 1 */
    cr_assert(atomic_load(&b.control->procs[BENCH_B].lost_wakeups) == 0);
    bench_close(&b);
}

/* ---- death ---------------------------------------------------------------------------------- */

Test(ranges, death_after_the_claim_costs_no_attempt)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(!requeue.had_frame);
    cr_assert(atomic_load(&b.control->procs[BENCH_A].generation) == 1);
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_close(&b);
}

Test(ranges, death_in_a_frame_counts_an_attempt)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    for (uint32_t attempt = 1; attempt < 300; attempt++) {
        bench_claim(&b, BENCH_A, &lease, 0);
        bench_next(&b, BENCH_A, &lease, &work, 0);
        fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
        cr_assert(requeue.had_frame && requeue.seq == 0 && requeue.info.pts == 0);
        cr_assert(requeue.attempts == (attempt < 255 ? attempt : 255));
    }
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    bench_next(&b, BENCH_A, &lease, &work, 1);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(requeue.seq == 1 && requeue.attempts == 1);
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_next(&b, BENCH_B, &lease, &work, 1);
    bench_close(&b);
}

/* Killed between the word of the frame and the note that it is no longer in work. */
Test(ranges, death_after_a_finished_frame_costs_no_attempt)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    atomic_store(&b.control->procs[BENCH_A].current, 1);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(!requeue.had_frame);
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_next(&b, BENCH_B, &lease, &work, 1);
    bench_close(&b);
}

/* What a dead process says of itself is checked: this one claims a frame of another's range. */
Test(ranges, a_lie_about_the_frame_in_work_is_ignored)
{
    struct bench b;
    struct fw_lease a;
    struct fw_lease c;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &a, 0);
    bench_claim(&b, BENCH_B, &c, 1);
    bench_next(&b, BENCH_B, &c, &work, 1);
    atomic_store(&b.control->procs[BENCH_A].current, 2);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(!requeue.had_frame);
    atomic_store(&b.control->procs[BENCH_A].current, UINT64_MAX);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    cr_assert(!requeue.had_frame);
    bench_close(&b);
}

Test(ranges, a_lease_taken_back_changes_nothing)
{
    struct bench b;
    struct fw_lease old;
    struct fw_lease lease;
    struct fw_work stale;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &old, 0);
    bench_next(&b, BENCH_A, &old, &stale, 0);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    bench_claim(&b, BENCH_A, &lease, 0);
    cr_assert(lease.word != old.word);
    bench_finish(&b, BENCH_A, &old, &stale, FW_OUTCOME_DROP);
    cr_assert(fw_lease_next(&b.hops[BENCH_A], &old, &stale, NULL) == FW_END);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    struct fw_taken taken;
    bench_take(&b, &taken, 0, FW_OUTCOME_DONE);
    bench_close(&b);
}

/* The range alone tells: no attempt was counted, as the frame was not noted. */
Test(ranges, a_lost_range_is_noticed)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    uint64_t word = atomic_load(&b.hops[0].descriptors[0].word);
    atomic_store(&b.control->procs[BENCH_A].current, 0);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    cr_assert(atomic_load(&b.hops[0].descriptors[0].word) == word);
    bench_close(&b);
}

/* The attempt alone tells: the range was taken back after it was looked at. */
Test(ranges, a_lost_attempt_is_noticed)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_requeue requeue;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    uint64_t word = atomic_load(&b.hops[0].descriptors[0].word);
    atomic_store(&b.hops[0].ranges[0].word, lease.word);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    cr_assert(atomic_load(&b.hops[0].descriptors[0].word) == word);
    bench_close(&b);
}

/* ---- poison --------------------------------------------------------------------------------- */

Test(ranges, a_poison_frame_is_not_read_again)
{
    static const enum fw_outcome outcomes[] = { FW_OUTCOME_ALIAS, FW_OUTCOME_DROP,
                                                FW_OUTCOME_HOLD };
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;
    struct fw_requeue requeue;

    bench_open(&b, 8, 4, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    for (uint32_t i = 0; i < 4; i++)
        bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    fw_hop_requeue(&b.supervisor, BENCH_A, &requeue);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(fw_hop_poison(&b.supervisor, i, outcomes[i]));
    cr_assert_not(fw_hop_poison(&b.supervisor, 0, FW_OUTCOME_DROP)); /* decided */
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_next(&b, BENCH_B, &lease, &work, 3);
    for (uint32_t i = 0; i < 3; i++) {
        bench_take(&b, &taken, i, outcomes[i]);
        if (outcomes[i] == FW_OUTCOME_ALIAS)
            cr_assert(taken.info.pts == 0 && taken.pixels == b.in);
        fw_hop_consume(b.reader);
    }
    cr_assert_not(fw_hop_poison(&b.supervisor, 0, FW_OUTCOME_DROP)); /* long gone */
    bench_close(&b);
}

/* The policy was counted and reported: a worker that gets through after all does not undo it. */
Test(ranges, poison_wins_over_the_worker_in_the_frame)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    cr_assert(fw_hop_poison(&b.supervisor, 0, FW_OUTCOME_HOLD));
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    bench_take(&b, &taken, 0, FW_OUTCOME_HOLD);
    bench_close(&b);
}

/* ---- lies ----------------------------------------------------------------------------------- */

static void spoil_info(struct fw_shared_info *shared, int what)
{
    struct fw_frame_info info;

    fw_info_load(shared, &info);
    switch (what) {
    case 0:
        info.format = UINT32_MAX;
        break;
    case 1:
        info.width = 1 << 20;
        break;
    case 2:
        info.height = 30000;
        break;
    case 3:
        info.width = -1;
        break;
    default:
        info.blob_bytes = FW_BLOB_MAX + 1;
        break;
    }
    fw_info_store(shared, &info);
}

Test(ranges, a_worker_refuses_lies)
{
    for (int what = 0; what < 7; what++) {
        struct bench b;
        struct fw_lease lease;
        struct fw_work work;
        bench_open(&b, 8, 1, 4, 4);
        bench_start(&b);
        bench_bind(&b);
        bench_publish(&b);
        bench_claim(&b, BENCH_A, &lease, 0);
        if (what < 5)
            spoil_info(&b.hops[0].descriptors[0].in, what);
        else if (what == 5)
            atomic_store(&b.hops[0].descriptors[0].in_slot, 4);
        else
            atomic_store(&b.hops[0].descriptors[0].binding, 5);
        struct fw_error err = { 0 };
        cr_assert(fw_lease_next(&b.hops[BENCH_A], &lease, &work, &err) == FW_ERR_INTERNAL);
        cr_expect(strstr(err.text, "frame 0"), "%s", err.text);
        bench_close(&b);
    }
}

Test(ranges, the_reader_refuses_lies)
{
    for (int what = 0; what < 6; what++) {
        struct bench b;
        struct fw_lease lease;
        struct fw_work work;
        struct fw_taken taken;
        bench_open(&b, 8, 1, 4, 4);
        bench_start(&b);
        bench_bind(&b);
        bench_publish(&b);
        bench_claim(&b, BENCH_A, &lease, 0);
        bench_next(&b, BENCH_A, &lease, &work, 0);
        bench_finish(&b, BENCH_A, &lease, &work, what < 5 ? FW_OUTCOME_DONE : FW_OUTCOME_ALIAS);
        if (what < 5)
            spoil_info(&b.hops[0].descriptors[0].out, what);
        else
            atomic_store(&b.hops[0].descriptors[0].in_slot, UINT32_MAX);
        struct fw_error err = { 0 };
        cr_assert(fw_hop_take(b.reader, &taken, &err) == FW_ERR_INTERNAL);
        cr_expect(strstr(err.text, "frame 0"), "%s", err.text);
        bench_close(&b);
    }
}

Test(ranges, the_writer_refuses_lies)
{
    struct bench b;
    uint32_t slot;
    struct fw_error err = { 0 };

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    bench_publish(&b);
    atomic_store(&b.hops[0].shared->consumed, 2);
    cr_assert(fw_hop_reserve(b.writer, &slot, &err) == FW_ERR_INTERNAL);
    bench_close(&b);
}

/* Cursors far off only make a scan find nothing. */
Test(ranges, spoiled_cursors_claim_nothing_wild)
{
    struct bench b;
    struct fw_lease lease;

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    bench_publish(&b);
    atomic_store(&b.hops[0].shared->published, UINT64_MAX);
    bench_claim(&b, BENCH_A, &lease, 0);
    atomic_store(&b.hops[0].shared->consumed, UINT64_MAX);
    cr_assert(fw_lease_claim(&b.hops[BENCH_B], &lease, NULL) == FW_END);
    bench_close(&b);
}
