/* Reads the written file again and compares with what went in. */
#include "sink_lavf.h"

#include "bell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

/* A container's tick, and the last frame's length that some containers do not store. */
#define SLACK_US 2000

struct reading {
    AVFormatContext *demuxer;
    AVIOContext *avio;
    AVCodecContext *decoder; /* NULL: packets alone are counted */
    AVPacket *packet;
    AVFrame *frame;
    struct fw_proc *proc; /* beats with each packet and frame */
    uint32_t ordinal;     /* of the filtered stream among the videos of the output */
    int video;
    uint64_t packets;
    uint64_t frames;
    int64_t first_us;
    int64_t end_us;
};

static int failed(struct fw_error *err, const char *what, int code)
{
    return fw_fail(err, FW_ERR_VERIFY, "the written file cannot be %s again: %s", what,
                   fw_av_text(code).text);
}

static int start_decoder(struct reading *reading, struct fw_error *err)
{
    const AVStream *stream = reading->demuxer->streams[reading->video];
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    reading->decoder = codec ? avcodec_alloc_context3(codec) : NULL;
    reading->frame = av_frame_alloc();
    if (!reading->decoder || !reading->frame)
        return fw_fail(err, FW_ERR_VERIFY, "no decoder to verify %s with",
                       avcodec_get_name(stream->codecpar->codec_id));
    int code = avcodec_parameters_to_context(reading->decoder, stream->codecpar);
    reading->decoder->thread_count = 2;
    reading->decoder->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM;
    if (code >= 0)
        code = avcodec_open2(reading->decoder, codec, NULL);
    return code < 0 ? failed(err, "decoded", code) : FW_OK;
}

