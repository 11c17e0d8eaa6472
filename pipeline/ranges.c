#include "ring.h"

#include <string.h>

#include "arena.h"
#include "filters/check.h"
#include "ring_hooks.h"
#include "ring_shared.h"

/* What a wait of a worker looks at. */
struct worker_wait {
    const struct fw_hop *hop;
    uint64_t range; /* own range, when it has one */
    uint64_t seq;
};

/* ---- the range table ------------------------------------------------------------------------ */

/* Ranges in play: [first, end). The cursors are anybody's to spoil; they only bound a scan. */
static void live_ranges(const struct fw_hop *hop, uint64_t *first_out, uint64_t *end_out)
{
    uint64_t len = hop->geometry.range_len;
    uint64_t first = atomic_load(&hop->shared->consumed) / len;
    uint64_t published = atomic_load(&hop->shared->published);
    uint64_t end = published == 0 ? 0 : (published - 1) / len + 1;

    if (end > first && end - first > hop->range_count)
        end = first + hop->range_count;
    *first_out = first;
    *end_out = end;
}

static bool is_ready(const struct fw_hop *hop, uint64_t range)
{
    uint64_t word = fw_range_word(fw_hop_range_lap(hop, range), 0, 0, FW_RANGE_READY);

    return atomic_load(&fw_hop_range(hop, range)->word) == word;
}

/* The lowest READY range below `limit`. */
static bool find_ready(const struct fw_hop *hop, uint64_t limit, uint64_t *range_out)
{
    uint64_t first;
    uint64_t end;

    live_ranges(hop, &first, &end);
    for (uint64_t range = first; range < end && range < limit; range++) {
        if (is_ready(hop, range)) {
            *range_out = range;
            return true;
        }
    }
    return false;
}

/* One CAS: there is no moment where a range is taken and nobody knows by whom. */
static bool try_claim(struct fw_hop *hop, uint64_t range, struct fw_lease *lease)
{
    uint32_t lap = fw_hop_range_lap(hop, range);
    uint64_t ready = fw_range_word(lap, 0, 0, FW_RANGE_READY);
    uint64_t mine = fw_range_word(lap, atomic_load(&hop->self->generation), hop->self_index + 1,
                                  FW_RANGE_LEASED);

    if (!atomic_compare_exchange_strong(&fw_hop_range(hop, range)->word, &ready, mine))
        return false;
    memset(lease, 0, sizeof(*lease));
    lease->start = range * hop->geometry.range_len;
    lease->end = lease->start + hop->geometry.range_len;
    lease->next = lease->start;
    lease->range = (uint32_t)(range & (hop->range_count - 1));
    lease->word = mine;
    return true;
}

static bool all_consumed(const struct fw_hop *hop)
{
    return atomic_load(&hop->shared->consumed) >= atomic_load(&hop->shared->end);
}

static bool range_or_end(void *arg)
{
    const struct worker_wait *w = arg;
    uint64_t range;

    return find_ready(w->hop, UINT64_MAX, &range) || all_consumed(w->hop);
}

/* `seq_last` is the last frame that must be there: who rings filters by it. */
static int worker_wait(struct fw_hop *hop, struct worker_wait *w, enum fw_wait_kind kind,
                       uint64_t seq_last, bool (*ready)(void *arg))
{
    struct fw_wait wait = { .bell = &hop->shared->worker_bells[hop->self_index],
                            .control = hop->control,
                            .self = hop->self,
                            .kind = kind,
                            .seq = seq_last,
                            .ready = ready,
                            .arg = w };

    return fw_bell_wait(&wait);
}

int fw_lease_claim(struct fw_hop *hop, struct fw_lease *lease, struct fw_error *err)
{
    struct worker_wait w = { .hop = hop };
    uint64_t range;

    FW_CHECK(hop->self);
    fw_proc_beat(hop->self);
    for (;;) {
        int status = worker_wait(hop, &w, FW_WAIT_RANGE, 0, range_or_end);
        if (status < 0)
            return fw_fail(err, status, "cancelled");
        if (!find_ready(hop, UINT64_MAX, &range)) {
            if (all_consumed(hop))
                return FW_END;
            continue; /* another worker was faster */
        }
        if (!try_claim(hop, range, lease))
            continue;
        FW_HOOK(AFTER_CLAIM);
        /* Two ranges may have become ready while only this worker was rung. */
        if (find_ready(hop, UINT64_MAX, &range))
            fw_hop_ring_idle(hop);
        return FW_OK;
    }
}

