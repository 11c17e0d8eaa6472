/* Frames that changed in mid-stream: size and format are made like the first one's. */
#include "source_lavf.h"

#include <stdio.h>

#include <libavutil/pixdesc.h>

#include "avframe.h"

#include "filters/format.h"

static bool same_kind(const struct fw_frame_info *a, const struct fw_frame_info *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height;
}

/* A frame that says nothing says nothing else than the first one did. */
static bool other_aspect(struct fw_rational now, struct fw_rational first)
{
    if (now.num <= 0 || now.den <= 0)
        return false;
    if (first.num <= 0 || first.den <= 0)
        first = (struct fw_rational){ 1, 1 };
    return (int64_t)now.num * first.den != (int64_t)first.num * now.den;
}

/* Pixels that mean something else. They pass as they are, as with the ffmpeg command, and the
 * output says of them what it says of the first frame. */
static bool other_meaning(const struct fw_frame_info *info, const struct fw_video *first)
{
    uint8_t range = first->color.range != AVCOL_RANGE_UNSPECIFIED ? first->color.range
                                                                  : AVCOL_RANGE_MPEG;
    return other_aspect(info->sample_aspect, first->sample_aspect) ||
           (info->color.range != AVCOL_RANGE_UNSPECIFIED && info->color.range != range &&
            !(first->format->flags & FW_FORMAT_RGB)) ||
           (info->color.matrix != AVCOL_SPC_UNSPECIFIED &&
            first->color.matrix != AVCOL_SPC_UNSPECIFIED &&
            info->color.matrix != first->color.matrix);
}

static void describe_kind(const struct fw_frame_info *info, char *text, size_t room)
{
    const struct fw_format *format = fw_format_at(info->format);
    (void)snprintf(text, room, "%dx%d %s", info->width, info->height,
                   format ? format->name : "unknown");
}

static void describe_meaning(struct fw_rational aspect, struct fw_color color, char *text,
                             size_t room)
{
    const char *range = av_color_range_name(color.range);
    const char *matrix = av_color_space_name(color.matrix);
    (void)snprintf(text, room, "%d:%d %s %s", aspect.num, aspect.den, range ? range : "unknown",
                   matrix ? matrix : "unknown");
}

static int note_change(struct fw_lavf *lavf, const struct fw_frame_info *info, bool kind,
                       struct fw_error *err)
{
    char from[64];
    char to[64];
    struct fw_damage_place place = fw_lavf_place(lavf, info->pts);
    place.frame = lavf->base.stats.frames;
    if (kind) {
        describe_kind(&lavf->first, from, sizeof(from));
        describe_kind(info, to, sizeof(to));
    } else {
        describe_meaning(lavf->video.sample_aspect, lavf->video.color, from, sizeof(from));
        describe_meaning(info->sample_aspect, info->color, to, sizeof(to));
    }
    return fw_source_changed(&lavf->base, place, from, to, err);
}

/* The ffmpeg command's own scaler settings, so that what it would make comes out. */
static int prepare(struct fw_lavf *lavf, const AVFrame *from, struct fw_error *err)
{
    enum AVPixelFormat to = fw_format_to_av(lavf->video.format);
    if (!lavf->scaled)
        lavf->scaled = av_frame_alloc();
    lavf->scaler = sws_getCachedContext(lavf->scaler, from->width, from->height,
                                        (enum AVPixelFormat)from->format, lavf->video.width,
                                        lavf->video.height, to, SWS_BICUBIC, NULL, NULL, NULL);
    if (!lavf->scaler || !lavf->scaled)
        return fw_fail(err, FW_ERR_INPUT, "a frame cannot be converted to the first one's format");
    av_frame_unref(lavf->scaled);
    lavf->scaled->format = to;
    lavf->scaled->width = lavf->video.width;
    lavf->scaled->height = lavf->video.height;
    if (av_frame_get_buffer(lavf->scaled, 0) < 0 || av_frame_copy_props(lavf->scaled, from) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to convert a frame");
    return FW_OK;
}

int fw_lavf_convert(struct fw_lavf *lavf, AVFrame *frame, const AVFrame **frame_out,
                    struct fw_error *err)
{
    struct fw_frame_info info;
    fw_frame_info_from_av(&info, frame);
    *frame_out = frame;
    bool kind = !same_kind(&info, &lavf->first);
    int status = FW_OK;
    if (kind || other_meaning(&info, &lavf->video))
        status = note_change(lavf, &info, kind, err);
    if (!kind)
        return status;
    if (status == FW_OK && av_frame_apply_cropping(frame, AV_FRAME_CROP_UNALIGNED) < 0)
        status = fw_fail(err, FW_ERR_INPUT, "a frame's crop cannot be applied");
    if (status == FW_OK)
        status = prepare(lavf, frame, err);
    if (status != FW_OK)
        return status;
    if (sws_scale(lavf->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
                  frame->height, lavf->scaled->data, lavf->scaled->linesize) < 0)
        return fw_fail(err, FW_ERR_INPUT, "a frame cannot be converted to the first one's format");
    /* Pixels of another shape over the same picture: the first frame's aspect stays true. */
    lavf->scaled->sample_aspect_ratio = (AVRational){ lavf->video.sample_aspect.num,
                                                      lavf->video.sample_aspect.den };
    lavf->scaled->crop_left = lavf->scaled->crop_right = 0;
    lavf->scaled->crop_top = lavf->scaled->crop_bottom = 0;
    *frame_out = lavf->scaled;
    return FW_OK;
}
