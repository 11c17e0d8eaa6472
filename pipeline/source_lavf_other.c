/* Streams beside the main video: packets passed on, audio and text subtitles decoded. */
#include "source_lavf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>
#include <libavutil/mem.h>
#include <libavutil/samplefmt.h>

#define EARLY_BYTES_MAX ((size_t)256 << 20)

static int add_pending(struct fw_lavf *lavf, struct fw_pending **added, struct fw_error *err)
{
    struct fw_pending *pending = calloc(1, sizeof(*pending));
    if (!pending)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a packet");
    *lavf->pending_end = pending;
    lavf->pending_end = &pending->next;
    *added = pending;
    return FW_OK;
}

static int keep_early(struct fw_lavf *lavf, AVPacket *packet, struct fw_error *err)
{
    struct fw_early *early = calloc(1, sizeof(*early));
    if (early)
        early->packet = av_packet_alloc();
    if (!early || !early->packet || lavf->early_bytes > EARLY_BYTES_MAX) {
        if (early)
            av_packet_free(&early->packet);
        free(early);
        return fw_fail(err, FW_ERR_MEMORY, "too much comes before the first video frame");
    }
    lavf->early_bytes += (size_t)packet->size;
    av_packet_move_ref(early->packet, packet);
    *lavf->early_end = early;
    lavf->early_end = &early->next;
    return FW_OK;
}

static int64_t in_us(int64_t value, const AVStream *stream)
{
    return av_rescale_q(value, stream->time_base, AV_TIME_BASE_Q);
}

/* Whether any of the packet lies in what was asked for; notes that its stream is past the end. */
static bool inside(struct fw_lavf *lavf, const AVPacket *packet)
{
    struct fw_lavf_stream *own = &lavf->streams[packet->stream_index];
    const AVStream *stream = lavf->format->streams[packet->stream_index];
    int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    int64_t start = time != AV_NOPTS_VALUE ? in_us(time, stream) : own->clock.dts;
    int64_t length = packet->duration > 0 ? in_us(packet->duration, stream) : 0;
    if (lavf->others_end_us != FW_NOPTS && start >= lavf->others_end_us) {
        own->ended = true;
        return false;
    }
    return !lavf->cut.from_zero || start >= 0 || start + length > 0;
}

/* A subtitle that was up at the cut begins there. */
static void trim_subtitle(AVPacket *packet)
{
    if (packet->pts >= 0 || packet->pts == AV_NOPTS_VALUE || packet->duration <= 0)
        return;
    packet->duration += packet->pts;
    packet->pts = 0;
    if (packet->dts != AV_NOPTS_VALUE && packet->dts < 0)
        packet->dts = 0;
}

static int copy_packet(struct fw_lavf *lavf, AVPacket *packet, struct fw_error *err)
{
    struct fw_pending *pending = NULL;
    const AVStream *stream = lavf->format->streams[packet->stream_index];
    struct fw_lavf_stream *own = &lavf->streams[packet->stream_index];
    const struct fw_clock *clock = &own->clock;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !own->started &&
        !(packet->flags & AV_PKT_FLAG_KEY))
        return FW_OK;
    own->started = true;
    if (packet->dts == AV_NOPTS_VALUE && clock->dts != AV_NOPTS_VALUE)
        packet->dts = av_rescale_q(clock->dts, AV_TIME_BASE_Q, stream->time_base);
    if (lavf->cut.from_zero && stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE)
        trim_subtitle(packet);
    packet->time_base = stream->time_base;
    int status = add_pending(lavf, &pending, err);
    if (status == FW_OK)
        status = fw_record_from_packet(&pending->record, (uint32_t)packet->stream_index, packet,
                                       err);
    return status;
}

/* Cuts samples off both ends. Returns false when none are left. */
static bool trim_audio(const struct fw_lavf *lavf, AVFrame *frame)
{
    int bytes = av_get_bytes_per_sample((enum AVSampleFormat)frame->format);
    bool planar = av_sample_fmt_is_planar((enum AVSampleFormat)frame->format) != 0;
    int channels = frame->ch_layout.nb_channels;
    int64_t skip = lavf->cut.from_zero && frame->pts < 0 ? -frame->pts : 0;
    int64_t end = frame->pts + frame->nb_samples;
    if (lavf->others_end_us != FW_NOPTS) {
        int64_t last = av_rescale(lavf->others_end_us, frame->sample_rate, AV_TIME_BASE);
        end = end < last ? end : last;
    }
    if (end - frame->pts <= skip)
        return false;
    frame->nb_samples = (int)(end - frame->pts - skip);
    frame->pts += skip;
    for (int i = 0; i < (planar ? channels : 1) && skip; i++)
        frame->extended_data[i] += skip * bytes * (planar ? 1 : channels);
    return true;
}

