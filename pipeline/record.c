/* Packets, decoded audio and subtitle texts as flat records. */
#include "remux.h"

#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/mem.h>
#include <libavutil/samplefmt.h>

#include "remux_wire.h"

/* AV_PKT_FLAG_TRUSTED would make bytes into pointers: it does not travel. */
#define PACKET_FLAGS                                                                               \
    (AV_PKT_FLAG_KEY | AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD | AV_PKT_FLAG_DISPOSABLE)
#define SIDE_MAX 64
#define SAMPLES_MAX (1 << 20)
#define CHANNELS_MAX 512
#define RATE_MAX 10000000

static void begin(struct fw_wire_writer *out, enum fw_record_kind kind, uint32_t stream)
{
    out->buffer->bytes = 0;
    fw_wire_put_u32(out, (uint32_t)kind);
    fw_wire_put_u32(out, stream);
}

int fw_record_from_packet(struct fw_buffer *out, uint32_t stream, const AVPacket *packet,
                          struct fw_error *err)
{
    struct fw_wire_writer writer = { .buffer = out, .err = err, .status = FW_OK };
    begin(&writer, FW_RECORD_PACKET, stream);
    fw_wire_put_i64(&writer, packet->pts);
    fw_wire_put_i64(&writer, packet->dts);
    fw_wire_put_i64(&writer, packet->duration);
    fw_wire_put_rational(&writer, packet->time_base);
    fw_wire_put_i32(&writer, packet->flags & PACKET_FLAGS);
    fw_wire_put_block(&writer, packet->data, packet->size > 0 ? (size_t)packet->size : 0);
    uint32_t fitting = 0;
    for (int i = 0; i < packet->side_data_elems && fitting < SIDE_MAX; i++)
        fitting += fw_wire_packet_side_fits((int)packet->side_data[i].type,
                                            packet->side_data[i].size);
    fw_wire_put_u32(&writer, fitting);
    for (int i = 0; i < packet->side_data_elems && fitting; i++) {
        const AVPacketSideData *side = &packet->side_data[i];
        if (!fw_wire_packet_side_fits((int)side->type, side->size))
            continue;
        fw_wire_put_i32(&writer, (int32_t)side->type);
        fw_wire_put_block(&writer, side->data, side->size);
        fitting--;
    }
    return writer.status;
}

int fw_record_from_audio(struct fw_buffer *out, uint32_t stream, const AVFrame *frame,
                         struct fw_error *err)
{
    struct fw_wire_writer writer = { .buffer = out, .err = err, .status = FW_OK };
    enum AVSampleFormat format = (enum AVSampleFormat)frame->format;
    int channels = frame->ch_layout.nb_channels;
    int bytes = av_get_bytes_per_sample(format);
    if (bytes <= 0 || channels < 1 || channels > CHANNELS_MAX || frame->nb_samples < 1 ||
        frame->nb_samples > SAMPLES_MAX)
        return fw_fail(err, FW_ERR_INPUT, "stream %u holds audio that cannot be carried", stream);
    begin(&writer, FW_RECORD_AUDIO, stream);
    fw_wire_put_i64(&writer, frame->pts);
    fw_wire_put_i32(&writer, frame->format);
    fw_wire_put_i32(&writer, frame->sample_rate);
    fw_wire_put_i32(&writer, frame->nb_samples);
    fw_wire_put_layout(&writer, &frame->ch_layout);
    bool planar = av_sample_fmt_is_planar(format) != 0;
    size_t plane = (size_t)bytes * (size_t)frame->nb_samples * (planar ? 1 : (size_t)channels);
    for (int i = 0; i < (planar ? channels : 1); i++)
        fw_wire_put(&writer, frame->extended_data[i], plane);
    return writer.status;
}

int fw_record_from_subtitle(struct fw_buffer *out, uint32_t stream, const char *ass,
                            int64_t start_us, int64_t length_us, struct fw_error *err)
{
    struct fw_wire_writer writer = { .buffer = out, .err = err, .status = FW_OK };
    begin(&writer, FW_RECORD_SUBTITLE, stream);
    fw_wire_put_i64(&writer, start_us);
    fw_wire_put_i64(&writer, length_us);
    fw_wire_put_block(&writer, ass, strlen(ass));
    return writer.status;
}

static void get_packet_side(struct fw_wire_reader *in, AVPacket *packet)
{
    uint32_t count = fw_wire_get_count(in, 2 * sizeof(uint32_t), SIDE_MAX);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        size_t bytes;
        int type = fw_wire_get_i32(in);
        const uint8_t *block = fw_wire_get_block(in, &bytes);
        uint8_t *side = NULL;
        if (!in->bad && fw_wire_packet_side_fits(type, bytes))
            side = av_packet_new_side_data(packet, (enum AVPacketSideDataType)type, bytes);
        if (side && bytes)
            memcpy(side, block, bytes);
        in->bad = in->bad || !side;
    }
}

