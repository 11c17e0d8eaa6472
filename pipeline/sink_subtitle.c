#include "sink_subtitle.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/mem.h>

#include "sink_target.h"

#define EVENT_MAX 65536

struct fw_subtitle_encoder {
    AVCodecContext *context;
    uint8_t *bytes;
};

/* A script without styles of its own, for decoders that give none. */
static const char plain_header[] =
    "[Script Info]\r\n"
    "ScriptType: v4.00+\r\n"
    "PlayResX: 384\r\n"
    "PlayResY: 288\r\n"
    "ScaledBorderAndShadow: yes\r\n"
    "\r\n"
    "[V4+ Styles]\r\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, "
    "BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
    "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\r\n"
    "Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\r\n"
    "\r\n"
    "[Events]\r\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n";

const AVCodecContext *fw_subtitle_encoder_context(const struct fw_subtitle_encoder *encoder)
{
    return encoder->context;
}

static int give_header(AVCodecContext *context, const char *text, struct fw_error *err)
{
    size_t bytes = strlen(text);
    context->subtitle_header = av_mallocz(bytes + 1);
    if (!context->subtitle_header)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for subtitles");
    memcpy(context->subtitle_header, text, bytes);
    context->subtitle_header_size = (int)bytes;
    return FW_OK;
}

static int prepare(struct fw_subtitle_encoder *encoder, const AVCodec *codec,
                   const struct fw_media_stream *source, const struct fw_media *media,
                   struct fw_error *err)
{
    encoder->context = avcodec_alloc_context3(codec);
    encoder->bytes = av_malloc(EVENT_MAX);
    if (!encoder->context || !encoder->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for subtitles");
    AVCodecContext *context = encoder->context;
    context->time_base = AV_TIME_BASE_Q;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->width = media->video_params.width;
    context->height = media->video_params.height;
    int status = give_header(context,
                             source->subtitle_header ? source->subtitle_header : plain_header, err);
    if (status < 0)
        return status;
    int code = avcodec_open2(context, codec, NULL);
    if (code < 0)
        return fw_fail(err, FW_ERR_USAGE, "%s cannot be opened: %s", codec->name,
                       fw_av_text(code).text);
    return FW_OK;
}

int fw_subtitle_encoder_create(struct fw_subtitle_encoder **encoder_out, const AVCodec *codec,
                               const struct fw_media_stream *source, const struct fw_media *media,
                               struct fw_error *err)
{
    *encoder_out = NULL;
    struct fw_subtitle_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for subtitles");
    int status = prepare(encoder, codec, source, media, err);
    if (status < 0) {
        fw_subtitle_encoder_destroy(encoder);
        return status;
    }
    *encoder_out = encoder;
    return FW_OK;
}

void fw_subtitle_encoder_destroy(struct fw_subtitle_encoder *encoder)
{
    if (!encoder)
        return;
    avcodec_free_context(&encoder->context);
    av_free(encoder->bytes);
    free(encoder);
}

int fw_subtitle_encoder_send(struct fw_subtitle_encoder *encoder, const struct fw_record *record,
                             AVPacket *packet_out, struct fw_error *err)
{
    AVSubtitleRect rect = { .type = SUBTITLE_ASS, .ass = record->ass };
    AVSubtitleRect *rects[] = { &rect };
    int64_t length = record->length_us > 0 ? record->length_us : 0;
    AVSubtitle event = {
        .format = 1,
        .end_display_time = (uint32_t)(length / 1000 < UINT32_MAX ? length / 1000 : UINT32_MAX),
        .num_rects = 1,
        .rects = rects,
        .pts = record->start_us,
    };
    int bytes = avcodec_encode_subtitle(encoder->context, encoder->bytes, EVENT_MAX, &event);
    if (bytes < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "%s failed on a subtitle: %s",
                       encoder->context->codec->name, fw_av_text(bytes).text);
    if (av_new_packet(packet_out, bytes) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a subtitle");
    memcpy(packet_out->data, encoder->bytes, (size_t)bytes);
    packet_out->pts = record->start_us;
    packet_out->dts = record->start_us;
    packet_out->duration = length;
    packet_out->flags |= AV_PKT_FLAG_KEY;
    return FW_OK;
}
