/* One hop in one process: the tests step each role by hand, so nothing depends on timing. */
#ifndef FW_TESTS_PIPELINE_HOP_BENCH_H
#define FW_TESTS_PIPELINE_HOP_BENCH_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "filters/format.h"
#include "pipeline/ring.h"
#include "pipeline/ring_shared.h"

enum { BENCH_WRITER, BENCH_READER, BENCH_A, BENCH_B, BENCH_PROCS };

#define BENCH_SLOT (FW_BLOB_MAX + 8192)

struct bench {
    struct fw_hop_geometry geometry;
    struct fw_control *control;
    void *mem;
    uint8_t *in;
    uint8_t *out;
    struct fw_hop hops[BENCH_PROCS];
    struct fw_hop supervisor;
    struct fw_hop_writer *writer;
    struct fw_hop_reader *reader;
};

static inline void *bench_memory(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    cr_assert(mem != MAP_FAILED);
    return mem;
}

static inline void bench_open(struct bench *b, uint32_t ring_len, uint32_t range_len,
                              uint32_t in_slots, uint32_t out_slots)
{
    memset(b, 0, sizeof(*b));
    b->geometry = (struct fw_hop_geometry){ .ring_len = ring_len,
                                            .range_len = range_len,
                                            .in_slots = in_slots,
                                            .out_slots = out_slots,
                                            .fanout = 1,
                                            .in_slot_bytes = BENCH_SLOT,
                                            .out_slot_bytes = BENCH_SLOT };
    b->mem = bench_memory(fw_hop_footprint(&b->geometry));
    b->control = bench_memory(sizeof(*b->control));
    b->control->proc_count = BENCH_PROCS;
    b->in = bench_memory(in_slots * BENCH_SLOT);
    b->out = bench_memory(out_slots * BENCH_SLOT);
}

static inline void bench_start(struct bench *b)
{
    fw_hop_format(b->mem, &b->geometry);
    for (uint32_t i = 0; i < BENCH_PROCS; i++)
        cr_assert(fw_hop_join(&b->hops[i], b->mem, &b->geometry, b->control, i, b->in, b->out,
                              NULL) == FW_OK);
    cr_assert(fw_hop_join(&b->supervisor, b->mem, &b->geometry, b->control, FW_PROCS_MAX, NULL,
                          NULL, NULL) == FW_OK);
    cr_assert(fw_hop_writer_create(&b->writer, &b->hops[BENCH_WRITER], NULL) == FW_OK);
    cr_assert(fw_hop_reader_create(&b->reader, &b->hops[BENCH_READER], NULL) == FW_OK);
}

static inline void bench_close(struct bench *b)
{
    fw_hop_writer_destroy(b->writer);
    fw_hop_reader_destroy(b->reader);
    munmap(b->mem, fw_hop_footprint(&b->geometry));
    munmap(b->control, sizeof(*b->control));
    munmap(b->in, b->geometry.in_slots * BENCH_SLOT);
    munmap(b->out, b->geometry.out_slots * BENCH_SLOT);
}

static inline struct fw_frame_info bench_info(int64_t pts)
{
    struct fw_frame_info info = {
        .pts = pts, .format = fw_format_find("gray")->id, .width = 64, .height = 8
    };

    return info;
}

/* Publishes one frame and returns the slot it went into. */
static inline uint32_t bench_publish(struct bench *b)
{
    uint32_t slot = UINT32_MAX;

    cr_assert(fw_hop_reserve(b->writer, &slot, NULL) == FW_OK);
    uint64_t published = atomic_load(&b->hops[0].shared->published);
    struct fw_frame_info info = bench_info((int64_t)published);
    memset(fw_hop_in_slot(&b->hops[BENCH_WRITER], slot), (int)(published & 255), 512);
    cr_assert(fw_hop_publish(b->writer, slot, &info) == published);
    return slot;
}

static inline void bench_claim(struct bench *b, uint32_t worker, struct fw_lease *lease,
                               uint64_t start)
{
    cr_assert(fw_lease_claim(&b->hops[worker], lease, NULL) == FW_OK);
    cr_assert(lease->start == start, "claimed %llu", (unsigned long long)lease->start);
}

static inline void bench_next(struct bench *b, uint32_t worker, struct fw_lease *lease,
                              struct fw_work *work, uint64_t seq)
{
    cr_assert(fw_lease_next(&b->hops[worker], lease, work, NULL) == FW_OK);
    cr_assert(work->seq == seq, "got frame %llu", (unsigned long long)work->seq);
}

static inline void bench_finish(struct bench *b, uint32_t worker, struct fw_lease *lease,
                                const struct fw_work *work, enum fw_outcome outcome)
{
    struct fw_frame_info info = work->info;

    info.pts += 1000;
    if (outcome == FW_OUTCOME_DONE)
        memset(work->out, (int)(work->seq & 255) ^ 255, 512);
    fw_lease_finish(&b->hops[worker], lease, outcome, &info);
}

static inline void bench_take(struct bench *b, struct fw_taken *taken, uint64_t seq,
                              enum fw_outcome outcome)
{
    cr_assert(fw_hop_take(b->reader, taken, NULL) == FW_OK);
    cr_assert(taken->seq == seq, "took frame %llu", (unsigned long long)taken->seq);
    cr_assert(taken->outcome == outcome, "outcome %d", taken->outcome);
}

/* Binds the free OUT slots, as the reader does before it waits for its first frame. */
static inline void bench_bind(struct bench *b)
{
    struct fw_taken taken;

    atomic_store(&b->control->run_state, FW_ABORT);
    cr_assert(fw_hop_take(b->reader, &taken, NULL) == FW_ERR_CANCELLED);
    atomic_store(&b->control->run_state, FW_RUN);
}

#endif
