#include "hop_bench.h"

#include <pthread.h>
#include <sched.h>

/* ---- geometry ------------------------------------------------------------------------------ */

static struct fw_hop_geometry smallest(void)
{
    return (struct fw_hop_geometry){ .ring_len = 8,
                                     .range_len = 2,
                                     .in_slots = 4 + 2 + 2 + 3 + 1,
                                     .out_slots = 2 + 1,
                                     .fanout = 1,
                                     .in_slot_bytes = BENCH_SLOT,
                                     .out_slot_bytes = BENCH_SLOT,
                                     .before = 2,
                                     .after = 3,
                                     .in_cap = 4,
                                     .out_cap = 2 };
}

Test(ring, bounds_are_exact)
{
    struct fw_hop_geometry g = smallest();
    struct fw_error err = { 0 };

    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_OK);
    g.in_slots--;
    cr_assert(fw_hop_geometry_check(&g, 2, &err) == FW_ERR_MEMORY);
    cr_assert_str_eq(err.text, "11 input slots where at least 12 are needed");
    g = smallest();
    g.out_slots--;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_ERR_MEMORY);
    g = smallest();
    g.ring_len = 4;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_ERR_MEMORY);
}

Test(ring, nonsense_geometry_is_refused)
{
    struct fw_hop_geometry g = smallest();

    cr_assert(fw_hop_geometry_check(&g, 0, NULL) < 0);
    cr_assert(fw_hop_geometry_check(&g, FW_WORKERS_MAX + 1, NULL) < 0);
    g.ring_len = 12;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.range_len = FW_RANGE_MAX + 1;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.before = -1;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.in_slot_bytes = FW_BLOB_MAX;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.out_slot_bytes++;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.in_slots = FW_SLOTS_MAX + 1;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.fanout = 0;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g.fanout = FW_FANOUT_MAX + 1;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) < 0);
    g = smallest();
    g.direct = 1; /* with a window and OUT slots */
    cr_assert(fw_hop_geometry_check(&g, 0, NULL) < 0);
}

Test(ring, every_output_of_a_window_has_a_descriptor)
{
    struct fw_hop_geometry g = smallest();

    g.fanout = 2;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_ERR_MEMORY);
    g.ring_len = 16;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_OK);
    g.fanout = 3;
    cr_assert(fw_hop_geometry_check(&g, 2, NULL) == FW_ERR_MEMORY);
}

Test(ring, fitted_geometry_is_sound)
{
    for (uint32_t workers = 1; workers <= FW_WORKERS_MAX; workers++) {
        for (uint32_t range_len = 1; range_len <= FW_RANGE_MAX; range_len *= 2) {
            struct fw_hop_geometry g = smallest();
            g.range_len = range_len;
            g.fanout = 1 + (workers + range_len) % 5;
            fw_hop_geometry_fit(&g, workers);
            cr_assert(fw_hop_geometry_check(&g, workers, NULL) == FW_OK);
        }
    }
}

Test(ring, join_refuses_other_memory)
{
    struct bench b;
    struct fw_hop hop;

    bench_open(&b, 8, 2, 4, 4);
    cr_assert(fw_hop_join(&hop, b.mem, &b.geometry, b.control, 0, b.in, b.out, NULL) < 0);
    bench_start(&b);
    struct fw_hop_geometry other = b.geometry;
    other.in_slots++;
    cr_assert(fw_hop_join(&hop, b.mem, &other, b.control, 0, b.in, b.out, NULL) < 0);
    cr_assert(fw_hop_join(&hop, b.mem, &b.geometry, b.control, BENCH_PROCS, b.in, b.out, NULL) < 0);
    b.control->proc_count = 0;
    cr_assert(fw_hop_join(&hop, b.mem, &b.geometry, b.control, 0, b.in, b.out, NULL) < 0);
    bench_close(&b);
}

/* ---- order and outcomes --------------------------------------------------------------------- */

Test(ring, frames_come_out_in_order)
{
    struct bench b;
    struct fw_lease a;
    struct fw_lease c;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 8, 1, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &a, 0);
    bench_claim(&b, BENCH_B, &c, 1);
    bench_next(&b, BENCH_B, &c, &work, 1);
    bench_finish(&b, BENCH_B, &c, &work, FW_OUTCOME_DONE);
    bench_next(&b, BENCH_A, &a, &work, 0);
    cr_assert(work.info.pts == 0 && work.in[0] == 0);
    bench_finish(&b, BENCH_A, &a, &work, FW_OUTCOME_DONE);
    for (uint64_t seq = 0; seq < 2; seq++) {
        bench_take(&b, &taken, seq, FW_OUTCOME_DONE);
        cr_assert(taken.info.pts == (int64_t)seq + 1000);
        cr_assert(taken.pixels[0] == (uint8_t)(seq ^ 255));
        fw_hop_consume(b.reader);
    }
    bench_close(&b);
}

