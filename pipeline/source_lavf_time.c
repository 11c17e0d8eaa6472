/*
 * Time stamps as the ffmpeg command has them.
 *
 * Every time stamp loses the file's start (and -ss). Packets without one get a guess from what came
 * before, which the decoder hands on to its frames; that is where raw streams have their time from.
 * Guesses are kept in microseconds, since their rounding is part of the result.
 */
#include "source_lavf.h"

#include <libavutil/mathematics.h>

#define JUMP_US (10LL * AV_TIME_BASE)         /* a clock that jumps that far was restarted */
#define ERROR_US (3600LL * 30 * AV_TIME_BASE) /* a time stamp that far off is wrong */

void fw_clock_init(struct fw_clock *clock)
{
    *clock = (struct fw_clock){ .pts = AV_NOPTS_VALUE,
                                .dts = AV_NOPTS_VALUE,
                                .next_pts = AV_NOPTS_VALUE,
                                .next_dts = AV_NOPTS_VALUE };
}

static int64_t to_us(int64_t value, AVRational time_base)
{
    return av_rescale_q_rnd(value, time_base, AV_TIME_BASE_Q,
                            AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
}

static void shift(AVPacket *packet, int64_t ticks)
{
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts += ticks;
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts += ticks;
}

/* A counter that wrapped just after the file's start: times from before it are large. */
static void unwrap(struct fw_lavf *lavf, const AVStream *stream, struct fw_clock *clock,
                   AVPacket *packet)
{
    int bits = stream->pts_wrap_bits;
    if (clock->wrap_done || lavf->format->start_time == AV_NOPTS_VALUE || bits >= 63 || bits < 2)
        return;
    int64_t start = av_rescale_q(lavf->format->start_time, AV_TIME_BASE_Q, stream->time_base);
    int64_t whole = (int64_t)1 << bits;
    clock->wrap_done = true;
    if (start > INT64_MAX - whole)
        return;
    if (packet->dts != AV_NOPTS_VALUE && packet->dts > start + whole / 2) {
        packet->dts -= whole;
        clock->wrap_done = false;
    }
    if (packet->pts != AV_NOPTS_VALUE && packet->pts > start + whole / 2) {
        packet->pts -= whole;
        clock->wrap_done = false;
    }
}

static void restart(struct fw_lavf *lavf, const AVStream *stream, AVPacket *packet, int64_t delta)
{
    lavf->timeline.offset_us -= delta;
    shift(packet, -av_rescale_q(delta, AV_TIME_BASE_Q, stream->time_base));
}

static void jump(struct fw_lavf *lavf, const AVStream *stream, struct fw_clock *clock,
                 AVPacket *packet)
{
    int64_t dts = to_us(packet->dts, stream->time_base);
    if (clock->next_dts == AV_NOPTS_VALUE) {
        int64_t delta = dts - lavf->timeline.last_us;
        if (lavf->timeline.discontinuous && lavf->timeline.last_us != AV_NOPTS_VALUE &&
            (delta < -JUMP_US || delta > JUMP_US))
            restart(lavf, stream, packet, delta);
        return;
    }
    int64_t delta = dts - clock->next_dts;
    if (lavf->timeline.discontinuous) {
        int64_t reached = clock->pts > clock->dts ? clock->pts : clock->dts;
        if (delta < -JUMP_US || delta > JUMP_US || dts + AV_TIME_BASE / 10 < reached)
            restart(lavf, stream, packet, delta);
        return;
    }
    if (delta < -ERROR_US || delta > ERROR_US)
        packet->dts = AV_NOPTS_VALUE;
    if (packet->pts != AV_NOPTS_VALUE) {
        delta = to_us(packet->pts, stream->time_base) - clock->next_dts;
        if (delta < -ERROR_US || delta > ERROR_US)
            packet->pts = AV_NOPTS_VALUE;
    }
}

void fw_lavf_packet_times(struct fw_lavf *lavf, AVPacket *packet, bool may_jump)
{
    const AVStream *stream = lavf->format->streams[packet->stream_index];
    struct fw_clock *clock = &lavf->streams[packet->stream_index].clock;
    enum AVMediaType type = stream->codecpar->codec_type;
    unwrap(lavf, stream, clock, packet);
    shift(packet, av_rescale_q(lavf->timeline.offset_us, AV_TIME_BASE_Q, stream->time_base));
    if (may_jump && packet->dts != AV_NOPTS_VALUE &&
        (type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO))
        jump(lavf, stream, clock, packet);
    if (may_jump && packet->dts != AV_NOPTS_VALUE)
        lavf->timeline.last_us = to_us(packet->dts, stream->time_base);
}

void fw_clock_begin(struct fw_clock *clock, const AVStream *stream, const AVCodecContext *codec,
                    const AVPacket *packet)
{
    if (!clock->begun) {
        clock->begun = true;
        clock->dts = 0;
        if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0 && codec)
            clock->dts = (int64_t)(-codec->has_b_frames * (double)AV_TIME_BASE /
                                   av_q2d(stream->avg_frame_rate));
        clock->dts += clock->begin_us;
        clock->pts = clock->begin_us;
    }
    if (clock->next_dts == AV_NOPTS_VALUE)
        clock->next_dts = clock->dts;
    if (clock->next_pts == AV_NOPTS_VALUE)
        clock->next_pts = clock->pts;
    if (packet && packet->dts != AV_NOPTS_VALUE)
        clock->next_dts = clock->dts = to_us(packet->dts, stream->time_base);
}

