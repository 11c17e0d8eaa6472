/* Opening a video encoder: what it is told of pictures, time and threads. */
#include "sink_video.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "avframe.h"
#include "encoder_options.h"

#include "filters/check.h"

#define MPEG4_TICKS 60000 /* below 65536, and whole for the usual rates */

/* The family whose bitstream counts time in 16 bits. */
static bool counts_in_16_bits(const AVCodec *encoder)
{
    return encoder->id == AV_CODEC_ID_MPEG4;
}

static AVRational rate_of(const struct fw_video *video)
{
    AVRational rate = { video->frame_rate.num, video->frame_rate.den };
    if (rate.num <= 0 || rate.den <= 0)
        return (AVRational){ 0, 1 };
    return rate;
}

int fw_video_times_choose(struct fw_video_times *times, const struct fw_target *target,
                          const struct fw_video *video, struct fw_error *err)
{
    AVRational rate = rate_of(video);
    memset(times, 0, sizeof(*times));
    times->in = (AVRational){ video->time_base.num, video->time_base.den };
    if (times->in.num < 1 || times->in.den < 1)
        return fw_fail(err, FW_ERR_INTERNAL, "frames without a time base");
    times->encoder = times->in;
    times->out = times->in;
    if (!target->encoder)
        return FW_OK;
    if (fw_target_is_hash(target)) {
        if (target->hash_base.num > 0)
            times->encoder = times->out = target->hash_base;
        return FW_OK;
    }
    if (fw_target_fixed_rate(target) || fw_encoder_fixed_rate(target->encoder)) {
        if (!rate.num)
            return fw_fail(err, FW_ERR_USAGE,
                           "%s in %s needs a fixed frame rate, and the input's is not known; give "
                           "-r RATE, or use .mp4, .mkv or .nut with another encoder",
                           target->encoder->name, target->name);
        times->encoder = av_inv_q(rate);
        times->out = times->encoder;
        times->grid = true;
        return FW_OK;
    }
    AVRational reduced = times->in;
    av_reduce(&reduced.num, &reduced.den, reduced.num, reduced.den, INT32_MAX);
    if (counts_in_16_bits(target->encoder) && reduced.den > UINT16_MAX)
        times->encoder = (AVRational){ 1, MPEG4_TICKS };
    else if (counts_in_16_bits(target->encoder))
        times->encoder = reduced;
    return FW_OK;
}

/* 0 and 3 are reserved code points; some encoders refuse them. */
static uint8_t specified(uint8_t point)
{
    return point == 0 || point == 3 ? 2 : point;
}

static void tell_picture(AVCodecContext *context, const struct fw_video *video)
{
    const struct fw_color *color = &video->color;
    context->width = video->width;
    context->height = video->height;
    context->pix_fmt = fw_format_to_av(video->format);
    if (video->sample_aspect.num > 0 && video->sample_aspect.den > 0)
        context->sample_aspect_ratio = (AVRational){ video->sample_aspect.num,
                                                     video->sample_aspect.den };
    context->color_range = color->range;
    if (video->format->flags & FW_FORMAT_FULL_RANGE)
        context->color_range = AVCOL_RANGE_JPEG;
    bool rgb = (video->format->flags & FW_FORMAT_RGB) != 0;
    context->colorspace = color->matrix == AVCOL_SPC_RGB && !rgb ? AVCOL_SPC_UNSPECIFIED
                                                                 : color->matrix;
    context->color_primaries = specified(color->primaries);
    context->color_trc = specified(color->transfer);
    context->chroma_sample_location = color->chroma_location;
    const AVPixFmtDescriptor *row = av_pix_fmt_desc_get(context->pix_fmt);
    context->bits_per_raw_sample = row ? row->comp[0].depth : 0;
}

void fw_video_context_fields(AVCodecContext *context, uint32_t flags)
{
    bool top = (flags & FW_FRAME_TOP_FIRST) != 0;
    if (!(flags & FW_FRAME_INTERLACED))
        context->field_order = AV_FIELD_PROGRESSIVE;
    else if (context->codec_id == AV_CODEC_ID_MJPEG)
        context->field_order = top ? AV_FIELD_TT : AV_FIELD_BB;
    else
        context->field_order = top ? AV_FIELD_TB : AV_FIELD_BT;
}