/* ---- a lease -------------------------------------------------------------------------------- */

static uint64_t range_of(const struct fw_hop *hop, uint64_t seq)
{
    return seq / hop->geometry.range_len;
}

static bool lease_held(const struct fw_hop *hop, const struct fw_lease *lease)
{
    return atomic_load(&hop->ranges[lease->range].word) == lease->word;
}

/* Gives the lease up in one CAS; a lease that was taken back is left alone. */
static void leave(struct fw_hop *hop, struct fw_lease *lease, enum fw_range_state state)
{
    uint64_t mine = lease->word;

    FW_HOOK(BEFORE_CLOSE);
    (void)atomic_compare_exchange_strong(&hop->ranges[lease->range].word, &mine,
                                         fw_range_word(fw_word_lap(mine), 0, 0, state));
    lease->end = lease->next;
    lease->word = 0;
}

/* The last output of the last input that output `seq` reads: they are published together. */
static uint64_t last_needed(const struct fw_hop *hop, uint64_t seq)
{
    uint64_t fanout = hop->geometry.fanout;

    return (seq / fanout + (uint64_t)hop->geometry.after) * fanout + fanout - 1;
}

static bool input_published(const struct fw_hop *hop, uint64_t seq)
{
    uint64_t last = last_needed(hop, seq);

    return atomic_load(&hop->shared->published) > last || atomic_load(&hop->shared->end) <= last;
}

static bool lower_ready(const struct worker_wait *w)
{
    uint64_t range;

    return find_ready(w->hop, w->range, &range);
}

static bool input_or_yield(void *arg)
{
    const struct worker_wait *w = arg;

    return input_published(w->hop, w->seq) || lower_ready(w);
}

static bool is_bound(const struct fw_hop *hop, uint64_t seq)
{
    uint64_t binding = atomic_load(&fw_hop_descriptor(hop, seq)->binding);

    return fw_word_lap(binding) == fw_hop_lap(hop, seq) && (uint32_t)binding != 0;
}

static bool bound_or_yield(void *arg)
{
    const struct worker_wait *w = arg;

    return is_bound(w->hop, w->seq) || lower_ready(w);
}

/* A worker never sleeps on a range while a lower one is ready: the lower one may be what everybody
 * waits for, and nobody else may be left to do it. Finished frames stay finished. */
static int yield(struct fw_hop *hop, struct fw_lease *lease)
{
    leave(hop, lease, FW_RANGE_READY);
    FW_HOOK(AFTER_YIELD);
    fw_hop_ring_all_workers(hop);
    return FW_END;
}

static uint32_t outcome_state(enum fw_outcome outcome)
{
    switch (outcome) {
    case FW_OUTCOME_DONE:
        return FW_FRAME_DONE;
    case FW_OUTCOME_ALIAS:
        return FW_FRAME_ALIAS;
    case FW_OUTCOME_DROP:
        return FW_FRAME_DROP;
    case FW_OUTCOME_HOLD:
        break;
    }
    return FW_FRAME_HOLD;
}

/* PUBLISHED -> state for this lap and attempt. A mark that arrives meanwhile wins: the supervisor
 * has counted the frame as poisoned. */