int64_t fw_clock_step(struct fw_clock *clock, const AVStream *stream)
{
    clock->pts = clock->next_pts;
    clock->dts = clock->next_dts;
    if (clock->dts == AV_NOPTS_VALUE)
        return AV_NOPTS_VALUE;
    return av_rescale_q(clock->dts, AV_TIME_BASE_Q, stream->time_base);
}

static int64_t duration_us(const AVStream *stream, const AVCodecContext *codec,
                           int64_t packet_duration)
{
    if (packet_duration)
        return av_rescale_q(packet_duration, stream->time_base, AV_TIME_BASE_Q);
    if (codec->framerate.num <= 0 || codec->framerate.den <= 0)
        return 0;
    const AVCodecParserContext *parser = av_stream_get_parser(stream);
    int per_frame = codec->ticks_per_frame > 0 ? codec->ticks_per_frame : 1;
    int ticks = parser ? parser->repeat_pict + 1 : per_frame;
    return (int64_t)AV_TIME_BASE * codec->framerate.den * ticks / codec->framerate.num / per_frame;
}

void fw_clock_decoded(struct fw_lavf *lavf, bool counts, int64_t packet_duration,
                      const AVFrame *frame)
{
    struct fw_clock *clock = &lavf->streams[lavf->stream->index].clock;
    AVRational time_base = lavf->stream->time_base;
    int64_t length = 0;
    if (frame && frame->pts != AV_NOPTS_VALUE) {
        clock->pts = av_rescale_q(frame->pts, time_base, AV_TIME_BASE_Q);
        clock->next_pts = clock->pts;
    }
    if (counts || frame) {
        length = duration_us(lavf->stream, lavf->codec, packet_duration);
        if (clock->dts != AV_NOPTS_VALUE && length)
            clock->next_dts += length;
        else
            clock->next_dts = AV_NOPTS_VALUE;
    }
    if (frame && frame->pkt_duration > 0)
        clock->next_pts += av_rescale_q(frame->pkt_duration, time_base, AV_TIME_BASE_Q);
    else if (frame)
        clock->next_pts += length;
}

void fw_clock_passed(struct fw_clock *clock, const AVStream *stream, const AVPacket *packet)
{
    fw_clock_begin(clock, stream, NULL, packet);
    clock->dts = clock->next_dts;
    if (packet->duration > 0)
        clock->next_dts += av_rescale_q(packet->duration, stream->time_base, AV_TIME_BASE_Q);
    clock->pts = clock->dts;
    clock->next_pts = clock->next_dts;
}
