/* Hops whose inputs have several outputs, and hops without workers. */
#include "hop_bench.h"

static void open_groups(struct bench *b, uint32_t fanout, int32_t before, int32_t after,
                        uint32_t in_slots)
{
    bench_open(b, 16, fanout, in_slots, 8);
    b->geometry.fanout = fanout;
    b->geometry.before = before;
    b->geometry.after = after;
    cr_assert(fw_hop_geometry_check(&b->geometry, 1, NULL) == FW_OK);
    bench_start(b);
    bench_bind(b);
}

static uint32_t publish_input(struct bench *b, uint64_t input)
{
    uint32_t slot = UINT32_MAX;
    struct fw_frame_info info = bench_info((int64_t)input);

    info.origin = input;
    cr_assert(fw_hop_reserve(b->writer, &slot, NULL) == FW_OK);
    memset(fw_hop_in_slot(&b->hops[BENCH_WRITER], slot), (int)input, 512);
    cr_assert(fw_hop_publish(b->writer, slot, &info) == input * b->geometry.fanout);
    return slot;
}

/* Claims the range of an input and ends all of its outputs alike. */
static void finish_input(struct bench *b, uint64_t input, enum fw_outcome outcome)
{
    struct fw_lease lease;
    struct fw_work work;

    bench_claim(b, BENCH_A, &lease, input * b->geometry.fanout);
    for (uint32_t i = 0; i < b->geometry.fanout; i++) {
        bench_next(b, BENCH_A, &lease, &work, input * b->geometry.fanout + i);
        bench_finish(b, BENCH_A, &lease, &work, outcome);
    }
    cr_assert(fw_lease_next(&b->hops[BENCH_A], &lease, &work, NULL) == FW_END);
}

static void consume(struct bench *b, uint64_t seq, enum fw_outcome outcome)
{
    struct fw_taken taken;

    bench_take(b, &taken, seq, outcome);
    fw_hop_consume(b->reader);
}

Test(ring_groups, outputs_share_the_slot_of_their_input)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    open_groups(&b, 3, 0, 0, 2);
    uint32_t slot = publish_input(&b, 0);
    bench_claim(&b, BENCH_A, &lease, 0);
    for (uint64_t seq = 0; seq < 3; seq++) {
        bench_next(&b, BENCH_A, &lease, &work, seq);
        cr_assert(work.input == 0 && work.in == b.in + slot * BENCH_SLOT);
        bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    }
    for (uint64_t seq = 0; seq < 3; seq++) {
        bench_take(&b, &taken, seq, FW_OUTCOME_DONE);
        cr_assert(taken.info.origin == 0 && !taken.poisoned);
        fw_hop_consume(b.reader);
    }
    bench_close(&b);
}

/* While one output of the first input is to be made, only the second input's slot comes back. */
Test(ring_groups, a_slot_comes_back_when_all_outputs_are_settled)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;

    open_groups(&b, 2, 0, 0, 2);
    uint32_t first = publish_input(&b, 0);
    uint32_t second = publish_input(&b, 1);
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_next(&b, BENCH_B, &lease, &work, 0);
    bench_finish(&b, BENCH_B, &lease, &work, FW_OUTCOME_DONE);
    bench_next(&b, BENCH_B, &lease, &work, 1);
    finish_input(&b, 1, FW_OUTCOME_DONE);
    cr_assert(publish_input(&b, 2) == second);
    bench_finish(&b, BENCH_B, &lease, &work, FW_OUTCOME_DONE);
    cr_assert(publish_input(&b, 3) == first);
    bench_close(&b);
}

Test(ring_groups, any_alias_of_a_group_pins_the_slot)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;

    open_groups(&b, 2, 0, 0, 2);
    uint32_t first = publish_input(&b, 0);
    uint32_t second = publish_input(&b, 1);
    bench_claim(&b, BENCH_B, &lease, 0);
    bench_next(&b, BENCH_B, &lease, &work, 0);
    bench_finish(&b, BENCH_B, &lease, &work, FW_OUTCOME_DONE);
    bench_next(&b, BENCH_B, &lease, &work, 1);
    bench_finish(&b, BENCH_B, &lease, &work, FW_OUTCOME_ALIAS);
    finish_input(&b, 1, FW_OUTCOME_DONE);
    consume(&b, 0, FW_OUTCOME_DONE);
    cr_assert(publish_input(&b, 2) == second);
    consume(&b, 1, FW_OUTCOME_ALIAS);
    cr_assert(publish_input(&b, 3) == first);
    bench_close(&b);
}

