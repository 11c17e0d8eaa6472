#include "ring.h"

#include <stdlib.h>
#include <string.h>

#include "filters/check.h"
#include "ring_shared.h"

struct fw_hop_reader {
    struct fw_hop *hop;
    uint64_t next;  /* the frame to take */
    uint64_t bound; /* frames below have an OUT slot */
    bool taken;     /* `next` was taken and not consumed */
    uint32_t free_count;
    uint32_t free[FW_SLOTS_MAX];   /* a stack: the slot used last is the warmest */
    uint32_t slot_of[FW_RING_MAX]; /* by descriptor: what is bound is not read back */
};

int fw_hop_reader_create(struct fw_hop_reader **reader_out, struct fw_hop *hop,
                         struct fw_error *err)
{
    struct fw_hop_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return fw_fail(err, FW_ERR_MEMORY, "out of memory");
    reader->hop = hop;
    while (reader->free_count < hop->geometry.out_slots) {
        reader->free[reader->free_count] = hop->geometry.out_slots - 1 - reader->free_count;
        reader->free_count++;
    }
    *reader_out = reader;
    return FW_OK;
}

void fw_hop_reader_destroy(struct fw_hop_reader *reader)
{
    free(reader);
}

/* In the order of the frames, so the oldest one never waits for a slot that a later one has. */
static void bind_free(struct fw_hop_reader *reader)
{
    struct fw_hop *hop = reader->hop;
    uint64_t first = reader->bound;

    if (hop->geometry.direct)
        return;
    while (reader->free_count > 0 && reader->bound < reader->next + hop->geometry.ring_len) {
        uint64_t seq = reader->bound++;
        uint32_t slot = reader->free[--reader->free_count];
        reader->slot_of[seq & (hop->geometry.ring_len - 1)] = slot;
        atomic_store(&fw_hop_descriptor(hop, seq)->binding,
                     (uint64_t)fw_hop_lap(hop, seq) << 32 | (slot + 1));
    }
    if (reader->bound == first)
        return;
    atomic_store(&hop->shared->bound, reader->bound);
    fw_hop_ring_workers(hop, FW_WAIT_OUT_SLOT, reader->bound);
}

static bool head_or_end(void *arg)
{
    const struct fw_hop_reader *reader = arg;
    const struct fw_hop *hop = reader->hop;
    uint64_t word = atomic_load(&fw_hop_descriptor(hop, reader->next)->word);

    if (fw_word_lap(word) == fw_hop_lap(hop, reader->next) && fw_frame_finished(word))
        return true;
    return atomic_load(&hop->shared->end) <= reader->next;
}

/* A frame without pixels still has its place in time. */
static int describe_absent(const struct fw_hop_reader *reader, const struct fw_descriptor *desc,
                           struct fw_taken *taken, struct fw_error *err)
{
    fw_info_load(&desc->in, &taken->info);
    if (!fw_info_fits(&taken->info, reader->hop->geometry.in_slot_bytes))
        return fw_hop_lies(taken->seq, "a description that makes no sense", err);
    return FW_OK;
}

static int describe(const struct fw_hop_reader *reader, const struct fw_descriptor *desc,
                    uint64_t word, struct fw_taken *taken, struct fw_error *err)
{
    const struct fw_hop_geometry *g = &reader->hop->geometry;
    bool alias = taken->outcome == FW_OUTCOME_ALIAS;
    const uint8_t *pool = alias ? reader->hop->in : reader->hop->out;
    uint64_t stride = alias ? g->in_slot_bytes : g->out_slot_bytes;
    uint32_t slot = reader->slot_of[taken->seq & (g->ring_len - 1)];

    if (alias)
        slot = atomic_load_explicit(&desc->in_slot, memory_order_relaxed);
    fw_info_load(fw_frame_flags(word) & FW_FRAME_IN_INFO ? &desc->in : &desc->out, &taken->info);
    if (!pool || slot >= (alias ? g->in_slots : g->out_slots))
        return fw_hop_lies(taken->seq, "a slot that does not exist", err);
    if (!fw_info_fits(&taken->info, stride))
        return fw_hop_lies(taken->seq, "a description that makes no sense", err);
    taken->pixels = pool + slot * stride;
    if (taken->info.blob_bytes > 0)
        taken->blob = taken->pixels + stride - FW_BLOB_MAX;
    return FW_OK;
}

static int wait_for_head(struct fw_hop_reader *reader)
{
    struct fw_hop *hop = reader->hop;
    struct fw_wait wait = { .bell = &hop->shared->reader_bell,
                            .control = hop->control,
                            .self = hop->self,
                            .kind = FW_WAIT_HEAD,
                            .seq = reader->next,
                            .ready = head_or_end,
                            .arg = reader };

    return fw_bell_wait(&wait);
}

int fw_hop_take(struct fw_hop_reader *reader, struct fw_taken *taken, struct fw_error *err)
{
    static const enum fw_outcome outcomes[] = { FW_OUTCOME_DONE, FW_OUTCOME_ALIAS, FW_OUTCOME_DROP,
                                                FW_OUTCOME_HOLD };
    struct fw_hop *hop = reader->hop;

    FW_CHECK(!reader->taken);
    memset(taken, 0, sizeof(*taken));
    fw_proc_beat(hop->self);
    bind_free(reader);
    int status = wait_for_head(reader);
    if (status < 0)
        return status;
    const struct fw_descriptor *desc = fw_hop_descriptor(hop, reader->next);
    uint64_t word = atomic_load(&desc->word);
    if (fw_word_lap(word) != fw_hop_lap(hop, reader->next) || !fw_frame_finished(word)) {
        if (atomic_load(&hop->shared->end) == reader->next)
            return FW_END;
        return fw_hop_lies(reader->next, "a state that makes no sense", err);
    }
    taken->seq = reader->next;
    taken->outcome = outcomes[fw_word_state(word) - FW_FRAME_DONE];
    taken->poisoned = !hop->geometry.direct && (fw_frame_flags(word) & FW_FRAME_IN_INFO) != 0;
    if (taken->outcome == FW_OUTCOME_DONE || taken->outcome == FW_OUTCOME_ALIAS)
        status = describe(reader, desc, word, taken, err);
    else
        status = describe_absent(reader, desc, taken, err);
    if (status < 0)
        return status;
    reader->taken = true;
    return FW_OK;
}

void fw_hop_consume(struct fw_hop_reader *reader)
{
    struct fw_hop *hop = reader->hop;
    uint64_t seq = reader->next;
    struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);

    FW_CHECK(reader->taken);
    fw_proc_beat(hop->self);
    reader->taken = false;
    reader->next = seq + 1;
    /* Used or not: an ALIAS or DROP leaves its slot to the next frame. */
    if (!hop->geometry.direct)
        reader->free[reader->free_count++] = reader->slot_of[seq & (hop->geometry.ring_len - 1)];
    /* A plain store: a finished frame is nobody else's. */
    atomic_store(&desc->word, fw_frame_word(fw_hop_lap(hop, seq) + 1, 0, 0, 0, FW_FRAME_EMPTY));
    atomic_store(&hop->shared->consumed, seq + 1);
    bind_free(reader);
    fw_hop_ring_writer(hop);
    if (atomic_load(&hop->shared->end) == seq + 1)
        fw_hop_ring_all_workers(hop);
}
