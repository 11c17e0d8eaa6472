#include "ring.h"

#include <stdlib.h>

#include "arena.h"
#include "filters/check.h"
#include "ring_shared.h"

#define NO_SLOT UINT32_MAX

/* A published frame whose IN slot is not free again. */
struct loan {
    uint64_t seq; /* of its first output */
    uint32_t slot;
};

struct fw_hop_writer {
    struct fw_hop *hop;
    uint64_t next;     /* sequence number of the next frame's first output */
    uint64_t consumed; /* last believed value of the reader's cursor */
    bool ended;
    bool follows;      /* goes on in a drain */
    bool lied_to;      /* the reader's cursor went where it cannot be */
    uint32_t reserved; /* slot handed out and not published, or NO_SLOT */
    uint32_t free_count;
    uint32_t loan_count;
    uint32_t free[FW_SLOTS_MAX];     /* a stack: the slot used last is the warmest */
    struct loan loans[FW_SLOTS_MAX]; /* by seq */
    bool touched[FW_SLOTS_MAX];
};

int fw_hop_writer_create(struct fw_hop_writer **writer_out, struct fw_hop *hop,
                         struct fw_error *err)
{
    struct fw_hop_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return fw_fail(err, FW_ERR_MEMORY, "out of memory");
    writer->hop = hop;
    writer->reserved = NO_SLOT;
    while (writer->free_count < hop->geometry.in_slots) {
        writer->free[writer->free_count] = hop->geometry.in_slots - 1 - writer->free_count;
        writer->free_count++;
    }
    *writer_out = writer;
    return FW_OK;
}

void fw_hop_writer_destroy(struct fw_hop_writer *writer)
{
    free(writer);
}

void fw_hop_writer_follow(struct fw_hop_writer *writer)
{
    writer->follows = true;
}

/* ---- giving slots back ---------------------------------------------------------------------- */

/* Whether nobody reads the input of output `seq` on its behalf any more. */
static bool output_settled(const struct fw_hop_writer *writer, uint64_t seq, bool own)
{
    const struct fw_hop *hop = writer->hop;

    if (seq < writer->consumed)
        return true;
    if (seq >= writer->next)
        return false; /* not published yet: it will read its neighbours */
    uint64_t word = atomic_load(&fw_hop_descriptor(hop, seq)->word);
    if (fw_word_lap(word) != fw_hop_lap(hop, seq))
        return true; /* consumed since the cursor was read */
    if (own && fw_word_state(word) == FW_FRAME_ALIAS)
        return false; /* the slot is the output: pinned until consumed */
    return fw_frame_finished(word);
}

/* An input is read by its own outputs, and by those of the inputs from `after` before it to
 * `before` behind it. */
static bool loan_over(const struct fw_hop_writer *writer, const struct loan *loan)
{
    uint64_t fanout = writer->hop->geometry.fanout;
    uint64_t after = (uint64_t)writer->hop->geometry.after * fanout;
    uint64_t before = (uint64_t)writer->hop->geometry.before * fanout;
    uint64_t first = loan->seq > after ? loan->seq - after : 0;
    uint64_t end = loan->seq + fanout;

    if (first < writer->consumed)
        first = writer->consumed;
    for (uint64_t seq = first; seq < end + before; seq++) {
        if (!output_settled(writer, seq, seq >= loan->seq && seq < end))
            return false;
    }
    return true;
}

/* Collects slots. A short look stops at the first frame that is still needed; it keeps the stack
 * warm without reading every descriptor for every frame. */
