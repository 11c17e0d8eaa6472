#include "ring.h"

#include <string.h>
#include <unistd.h>

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"
#include "ring_shared.h"

/* ---- geometry ------------------------------------------------------------------------------ */

static uint32_t pow2_from(uint32_t value)
{
    uint32_t result = 1;

    while (result < value)
        result *= 2;
    return result;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t window(const struct fw_hop_geometry *g)
{
    return (uint32_t)g->before + (uint32_t)g->after + 1;
}

static uint64_t descriptors_min(const struct fw_hop_geometry *g)
{
    return (uint64_t)window(g) * g->fanout;
}

/* Each range in work or waiting to be consumed overlaps the ring at most once: its entry is free
 * again before the ring comes round to it. */
static uint32_t range_count(const struct fw_hop_geometry *g)
{
    return pow2_from(g->ring_len / g->range_len + 2);
}

static bool slot_size_ok(uint64_t bytes)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    return bytes % page == 0 && bytes > FW_BLOB_MAX && bytes <= UINT64_C(1) << 40;
}

static int shape_check(const struct fw_hop_geometry *g, uint32_t workers, struct fw_error *err)
{
    if (g->direct > 1 || (workers < 1) != (g->direct == 1) || workers > FW_WORKERS_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a hop for %u workers", workers);
    if (g->fanout < 1 || g->fanout > FW_FANOUT_MAX ||
        (g->direct && (g->fanout > 1 || g->before != 0 || g->after != 0 || g->out_slots != 0)))
        return fw_fail(err, FW_ERR_INTERNAL, "a hop for %u outputs of a frame", g->fanout);
    if (g->range_len < 1 || g->range_len > FW_RANGE_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a range of %u frames", g->range_len);
    if (g->before < 0 || g->after < 0 || g->before > FW_RING_MAX || g->after > FW_RING_MAX)
        return fw_fail(err, FW_ERR_MEMORY,
                       "the chain reads %d frames before and %d after each one, which is too many\n"
                       "hint: fewer of the filters that read neighbours",
                       g->before, g->after);
    if (g->ring_len < 1 || g->ring_len > FW_RING_MAX || (g->ring_len & (g->ring_len - 1)) != 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a ring of %u descriptors", g->ring_len);
    if (g->in_slots > FW_SLOTS_MAX || g->out_slots > FW_SLOTS_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "pools of %u and %u slots", g->in_slots, g->out_slots);
    if (!slot_size_ok(g->in_slot_bytes) || !slot_size_ok(g->out_slot_bytes))
        return fw_fail(err, FW_ERR_INTERNAL, "slots of %llu and %llu bytes",
                       (unsigned long long)g->in_slot_bytes, (unsigned long long)g->out_slot_bytes);
    return FW_OK;
}

int fw_hop_geometry_check(const struct fw_hop_geometry *g, uint32_t workers, struct fw_error *err)
{
    int status = shape_check(g, workers, err);

    if (status < 0)
        return status;
    /* C1. The writer can always publish the frames that the oldest unfinished output reads. */
    uint64_t in_min = (uint64_t)g->in_cap + g->out_cap + window(g);
    if (g->in_slots < in_min)
        return fw_fail(err, FW_ERR_MEMORY, "%u input slots where at least %llu are needed",
                       g->in_slots, (unsigned long long)in_min);
    /* C2. The oldest frame gets an output slot whatever the encoder holds. */
    if (!g->direct && g->out_slots < (uint64_t)g->out_cap + 1)
        return fw_fail(err, FW_ERR_MEMORY, "%u output slots where at least %llu are needed",
                       g->out_slots, (unsigned long long)g->out_cap + 1);
    /* C3. The whole window of a frame has descriptors: `before` ones stay while they are read. */
    if (g->ring_len < descriptors_min(g))
        return fw_fail(err, FW_ERR_MEMORY, "%u descriptors where at least %llu are needed",
                       g->ring_len, (unsigned long long)descriptors_min(g));
    return FW_OK;
}

void fw_hop_geometry_fit(struct fw_hop_geometry *g, uint32_t workers)
{
    uint32_t in_work = workers * g->range_len;
    uint32_t inputs = (in_work + g->fanout - 1) / g->fanout;
    uint64_t ring = 2 * (uint64_t)in_work + descriptors_min(g) + 1;

    g->ring_len = pow2_from(ring < FW_RING_MAX ? (uint32_t)ring : FW_RING_MAX);
    g->in_slots = smaller(g->in_cap + g->out_cap + window(g) + inputs + 2, FW_SLOTS_MAX);
    g->out_slots = g->direct ? 0 : smaller(g->out_cap + 1 + in_work + 2, FW_SLOTS_MAX);
}

/* ---- memory -------------------------------------------------------------------------------- */

size_t fw_hop_footprint(const struct fw_hop_geometry *g)
{
    return sizeof(struct fw_hop_shared) + range_count(g) * sizeof(struct fw_range) +
           g->ring_len * sizeof(struct fw_descriptor);
}

void fw_hop_format(void *mem, const struct fw_hop_geometry *geometry)
{
    struct fw_hop_shared *shared = mem;

    shared->magic = FW_HOP_MAGIC;
    shared->abi = FW_HOP_ABI;
    shared->descriptor_bytes = sizeof(struct fw_descriptor);
    shared->range_count = range_count(geometry);
    shared->geometry = *geometry;
    atomic_store(&shared->end, UINT64_MAX);
}

static bool geometry_equal(const struct fw_hop_geometry *a, const struct fw_hop_geometry *b)
{
    return a->ring_len == b->ring_len && a->range_len == b->range_len &&
           a->in_slots == b->in_slots && a->out_slots == b->out_slots &&
           a->in_slot_bytes == b->in_slot_bytes && a->out_slot_bytes == b->out_slot_bytes &&
           a->before == b->before && a->after == b->after && a->in_cap == b->in_cap &&
           a->out_cap == b->out_cap && a->fanout == b->fanout && a->direct == b->direct;
}

int fw_hop_join(struct fw_hop *hop, void *mem, const struct fw_hop_geometry *geometry,
                struct fw_control *control, uint32_t self_index, void *in, void *out,
                struct fw_error *err)
{
    struct fw_hop_shared *shared = mem;

    if (shared->magic != FW_HOP_MAGIC || shared->abi != FW_HOP_ABI ||
        shared->descriptor_bytes != sizeof(struct fw_descriptor) ||
        shared->range_count != range_count(geometry))
        return fw_fail(err, FW_ERR_INTERNAL, "shared memory of a hop is not formatted as expected");
    if (!geometry_equal(&shared->geometry, geometry))
        return fw_fail(err, FW_ERR_INTERNAL, "shared memory of a hop has another geometry");
    if (control->proc_count < 1 || control->proc_count > FW_PROCS_MAX ||
        (self_index < FW_PROCS_MAX && self_index >= control->proc_count))
        return fw_fail(err, FW_ERR_INTERNAL, "process %u of %u joins a hop", self_index,
                       control->proc_count);
    memset(hop, 0, sizeof(*hop));
    hop->shared = shared;
    hop->geometry = *geometry;
    hop->control = control;
    hop->self = self_index < FW_PROCS_MAX ? &control->procs[self_index] : NULL;
    hop->self_index = self_index;
    hop->in = in;
    hop->out = out;
    hop->range_count = range_count(geometry);
    hop->ranges = (struct fw_range *)(void *)(shared + 1);
    hop->descriptors = (struct fw_descriptor *)(void *)(hop->ranges + hop->range_count);
    return FW_OK;
}

uint8_t *fw_hop_in_slot(const struct fw_hop *hop, uint32_t slot)
{
    FW_CHECK(hop->in && slot < hop->geometry.in_slots);
    return hop->in + slot * hop->geometry.in_slot_bytes;
}

/* ---- what a frame is ------------------------------------------------------------------------ */

void fw_info_store(struct fw_shared_info *shared, const struct fw_frame_info *info)
{
    uint64_t words[FW_INFO_WORDS];

    memcpy(words, info, sizeof(words));
    for (size_t i = 0; i < FW_INFO_WORDS; i++)
        atomic_store_explicit(&shared->words[i], words[i], memory_order_relaxed);
}

void fw_info_load(const struct fw_shared_info *shared, struct fw_frame_info *info_out)
{
    uint64_t words[FW_INFO_WORDS];

    for (size_t i = 0; i < FW_INFO_WORDS; i++)
        words[i] = atomic_load_explicit(&shared->words[i], memory_order_relaxed);
    memcpy(info_out, words, sizeof(words));
}

bool fw_info_fits(const struct fw_frame_info *info, uint64_t slot_bytes)
{
    const struct fw_format *format = fw_format_at(info->format);
    struct fw_image_layout layout;

    if (!format || info->blob_bytes > FW_BLOB_MAX)
        return false;
    if (fw_image_layout(&layout, format, info->width, info->height) < 0)
        return false;
    return layout.bytes <= slot_bytes - FW_BLOB_MAX;
}

/* ---- rings ---------------------------------------------------------------------------------- */

void fw_hop_ring_writer(const struct fw_hop *hop)
{
    if (fw_bell_asleep(&hop->shared->writer_bell))
        fw_bell_ring(&hop->shared->writer_bell);
}

void fw_hop_ring_reader(const struct fw_hop *hop)
{
    if (fw_bell_asleep(&hop->shared->reader_bell))
        fw_bell_ring(&hop->shared->reader_bell);
}

static uint32_t proc_count(const struct fw_hop *hop)
{
    return smaller(hop->control->proc_count, FW_PROCS_MAX);
}

static bool waits_for(const struct fw_hop *hop, uint32_t index, enum fw_wait_kind kind)
{
    return fw_bell_asleep(&hop->shared->worker_bells[index]) &&
           atomic_load(&hop->control->procs[index].wait_kind) == (uint32_t)kind;
}

void fw_hop_ring_workers(const struct fw_hop *hop, enum fw_wait_kind kind, uint64_t seq_end)
{
    for (uint32_t i = 0; i < proc_count(hop); i++) {
        if (waits_for(hop, i, kind) && atomic_load(&hop->control->procs[i].wait_seq) < seq_end)
            fw_bell_ring(&hop->shared->worker_bells[i]);
    }
}

void fw_hop_ring_idle(const struct fw_hop *hop)
{
    for (uint32_t i = 0; i < proc_count(hop); i++) {
        if (i != hop->self_index && waits_for(hop, i, FW_WAIT_RANGE)) {
            fw_bell_ring(&hop->shared->worker_bells[i]);
            return;
        }
    }
}

void fw_hop_ring_all_workers(const struct fw_hop *hop)
{
    for (uint32_t i = 0; i < proc_count(hop); i++) {
        if (fw_bell_asleep(&hop->shared->worker_bells[i]))
            fw_bell_ring(&hop->shared->worker_bells[i]);
    }
}

/* ---- supervisor ----------------------------------------------------------------------------- */

void fw_hop_broadcast(struct fw_hop *hop)
{
    fw_bell_ring_hard(&hop->shared->writer_bell);
    fw_bell_ring_hard(&hop->shared->reader_bell);
    for (uint32_t i = 0; i < FW_PROCS_MAX; i++)
        fw_bell_ring_hard(&hop->shared->worker_bells[i]);
}

/* Counts one attempt. False when the frame is finished, or not there. */
static bool count_attempt(struct fw_hop *hop, uint64_t seq, struct fw_requeue *requeue)
{
    struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint64_t word = atomic_load(&desc->word);
    uint32_t attempts;
    uint64_t next;

    do {
        if (fw_word_lap(word) != fw_hop_lap(hop, seq) || fw_word_state(word) != FW_FRAME_PUBLISHED)
            return false;
        attempts = fw_frame_attempts(word);
        attempts = attempts < 255 ? attempts + 1 : 255;
        next = fw_frame_word(fw_word_lap(word), attempts, fw_frame_flags(word), fw_frame_mark(word),
                             FW_FRAME_PUBLISHED);
    } while (!atomic_compare_exchange_weak(&desc->word, &word, next));
    requeue->had_frame = true;
    requeue->seq = seq;
    requeue->attempts = attempts;
    fw_info_load(&desc->in, &requeue->info);
    if (!fw_info_fits(&requeue->info, hop->geometry.in_slot_bytes))
        memset(&requeue->info, 0, sizeof(requeue->info));
    return true;
}

static bool is_leased_by(uint64_t word, uint32_t worker_index)
{
    return fw_word_state(word) == FW_RANGE_LEASED && fw_range_owner(word) == worker_index + 1;
}

void fw_hop_blame(struct fw_hop *hop, uint32_t worker_index, struct fw_requeue *requeue_out)
{
    FW_CHECK(worker_index < FW_PROCS_MAX);
    struct fw_proc *proc = &hop->control->procs[worker_index];
    uint64_t current = atomic_load(&proc->current);

    memset(requeue_out, 0, sizeof(*requeue_out));
    for (uint32_t i = 0; i < hop->range_count && current > 0; i++) {
        uint64_t word = atomic_load(&hop->ranges[i].word);
        uint64_t index = (uint64_t)fw_word_lap(word) * hop->range_count + i;
        if (is_leased_by(word, worker_index) && (current - 1) / hop->geometry.range_len == index)
            (void)count_attempt(hop, current - 1, requeue_out);
    }
    atomic_store(&proc->current, 0);
}

void fw_hop_requeue(struct fw_hop *hop, uint32_t worker_index, struct fw_requeue *requeue_out)
{
    fw_hop_blame(hop, worker_index, requeue_out);
    struct fw_proc *proc = &hop->control->procs[worker_index];

    fw_bell_repair(&hop->shared->worker_bells[worker_index]);
    for (uint32_t i = 0; i < hop->range_count; i++) {
        struct fw_range *range = &hop->ranges[i];
        uint64_t word = atomic_load(&range->word);
        if (!is_leased_by(word, worker_index))
            continue;
        /* Fails only when the writer has reused the entry: all of its frames were consumed. */
        uint64_t ready = fw_range_word(fw_word_lap(word), 0, 0, FW_RANGE_READY);
        (void)atomic_compare_exchange_strong(&range->word, &word, ready);
    }
    atomic_store(&proc->wait_kind, FW_WAIT_NONE);
    atomic_fetch_add(&proc->generation, 1);
    fw_hop_broadcast(hop);
}

/* Only leaves a mark, which the next holder of the lease carries out: another worker may be in the
 * frame already, and its OUT slot must not be given away under it. */
bool fw_hop_poison(struct fw_hop *hop, uint64_t seq, enum fw_outcome outcome)
{
    struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint64_t word = atomic_load(&desc->word);
    uint32_t mark = outcome == FW_OUTCOME_ALIAS  ? FW_FRAME_ALIAS
                    : outcome == FW_OUTCOME_DROP ? FW_FRAME_DROP
                                                 : FW_FRAME_HOLD;
    uint64_t next;

    FW_CHECK(outcome != FW_OUTCOME_DONE);
    do {
        if (fw_word_lap(word) != fw_hop_lap(hop, seq) ||
            fw_word_state(word) != FW_FRAME_PUBLISHED || fw_frame_mark(word) != 0)
            return false;
        next = fw_frame_word(fw_word_lap(word), fw_frame_attempts(word), fw_frame_flags(word), mark,
                             FW_FRAME_PUBLISHED);
    } while (!atomic_compare_exchange_weak(&desc->word, &word, next));
    fw_hop_broadcast(hop);
    return true;
}

bool fw_hop_look(const struct fw_hop *hop, uint64_t seq, struct fw_frame_info *info_out)
{
    const struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint64_t word = atomic_load(&desc->word);

    if (fw_word_lap(word) != fw_hop_lap(hop, seq) || fw_word_state(word) == FW_FRAME_EMPTY)
        return false;
    fw_info_load(&desc->in, info_out);
    return fw_info_fits(info_out, hop->geometry.in_slot_bytes);
}

void fw_hop_observe(const struct fw_hop *hop, struct fw_hop_state *state_out)
{
    state_out->consumed = atomic_load(&hop->shared->consumed);
    state_out->published = atomic_load(&hop->shared->published);
    state_out->end = atomic_load(&hop->shared->end);
}