static int take_audio(struct fw_lavf *lavf, uint32_t index, AVFrame *frame, struct fw_error *err)
{
    struct fw_lavf_stream *own = &lavf->streams[index];
    struct fw_pending *pending = NULL;
    if (frame->sample_rate < 1 || frame->nb_samples < 1)
        return FW_OK;
    AVRational samples = { 1, frame->sample_rate };
    int64_t pts = frame->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE)
        frame->pts = own->rescale_state != AV_NOPTS_VALUE ? own->rescale_state : 0;
    else
        frame->pts = av_rescale_delta(own->codec->pkt_timebase, pts, samples, frame->nb_samples,
                                      &own->rescale_state, samples);
    if (pts == AV_NOPTS_VALUE)
        own->rescale_state = frame->pts + frame->nb_samples;
    if (!trim_audio(lavf, frame))
        return FW_OK;
    int status = add_pending(lavf, &pending, err);
    if (status == FW_OK)
        status = fw_record_from_audio(&pending->record, index, frame, err);
    return status;
}

static int audio_failure(struct fw_lavf *lavf, uint32_t index, struct fw_error *err)
{
    char text[64];
    /* The first frames after a jump may lean on ones before it. */
    if (lavf->streams[index].rescale_state == AV_NOPTS_VALUE && lavf->cut.from_zero)
        return FW_OK;
    (void)snprintf(text, sizeof(text), "audio in stream %u cannot be decoded", index);
    return fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text, err);
}

/* NULL: no more packets come. */
static int decode_audio(struct fw_lavf *lavf, uint32_t index, const AVPacket *packet,
                        struct fw_error *err)
{
    AVCodecContext *codec = lavf->streams[index].codec;
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
    int status = FW_OK;
    int code = avcodec_send_packet(codec, packet);
    if (code < 0 && code != AVERROR_EOF)
        status = audio_failure(lavf, index, err);
    while (status == FW_OK) {
        code = avcodec_receive_frame(codec, frame);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            break;
        status = code < 0 ? audio_failure(lavf, index, err) : take_audio(lavf, index, frame, err);
        av_frame_unref(frame);
        if (code < 0)
            break;
    }
    av_frame_free(&frame);
    return status;
}

static int take_subtitle(struct fw_lavf *lavf, uint32_t index, const AVSubtitle *subtitle,
                         int64_t length_us, struct fw_error *err)
{
    int64_t start = subtitle->pts + (int64_t)subtitle->start_display_time * 1000;
    if (subtitle->end_display_time > subtitle->start_display_time &&
        subtitle->end_display_time != UINT32_MAX)
        length_us = (int64_t)(subtitle->end_display_time - subtitle->start_display_time) * 1000;
    if (lavf->cut.from_zero && start < 0) {
        length_us += start;
        start = 0;
    }
    int status = FW_OK;
    for (unsigned i = 0; i < subtitle->num_rects && status == FW_OK && length_us >= 0; i++) {
        struct fw_pending *pending = NULL;
        if (!subtitle->rects[i]->ass)
            continue;
        status = add_pending(lavf, &pending, err);
        if (status == FW_OK)
            status = fw_record_from_subtitle(&pending->record, index, subtitle->rects[i]->ass,
                                             start, length_us, err);
    }
    return status;
}

static int decode_subtitle(struct fw_lavf *lavf, AVPacket *packet, struct fw_error *err)
{
    AVSubtitle subtitle = { 0 };
    int got = 0;
    uint32_t index = (uint32_t)packet->stream_index;
    const AVStream *stream = lavf->format->streams[index];
    int64_t length = packet->duration > 0 ? in_us(packet->duration, stream) : 0;
    int code = avcodec_decode_subtitle2(lavf->streams[index].codec, &subtitle, &got, packet);
    if (code < 0) {
        char text[64];
        (void)snprintf(text, sizeof(text), "a subtitle in stream %u cannot be decoded", index);
        return fw_source_damage(&lavf->base, fw_lavf_place(lavf, AV_NOPTS_VALUE), text, err);
    }
    if (!got)
        return FW_OK;
    if (subtitle.pts == AV_NOPTS_VALUE)
        subtitle.pts = packet->pts != AV_NOPTS_VALUE ? in_us(packet->pts, stream) : 0;
    int status = take_subtitle(lavf, index, &subtitle, length, err);
    avsubtitle_free(&subtitle);
    return status;
}

/* A packet whose times are set, of a stream whose plan is known. */
static int act(struct fw_lavf *lavf, AVPacket *packet, struct fw_error *err)
{
    struct fw_lavf_stream *own = &lavf->streams[packet->stream_index];
    const AVStream *stream = lavf->format->streams[packet->stream_index];
    if (own->action == FW_STREAM_DROP || own->ended)
        return FW_OK;
    fw_clock_passed(&own->clock, stream, packet);
    if (!inside(lavf, packet))
        return FW_OK;
    switch (own->action) {
    case FW_STREAM_COPY:
        return copy_packet(lavf, packet, err);
    case FW_STREAM_AUDIO:
        return decode_audio(lavf, (uint32_t)packet->stream_index, packet, err);
    case FW_STREAM_SUBTITLE:
        return decode_subtitle(lavf, packet, err);
    default:
        return FW_OK;
    }
}