static void reap(struct fw_hop_writer *writer, bool all)
{
    uint32_t kept = 0;
    bool stopped = false;

    for (uint32_t i = 0; i < writer->loan_count; i++) {
        if (!stopped && loan_over(writer, &writer->loans[i])) {
            writer->free[writer->free_count++] = writer->loans[i].slot;
        } else {
            stopped = !all;
            writer->loans[kept++] = writer->loans[i];
        }
    }
    writer->loan_count = kept;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void read_cursor(struct fw_hop_writer *writer)
{
    uint64_t consumed = atomic_load(&writer->hop->shared->consumed);

    if (consumed < writer->consumed || consumed > writer->next)
        writer->lied_to = true;
    else
        writer->consumed = consumed;
}

static bool draining(const struct fw_hop_writer *writer)
{
    uint32_t state = atomic_load(&writer->hop->control->run_state);

    return state != FW_RUN && !(writer->follows && state == FW_DRAIN);
}

/* Descriptors of `before` consumed frames stay as they are: workers find their neighbours there. */
static bool has_descriptor(const struct fw_hop_writer *writer)
{
    const struct fw_hop_geometry *g = &writer->hop->geometry;

    return writer->next + g->fanout - 1 + (uint64_t)g->before * g->fanout <
           writer->consumed + g->ring_len;
}

static bool can_reserve(void *arg)
{
    struct fw_hop_writer *writer = arg;

    read_cursor(writer);
    if (writer->lied_to || draining(writer))
        return true;
    if (!has_descriptor(writer))
        return false;
    if (writer->reserved != NO_SLOT)
        return true;
    reap(writer, writer->free_count == 0);
    return writer->free_count > 0;
}

static int populate(struct fw_hop_writer *writer, uint32_t slot, struct fw_error *err)
{
    if (writer->touched[slot])
        return FW_OK;
    int status = fw_arena_populate(fw_hop_in_slot(writer->hop, slot),
                                   writer->hop->geometry.in_slot_bytes, true, err);
    if (status == FW_OK)
        writer->touched[slot] = true;
    return status;
}

int fw_hop_reserve(struct fw_hop_writer *writer, uint32_t *slot_out, struct fw_error *err)
{
    struct fw_hop *hop = writer->hop;
    struct fw_wait wait = { .bell = &hop->shared->writer_bell,
                            .control = hop->control,
                            .self = hop->self,
                            .kind = FW_WAIT_IN_SLOT,
                            .seq = writer->next,
                            .ready = can_reserve,
                            .arg = writer };

    FW_CHECK(!writer->ended);
    fw_proc_beat(hop->self);
    int status = fw_bell_wait(&wait);
    if (status < 0)
        return fw_fail(err, status, "cancelled");
    if (writer->lied_to)
        return fw_fail(err, FW_ERR_INTERNAL, "the cursor of consumed frames makes no sense");
    if (draining(writer))
        return FW_END;
    if (writer->reserved == NO_SLOT) {
        uint32_t slot = writer->free[writer->free_count - 1];
        status = populate(writer, slot, err);
        if (status < 0)
            return status;
        writer->free_count--;
        writer->reserved = slot;
    }
    *slot_out = writer->reserved;
    return FW_OK;
}

/* ---- publishing ----------------------------------------------------------------------------- */

/* A range is ready with its first frame; the rest may still be decoded. A plain store: the entry's
 * former range is wholly consumed, so nobody's CAS on it matters any more. */
static void open_range(const struct fw_hop *hop, uint64_t index)
{
    uint64_t word = fw_range_word(fw_hop_range_lap(hop, index), 0, 0, FW_RANGE_READY);

    atomic_store(&fw_hop_range(hop, index)->word, word);
}

/* One output of a frame: to be made, or in a direct hop settled. True when it begins a range. */
static bool publish_one(const struct fw_hop *hop, uint64_t seq, uint32_t slot,
                        const struct fw_frame_info *info)
{
    struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint32_t flags = hop->geometry.direct ? FW_FRAME_IN_INFO : 0;
    uint32_t state = hop->geometry.direct ? FW_FRAME_ALIAS : FW_FRAME_PUBLISHED;
    bool first = !hop->geometry.direct && seq % hop->geometry.range_len == 0;

    fw_info_store(&desc->in, info);
    atomic_store_explicit(&desc->in_slot, slot, memory_order_relaxed);
    /* A plain store: an empty descriptor is the writer's alone. */
    atomic_store(&desc->word, fw_frame_word(fw_hop_lap(hop, seq), 0, flags, 0, state));
    if (first)
        open_range(hop, seq / hop->geometry.range_len);
    return first;
}

uint64_t fw_hop_publish(struct fw_hop_writer *writer, uint32_t slot,
                        const struct fw_frame_info *info)
{
    struct fw_hop *hop = writer->hop;
    uint64_t seq = writer->next;
    bool first = false;

    FW_CHECK(slot == writer->reserved && !writer->ended);
    FW_CHECK(fw_info_fits(info, hop->geometry.in_slot_bytes));
    fw_proc_beat(hop->self);
    writer->reserved = NO_SLOT;
    writer->loans[writer->loan_count++] = (struct loan){ .seq = seq, .slot = slot };
    writer->next = seq + hop->geometry.fanout;

    for (uint64_t each = seq; each < writer->next; each++)
        first = publish_one(hop, each, slot, info) || first;
    atomic_store(&hop->shared->published, writer->next);
    if (hop->geometry.direct) {
        fw_hop_ring_reader(hop);
        return seq;
    }
    fw_hop_ring_workers(hop, FW_WAIT_INPUT, writer->next);
    if (first)
        fw_hop_ring_idle(hop);
    return seq;
}

void fw_hop_end(struct fw_hop_writer *writer)
{
    struct fw_hop *hop = writer->hop;

    if (writer->ended)
        return;
    writer->ended = true;
    atomic_store(&hop->shared->end, writer->next);
    fw_hop_ring_all_workers(hop);
    fw_hop_ring_reader(hop);
}
