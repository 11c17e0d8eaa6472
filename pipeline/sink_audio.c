#include "sink_audio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include "encoder_options.h"
#include "sink_target.h"

#define CHUNK 1024          /* samples a frame, where the encoder takes any number */
#define CHANNELS_MAX 64     /* libswresample's */
#define GAP_PARTS 10        /* a gap of a tenth of a second and more is filled with silence */
#define GAP_MAX_SECONDS 600 /* a longer one is a jump of the clock: times go on without it */

struct fw_audio_encoder {
    AVCodecContext *context;
    SwrContext *resampler;
    AVAudioFifo *fifo;
    AVFrame *frame;     /* to the encoder */
    AVFrame *converted; /* from the resampler */
    AVPacket *packet;
    enum AVSampleFormat in_format;
    int in_rate;
    AVChannelLayout in_layout;
    int64_t next; /* pts of the first sample in the fifo, encoder's rate */
    bool started;
    int64_t off; /* how far the input's times are from the output's, as already counted */
    struct fw_audio_breaks breaks;
    fw_audio_packet_fn give;
    void *opaque;
};

const AVCodecContext *fw_audio_encoder_context(const struct fw_audio_encoder *encoder)
{
    return encoder->context;
}

struct fw_audio_breaks fw_audio_encoder_breaks(const struct fw_audio_encoder *encoder)
{
    return encoder->breaks;
}

/* The source's sample format, the one with the same depth in the other order, or the first. */
static enum AVSampleFormat pick_format(const AVCodec *codec, int source)
{
    const enum AVSampleFormat *list = codec->sample_fmts;
    if (!list)
        return (enum AVSampleFormat)source;
    for (int i = 0; list[i] != AV_SAMPLE_FMT_NONE; i++)
        if ((int)list[i] == source)
            return list[i];
    enum AVSampleFormat packed = av_get_packed_sample_fmt((enum AVSampleFormat)source);
    for (int i = 0; list[i] != AV_SAMPLE_FMT_NONE; i++)
        if (av_get_packed_sample_fmt(list[i]) == packed)
            return list[i];
    enum AVSampleFormat best = list[0];
    for (int i = 1; list[i] != AV_SAMPLE_FMT_NONE; i++)
        if (av_get_bytes_per_sample(list[i]) > av_get_bytes_per_sample(best) &&
            av_get_bytes_per_sample(best) < av_get_bytes_per_sample((enum AVSampleFormat)source))
            best = list[i];
    return best;
}

/* The same rate, else the nearest above, else the highest. */
static int pick_rate(const AVCodec *codec, int source)
{
    const int *list = codec->supported_samplerates;
    if (!list)
        return source;
    int above = 0;
    int highest = 0;
    for (int i = 0; list[i]; i++) {
        if (list[i] >= source && (!above || list[i] < above))
            above = list[i];
        highest = list[i] > highest ? list[i] : highest;
    }
    return above ? above : highest;
}

static int pick_layout(AVChannelLayout *layout, const AVCodec *codec, const AVChannelLayout *source)
{
    const AVChannelLayout *list = codec->ch_layouts;
    const AVChannelLayout *best = NULL;
    for (int i = 0; list && list[i].nb_channels; i++) {
        if (av_channel_layout_compare(&list[i], source) == 0)
            return av_channel_layout_copy(layout, source);
        if (list[i].nb_channels <= source->nb_channels &&
            (!best || list[i].nb_channels > best->nb_channels))
            best = &list[i];
    }
    if (best)
        return av_channel_layout_copy(layout, best);
    if (list && list[0].nb_channels)
        return av_channel_layout_copy(layout, &list[0]);
    if (source->order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(layout, source->nb_channels);
        return 0;
    }
    return av_channel_layout_copy(layout, source);
}

/* -ac is a count alone: the library would open an encoder for channels without names, while the
 * resampler gives named ones. */
