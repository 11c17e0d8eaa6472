/*
 * The shared layout of a hop, and the words in it. Private to ring.c, ring_writer.c, ring_reader.c
 * and ranges.c.
 *
 * Who writes what: `published`, `end` and the input half of a descriptor: the writer. `consumed`,
 * `bound` and bindings: the reader. The output half: the holder of the lease. Descriptor and range
 * words change by CAS except where the comment at the store says why it needs none.
 */
#ifndef FW_PIPELINE_RING_SHARED_H
#define FW_PIPELINE_RING_SHARED_H

#include "bell.h"
#include "ring.h"

#define FW_HOP_MAGIC 0x6677686fu
#define FW_HOP_ABI 1u
#define FW_INFO_WORDS (sizeof(struct fw_frame_info) / sizeof(uint64_t))

_Static_assert(sizeof(struct fw_frame_info) % sizeof(uint64_t) == 0, "info is copied by words");

/* Copied word by word with atomics: what was checked is what is used, even if another process
 * scribbles meanwhile. */
struct fw_shared_info {
    _Atomic uint64_t words[FW_INFO_WORDS];
};

/* Frame `seq` lives in descriptor seq % ring_len and in lap seq / ring_len. */
struct fw_descriptor {
    alignas(FW_LINE) _Atomic uint64_t word; /* [lap:32][attempts:8][flags:8][mark:8][state:8] */
    _Atomic uint32_t in_slot;
    struct fw_shared_info in;
    alignas(FW_LINE) _Atomic uint64_t binding; /* [lap:32][OUT slot + 1:32]; 0: never bound */
    struct fw_shared_info out;
};

enum fw_frame_state {
    FW_FRAME_EMPTY = 0,
    FW_FRAME_PUBLISHED = 1,
    FW_FRAME_DONE = 2, /* from here on finished */
    FW_FRAME_ALIAS = 3,
    FW_FRAME_DROP = 4,
    FW_FRAME_HOLD = 5
};

#define FW_FRAME_IN_INFO 1u /* flag: the output is described by the input's info */

/* Range r covers seqs [r * range_len, (r + 1) * range_len) and lives in entry r % range_count, lap
 * r / range_count. The cut is a fixed grid, so it never depends on timing. */
struct fw_range {
    alignas(FW_LINE) _Atomic uint64_t word; /* [lap:32][generation:16][owner + 1:8][state:8] */
};

enum fw_range_state {
    FW_RANGE_FREE = 0,
    FW_RANGE_READY = 1,
    FW_RANGE_LEASED = 2,
    FW_RANGE_CLOSED = 3
};

_Static_assert(FW_PROCS_MAX < 255, "an owner fits its byte");

struct fw_hop_shared {
    uint32_t magic;
    uint32_t abi;
    uint32_t descriptor_bytes;
    uint32_t range_count;
    struct fw_hop_geometry geometry;
    alignas(FW_LINE) _Atomic uint64_t published; /* frames so far; the writer's */
    _Atomic uint64_t end;                        /* UINT64_MAX until known; the writer's */
    alignas(FW_LINE) _Atomic uint64_t consumed;  /* the reader's */
    _Atomic uint64_t bound;                      /* the reader's */
    struct fw_bell writer_bell;
    struct fw_bell reader_bell;
    struct fw_bell worker_bells[FW_PROCS_MAX];
};

static inline uint64_t fw_frame_word(uint32_t lap, uint32_t attempts, uint32_t flags, uint32_t mark,
                                     uint32_t state)
{
    return (uint64_t)lap << 32 | (uint64_t)(attempts & 255u) << 24 | (flags & 255u) << 16 |
           (mark & 255u) << 8 | (state & 255u);
}
static inline uint32_t fw_word_lap(uint64_t word)
{
    return (uint32_t)(word >> 32);
}
static inline uint32_t fw_word_state(uint64_t word)
{
    return (uint32_t)(word & 255u);
}
static inline uint32_t fw_frame_attempts(uint64_t word)
{
    return (uint32_t)(word >> 24 & 255u);
}
static inline uint32_t fw_frame_flags(uint64_t word)
{
    return (uint32_t)(word >> 16 & 255u);
}
static inline uint32_t fw_frame_mark(uint64_t word)
{
    return (uint32_t)(word >> 8 & 255u);
}
static inline uint64_t fw_range_word(uint32_t lap, uint32_t generation, uint32_t owner,
                                     uint32_t state)
{
    return (uint64_t)lap << 32 | (uint64_t)(generation & 0xffffu) << 16 | (owner & 255u) << 8 |
           (state & 255u);
}
static inline uint32_t fw_range_owner(uint64_t word)
{
    return (uint32_t)(word >> 8 & 255u);
}

static inline struct fw_descriptor *fw_hop_descriptor(const struct fw_hop *hop, uint64_t seq)
{
    return &hop->descriptors[seq & (hop->geometry.ring_len - 1)];
}
static inline uint32_t fw_hop_lap(const struct fw_hop *hop, uint64_t seq)
{
    return (uint32_t)(seq / hop->geometry.ring_len);
}
static inline struct fw_range *fw_hop_range(const struct fw_hop *hop, uint64_t range)
{
    return &hop->ranges[range & (hop->range_count - 1)];
}
static inline uint32_t fw_hop_range_lap(const struct fw_hop *hop, uint64_t range)
{
    return (uint32_t)(range / hop->range_count);
}
/* Whether a word of the right lap says that the output is settled. */
static inline bool fw_frame_finished(uint64_t word)
{
    return fw_word_state(word) >= FW_FRAME_DONE && fw_word_state(word) <= FW_FRAME_HOLD;
}

void fw_info_store(struct fw_shared_info *shared, const struct fw_frame_info *info);
void fw_info_load(const struct fw_shared_info *shared, struct fw_frame_info *info_out);
/* Whether a frame so described lies inside a slot of this size. */
bool fw_info_fits(const struct fw_frame_info *info, uint64_t slot_bytes);
/* FW_ERR_INTERNAL: what shared memory says of a frame cannot be. */
int fw_hop_lies(uint64_t seq, const char *what, struct fw_error *err);

/* Rings that look before they ring; the caller's stores are seq_cst. */
void fw_hop_ring_writer(const struct fw_hop *hop);
void fw_hop_ring_reader(const struct fw_hop *hop);
/* Workers that wait for `kind` at a seq below `seq_end`. */
void fw_hop_ring_workers(const struct fw_hop *hop, enum fw_wait_kind kind, uint64_t seq_end);
/* One worker without a range. It rings the next one if it sees more work than its own. */
void fw_hop_ring_idle(const struct fw_hop *hop);
void fw_hop_ring_all_workers(const struct fw_hop *hop);

#endif