/* Neighbours are whole inputs, also from the middle of a group, and when their outputs are gone. */
Test(ring_groups, neighbours_are_inputs)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_frame_info info;
    const uint8_t *pixels;

    open_groups(&b, 2, 1, 1, 4);
    for (uint64_t input = 0; input < 3; input++)
        publish_input(&b, input);
    finish_input(&b, 0, FW_OUTCOME_DONE);
    consume(&b, 0, FW_OUTCOME_DONE);
    consume(&b, 1, FW_OUTCOME_DONE);
    bench_claim(&b, BENCH_A, &lease, 2);
    for (uint64_t seq = 2; seq < 4; seq++) {
        bench_next(&b, BENCH_A, &lease, &work, seq);
        for (int32_t offset = -1; offset <= 1; offset++) {
            int status = fw_lease_neighbour(&b.hops[BENCH_A], &work, offset, &info, &pixels);
            cr_assert(status == FW_OK && info.pts == 1 + offset && pixels[0] == 1 + offset);
        }
        bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DONE);
    }
    bench_claim(&b, BENCH_A, &lease, 4);
    fw_hop_end(b.writer);
    bench_next(&b, BENCH_A, &lease, &work, 4);
    cr_assert(fw_lease_neighbour(&b.hops[BENCH_A], &work, 1, &info, &pixels) == FW_END);
    bench_close(&b);
}

Test(ring_groups, poison_is_told_from_a_drop)
{
    struct bench b;
    struct fw_lease lease;
    struct fw_work work;
    struct fw_taken taken;

    open_groups(&b, 2, 0, 0, 2);
    publish_input(&b, 0);
    cr_assert(fw_hop_poison(&b.supervisor, 1, FW_OUTCOME_DROP));
    bench_claim(&b, BENCH_A, &lease, 0);
    bench_next(&b, BENCH_A, &lease, &work, 0);
    bench_finish(&b, BENCH_A, &lease, &work, FW_OUTCOME_DROP);
    cr_assert(fw_lease_next(&b.hops[BENCH_A], &lease, &work, NULL) == FW_END);
    bench_take(&b, &taken, 0, FW_OUTCOME_DROP);
    cr_assert(!taken.poisoned);
    fw_hop_consume(b.reader);
    bench_take(&b, &taken, 1, FW_OUTCOME_DROP);
    cr_assert(taken.poisoned);
    bench_close(&b);
}

/* ---- no workers ----------------------------------------------------------------------------- */

Test(ring_groups, a_direct_hop_hands_frames_on)
{
    struct bench b;
    struct fw_taken taken;
    struct fw_hop_state state;

    bench_open(&b, 4, 1, 2, 1);
    b.geometry.direct = 1;
    b.geometry.out_slots = 0;
    cr_assert(fw_hop_geometry_check(&b.geometry, 0, NULL) == FW_OK);
    bench_start(&b);
    uint32_t first = publish_input(&b, 0);
    publish_input(&b, 1);
    for (uint64_t seq = 0; seq < 40; seq++) {
        bench_take(&b, &taken, seq, FW_OUTCOME_ALIAS);
        cr_assert(!taken.poisoned && taken.info.pts == (int64_t)seq);
        cr_assert(taken.pixels[0] == (uint8_t)seq);
        fw_hop_consume(b.reader);
        if (seq == 0)
            cr_assert(publish_input(&b, 2) == first);
        else if (seq < 38)
            publish_input(&b, seq + 2);
    }
    fw_hop_end(b.writer);
    cr_assert(fw_hop_take(b.reader, &taken, NULL) == FW_END);
    fw_hop_observe(&b.supervisor, &state);
    cr_assert(state.published == 40 && state.consumed == 40 && state.end == 40);
    bench_close(&b);
}

/* What was read is finished in a drain: only the first writer of a line ends there. */
Test(ring_groups, a_writer_behind_another_hop_goes_on_in_a_drain)
{
    struct bench b;
    uint32_t slot;

    bench_open(&b, 4, 1, 2, 2);
    bench_start(&b);
    atomic_store(&b.control->run_state, FW_DRAIN);
    cr_assert(fw_hop_reserve(b.writer, &slot, NULL) == FW_END);
    fw_hop_writer_follow(b.writer);
    publish_input(&b, 0);
    atomic_store(&b.control->run_state, FW_ABORT);
    cr_assert(fw_hop_reserve(b.writer, &slot, NULL) != FW_OK);
    bench_close(&b);
}