int fw_lavf_other_packet(struct fw_lavf *lavf, AVPacket *packet, struct fw_error *err)
{
    if (lavf->planned)
        return act(lavf, packet, err);
    /* Before -ss's first frame much may go by that will never be wanted. */
    if (lavf->cut.from_zero && !inside(lavf, packet))
        return FW_OK;
    return keep_early(lavf, packet, err);
}

static int open_codec(AVCodecContext **context_out, const AVStream *stream, struct fw_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    AVCodecContext *context = *context_out = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!context || avcodec_parameters_to_context(context, stream->codecpar) < 0)
        return fw_fail(err, FW_ERR_INPUT, "no decoder for stream %d (%s)", stream->index,
                       avcodec_get_name(stream->codecpar->codec_id));
    context->pkt_timebase = stream->time_base;
    context->thread_count = 1;
    /* No version of a library in a script's head. */
    if (codec->type == AVMEDIA_TYPE_SUBTITLE)
        context->flags |= AV_CODEC_FLAG_BITEXACT;
    if (avcodec_open2(context, codec, NULL) < 0)
        return fw_fail(err, FW_ERR_INPUT, "the %s decoder does not take stream %d", codec->name,
                       stream->index);
    return FW_OK;
}

int fw_lavf_other_open(struct fw_lavf *lavf, uint32_t index, struct fw_error *err)
{
    struct fw_lavf_stream *own = &lavf->streams[index];
    if (own->codec)
        return FW_OK;
    own->rescale_state = AV_NOPTS_VALUE;
    int status = open_codec(&own->codec, lavf->format->streams[index], err);
    if (status != FW_OK)
        avcodec_free_context(&own->codec);
    return status;
}

static struct fw_early *pop_early(struct fw_lavf *lavf)
{
    struct fw_early *early = lavf->early;
    if (early)
        lavf->early = early->next;
    if (!lavf->early)
        lavf->early_end = &lavf->early;
    return early;
}

static int replay_early(struct fw_lavf *lavf, struct fw_error *err)
{
    int status = FW_OK;
    struct fw_early *early;
    while ((early = pop_early(lavf)) != NULL) {
        if (status == FW_OK)
            status = act(lavf, early->packet, err);
        av_packet_free(&early->packet);
        free(early);
    }
    return status;
}

int fw_lavf_other_plan(struct fw_lavf *lavf, const struct fw_stream_plan *streams,
                       struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < lavf->stream_count && status == FW_OK; i++) {
        AVStream *stream = lavf->format->streams[i];
        uint32_t action = streams[i].action;
        if ((int)i == lavf->stream->index)
            continue;
        bool decoded = action == FW_STREAM_AUDIO || action == FW_STREAM_SUBTITLE;
        bool read = decoded || action == FW_STREAM_COPY;
        lavf->streams[i].action = read ? action : FW_STREAM_DROP;
        stream->discard = read ? AVDISCARD_NONE : AVDISCARD_ALL;
        if (decoded)
            status = fw_lavf_other_open(lavf, i, err);
    }
    lavf->planned = true;
    return status == FW_OK ? replay_early(lavf, err) : status;
}

bool fw_lavf_others_wanted(const struct fw_lavf *lavf)
{
    /* Subtitles are sparse: waiting for one past the end would read the whole file. */
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        const struct fw_lavf_stream *own = &lavf->streams[i];
        enum AVMediaType type = lavf->format->streams[i]->codecpar->codec_type;
        if ((own->action == FW_STREAM_COPY || own->action == FW_STREAM_AUDIO) && !own->ended &&
            (type == AVMEDIA_TYPE_AUDIO || type == AVMEDIA_TYPE_VIDEO))
            return true;
    }
    return false;
}

int fw_lavf_other_flush(struct fw_lavf *lavf, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < lavf->stream_count && status == FW_OK; i++) {
        if (lavf->streams[i].action == FW_STREAM_AUDIO && lavf->streams[i].codec)
            status = decode_audio(lavf, i, NULL, err);
    }
    return status;
}

void fw_lavf_other_deinit(struct fw_lavf *lavf)
{
    struct fw_early *early;
    while ((early = pop_early(lavf)) != NULL) {
        av_packet_free(&early->packet);
        free(early);
    }
    while (lavf->pending) {
        struct fw_pending *next = lavf->pending->next;
        fw_buffer_deinit(&lavf->pending->record);
        free(lavf->pending);
        lavf->pending = next;
    }
    fw_buffer_deinit(&lavf->record);
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        avcodec_free_context(&lavf->streams[i].codec);
}