static int choose_layout(AVCodecContext *context, const AVChannelLayout *source,
                         struct fw_error *err)
{
    int64_t asked = 0;
    (void)av_opt_get_int(context, "ac", 0, &asked);
    if (asked < 0 || asked > CHANNELS_MAX)
        return fw_fail(err, FW_ERR_USAGE, "-ac %lld: 1 to %d channels", (long long)asked,
                       CHANNELS_MAX);
    AVChannelLayout usual;
    bool named = source->order != AV_CHANNEL_ORDER_UNSPEC;
    const AVChannelLayout *best = asked == source->nb_channels && named ? source : &usual;
    av_channel_layout_default(&usual, (int)asked);
    const AVChannelLayout *list = asked ? context->codec->ch_layouts : NULL;
    const AVChannelLayout *other = NULL;
    bool listed = false;
    for (; list && list->nb_channels; list++) {
        listed = listed || av_channel_layout_compare(list, best) == 0;
        if (list->nb_channels == asked && !other)
            other = list;
    }
    best = !listed && other ? other : best;
    int code = 0;
    if (context->ch_layout.nb_channels <= 0)
        code = asked ? av_channel_layout_copy(&context->ch_layout, best)
                     : pick_layout(&context->ch_layout, context->codec, source);
    return code < 0 ? fw_fail(err, FW_ERR_MEMORY, "no memory for a channel layout") : FW_OK;
}

static int open_context(AVCodecContext *context, struct fw_error *err)
{
    /* A failure takes these from the context. */
    const AVCodec *codec = context->codec;
    int channels = context->ch_layout.nb_channels;
    int rate = context->sample_rate;
    int code = avcodec_open2(context, codec, NULL);
    if (code >= 0)
        return FW_OK;
    char rates[128] = "";
    const int *list = codec->supported_samplerates;
    bool known = !list;
    for (; list && *list; list++) {
        size_t used = strlen(rates);
        known = known || *list == rate;
        (void)snprintf(rates + used, sizeof(rates) - used, " %d", *list);
    }
    return fw_fail(err, FW_ERR_USAGE, "%s cannot be opened for %d Hz and %d channels: %s%s",
                   codec->name, rate, channels, known ? fw_av_text(code).text : "its rates are",
                   known ? "" : rates);
}

static int prepare(struct fw_audio_encoder *encoder, const struct fw_audio_request *request,
                   struct fw_error *err)
{
    AVCodecContext *context = encoder->context;
    const AVCodecParameters *par = request->source->par;
    if (par->sample_rate < 1 || par->ch_layout.nb_channels < 1)
        return fw_fail(err, FW_ERR_USAGE, "audio without a sample rate cannot be encoded");
    int status = fw_encoder_constants_apply(request->settings, context, NULL, err);
    int options = fw_encoder_options_apply(request->settings, context, 'a', err);
    if (status < 0 || options < 0)
        return status < 0 ? status : options;
    if (context->sample_rate <= 0)
        context->sample_rate = pick_rate(context->codec, par->sample_rate);
    status = choose_layout(context, &par->ch_layout, err);
    if (status < 0)
        return status;
    context->sample_fmt = pick_format(context->codec, par->format);
    context->time_base = (AVRational){ 1, context->sample_rate };
    context->bits_per_raw_sample = par->bits_per_raw_sample;
    if (request->global_header)
        context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    status = open_context(context, err);
    if (status < 0)
        return status;
    encoder->fifo = av_audio_fifo_alloc(context->sample_fmt, context->ch_layout.nb_channels, 4096);
    return encoder->fifo ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
}

int fw_audio_encoder_create(struct fw_audio_encoder **encoder_out,
                            const struct fw_audio_request *request, struct fw_error *err)
{
    *encoder_out = NULL;
    struct fw_audio_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an audio encoder");
    encoder->give = request->packet;
    encoder->opaque = request->opaque;
    encoder->context = avcodec_alloc_context3(request->encoder);
    encoder->frame = av_frame_alloc();
    encoder->converted = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    int status;
    if (!encoder->context || !encoder->frame || !encoder->converted || !encoder->packet)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for an audio encoder");
    else
        status = prepare(encoder, request, err);
    if (status < 0) {
        fw_audio_encoder_destroy(encoder);
        return status;
    }
    *encoder_out = encoder;
    return FW_OK;
}