static void settle(struct fw_hop *hop, const struct fw_lease *lease, uint32_t state)
{
    uint64_t seq = lease->next;
    struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint64_t word = atomic_load(&desc->word);
    uint64_t next;

    do {
        if (fw_word_lap(word) != fw_hop_lap(hop, seq) ||
            fw_word_state(word) != FW_FRAME_PUBLISHED || fw_frame_attempts(word) != lease->attempts)
            return;
        uint32_t mark = fw_frame_mark(word);
        next = fw_frame_word(fw_word_lap(word), lease->attempts, mark ? FW_FRAME_IN_INFO : 0, 0,
                             mark ? mark : state);
    } while (!atomic_compare_exchange_weak(&desc->word, &word, next));
    FW_HOOK(AFTER_DONE_CAS);
    if (atomic_load(&hop->shared->consumed) == seq)
        fw_hop_ring_reader(hop);
    fw_hop_ring_writer(hop);
}

int fw_hop_lies(uint64_t seq, const char *what, struct fw_error *err)
{
    return fw_fail(err, FW_ERR_INTERNAL, "shared memory: frame %llu has %s",
                   (unsigned long long)seq, what);
}

/* FW_OK: frame lease->next is to be done. FW_END: it is settled. FW_ERR_INTERNAL: its word lies, or
 * says that it is not there although it was seen to be `published`. */
static int look_at_frame(struct fw_hop *hop, struct fw_lease *lease, bool published,
                         struct fw_error *err)
{
    uint64_t seq = lease->next;
    uint64_t word = atomic_load(&fw_hop_descriptor(hop, seq)->word);
    int32_t laps = (int32_t)(fw_word_lap(word) - fw_hop_lap(hop, seq));

    if (laps > 0)
        return FW_END; /* consumed */
    if (laps < 0 || fw_word_state(word) == FW_FRAME_EMPTY)
        return published ? fw_hop_lies(seq, "been there and is gone", err) : FW_OK;
    if (fw_frame_finished(word))
        return FW_END;
    if (fw_word_state(word) != FW_FRAME_PUBLISHED)
        return fw_hop_lies(seq, "a state that makes no sense", err);
    lease->attempts = fw_frame_attempts(word);
    if (fw_frame_mark(word) == 0)
        return FW_OK;
    settle(hop, lease, fw_frame_mark(word));
    return FW_END;
}

/* FW_OK: input and output are there; FW_END: the lease was yielded or the stream ends here. */
static int wait_for_frame(struct fw_hop *hop, struct fw_lease *lease, struct fw_error *err)
{
    struct worker_wait w = { .hop = hop, .range = range_of(hop, lease->start) };
    int status;

    w.seq = lease->next;
    status = worker_wait(hop, &w, FW_WAIT_INPUT, last_needed(hop, w.seq), input_or_yield);
    if (status < 0)
        return fw_fail(err, status, "cancelled");
    if (!input_published(hop, lease->next))
        return yield(hop, lease);
    FW_HOOK(AFTER_INPUT_WAIT);
    if (atomic_load(&hop->shared->end) <= lease->next) {
        leave(hop, lease, FW_RANGE_CLOSED);
        return FW_END;
    }
    status = worker_wait(hop, &w, FW_WAIT_OUT_SLOT, w.seq, bound_or_yield);
    if (status < 0)
        return fw_fail(err, status, "cancelled");
    return is_bound(hop, lease->next) ? FW_OK : yield(hop, lease);
}

static int populate_out(struct fw_hop *hop, uint32_t slot, struct fw_error *err)
{
    uint64_t bit = UINT64_C(1) << (slot % 64);

    if (hop->out_touched[slot / 64] & bit)
        return FW_OK;
    int status = fw_arena_populate(hop->out + slot * hop->geometry.out_slot_bytes,
                                   hop->geometry.out_slot_bytes, true, err);
    if (status == FW_OK)
        hop->out_touched[slot / 64] |= bit;
    return status;
}

static int open_work(struct fw_hop *hop, const struct fw_lease *lease, struct fw_work *work,
                     struct fw_error *err)
{
    const struct fw_hop_geometry *g = &hop->geometry;
    const struct fw_descriptor *desc = fw_hop_descriptor(hop, lease->next);
    uint32_t in_slot = atomic_load_explicit(&desc->in_slot, memory_order_relaxed);
    uint32_t out_slot = (uint32_t)atomic_load(&desc->binding) - 1;

