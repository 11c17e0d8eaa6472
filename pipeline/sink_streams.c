/* The output's streams: what is copied, encoded or attached, with their tags; and the records that
 * arrive for them. */
#include "sink_lavf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/mathematics.h>

#include "sink_audio.h"
#include "sink_container.h"
#include "sink_subtitle.h"

#include "filters/check.h"

static const AVRational microseconds = { 1, AV_TIME_BASE };

static int out_of_memory(struct fw_error *err)
{
    return fw_fail(err, FW_ERR_MEMORY, "no memory for a stream");
}

/* A tag of four letters that means this codec in this container, or none. */
static uint32_t copied_tag(const AVOutputFormat *format, const AVCodecParameters *par)
{
    unsigned int tag = 0;
    if (!format->codec_tag || av_codec_get_id(format->codec_tag, par->codec_tag) == par->codec_id ||
        !av_codec_get_tag2(format->codec_tag, par->codec_id, &tag))
        return par->codec_tag;
    return 0;
}

static int add_copy(struct fw_lavf *lavf, struct fw_lavf_stream *own,
                    const struct fw_media_stream *source, struct fw_error *err)
{
    AVStream *stream = own->stream;
    if (avcodec_parameters_copy(stream->codecpar, source->par) < 0)
        return out_of_memory(err);
    stream->codecpar->codec_tag = copied_tag(lavf->muxer->oformat, source->par);
    /* mp4 has both by its standards; libavformat 5.1 wants to be asked. */
    if (source->par->codec_id == AV_CODEC_ID_FLAC || source->par->codec_id == AV_CODEC_ID_TRUEHD)
        lavf->muxer->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    stream->time_base = source->time_base;
    stream->avg_frame_rate = source->avg_frame_rate;
    stream->r_frame_rate = source->r_frame_rate;
    stream->sample_aspect_ratio = source->sample_aspect_ratio;
    own->base = source->time_base;
    for (int i = 0; i < source->nb_side_data; i++) {
        const AVPacketSideData *side = &source->side_data[i];
        uint8_t *copy = av_stream_new_side_data(stream, side->type, side->size);
        if (!copy)
            return out_of_memory(err);
        memcpy(copy, side->data, side->size);
    }
    return FW_OK;
}

static int add_audio(struct fw_lavf *lavf, struct fw_lavf_stream *own,
                     const struct fw_media_stream *source, int32_t codec, struct fw_error *err);

static int add_subtitle(struct fw_lavf *lavf, struct fw_lavf_stream *own,
                        const struct fw_media_stream *source, int32_t codec, struct fw_error *err)
{
    const AVCodec *encoder = fw_encoder_for((enum AVCodecID)codec);
    if (!encoder)
        return fw_fail(err, FW_ERR_USAGE, "no encoder for %s",
                       avcodec_get_name((enum AVCodecID)codec));
    int status = fw_subtitle_encoder_create(&own->subtitle, encoder, source,
                                            lavf->sink->options.media, err);
    if (status < 0)
        return status;
    if (avcodec_parameters_from_context(own->stream->codecpar,
                                        fw_subtitle_encoder_context(own->subtitle)) < 0)
        return out_of_memory(err);
    own->stream->time_base = microseconds;
    own->base = microseconds;
    return FW_OK;
}