Test(ring, every_outcome_arrives)
{
    static const enum fw_outcome outcomes[] = { FW_OUTCOME_DONE, FW_OUTCOME_ALIAS, FW_OUTCOME_DROP,
                                                FW_OUTCOME_HOLD };
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 8, 4, 4, 4);
    bench_start(&b);
    bench_bind(&b);
    for (uint32_t i = 0; i < 4; i++)
        bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    for (uint32_t i = 0; i < 4; i++) {
        bench_next(&b, BENCH_A, &lease, &work, i);
        bench_finish(&b, BENCH_A, &lease, &work, outcomes[i]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        bench_take(&b, &taken, i, outcomes[i]);
        if (i < 2)
            cr_assert(taken.pixels[0] == (i == 0 ? 255 : 1));
        else
            cr_assert(taken.pixels == NULL && taken.info.pts == i);
        fw_hop_consume(b.reader);
    }
    cr_assert(fw_lease_next(&b.hops[BENCH_A], &lease, &work, NULL) == FW_END);
    bench_close(&b);
}

Test(ring, side_data_lies_at_the_end_of_the_slot)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 8, 1, 2, 2);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    work.info.blob_bytes = 5;
    memcpy(work.out + BENCH_SLOT - FW_BLOB_MAX, "hello", 5);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    bench_take(&b, &taken, 0, FW_OUTCOME_DONE);
    cr_assert(taken.blob && memcmp(taken.blob, "hello", 5) == 0);
    bench_close(&b);
}

/* The slot of an ALIAS is its output: it comes back only once that was consumed. */
Test(ring, alias_pins_its_input_slot)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 8, 1, 2, 4);
    bench_start(&b);
    bench_bind(&b);
    uint32_t done = bench_publish(&b);
    uint32_t alias = bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    bench_claim(&b, BENCH_B, &lease, 1);
    bench_next(&b, BENCH_B, &lease, &work, 1);
    bench_finish(&b, BENCH_B, &lease, &work, FW_OUTCOME_ALIAS);
    cr_assert(bench_publish(&b) == done);
    bench_take(&b, &taken, 0, FW_OUTCOME_DONE);
    fw_hop_consume(b.reader);
    bench_take(&b, &taken, 1, FW_OUTCOME_ALIAS);
    cr_assert(taken.pixels == b.in + alias * BENCH_SLOT);
    fw_hop_consume(b.reader);
    cr_assert(bench_publish(&b) == alias);
    bench_close(&b);
}

Test(ring, goes_round_many_times)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    bench_open(&b, 2, 1, 1, 1);
    bench_start(&b);
    bench_bind(&b);
    for (uint64_t seq = 0; seq < 1000; seq++) {
        bench_publish(&b);
        bench_claim(&b, BENCH_A, &lease, seq);
        bench_next(&b, BENCH_A, &lease, &work, seq);
        bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
        cr_assert(fw_lease_next(&b.hops[BENCH_A], &lease, &work, NULL) == FW_END);
        bench_take(&b, &taken, seq, FW_OUTCOME_DONE);
        fw_hop_consume(b.reader);
    }
    bench_close(&b);
}

/* ---- the end -------------------------------------------------------------------------------- */

Test(ring, a_partly_filled_range_ends_well)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;
    struct fw_hop_state state;

    bench_open(&b, 16, 4, 8, 8);
    bench_start(&b);
    bench_bind(&b);
    for (uint32_t i = 0; i < 6; i++)
        bench_publish(&b);
    fw_hop_end(b.writer);
    fw_hop_end(b.writer);
    for (uint64_t start = 0; start < 6; start += 4) {
        bench_claim(&b, BENCH_A, &lease, start);
        while (fw_lease_next(&b.hops[BENCH_A], &lease, &work, NULL) == FW_OK)
            bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    }
    for (uint64_t seq = 0; seq < 6; seq++) {
        bench_take(&b, &taken, seq, FW_OUTCOME_DONE);
        fw_hop_consume(b.reader);
    }
    cr_assert(fw_hop_take(b.reader, &taken, NULL) == FW_END);
    cr_assert(fw_lease_claim(&b.hops[BENCH_A], &lease, NULL) == FW_END);
    fw_hop_observe(&b.supervisor, &state);
    cr_assert(state.published == 6 && state.consumed == 6 && state.end == 6);
    bench_close(&b);
}

