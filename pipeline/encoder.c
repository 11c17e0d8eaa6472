/*
 * The last process: takes frames in order from the OUT slots, gives them to the sink, weaves in the
 * records of the packet ring, commits and verifies.
 */
#include "role.h"

#include "drain.h"
#include "fault.h"
#include "message.h"
#include "picture.h"
#include "remux.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

struct encoding {
    struct fw_hop hop;
    struct fw_hop_reader *reader;
    struct fw_packet_ring packets;
    struct fw_drain *drain;
    struct fw_media media;
    struct fw_sink *sink;
    uint64_t marked; /* records are passed up to the marks of the decoder's frames below */
    uint64_t frames;
    uint64_t dropped; /* by the poison policy, */
    uint64_t removed; /* and by filters */
    char verified[32];
    struct fw_held held; /* --on-poison hold */
};

static int open_encoding(struct fw_station *station, struct encoding *encoding,
                         struct fw_error *err)
{
    const struct fw_plan *plan = station->plan;
    int status = fw_station_map(station, false, false, err);
    if (status == FW_OK)
        status = fw_media_unpack(&encoding->media, station->media, station->media_bytes, err);
    if (status == FW_OK)
        status = fw_station_join(station, plan, &encoding->hop, &encoding->packets, err);
    if (status == FW_OK)
        status = fw_hop_reader_create(&encoding->reader, &encoding->hop, err);
    if (status != FW_OK)
        return status;
    const struct fw_sink_options options = {
        .settings = station->settings,
        .media = &encoding->media,
        .streams = plan->streams,
        .video = plan->output,
        .given = fw_format_at(plan->given_format),
        .rotated = plan->rotated != 0,
        .fd = station->output_fd,
        .seekable = station->output_seekable,
        .control = station->control,
        .proc = station->self,
    };
    status = fw_sink_open(&encoding->sink, &options, err);
    if (status == FW_OK)
        status = fw_drain_start(&encoding->drain, &encoding->packets, err);
    if (status == FW_OK)
        status = fw_station_lock(station, NULL, 0, err);
    return status;
}

/* Records up to the mark of the decoder's frame `number`, or with UINT64_MAX all that will come:
 * the order of records and frames is the decoder's, whoever is faster. */
static int pass_records(struct encoding *encoding, uint64_t number, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK && encoding->marked <= number) {
        void *bytes = NULL;
        size_t count = 0;
        status = fw_drain_next(encoding->drain, encoding->hop.self, &bytes, &count, err);
        if (status != FW_OK)
            break;
        struct fw_record record = { 0 };
        status = fw_record_unpack(&record, bytes, count, err);
        if (status == FW_OK && record.kind == FW_RECORD_MARK)
            encoding->marked = record.seq + 1;
        else if (status == FW_OK)
            status = fw_sink_record(encoding->sink, &record, err);
        fw_record_deinit(&record);
        free(bytes);
    }
    return status == FW_END ? FW_OK : status;
}

/* A poison frame before any good one has nothing to repeat and is left out. */
static int repeat_held(struct encoding *encoding, const struct fw_taken *taken,
                       const struct fw_hop_plan *hop, struct fw_error *err)
{
    if (encoding->held.pixels == NULL) {
        encoding->dropped++;
        return FW_OK;
    }
    fw_held_retime(&encoding->held, taken, hop);
    encoding->frames++;
    return fw_sink_frame(encoding->sink, &encoding->held.info, encoding->held.pixels, NULL, err);
}

/* A frame that was passed unfiltered may have another size or format than the encoder takes. */
static int check_fits(const struct fw_station *station, const struct fw_taken *taken,
                      struct fw_error *err)
{
    const struct fw_link *video = &station->plan->output;
    if (taken->info.format == video->format && taken->info.width == video->width &&
        taken->info.height == video->height)
        return FW_OK;
    return fw_fail(err, FW_ERR_FILTER,
                   "frame %llu cannot be passed unfiltered: the chain changes size or format\n"
                   "hint: --on-poison skip or hold",
                   (unsigned long long)taken->seq);
}

static int pass_frame(struct fw_station *station, struct encoding *encoding,
                      const struct fw_taken *taken, struct fw_error *err)
{
    int status = FW_OK;
    fw_fault_point(station->settings->fault, "encoder", "frame", taken->seq);
    switch (taken->outcome) {
    case FW_OUTCOME_DONE:
    case FW_OUTCOME_ALIAS:
        status = check_fits(station, taken, err);
        if (status == FW_OK && station->settings->on_poison == FW_ON_POISON_HOLD)
            status = fw_held_keep(&encoding->held, taken, err);
        if (status == FW_OK)
            status = fw_sink_frame(encoding->sink, &taken->info, taken->pixels, taken->blob, err);
        encoding->frames++;
        break;
    case FW_OUTCOME_HOLD:
        status = repeat_held(encoding, taken, &station->plan->hops[station->plan->hop_count - 1],
                             err);
        break;
    case FW_OUTCOME_DROP:
        encoding->dropped += taken->poisoned;
        encoding->removed += !taken->poisoned;
        break;
    }
    return status;
}