    memset(work, 0, sizeof(*work));
    fw_info_load(&desc->in, &work->info);
    if (!hop->in || !hop->out || in_slot >= g->in_slots || out_slot >= g->out_slots)
        return fw_hop_lies(lease->next, "a slot that does not exist", err);
    if (!fw_info_fits(&work->info, g->in_slot_bytes))
        return fw_hop_lies(lease->next, "a description that makes no sense", err);
    work->seq = lease->next;
    work->input = work->seq / g->fanout;
    work->in = hop->in + in_slot * g->in_slot_bytes;
    work->out = hop->out + out_slot * g->out_slot_bytes;
    work->out_slot = out_slot;
    atomic_store(&hop->self->current, lease->next + 1);
    return populate_out(hop, out_slot, err);
}

int fw_lease_next(struct fw_hop *hop, struct fw_lease *lease, struct fw_work *work,
                  struct fw_error *err)
{
    fw_proc_beat(hop->self);
    for (; lease->next < lease->end; lease->next++) {
        if (fw_control_aborting(hop->control))
            return fw_fail(err, FW_ERR_CANCELLED, "cancelled");
        if (!lease_held(hop, lease)) {
            lease->end = lease->next;
            lease->word = 0;
            return FW_END;
        }
        int status = look_at_frame(hop, lease, false, err);
        if (status == FW_END)
            continue;
        if (status < 0)
            return status;
        status = wait_for_frame(hop, lease, err);
        if (status != FW_OK)
            return status;
        /* Once more: the wait may have published it. */
        status = look_at_frame(hop, lease, true, err);
        if (status == FW_END)
            continue;
        if (status == FW_OK)
            status = open_work(hop, lease, work, err);
        FW_HOOK(BEFORE_WORK);
        return status;
    }
    if (lease->word != 0)
        leave(hop, lease, FW_RANGE_CLOSED);
    return FW_END;
}

int fw_lease_neighbour(const struct fw_hop *hop, const struct fw_work *work, int32_t offset,
                       struct fw_frame_info *info_out, const uint8_t **pixels_out)
{
    const struct fw_hop_geometry *g = &hop->geometry;

    FW_CHECK(offset >= -g->before && offset <= g->after);
    if (offset < 0 && (uint64_t) - (int64_t)offset > work->input)
        return FW_END;
    uint64_t seq = work->seq + (uint64_t)(int64_t)offset * g->fanout;
    if (seq >= atomic_load(&hop->shared->end))
        return FW_END;
    const struct fw_descriptor *desc = fw_hop_descriptor(hop, seq);
    uint64_t word = atomic_load(&desc->word);
    uint32_t lap = fw_hop_lap(hop, seq);
    /* A consumed one is still described: the writer keeps off the last `before` descriptors. */
    bool consumed = fw_word_lap(word) == lap + 1 && fw_word_state(word) == FW_FRAME_EMPTY;
    if (!consumed && (fw_word_lap(word) != lap || fw_word_state(word) == FW_FRAME_EMPTY))
        return FW_ERR_INTERNAL;
    uint32_t slot = atomic_load_explicit(&desc->in_slot, memory_order_relaxed);
    fw_info_load(&desc->in, info_out);
    if (slot >= g->in_slots || !fw_info_fits(info_out, g->in_slot_bytes))
        return FW_ERR_INTERNAL;
    *pixels_out = hop->in + slot * g->in_slot_bytes;
    return FW_OK;
}

void fw_lease_finish(struct fw_hop *hop, struct fw_lease *lease, enum fw_outcome outcome,
                     const struct fw_frame_info *info)
{
    fw_proc_beat(hop->self);
    if (lease_held(hop, lease)) {
        if (outcome == FW_OUTCOME_DONE || outcome == FW_OUTCOME_ALIAS)
            fw_info_store(&fw_hop_descriptor(hop, lease->next)->out, info);
        FW_HOOK(BEFORE_DONE_CAS);
        settle(hop, lease, outcome_state(outcome));
    }
    FW_HOOK(AFTER_FINISH);
    atomic_store(&hop->self->current, 0);
    lease->next++;
}