Test(ring, a_stream_may_be_empty)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_taken taken;

    bench_open(&b, 8, 4, 4, 4);
    bench_start(&b);
    fw_hop_end(b.writer);
    cr_assert(fw_hop_take(b.reader, &taken, NULL) == FW_END);
    cr_assert(fw_lease_claim(&b.hops[BENCH_A], &lease, NULL) == FW_END);
    bench_close(&b);
}

Test(ring, drain_and_abort_end_every_wait)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;
    uint32_t slot;

    bench_open(&b, 8, 2, 4, 4);
    bench_start(&b);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    atomic_store(&b.control->run_state, FW_DRAIN);
    cr_assert(fw_hop_reserve(b.writer, &slot, NULL) == FW_END);
    atomic_store(&b.control->run_state, FW_ABORT);
    cr_assert(fw_hop_reserve(b.writer, &slot, NULL) == FW_ERR_CANCELLED);
    cr_assert(fw_lease_next(&b.hops[BENCH_A], &lease, &work, NULL) == FW_ERR_CANCELLED);
    cr_assert(fw_lease_claim(&b.hops[BENCH_B], &lease, NULL) == FW_ERR_CANCELLED);
    cr_assert(fw_hop_take(b.reader, &taken, NULL) == FW_ERR_CANCELLED);
    bench_close(&b);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void *reserve_in_thread(void *arg)
{
    struct bench *b = arg;
    uint32_t slot;

    return (void *)(intptr_t)(fw_hop_reserve(b->writer, &slot, NULL) == FW_OK ? 0 : 1);
}

static void *take_in_thread(void *arg)
{
    struct bench *b = arg;
    struct fw_taken taken;

    return (void *)(intptr_t)(fw_hop_take(b->reader, &taken, NULL) == FW_OK ? 0 : 1);
}

static void wait_until_asleep(const struct bench *b, const struct fw_bell *bell, uint32_t proc,
                              enum fw_wait_kind kind)
{
    while (!fw_bell_asleep(bell) || atomic_load(&b->control->procs[proc].wait_kind) != kind)
        sched_yield();
}

static void join_ok(pthread_t thread)
{
    void *result;

    pthread_join(thread, &result);
    cr_assert(result == NULL);
}

/* The pool is used up: the writer sleeps until a slot comes back. */
Test(ring, a_full_ring_stops_the_writer)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    pthread_t thread;

    bench_open(&b, 8, 1, 2, 2);
    bench_start(&b);
    bench_bind(&b);
    bench_publish(&b);
    bench_publish(&b);
    pthread_create(&thread, NULL, reserve_in_thread, &b);
    wait_until_asleep(&b, &b.hops[0].shared->writer_bell, BENCH_WRITER, FW_WAIT_IN_SLOT);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    join_ok(thread);
    cr_assert(atomic_load(&b.control->procs[BENCH_WRITER].lost_wakeups) == 0);
    bench_close(&b);
}

Test(ring, the_reader_sleeps_until_its_frame)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    pthread_t thread;

    bench_open(&b, 8, 1, 2, 2);
    bench_start(&b);
    pthread_create(&thread, NULL, take_in_thread, &b);
    wait_until_asleep(&b, &b.hops[0].shared->reader_bell, BENCH_READER, FW_WAIT_HEAD);
    bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    join_ok(thread);
    cr_assert(atomic_load(&b.control->procs[BENCH_READER].lost_wakeups) == 0);
    cr_assert(atomic_load(&b.control->procs[BENCH_READER].starved_ns) > 0);
    bench_close(&b);
}

/* Frame 0 is read by the output of frame 1: its slot stays although its own output is there. */
Test(ring, neighbours_keep_their_slots)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;
    const uint8_t *pixels;
    struct fw_frame_info info;
    pthread_t thread;

    bench_open(&b, 8, 1, 3, 4);
    b.geometry.before = 1;
    bench_start(&b);
    bench_bind(&b);
    for (uint32_t i = 0; i < 3; i++)
        bench_publish(&b);
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    cr_assert(fw_lease_neighbour(&b.hops[BENCH_A], &work, -1, &info, &pixels) == FW_END);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    bench_take(&b, &taken, 0, FW_OUTCOME_DONE);
    fw_hop_consume(b.reader);
    bench_claim(&b, BENCH_A, &lease, 1);
    bench_next(&b, BENCH_A, &lease, &work, 1);
    cr_assert(fw_lease_neighbour(&b.hops[BENCH_A], &work, -1, &info, &pixels) == FW_OK);
    cr_assert(info.pts == 0 && pixels == b.in);
    pthread_create(&thread, NULL, reserve_in_thread, &b);
    wait_until_asleep(&b, &b.hops[0].shared->writer_bell, BENCH_WRITER, FW_WAIT_IN_SLOT);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    join_ok(thread);
    cr_assert(bench_publish(&b) == 0);
    bench_close(&b);
}
