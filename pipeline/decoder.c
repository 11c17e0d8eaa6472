/*
 * The first process: an input's frames into IN slots, in order, numbered once; everything else that
 * the input holds into the packet ring.
 */
#include "role.h"

#include "avlog.h"
#include "fault.h"
#include "message.h"
#include "packet_ring.h"
#include "remux.h"

#include "filters/check.h"

#include <stdlib.h>
#include <string.h>

struct decoding {
    struct fw_source *source;
    struct fw_hop hop;
    struct fw_hop_writer *writer;
    struct fw_packet_ring packets;
    struct fw_plan plan;
    uint64_t frames;
    struct fw_buffer mark; /* the record behind a frame */
};

static int send_media(struct fw_station *station, struct decoding *decoding, struct fw_error *err)
{
    struct fw_buffer packed = { 0 };
    int status = fw_source_media(decoding->source, &packed, err);
    if (status == FW_OK)
        status = fw_message_send(station->socket, FW_MESSAGE_MEDIA, packed.data, packed.bytes, err);
    fw_buffer_deinit(&packed);
    return status;
}

/* Bounded by the supervisor, which either goes on or closes the socket. */
static int wait_for_go(struct fw_station *station, struct fw_plan *plan, struct fw_error *err)
{
    struct fw_message_header header;
    void *payload = NULL;
    atomic_store(&station->self->wait_kind, FW_WAIT_START);
    int status = fw_message_receive(station->socket, &header, &payload, err);
    atomic_store(&station->self->wait_kind, FW_WAIT_NONE);
    if (status != FW_OK)
        return status;
    if (header.kind == FW_MESSAGE_GO && header.bytes == sizeof(*plan))
        memcpy(plan, payload, sizeof(*plan));
    else
        status = fw_fail(err, FW_ERR_INTERNAL, "the decoder got message %u, not go", header.kind);
    free(payload);
    return status;
}

static int open_decoding(struct fw_station *station, struct decoding *decoding,
                         struct fw_error *err)
{
    const struct fw_source_options options = {
        .fd = station->input_fd,
        .name = station->settings->input,
        .settings = station->settings,
        .control = station->control,
        .proc = station->self,
    };
    if (!station->threads)
        fw_avlog_limit_memory();
    int status = fw_station_map(station, true, false, err);
    if (status == FW_OK)
        status = fw_station_lock(station, NULL, 0, err);
    if (status == FW_OK)
        status = fw_source_open(&decoding->source, &options, err);
    if (status == FW_OK)
        status = send_media(station, decoding, err);
    if (status == FW_OK)
        status = wait_for_go(station, &decoding->plan, err);
    if (status == FW_OK)
        status = fw_source_plan(decoding->source, decoding->plan.streams, err);
    if (status == FW_OK)
        status = fw_station_join(station, &decoding->plan, &decoding->hop, &decoding->packets, err);
    if (status == FW_OK)
        status = fw_hop_writer_create(&decoding->writer, &decoding->hop, err);
    return status;
}

static int write_mark(struct decoding *decoding, uint64_t number, struct fw_error *err)
{
    struct fw_buffer *mark = &decoding->mark;
    if (!fw_plan_has_records(&decoding->plan))
        return FW_OK;
    int status = fw_record_mark(mark, number, err);
    if (status == FW_OK)
        status = fw_packet_ring_write(&decoding->packets, mark->data, mark->bytes, err);
    return status;
}

/* One frame from the source into a slot. FW_END when the job is to end early. */
static int pass_frame(struct fw_station *station, struct decoding *decoding, struct fw_error *err)
{
    uint32_t slot = 0;
    int status = fw_hop_reserve(decoding->writer, &slot, err);
    if (status != FW_OK)
        return status;
    struct fw_frame_info info = { 0 };
    status = fw_source_fill(decoding->source, fw_hop_in_slot(&decoding->hop, slot),
                            decoding->hop.geometry.in_slot_bytes, &info, err);
    if (status != FW_OK)
        return status;
    fw_fault_point(station->settings->fault, "decoder", "frame", decoding->frames);
    info.origin = decoding->frames++;
    fw_hop_publish(decoding->writer, slot, &info);
    atomic_fetch_add_explicit(&station->self->frames, 1, memory_order_relaxed);
    return write_mark(decoding, info.origin, err);
}

static void count_damage(struct fw_station *station, const struct decoding *decoding)
{
    struct fw_source_stats stats;
    fw_source_stats(decoding->source, &stats);
    atomic_store_explicit(&station->self->aux[FW_AUX_DAMAGED], stats.damaged, memory_order_relaxed);
}

static int run_loop(struct fw_station *station, struct decoding *decoding, struct fw_error *err)
{
    int status = FW_OK;
    while (status == FW_OK) {
        struct fw_event event;
        atomic_fetch_add_explicit(&station->self->beat, 1, memory_order_relaxed);
        if (atomic_load(&station->control->run_state) == FW_DRAIN)
            return FW_END;
        status = fw_source_next(decoding->source, &event, err);
        if (status == FW_OK && event.kind == FW_EVENT_FRAME)
            status = pass_frame(station, decoding, err);
        else if (status == FW_OK)
            status = fw_packet_ring_write(&decoding->packets, event.record, event.record_bytes,
                                          err);
        count_damage(station, decoding);
        fw_station_sample(station, false);
    }
    return status;
}

static int send_result(struct fw_station *station, struct decoding *decoding, struct fw_error *err)
{
    struct fw_role_result result = { 0 };
    fw_source_stats(decoding->source, &result.source);
    fw_station_sample(station, true);
    return fw_message_send(station->socket, FW_MESSAGE_RESULT, &result, sizeof(result), err);
}

int fw_decoder_run(struct fw_station *station, struct fw_error *err)
{
    struct decoding decoding = { 0 };
    int status = open_decoding(station, &decoding, err);
    if (status == FW_OK)
        status = run_loop(station, &decoding, err);
    if (status == FW_END) {
        fw_fault_point(station->settings->fault, "decoder", "end", 0);
        fw_packet_ring_end(&decoding.packets);
        fw_hop_end(decoding.writer);
        status = send_result(station, &decoding, err);
    }
    fw_hop_writer_destroy(decoding.writer);
    fw_source_close(decoding.source);
    fw_buffer_deinit(&decoding.mark);
    return status;
}