bool fw_video_context_loses_fields(const AVCodecContext *context, uint32_t flags,
                                   const char **hint_out)
{
    static const struct {
        enum AVCodecID codec;
        bool asked; /* tells of fields with -flags +ildct+ilme */
    } rows[] = {
        { AV_CODEC_ID_H264, true },        { AV_CODEC_ID_MPEG2VIDEO, true },
        { AV_CODEC_ID_MPEG4, true },       { AV_CODEC_ID_PRORES, true },
        { AV_CODEC_ID_MPEG1VIDEO, false }, { AV_CODEC_ID_HEVC, false },
        { AV_CODEC_ID_DNXHD, false },      { AV_CODEC_ID_MJPEG, false },
        { AV_CODEC_ID_VP8, false },        { AV_CODEC_ID_VP9, false },
        { AV_CODEC_ID_AV1, false },        { AV_CODEC_ID_UTVIDEO, false },
        { AV_CODEC_ID_HUFFYUV, false },    { AV_CODEC_ID_FFVHUFF, false },
        { AV_CODEC_ID_JPEG2000, false },
    };
    if (!(flags & FW_FRAME_INTERLACED))
        return false;
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (rows[i].codec != context->codec_id)
            continue;
        bool asks = rows[i].asked && strcmp(context->codec->name, "libxvid") != 0;
        *hint_out = asks ? "-flags +ildct+ilme" : "-c:v ffv1";
        return !asks || !(context->flags & AV_CODEC_FLAG_INTERLACED_DCT);
    }
    return false;
}

/* ffv1 in slices: several threads, and damage stays in its slice. Which counts it takes depends on
 * the size in ways of its own, so they are tried in this order. Pictures of a few pixels come back
 * changed from version 3, so they stay with version 1. */
struct layering {
    int level;
    int slices;
    int width_min, height_min;
};
static const struct layering layerings[] = {
    { 3, 12, 640, 360 }, { 3, 4, 65, 65 }, { 3, 1, 16, 16 }, { 3, 4, 16, 16 }, { 1, 0, 1, 1 },
};

/* A question needs no threads. */
static const char *few_threads(const AVCodec *encoder)
{
    if (strcmp(encoder->name, "libx265") == 0)
        return "pools=none:frame-threads=1:no-wpp=1";
    return strcmp(encoder->name, "libsvtav1") == 0 ? "lp=1" : NULL;
}

static int prepare(AVCodecContext *context, const struct fw_video_request *request,
                   const struct layering *layering, struct fw_error *err)
{
    struct fw_video_times times;
    int status = fw_video_times_choose(&times, request->target, &request->video, err);
    if (status < 0)
        return status;
    tell_picture(context, &request->video);
    fw_video_context_fields(context, request->first_flags);
    context->time_base = times.encoder;
    context->framerate = times.grid ? av_inv_q(times.encoder) : rate_of(&request->video);
    context->strict_std_compliance = request->target->strictness;
    if (layering) {
        context->level = layering->level;
        context->slices = layering->slices;
    }
    if (request->target->format && (request->target->format->flags & AVFMT_GLOBALHEADER))
        context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const char *extra = request->scratch ? few_threads(context->codec) : request->extra;
    status = fw_encoder_constants_apply(request->settings, context, extra, err);
    int options = fw_encoder_options_apply(request->settings, context, 'v', err);
    if (request->scratch)
        context->thread_count = 1;
    return status < 0 ? status : options;
}

static int open_once(AVCodecContext **context_out, const struct fw_video_request *request,
                     const struct layering *layering, int *code_out, struct fw_error *err)
{
    AVCodecContext *context = avcodec_alloc_context3(request->target->encoder);
    if (!context)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an encoder");
    int status = prepare(context, request, layering, err);
    if (status == FW_OK) {
        *code_out = avcodec_open2(context, request->target->encoder, NULL);
        if (*code_out < 0)
            status = fw_fail(err, FW_ERR_USAGE, "%s cannot be opened for %dx%d %s: %s",
                             request->target->encoder->name, request->video.width,
                             request->video.height, request->video.format->name,
                             fw_av_text(*code_out).text);
    }
    if (status < 0)
        avcodec_free_context(&context);
    *context_out = context;
    return status;
}

int fw_video_context_open(AVCodecContext **context_out, const struct fw_video_request *request,
                          int *code_out, struct fw_error *err)
{
    *context_out = NULL;
    *code_out = 0;
    /* SVT-AV1 has no other way to keep it from printing; only its worst faults are left. */
    if (strcmp(request->target->encoder->name, "libsvtav1") == 0)
        (void)setenv("SVT_LOG", "0", 0);
    if (request->target->encoder->id != AV_CODEC_ID_FFV1)
        return open_once(context_out, request, NULL, code_out, err);
    for (size_t i = 0; i + 1 < FW_COUNT(layerings); i++) {
        struct fw_error ignored = { 0 };
        if (request->video.width < layerings[i].width_min ||
            request->video.height < layerings[i].height_min)
            continue;
        if (open_once(context_out, request, &layerings[i], code_out, &ignored) == FW_OK)
            return FW_OK;
    }
    return open_once(context_out, request, &layerings[FW_COUNT(layerings) - 1], code_out, err);
}
