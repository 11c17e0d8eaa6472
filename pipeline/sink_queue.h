/*
 * Packets of several streams in the order of their decoding times.
 *
 * A packet leaves once no stream that flows (video, audio) can still bring an earlier one, so the
 * order does not depend on which process was faster. Streams with gaps (subtitles, data) hold
 * nobody back. Beyond a bound of bytes the earliest leaves anyway.
 */
#ifndef FW_PIPELINE_SINK_QUEUE_H
#define FW_PIPELINE_SINK_QUEUE_H

#include "limits.h"

#include "filters/filter.h"

#include <libavcodec/packet.h>
#include <libavutil/rational.h>

#include <stdbool.h>

#define FW_QUEUE_STREAMS (FW_STREAMS_MAX + 1)

struct fw_queue_entry;
typedef int (*fw_queue_write_fn)(void *opaque, AVPacket *packet, struct fw_error *err);

struct fw_queue {
    struct fw_queue_lane {
        struct fw_queue_entry *first;
        struct fw_queue_entry *last;
        AVRational base;
        bool flows;
    } lanes[FW_QUEUE_STREAMS];
    uint32_t lane_count;
    size_t bytes;
    size_t bytes_max;
    fw_queue_write_fn write;
    void *opaque;
};

void fw_queue_init(struct fw_queue *queue, fw_queue_write_fn write, void *opaque);
void fw_queue_deinit(struct fw_queue *queue);
/* Lanes are the output's stream indices. */
void fw_queue_lane(struct fw_queue *queue, uint32_t lane, AVRational base, bool flows);
/* Takes the packet's contents; writes what may leave. packet->stream_index is the lane. */
int fw_queue_push(struct fw_queue *queue, AVPacket *packet, struct fw_error *err) FW_MUST_CHECK;
/* Everything leaves. */
int fw_queue_flush(struct fw_queue *queue, struct fw_error *err) FW_MUST_CHECK;

#endif