static int run_loop(struct fw_station *station, struct encoding *encoding, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK) {
        struct fw_taken taken;
        status = fw_hop_take(encoding->reader, &taken, err);
        if (status != FW_OK)
            break;
        uint64_t start = fw_now_ns();
        if (fw_plan_has_records(station->plan))
            status = pass_records(encoding, taken.info.origin, err);
        if (status == FW_OK)
            status = pass_frame(station, encoding, &taken, err);
        fw_hop_consume(encoding->reader);
        struct fw_sink_stats stats;
        fw_sink_stats(encoding->sink, &stats);
        atomic_store_explicit(&station->self->bytes, stats.bytes, memory_order_relaxed);
        atomic_store_explicit(&station->self->frames, encoding->frames, memory_order_relaxed);
        atomic_store_explicit(&station->self->aux[FW_AUX_END_US], (uint64_t)stats.end_us,
                              memory_order_relaxed);
        atomic_store_explicit(&station->self->aux[FW_AUX_DUPLICATED], stats.duplicated,
                              memory_order_relaxed);
        atomic_store_explicit(&station->self->aux[FW_AUX_DROPPED], stats.dropped,
                              memory_order_relaxed);
        atomic_fetch_add_explicit(&station->self->busy_ns, fw_now_ns() - start,
                                  memory_order_relaxed);
        fw_station_sample(station, false);
    }
    return status;
}

static int finish(struct fw_station *station, struct encoding *encoding, struct fw_error *err)
{
    uint64_t start = fw_now_ns();
    int status = pass_records(encoding, UINT64_MAX, err);
    fw_fault_point(station->settings->fault, "encoder", "commit", 0);
    if (status == FW_OK)
        status = fw_sink_commit(encoding->sink, err);
    fw_fault_point(station->settings->fault, "encoder", "verify", 0);
    if (status == FW_OK && station->settings->verify != FW_VERIFY_NONE)
        status = fw_sink_verify(encoding->sink, encoding->verified, err);
    atomic_fetch_add_explicit(&station->self->busy_ns, fw_now_ns() - start, memory_order_relaxed);
    fw_station_sample(station, true);
    return status;
}

static int send_result(struct fw_station *station, struct encoding *encoding, struct fw_error *err)
{
    const struct fw_losses *losses = fw_sink_losses(encoding->sink);
    int status = FW_OK;
    if (losses != NULL && losses->count > 0)
        status = fw_message_send(station->socket, FW_MESSAGE_LOSSES, losses->items,
                                 losses->count * sizeof(losses->items[0]), err);
    struct fw_role_result result = { .frames = encoding->frames,
                                     .dropped = encoding->dropped,
                                     .removed = encoding->removed };
    fw_sink_stats(encoding->sink, &result.sink);
    memcpy(result.verified, encoding->verified, sizeof(result.verified));
    if (status == FW_OK)
        status = fw_message_send(station->socket, FW_MESSAGE_RESULT, &result, sizeof(result), err);
    return status;
}

int fw_encoder_run(struct fw_station *station, struct fw_error *err)
{
    struct encoding encoding = { 0 };
    int status = open_encoding(station, &encoding, err);
    if (status == FW_OK)
        status = run_loop(station, &encoding, err);
    if (status == FW_END)
        status = finish(station, &encoding, err);
    if (status == FW_OK)
        status = send_result(station, &encoding, err);
    if (status == FW_ERR_CANCELLED && encoding.drain != NULL &&
        fw_drain_failure(encoding.drain, err) != FW_OK)
        status = err->status == FW_OK ? FW_ERR_CANCELLED : err->status;
    if (status != FW_OK && encoding.drain != NULL)
        atomic_store(&station->control->run_state, FW_ABORT);
    if (status != FW_OK && encoding.drain != NULL)
        fw_packet_ring_broadcast(&encoding.packets);
    fw_drain_stop(encoding.drain);
    fw_sink_close(encoding.sink);
    fw_hop_reader_destroy(encoding.reader);
    fw_media_deinit(&encoding.media);
    fw_held_deinit(&encoding.held);
    return status;
}