void fw_audio_encoder_destroy(struct fw_audio_encoder *encoder)
{
    if (!encoder)
        return;
    avcodec_free_context(&encoder->context);
    swr_free(&encoder->resampler);
    av_audio_fifo_free(encoder->fifo);
    av_frame_free(&encoder->frame);
    av_frame_free(&encoder->converted);
    av_packet_free(&encoder->packet);
    av_channel_layout_uninit(&encoder->in_layout);
    free(encoder);
}

static int drain(struct fw_audio_encoder *encoder, struct fw_error *err)
{
    for (;;) {
        int code = avcodec_receive_packet(encoder->context, encoder->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return FW_OK;
        if (code < 0)
            return fw_fail(err, FW_ERR_OUTPUT, "%s failed: %s", encoder->context->codec->name,
                           fw_av_text(code).text);
        int status = encoder->give(encoder->opaque, encoder->packet, err);
        av_packet_unref(encoder->packet);
        if (status < 0)
            return status;
    }
}

/* Frames of the encoder's size; the last one may be shorter. */
static int encode_queued(struct fw_audio_encoder *encoder, bool all, struct fw_error *err)
{
    AVCodecContext *context = encoder->context;
    int size = context->frame_size > 0 ? context->frame_size : CHUNK;
    for (;;) {
        int have = av_audio_fifo_size(encoder->fifo);
        if (have == 0 || (have < size && !all))
            return FW_OK;
        AVFrame *frame = encoder->frame;
        av_frame_unref(frame);
        frame->nb_samples = have < size ? have : size;
        frame->format = context->sample_fmt;
        frame->sample_rate = context->sample_rate;
        if (av_channel_layout_copy(&frame->ch_layout, &context->ch_layout) < 0 ||
            av_frame_get_buffer(frame, 0) < 0 ||
            av_audio_fifo_read(encoder->fifo, (void **)frame->extended_data, frame->nb_samples) <
                frame->nb_samples)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
        frame->pts = encoder->next;
        encoder->next += frame->nb_samples;
        int code = avcodec_send_frame(context, frame);
        av_frame_unref(frame);
        if (code < 0)
            return fw_fail(err, FW_ERR_OUTPUT, "%s refuses audio: %s", context->codec->name,
                           fw_av_text(code).text);
        int status = drain(encoder, err);
        if (status < 0)
            return status;
    }
}

static bool same_input(const struct fw_audio_encoder *encoder, const AVFrame *frame)
{
    return encoder->resampler && encoder->in_format == frame->format &&
           encoder->in_rate == frame->sample_rate &&
           av_channel_layout_compare(&encoder->in_layout, &frame->ch_layout) == 0;
}

static int convert(struct fw_audio_encoder *encoder, const AVFrame *frame, struct fw_error *err)
{
    AVFrame *to = encoder->converted;
    av_frame_unref(to);
    to->format = encoder->context->sample_fmt;
    to->sample_rate = encoder->context->sample_rate;
    if (av_channel_layout_copy(&to->ch_layout, &encoder->context->ch_layout) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
    int code = swr_convert_frame(encoder->resampler, to, frame);
    if (code < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "audio cannot be converted: %s", fw_av_text(code).text);
    if (to->nb_samples > 0 && av_audio_fifo_write(encoder->fifo, (void **)to->extended_data,
                                                  to->nb_samples) < to->nb_samples)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
    return FW_OK;
}

/* A resampler for what arrives; what the old one still holds comes out first. */
static int meet_input(struct fw_audio_encoder *encoder, const AVFrame *frame, struct fw_error *err)
{
    if (same_input(encoder, frame))
        return FW_OK;
    int status = encoder->resampler ? convert(encoder, NULL, err) : FW_OK;
    if (status < 0)
        return status;
    swr_free(&encoder->resampler);
    AVCodecContext *context = encoder->context;
    int code = av_channel_layout_copy(&encoder->in_layout, &frame->ch_layout);
    if (code >= 0)
        code = swr_alloc_set_opts2(&encoder->resampler, &context->ch_layout, context->sample_fmt,
                                   context->sample_rate, &encoder->in_layout,
                                   (enum AVSampleFormat)frame->format, frame->sample_rate, 0, NULL);
    if (code >= 0)
        code = swr_init(encoder->resampler);
    if (code < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "audio cannot be converted: %s", fw_av_text(code).text);
    encoder->in_format = (enum AVSampleFormat)frame->format;
    encoder->in_rate = frame->sample_rate;
    return FW_OK;
}

static int add_silence(struct fw_audio_encoder *encoder, int64_t samples, struct fw_error *err)
{
    const AVCodecContext *context = encoder->context;
    AVFrame *to = encoder->converted;
    while (samples > 0) {
        av_frame_unref(to);
        to->format = context->sample_fmt;
        to->nb_samples = samples < CHUNK ? (int)samples : CHUNK;
        if (av_channel_layout_copy(&to->ch_layout, &context->ch_layout) < 0 ||
            av_frame_get_buffer(to, 0) < 0 ||
            av_samples_set_silence(to->extended_data, 0, to->nb_samples,
                                   context->ch_layout.nb_channels, context->sample_fmt) < 0 ||
            av_audio_fifo_write(encoder->fifo, (void **)to->extended_data, to->nb_samples) <
                to->nb_samples)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for audio");
        samples -= to->nb_samples;
        int status = encode_queued(encoder, false, err);
        if (status < 0)
            return status;
    }
    return FW_OK;
}

/* Keeps sound and picture together where the input has a hole. */
static int fill_gap(struct fw_audio_encoder *encoder, const AVFrame *frame, struct fw_error *err)
{
    if (frame->pts == AV_NOPTS_VALUE)
        return FW_OK;
    int rate = encoder->context->sample_rate;
    int64_t at = av_rescale(frame->pts, rate, frame->sample_rate);
    if (!encoder->started) {
        encoder->next = at;
        return FW_OK;
    }
    int64_t held = encoder->resampler ? swr_get_delay(encoder->resampler, rate) : 0;
    int64_t gap = at - encoder->next - av_audio_fifo_size(encoder->fifo) - held;
    int64_t change = gap - encoder->off;
    bool jump = gap > (int64_t)rate * GAP_MAX_SECONDS;
    if (gap >= rate / GAP_PARTS && !jump) {
        encoder->breaks.filled++;
        encoder->breaks.filled_seconds += (double)gap / rate;
        encoder->off = 0;
        return add_silence(encoder, gap, err);
    }
    /* Once for each: what follows is as far off. */
    if (change >= rate / GAP_PARTS || change <= -rate / GAP_PARTS) {
        encoder->breaks.jumps += jump && change > 0;
        encoder->breaks.overlaps += change < 0;
        encoder->off = gap;
    }
    return FW_OK;
}

int fw_audio_encoder_send(struct fw_audio_encoder *encoder, AVFrame *frame, struct fw_error *err)
{
    int channels = frame->ch_layout.nb_channels;
    if (frame->nb_samples < 1 || frame->sample_rate < 1 || channels < 1)
        return FW_OK;
    /* The resampler gives channels without names the usual ones, and then takes no others. */
    if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&frame->ch_layout, channels);
    int status = fill_gap(encoder, frame, err);
    encoder->started = true;
    if (status == FW_OK)
        status = meet_input(encoder, frame, err);
    if (status == FW_OK)
        status = convert(encoder, frame, err);
    return status == FW_OK ? encode_queued(encoder, false, err) : status;
}

int fw_audio_encoder_flush(struct fw_audio_encoder *encoder, struct fw_error *err)
{
    int status = encoder->resampler ? convert(encoder, NULL, err) : FW_OK;
    if (status == FW_OK)
        status = encode_queued(encoder, true, err);
    if (status < 0)
        return status;
    int code = avcodec_send_frame(encoder->context, NULL);
    if (code < 0 && code != AVERROR_EOF)
        return fw_fail(err, FW_ERR_OUTPUT, "%s cannot be finished: %s",
                       encoder->context->codec->name, fw_av_text(code).text);
    return drain(encoder, err);
}
