/*
 * Between two hops: filters that want every frame once and in order, in a process of their own. It
 * reads the hop before it as the encoder does, and writes the one behind it as the decoder does.
 * What the filters remember dies with the process, so nobody can take its place.
 */
#include "role.h"

#include "fault.h"
#include "segment.h"

#include "filters/chain.h"

#include <stdlib.h>
#include <string.h>

struct joining {
    struct fw_hop hop;  /* read */
    struct fw_hop next; /* written */
    struct fw_hop_reader *reader;
    struct fw_hop_writer *writer;
    struct fw_segment segment;
    const struct fw_hop_plan *planned; /* the hop that is read */
    bool relay;                        /* no filter: frames are handed over */
    uint64_t pushed;
    struct fw_frame_info last; /* of the last frame that was read, whose blob lies in */
    uint8_t blob[FW_BLOB_MAX];
    struct fw_held held; /* --on-poison hold */
};

static int open_joining(struct fw_station *station, struct joining *joining, struct fw_error *err)
{
    const struct fw_plan *plan = station->plan;
    uint32_t hop = fw_plan_hop_of(plan, station->proc_index);
    joining->planned = &plan->hops[hop];
    joining->relay = plan->joints[hop].step_count == 0;
    int status = fw_station_map(station, false, false, err);
    if (status == FW_OK)
        status = fw_station_join(station, plan, &joining->hop, NULL, err);
    if (status == FW_OK)
        status = fw_station_join_next(station, plan, &joining->next, err);
    if (status == FW_OK)
        status = fw_hop_reader_create(&joining->reader, &joining->hop, err);
    if (status == FW_OK)
        status = fw_hop_writer_create(&joining->writer, &joining->next, err);
    if (status == FW_OK)
        status = fw_segment_open(&joining->segment, station, 2 * hop + 1, err);
    if (status != FW_OK)
        return status;
    fw_hop_writer_follow(joining->writer);
    return fw_segment_lock(&joining->segment, station, err);
}

/* ---- out ----------------------------------------------------------------------------------- */

static void publish(struct fw_station *station, struct joining *joining, uint32_t slot,
                    const struct fw_frame *frame)
{
    struct fw_frame_info info = joining->last;
    uint8_t *base = fw_hop_in_slot(&joining->next, slot);
    fw_picture_describe(&joining->segment.out, frame, &info);
    memcpy(base + joining->next.geometry.in_slot_bytes - FW_BLOB_MAX, joining->blob,
           info.blob_bytes);
    fw_hop_publish(joining->writer, slot, &info);
    atomic_fetch_add_explicit(&station->self->frames, 1, memory_order_relaxed);
}

static void count_busy(struct fw_station *station, uint64_t start)
{
    atomic_fetch_add_explicit(&station->self->busy_ns, fw_now_ns() - start, memory_order_relaxed);
}

/* All that the filters have made of what they were given. A slot stays reserved for the next call
 * when there was nothing more. */
static int pull_all(struct fw_station *station, struct joining *joining, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK) {
        uint32_t slot = 0;
        status = fw_hop_reserve(joining->writer, &slot, err);
        if (status != FW_OK)
            return status == FW_END ? FW_ERR_CANCELLED : status;
        struct fw_frame out = { .struct_size = sizeof(out) };
        fw_picture_place(&joining->segment.out, fw_hop_in_slot(&joining->next, slot), &out.image);
        uint64_t start = fw_now_ns();
        status = fw_chain_pull(joining->segment.chain, &out, err);
        count_busy(station, start);
        if (status == FW_OK)
            publish(station, joining, slot, &out);
    }
    return status == FW_END ? FW_OK : status;
}

static int hand_over(struct fw_station *station, struct joining *joining,
                     const struct fw_frame *frame, struct fw_error *err)
{
    uint32_t slot = 0;
    int status = fw_hop_reserve(joining->writer, &slot, err);
    if (status != FW_OK)
        return status == FW_END ? FW_ERR_CANCELLED : status;
    struct fw_frame out = *frame;
    uint64_t start = fw_now_ns();
    fw_picture_place(&joining->segment.out, fw_hop_in_slot(&joining->next, slot), &out.image);
    fw_image_copy(&out.image, &frame->image);
    count_busy(station, start);
    publish(station, joining, slot, &out);
    return FW_OK;
}