/* Fonts and covers as files of the container: they need a name and a kind. */
static int add_attachment(struct fw_lavf_stream *own, const struct fw_media_stream *source,
                          struct fw_error *err)
{
    AVCodecParameters *par = own->stream->codecpar;
    if (avcodec_parameters_copy(par, source->par) < 0)
        return out_of_memory(err);
    par->codec_type = AVMEDIA_TYPE_ATTACHMENT;
    par->codec_tag = 0;
    if (!source->cover)
        return FW_OK;
    av_freep(&par->extradata);
    par->extradata = av_mallocz((size_t)source->cover->size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return out_of_memory(err);
    memcpy(par->extradata, source->cover->data, (size_t)source->cover->size);
    par->extradata_size = source->cover->size;
    bool png = par->codec_id == AV_CODEC_ID_PNG;
    if (av_dict_set(&own->stream->metadata, "filename", png ? "cover.png" : "cover.jpg",
                    AV_DICT_DONT_OVERWRITE) < 0 ||
        av_dict_set(&own->stream->metadata, "mimetype", png ? "image/png" : "image/jpeg",
                    AV_DICT_DONT_OVERWRITE) < 0)
        return out_of_memory(err);
    return FW_OK;
}

/* -tag:v: four letters. */
static uint32_t asked_tag(const struct fw_settings *settings)
{
    const char *value = fw_av_option_value(settings, "tag", 'v');
    if (!value || strlen(value) != 4)
        return 0;
    const unsigned char *letters = (const unsigned char *)value;
    return (uint32_t)MKTAG(letters[0], letters[1], letters[2], letters[3]);
}

static int add_video(struct fw_lavf *lavf, struct fw_lavf_stream *own, struct fw_error *err)
{
    const struct fw_sink *sink = lavf->sink;
    const AVCodecContext *context = fw_video_encoder_context(lavf->video);
    AVStream *stream = own->stream;
    if (avcodec_parameters_from_context(stream->codecpar, context) < 0)
        return out_of_memory(err);
    own->base = fw_video_encoder_times(lavf->video)->out;
    stream->time_base = own->base;
    uint32_t tag = asked_tag(sink->options.settings);
    if (tag)
        stream->codecpar->codec_tag = tag;
    stream->sample_aspect_ratio = context->sample_aspect_ratio;
    if (sink->video.frame_rate.num > 0 && sink->video.frame_rate.den > 0)
        stream->avg_frame_rate = (AVRational){ sink->video.frame_rate.num,
                                               sink->video.frame_rate.den };
    stream->r_frame_rate = stream->avg_frame_rate;
    for (int i = 0; i < context->nb_coded_side_data; i++) {
        const AVPacketSideData *side = &context->coded_side_data[i];
        uint8_t *copy = av_stream_new_side_data(stream, side->type, side->size);
        if (!copy)
            return out_of_memory(err);
        memcpy(copy, side->data, side->size);
    }
    lavf->main = own;
    /* How Matroska says that the blocks beside a frame are its alpha. */
    bool beside = context->codec_id == AV_CODEC_ID_VP8 || context->codec_id == AV_CODEC_ID_VP9;
    if (beside && (sink->video.format->flags & FW_FORMAT_ALPHA) &&
        av_dict_set(&stream->metadata, "alpha_mode", "1", 0) < 0)
        return out_of_memory(err);
    return fw_hdr_container(stream, sink, err);
}

/* Whether a tag describes how the input was coded: no longer true once it is coded anew. */
static bool is_stale(const char *key)
{
    static const char *const beginnings[] = { "encoder",          "BPS",        "DURATION",
                                              "NUMBER_OF_FRAMES", "alpha_mode", "NUMBER_OF_BYTES",
                                              "_STATISTICS_" };
    for (size_t i = 0; i < FW_COUNT(beginnings); i++)
        if (strncasecmp(key, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return strcasecmp(key, "rotate") == 0;
}

static int copy_tags(AVStream *stream, const struct fw_media_stream *source, uint32_t action,
                     struct fw_error *err)
{
    bool anew = action == FW_STREAM_VIDEO || action == FW_STREAM_AUDIO ||
                action == FW_STREAM_SUBTITLE;
    const AVDictionaryEntry *tag = NULL;
    stream->disposition = source->disposition;
    while ((tag = av_dict_get(source->metadata, "", tag, AV_DICT_IGNORE_SUFFIX)))
        if (!(anew && is_stale(tag->key)) &&
            av_dict_set(&stream->metadata, tag->key, tag->value, 0) < 0)
            return out_of_memory(err);
    return FW_OK;
}

static int add_stream(struct fw_lavf *lavf, uint32_t input, struct fw_error *err)
{
    const struct fw_stream_plan *plan = &lavf->sink->options.streams[input];
    const struct fw_media_stream *source = &lavf->sink->options.media->streams[input];
    struct fw_lavf_stream *own = &lavf->by_input[input];
    own->action = plan->action;
    own->last_dts = AV_NOPTS_VALUE;
    own->stream = avformat_new_stream(lavf->muxer, NULL);
    if (!own->stream)
        return out_of_memory(err);
    int status = copy_tags(own->stream, source, plan->action, err);
    if (status < 0)
        return status;
    switch (plan->action) {
    case FW_STREAM_VIDEO:
        return add_video(lavf, own, err);
    case FW_STREAM_AUDIO:
        return add_audio(lavf, own, source, plan->codec, err);
    case FW_STREAM_SUBTITLE:
        return add_subtitle(lavf, own, source, plan->codec, err);
    case FW_STREAM_ATTACHMENT:
        own->stream->disposition &= ~AV_DISPOSITION_ATTACHED_PIC;
        return add_attachment(own, source, err);
    case FW_STREAM_COPY:
    case FW_STREAM_COVER:
        return add_copy(lavf, own, source, err);
    default:
        return fw_fail(err, FW_ERR_INTERNAL, "stream %u has no plan", input);
    }
}

int fw_lavf_add_streams(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_sink_options *options = &lavf->sink->options;
    uint32_t count = options->media->stream_count;
    for (int32_t output = 0; output < FW_STREAMS_MAX; output++) {
        for (uint32_t input = 0; input < count && input < FW_STREAMS_MAX; input++) {
            const struct fw_stream_plan *plan = &options->streams[input];
            if (plan->action == FW_STREAM_DROP || plan->output != output)
                continue;
            int status = add_stream(lavf, input, err);
            if (status < 0)
                return status;
        }
    }
    if (!lavf->main)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan has no filtered stream");
    return FW_OK;
}

static int add_chapters(struct fw_lavf *lavf, const struct fw_media *media, struct fw_error *err)
{
    AVFormatContext *muxer = lavf->muxer;
    if (!media->chapter_count || media->chapter_count > 65536)
        return FW_OK;
    muxer->chapters = av_calloc(media->chapter_count, sizeof(*muxer->chapters));
    if (!muxer->chapters)
        return out_of_memory(err);
    for (uint32_t i = 0; i < media->chapter_count; i++) {
        const struct fw_media_chapter *from = &media->chapters[i];
        AVChapter *to = av_mallocz(sizeof(*to));
        if (!to)
            return out_of_memory(err);
        muxer->chapters[muxer->nb_chapters++] = to;
        to->id = from->id;
        to->time_base = from->time_base;
        to->start = from->start;
        to->end = from->end;
        if (av_dict_copy(&to->metadata, from->metadata, 0) < 0)
            return out_of_memory(err);
    }
    return FW_OK;
}

int fw_lavf_add_tags(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_sink_options *options = &lavf->sink->options;
    AVDictionary **tags = &lavf->muxer->metadata;
    if (av_dict_copy(tags, options->media->metadata, 0) < 0)
        return out_of_memory(err);
    /* These describe the input's file, not the film. */
    static const char *const stale[] = { "encoder",           "major_brand",  "minor_version",
                                         "compatible_brands", "company_name", "product_name",
                                         "product_version" };
    for (size_t i = 0; i < FW_COUNT(stale); i++)
        (void)av_dict_set(tags, stale[i], NULL, 0);
    for (uint32_t i = 0; i < options->settings->metadata.count; i++) {
        const char *item = options->settings->metadata.items[i];
        const char *value = strchr(item, '=');
        char key[128];
        if (!value || value - item >= (ptrdiff_t)sizeof(key))
            return fw_fail(err, FW_ERR_USAGE, "-metadata %s: key=value expected", item);
        (void)snprintf(key, sizeof(key), "%.*s", (int)(value - item), item);
        if (av_dict_set(tags, key, value[1] ? value + 1 : NULL, 0) < 0)
            return out_of_memory(err);
    }
    int status = fw_lavf_set_tags(lavf, err);
    return status == FW_OK ? add_chapters(lavf, options->media, err) : status;
}

int fw_lavf_write_covers(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_media *media = lavf->sink->options.media;
    for (uint32_t i = 0; i < media->stream_count && i < FW_STREAMS_MAX; i++) {
        struct fw_lavf_stream *own = &lavf->by_input[i];
        const AVPacket *cover = media->streams[i].cover;
        if (own->action != FW_STREAM_COVER || !own->stream || !cover)
            continue;
        if (av_packet_ref(lavf->scratch, cover) < 0)
            return out_of_memory(err);
        lavf->scratch->pts = 0;
        lavf->scratch->dts = 0;
        lavf->scratch->flags |= AV_PKT_FLAG_KEY;
        int status = fw_lavf_queue(lavf, own, lavf->scratch, own->base, err);
        av_packet_unref(lavf->scratch);
        if (status < 0)
            return status;
    }
    return FW_OK;
}

static int take_audio(void *opaque, AVPacket *packet, struct fw_error *err)
{
    struct fw_lavf_stream *own = opaque;
    return fw_lavf_queue(own->owner, own, packet, own->base, err);
}

static int add_audio(struct fw_lavf *lavf, struct fw_lavf_stream *own,
                     const struct fw_media_stream *source, int32_t codec, struct fw_error *err)
{
    const char *name = lavf->sink->options.settings->audio_codec;
    const AVCodec *encoder = name ? fw_encoder_named(name, AVMEDIA_TYPE_AUDIO) : NULL;
    if (!encoder || (int32_t)encoder->id != codec)
        encoder = fw_encoder_for((enum AVCodecID)codec);
    if (!encoder)
        return fw_fail(err, FW_ERR_USAGE, "no encoder for %s",
                       avcodec_get_name((enum AVCodecID)codec));
    own->owner = lavf;
    const struct fw_audio_request request = {
        .settings = lavf->sink->options.settings,
        .source = source,
        .encoder = encoder,
        .global_header = (lavf->muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0,
        .packet = take_audio,
        .opaque = own,
    };
    int status = fw_audio_encoder_create(&own->audio, &request, err);
    if (status < 0)
        return status;
    const AVCodecContext *context = fw_audio_encoder_context(own->audio);
    if (avcodec_parameters_from_context(own->stream->codecpar, context) < 0)
        return out_of_memory(err);
    own->base = (AVRational){ 1, context->sample_rate };
    own->stream->time_base = own->base;
    return FW_OK;
}

static int copy_packet(struct fw_lavf *lavf, struct fw_lavf_stream *own, AVPacket *packet,
                       struct fw_error *err)
{
    if (packet->dts == AV_NOPTS_VALUE && own->last_dts == AV_NOPTS_VALUE)
        packet->dts = packet->pts;
    else if (packet->dts == AV_NOPTS_VALUE)
        packet->dts = packet->pts != AV_NOPTS_VALUE
                          ? packet->pts
                          : av_rescale_q(own->last_dts, own->stream->time_base, own->base);
    if (packet->pts == AV_NOPTS_VALUE && own->stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO)
        packet->pts = packet->dts;
    return fw_lavf_queue(lavf, own, packet, own->base, err);
}

int fw_lavf_record(struct fw_lavf *lavf, struct fw_record *record, struct fw_error *err)
{
    if (record->stream >= FW_STREAMS_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a record of stream %u", record->stream);
    struct fw_lavf_stream *own = &lavf->by_input[record->stream];
    if (own->action == FW_STREAM_COPY && record->kind == FW_RECORD_PACKET && record->packet)
        return copy_packet(lavf, own, record->packet, err);
    if (own->action == FW_STREAM_AUDIO && record->kind == FW_RECORD_AUDIO && record->audio)
        return fw_audio_encoder_send(own->audio, record->audio, err);
    if (own->action != FW_STREAM_SUBTITLE || record->kind != FW_RECORD_SUBTITLE || !record->ass)
        return FW_OK;
    int status = fw_subtitle_encoder_send(own->subtitle, record, lavf->scratch, err);
    if (status == FW_OK && lavf->scratch->size > 0)
        status = fw_lavf_queue(lavf, own, lavf->scratch, microseconds, err);
    av_packet_unref(lavf->scratch);
    return status;
}

int fw_lavf_finish_streams(struct fw_lavf *lavf, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < FW_STREAMS_MAX && status == FW_OK; i++)
        if (lavf->by_input[i].audio)
            status = fw_audio_encoder_flush(lavf->by_input[i].audio, err);
    return status;
}

void fw_lavf_close_streams(struct fw_lavf *lavf)
{
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++) {
        fw_audio_encoder_destroy(lavf->by_input[i].audio);
        fw_subtitle_encoder_destroy(lavf->by_input[i].subtitle);
    }
}