static bool is_video(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

/* -1 when there are fewer. */
static int nth_video(const AVFormatContext *file, uint32_t ordinal)
{
    uint32_t seen = 0;
    for (unsigned int i = 0; i < file->nb_streams; i++)
        if (is_video(file->streams[i]) && seen++ == ordinal)
            return (int)i;
    return -1;
}

static uint32_t ordinal_of(const AVFormatContext *file, const AVStream *own)
{
    uint32_t before = 0;
    for (unsigned int i = 0; i < file->nb_streams && file->streams[i] != own; i++)
        before += is_video(file->streams[i]);
    return before;
}

static int open_again(struct reading *reading, const struct fw_sink *sink, struct fw_error *err)
{
    reading->avio = fw_sink_bytes_reader_create(&sink->output);
    reading->demuxer = avformat_alloc_context();
    reading->packet = av_packet_alloc();
    if (!reading->avio || !reading->demuxer || !reading->packet)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to verify with");
    reading->demuxer->pb = reading->avio;
    reading->demuxer->flags |= AVFMT_FLAG_CUSTOM_IO;
    int code = avformat_open_input(&reading->demuxer, "", NULL, NULL);
    if (code < 0)
        return failed(err, "read", code);
    if (reading->demuxer->nb_streams == 0 || (reading->demuxer->ctx_flags & AVFMTCTX_NOHEADER)) {
        code = avformat_find_stream_info(reading->demuxer, NULL);
        if (code < 0)
            return failed(err, "read", code);
    }
    reading->video = nth_video(reading->demuxer, reading->ordinal);
    if (reading->video < 0)
        return fw_fail(err, FW_ERR_VERIFY, "the written file has no video");
    for (unsigned int i = 0; i < reading->demuxer->nb_streams; i++)
        if ((int)i != reading->video)
            reading->demuxer->streams[i]->discard = AVDISCARD_ALL;
    return FW_OK;
}

static void close_reading(struct reading *reading)
{
    avcodec_free_context(&reading->decoder);
    avformat_close_input(&reading->demuxer);
    fw_sink_bytes_avio_destroy(reading->avio);
    av_packet_free(&reading->packet);
    av_frame_free(&reading->frame);
}

static int decode(struct reading *reading, const AVPacket *packet, struct fw_error *err)
{
    int code = avcodec_send_packet(reading->decoder, packet);
    if (code < 0 && code != AVERROR_EOF)
        return failed(err, "decoded", code);
    for (;;) {
        code = avcodec_receive_frame(reading->decoder, reading->frame);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return FW_OK;
        if (code < 0)
            return failed(err, "decoded", code);
        if (reading->frame->decode_error_flags || (reading->frame->flags & AV_FRAME_FLAG_CORRUPT))
            return fw_fail(err, FW_ERR_VERIFY, "frame %llu of the written file is damaged",
                           (unsigned long long)reading->frames);
        fw_proc_beat(reading->proc);
        reading->frames++;
    }
}

static void note_time(struct reading *reading)
{
    const AVPacket *packet = reading->packet;
    AVRational base = reading->demuxer->streams[reading->video]->time_base;
    /* Places without a picture: the first is the start of what comes late. */
    if (packet->pts == AV_NOPTS_VALUE || packet->size == 0)
        return;
    int64_t first = av_rescale_q(packet->pts, base, AV_TIME_BASE_Q);
    int64_t end = av_rescale_q(packet->pts + packet->duration, base, AV_TIME_BASE_Q);
    if (reading->first_us == FW_NOPTS || first < reading->first_us)
        reading->first_us = first;
    if (reading->end_us == FW_NOPTS || end > reading->end_us)
        reading->end_us = end;
}

/* The parser of MPEG-1 and 2 may hand out a sequence header by itself: no picture, no packet of
 * ours. */
static bool has_picture(const struct reading *reading)
{
    const AVPacket *packet = reading->packet;
    enum AVCodecID codec = reading->demuxer->streams[reading->video]->codecpar->codec_id;
    if (codec != AV_CODEC_ID_MPEG1VIDEO && codec != AV_CODEC_ID_MPEG2VIDEO)
        return packet->size > 0;
    static const uint8_t picture_start[] = { 0, 0, 1, 0 };
    return packet->size > 0 &&
           memmem(packet->data, (size_t)packet->size, picture_start, sizeof(picture_start)) != NULL;
}

static int read_all(struct reading *reading, struct fw_error *err)
{
    reading->first_us = FW_NOPTS;
    reading->end_us = FW_NOPTS;
    for (;;) {
        int code = av_read_frame(reading->demuxer, reading->packet);
        if (code == AVERROR_EOF)
            break;
        if (code < 0)
            return failed(err, "read", code);
        int status = FW_OK;
        fw_proc_beat(reading->proc);
        if (reading->packet->stream_index == reading->video) {
            reading->packets += has_picture(reading);
            note_time(reading);
            if (reading->decoder)
                status = decode(reading, reading->packet, err);
        }
        av_packet_unref(reading->packet);
        if (status < 0)
            return status;
    }
    return reading->decoder ? decode(reading, NULL, err) : FW_OK;
}

static int compare(const struct reading *reading, const struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_sink_stats *stats = &lavf->sink->stats;
    if (reading->packets != stats->packets)
        return fw_fail(err, FW_ERR_VERIFY, "expected %llu video packets, the file has %llu",
                       (unsigned long long)stats->packets, (unsigned long long)reading->packets);
    if (reading->decoder && reading->frames != stats->frames)
        return fw_fail(err, FW_ERR_VERIFY, "expected %llu frames, the file decodes to %llu",
                       (unsigned long long)stats->frames, (unsigned long long)reading->frames);
    if (reading->first_us == FW_NOPTS || lavf->video_first == FW_NOPTS)
        return FW_OK;
    int64_t expected = lavf->video_end - lavf->video_first;
    int64_t got = reading->end_us - reading->first_us;
    int64_t frame = stats->frames ? expected / (int64_t)stats->frames : 0;
    int64_t slack = frame + SLACK_US;
    if (got < expected - slack || got > expected + slack)
        return fw_fail(err, FW_ERR_VERIFY, "expected %.3f s of video, the file has %.3f s",
                       1e-6 * (double)expected, 1e-6 * (double)got);
    return FW_OK;
}

/* Raw pictures have no structure to read again: their size says all. */
static int verify_raw(const struct fw_lavf *lavf, char what[32], struct fw_error *err)
{
    (void)snprintf(what, 32, "count");
    return fw_sink_verify_bytes(lavf->sink, lavf->sink->output.bytes, err);
}

int fw_lavf_verify(struct fw_sink *sink, char what[32], struct fw_error *err)
{
    const struct fw_lavf *lavf = sink->state;
    if (fw_target_is_hash(&sink->target))
        return FW_OK;
    if (fw_target_is_raw(&sink->target))
        return verify_raw(lavf, what, err);
    struct reading reading = { .ordinal = ordinal_of(lavf->muxer, lavf->main->stream),
                               .proc = sink->options.proc };
    bool all = sink->options.settings->verify == FW_VERIFY_DECODE;
    int status = open_again(&reading, sink, err);
    if (status == FW_OK && all)
        status = start_decoder(&reading, err);
    if (status == FW_OK)
        status = read_all(&reading, err);
    if (status == FW_OK)
        status = compare(&reading, lavf, err);
    close_reading(&reading);
    if (status == FW_OK)
        (void)snprintf(what, 32, "%s", all ? "decode" : "count");
    return status;
}