static void get_packet(struct fw_wire_reader *in, struct fw_record *record)
{
    size_t bytes;
    AVPacket *packet = record->packet = av_packet_alloc();
    if (!packet) {
        in->bad = true;
        return;
    }
    int64_t pts = fw_wire_get_i64(in);
    int64_t dts = fw_wire_get_i64(in);
    int64_t duration = fw_wire_get_i64(in);
    AVRational time_base = fw_wire_get_rational(in);
    int flags = fw_wire_get_i32(in) & PACKET_FLAGS;
    const uint8_t *block = fw_wire_get_block(in, &bytes);
    if (in->bad || time_base.num < 1 || time_base.den < 1 || bytes > INT32_MAX / 2 ||
        av_new_packet(packet, (int)bytes) < 0) {
        in->bad = true;
        return;
    }
    if (bytes)
        memcpy(packet->data, block, bytes);
    packet->pts = pts;
    packet->dts = dts;
    packet->duration = duration;
    packet->time_base = time_base;
    packet->flags = flags;
    get_packet_side(in, packet);
}

/* The sizes of the samples must account for every byte that is left before memory is taken. */
static bool audio_fits(const AVFrame *frame, size_t left)
{
    int bytes = av_get_bytes_per_sample((enum AVSampleFormat)frame->format);
    int channels = frame->ch_layout.nb_channels;
    if (bytes <= 0 || channels < 1 || channels > CHANNELS_MAX || frame->nb_samples < 1 ||
        frame->nb_samples > SAMPLES_MAX || frame->sample_rate < 1 || frame->sample_rate > RATE_MAX)
        return false;
    return (size_t)bytes * (size_t)channels * (size_t)frame->nb_samples == left;
}

static void get_audio(struct fw_wire_reader *in, struct fw_record *record)
{
    AVFrame *frame = record->audio = av_frame_alloc();
    if (!frame) {
        in->bad = true;
        return;
    }
    frame->pts = fw_wire_get_i64(in);
    frame->format = fw_wire_get_i32(in);
    frame->sample_rate = fw_wire_get_i32(in);
    frame->nb_samples = fw_wire_get_i32(in);
    fw_wire_get_layout(in, &frame->ch_layout);
    if (in->bad || !audio_fits(frame, in->left) || av_frame_get_buffer(frame, 0) < 0) {
        in->bad = true;
        return;
    }
    bool planar = av_sample_fmt_is_planar((enum AVSampleFormat)frame->format) != 0;
    int planes = planar ? frame->ch_layout.nb_channels : 1;
    size_t plane = in->left / (size_t)planes;
    for (int i = 0; i < planes; i++)
        fw_wire_get(in, frame->extended_data[i], plane);
}

static void get_subtitle(struct fw_wire_reader *in, struct fw_record *record)
{
    size_t bytes;
    record->start_us = fw_wire_get_i64(in);
    record->length_us = fw_wire_get_i64(in);
    const uint8_t *block = fw_wire_get_block(in, &bytes);
    if (in->bad)
        return;
    record->ass = av_malloc(bytes + 1);
    if (!record->ass) {
        in->bad = true;
        return;
    }
    memcpy(record->ass, block, bytes);
    record->ass[bytes] = '\0';
}

int fw_record_mark(struct fw_buffer *out, uint64_t seq, struct fw_error *err)
{
    struct fw_wire_writer writer = { .buffer = out, .err = err, .status = FW_OK };
    begin(&writer, FW_RECORD_MARK, 0);
    fw_wire_put_i64(&writer, (int64_t)seq);
    return writer.status;
}

int fw_record_unpack(struct fw_record *record, const void *bytes, size_t count,
                     struct fw_error *err)
{
    struct fw_wire_reader in = { .at = bytes, .left = count, .bad = false };
    memset(record, 0, sizeof(*record));
    uint32_t kind = fw_wire_get_u32(&in);
    record->stream = fw_wire_get_u32(&in);
    if (record->stream >= FW_STREAMS_MAX || kind < FW_RECORD_PACKET || kind > FW_RECORD_MARK)
        in.bad = true;
    record->kind = (enum fw_record_kind)kind;
    if (!in.bad && kind == FW_RECORD_PACKET)
        get_packet(&in, record);
    else if (!in.bad && kind == FW_RECORD_AUDIO)
        get_audio(&in, record);
    else if (!in.bad && kind == FW_RECORD_SUBTITLE)
        get_subtitle(&in, record);
    else if (!in.bad)
        record->seq = (uint64_t)fw_wire_get_i64(&in);
    if (!in.bad && !in.left)
        return FW_OK;
    fw_record_deinit(record);
    return fw_fail(err, FW_ERR_INTERNAL, "a record from the decoder is malformed");
}

void fw_record_deinit(struct fw_record *record)
{
    av_packet_free(&record->packet);
    av_frame_free(&record->audio);
    av_freep(&record->ass);
    memset(record, 0, sizeof(*record));
}
