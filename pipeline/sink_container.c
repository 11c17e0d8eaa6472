#include "sink_container.h"

#include <string.h>

#include <libavutil/channel_layout.h>

#include "filters/check.h"

static bool is(const struct fw_target *target, const char *name)
{
    return target->format && strcmp(target->name, name) == 0;
}

/* Asks the muxer itself: a header of this stream alone, to memory. */
static bool header_works(const AVOutputFormat *format, const AVCodecParameters *par)
{
    AVFormatContext *muxer = NULL;
    bool works = false;
    if (avformat_alloc_output_context2(&muxer, format, NULL, "output") < 0)
        return false;
    muxer->flags |= AVFMT_FLAG_BITEXACT;
    AVStream *stream = avformat_new_stream(muxer, NULL);
    if (stream && avcodec_parameters_copy(stream->codecpar, par) >= 0 &&
        avio_open_dyn_buf(&muxer->pb) >= 0) {
        stream->codecpar->codec_tag = 0;
        stream->time_base = (AVRational){ 1, par->sample_rate > 0 ? par->sample_rate : 25 };
        stream->avg_frame_rate = (AVRational){ 25, 1 };
        works = avformat_write_header(muxer, NULL) >= 0;
        uint8_t *bytes = NULL;
        (void)avio_close_dyn_buf(muxer->pb, &bytes);
        av_free(bytes);
        muxer->pb = NULL;
    }
    avformat_free_context(muxer);
    return works;
}

bool fw_container_takes(const struct fw_target *target, const AVCodecParameters *par)
{
    if (!target->format || par->codec_id == AV_CODEC_ID_NONE)
        return false;
    if (is(target, "mpegts"))
        return fw_target_holds(target, par->codec_id) == 1;
    if (par->codec_type == AVMEDIA_TYPE_ATTACHMENT)
        return fw_container_attaches(target);
    int answer = fw_target_holds(target, par->codec_id);
    if (answer == 0 || (answer == 1 && par->codec_type == AVMEDIA_TYPE_DATA))
        return answer == 1 && !is(target, "mp4") && !is(target, "mov");
    if (answer == 1)
        return true;
    return par->codec_type != AVMEDIA_TYPE_DATA && header_works(target->format, par);
}

enum AVCodecID fw_container_codec(const struct fw_target *target, enum AVMediaType kind)
{
    if (!target->format)
        return AV_CODEC_ID_NONE;
    if (kind == AVMEDIA_TYPE_AUDIO) {
        if (is(target, "webm") || is(target, "ogg") || is(target, "ogv"))
            return AV_CODEC_ID_OPUS;
        if (is(target, "matroska"))
            return AV_CODEC_ID_AAC;
        return target->format->audio_codec;
    }
    if (kind == AVMEDIA_TYPE_SUBTITLE) {
        if (is(target, "mov") || is(target, "mp4") || is(target, "ipod"))
            return AV_CODEC_ID_MOV_TEXT;
        return target->format->subtitle_codec;
    }
    return AV_CODEC_ID_NONE;
}

const AVCodec *fw_encoder_for(enum AVCodecID codec)
{
    static const struct {
        enum AVCodecID codec;
        const char *name;
    } preferred[] = {
        { AV_CODEC_ID_OPUS, "libopus" },
        { AV_CODEC_ID_VORBIS, "libvorbis" },
        { AV_CODEC_ID_MP3, "libmp3lame" },
        { AV_CODEC_ID_MP2, "mp2" },
    };
    const AVCodec *encoder = NULL;
    for (size_t i = 0; i < FW_COUNT(preferred); i++)
        if (preferred[i].codec == codec)
            encoder = avcodec_find_encoder_by_name(preferred[i].name);
    if (!encoder)
        encoder = avcodec_find_encoder(codec);
    return encoder;
}

const AVCodec *fw_encoder_named(const char *name, enum AVMediaType kind)
{
    const AVCodec *encoder = avcodec_find_encoder_by_name(name);
    if (!encoder) {
        const AVCodecDescriptor *row = avcodec_descriptor_get_by_name(name);
        encoder = row ? fw_encoder_for(row->id) : NULL;
    }
    return encoder && encoder->type == kind ? encoder : NULL;
}

bool fw_container_attaches(const struct fw_target *target)
{
    return is(target, "matroska");
}

bool fw_container_covers(const struct fw_target *target, enum AVCodecID codec)
{
    bool picture = codec == AV_CODEC_ID_MJPEG || codec == AV_CODEC_ID_PNG ||
                   codec == AV_CODEC_ID_BMP;
    return picture && (is(target, "mp4") || is(target, "ipod"));
}