/* ---- in ------------------------------------------------------------------------------------ */

static void count(struct fw_station *station, enum fw_sequential_aux what)
{
    atomic_fetch_add_explicit(&station->self->aux[what], 1, memory_order_relaxed);
}

static int push(struct fw_station *station, struct joining *joining,
                const struct fw_frame_info *info, const uint8_t *pixels, struct fw_error *err)
{
    struct fw_pictured in;
    if (!fw_picture_fits(&joining->segment.in, info))
        return fw_fail(err, FW_ERR_FILTER,
                       "frame %llu cannot be passed unfiltered: the chain changes size or format\n"
                       "hint: --on-poison skip or hold",
                       (unsigned long long)joining->pushed);
    fw_picture_read(&joining->segment.in, info, pixels, joining->pushed++, &in);
    count(station, FW_AUX_PUSHED);
    if (joining->relay)
        return hand_over(station, joining, &in.frame, err);
    uint64_t start = fw_now_ns();
    int status = fw_chain_push(joining->segment.chain, &in.frame, err);
    count_busy(station, start);
    return status == FW_OK ? pull_all(station, joining, err) : status;
}

static int pass_frame(struct fw_station *station, struct joining *joining,
                      const struct fw_taken *taken, struct fw_error *err)
{
    int status = FW_OK;
    joining->last = taken->info;
    if (taken->blob != NULL)
        memcpy(joining->blob, taken->blob, taken->info.blob_bytes);
    else
        joining->last.blob_bytes = 0;
    fw_fault_point(station->settings->fault, "sequential", "frame", taken->seq);
    switch (taken->outcome) {
    case FW_OUTCOME_DONE:
    case FW_OUTCOME_ALIAS:
        if (station->settings->on_poison == FW_ON_POISON_HOLD)
            status = fw_held_keep(&joining->held, taken, err);
        if (status == FW_OK)
            status = push(station, joining, &taken->info, taken->pixels, err);
        break;
    case FW_OUTCOME_HOLD:
        if (joining->held.pixels == NULL) {
            count(station, FW_AUX_SKIPPED); /* nothing to repeat */
            break;
        }
        fw_held_retime(&joining->held, taken, joining->planned);
        status = push(station, joining, &joining->held.info, joining->held.pixels, err);
        break;
    case FW_OUTCOME_DROP:
        count(station, taken->poisoned ? FW_AUX_SKIPPED : FW_AUX_REMOVED);
        break;
    }
    if (status < 0 && status != FW_ERR_CANCELLED)
        fw_error_prefix(err, "frame %llu", (unsigned long long)taken->seq);
    return status;
}

static int run_loop(struct fw_station *station, struct joining *joining, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK) {
        struct fw_taken taken;
        status = fw_hop_take(joining->reader, &taken, err);
        if (status != FW_OK)
            break;
        atomic_store(&station->self->current, taken.seq + 1);
        station->self->step = joining->segment.step_first;
        status = pass_frame(station, joining, &taken, err);
        /* Only now: the filters may read the frame until all of theirs is pulled. */
        fw_hop_consume(joining->reader);
        fw_station_sample(station, false);
    }
    return status;
}

/* What the filters still hold. */
static int finish(struct fw_station *station, struct joining *joining, struct fw_error *err)
{
    int status = FW_OK;
    fw_fault_point(station->settings->fault, "sequential", "end", 0);
    if (!joining->relay) {
        status = fw_chain_push(joining->segment.chain, NULL, err);
        if (status == FW_OK)
            status = pull_all(station, joining, err);
    }
    if (status == FW_OK)
        fw_hop_end(joining->writer);
    atomic_store(&station->self->current, 0);
    return status;
}

int fw_sequential_run(struct fw_station *station, struct fw_error *err)
{
    struct joining *joining = calloc(1, sizeof(*joining));
    if (joining == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a sequential process");
    int status = open_joining(station, joining, err);
    if (status == FW_OK)
        status = run_loop(station, joining, err);
    if (status == FW_END)
        status = finish(station, joining, err);
    fw_station_sample(station, true);
    fw_segment_close(&joining->segment);
    fw_hop_writer_destroy(joining->writer);
    fw_hop_reader_destroy(joining->reader);
    fw_held_deinit(&joining->held);
    free(joining);
    return status;
}
