/* Frames of libav to images and frame infos, and back. */
#include "avframe.h"

#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/buffer.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>

#include "limits.h"
#include "remux_wire.h"

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"

const struct fw_format *fw_format_from_av(enum AVPixelFormat format)
{
    const char *name = av_get_pix_fmt_name(format);
    return name ? fw_format_find(name) : NULL;
}

enum AVPixelFormat fw_format_to_av(const struct fw_format *format)
{
    return format ? av_get_pix_fmt(format->name) : AV_PIX_FMT_NONE;
}

static struct fw_color color_from_av(const AVFrame *frame)
{
    return (struct fw_color){ .range = (uint8_t)frame->color_range,
                              .matrix = (uint8_t)frame->colorspace,
                              .primaries = (uint8_t)frame->color_primaries,
                              .transfer = (uint8_t)frame->color_trc,
                              .chroma_location = (uint8_t)frame->chroma_location };
}

static uint32_t flags_from_av(const AVFrame *frame)
{
    uint32_t flags = 0;
    if (frame->interlaced_frame)
        flags |= FW_FRAME_INTERLACED;
    if (frame->top_field_first)
        flags |= FW_FRAME_TOP_FIRST;
    if (frame->key_frame)
        flags |= FW_FRAME_KEY;
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags)
        flags |= FW_FRAME_CORRUPT;
    if (frame->repeat_pict > 0)
        flags |= FW_FRAME_REPEAT;
    return flags;
}

/* The visible size along one side; a crop that leaves nothing is ignored, as libav does. */
static int32_t visible(int coded, size_t first, size_t last)
{
    if (coded < 1 || first >= (size_t)coded || last >= (size_t)coded - first)
        return coded;
    return (int32_t)((size_t)coded - first - last);
}

void fw_frame_info_from_av(struct fw_frame_info *info, const AVFrame *frame)
{
    const struct fw_format *format = fw_format_from_av((enum AVPixelFormat)frame->format);
    memset(info, 0, sizeof(*info));
    info->pts = frame->pts;
    info->duration = frame->pkt_duration > 0 ? frame->pkt_duration : 0;
    info->format = format ? format->id : UINT32_MAX;
    info->width = visible(frame->width, frame->crop_left, frame->crop_right);
    info->height = visible(frame->height, frame->crop_top, frame->crop_bottom);
    info->flags = flags_from_av(frame);
    info->sample_aspect.num = frame->sample_aspect_ratio.num;
    info->sample_aspect.den = frame->sample_aspect_ratio.den;
    info->color = color_from_av(frame);
}

static int first_component(const struct fw_format *format, uint32_t plane)
{
    for (int i = 0; i < format->component_count; i++) {
        if (format->components[i].plane == plane)
            return i;
    }
    return -1;
}

/* Points `image` at the first visible sample of every plane. false: a crop between bytes. */
static bool crop_view(struct fw_image *image, const AVFrame *frame)
{
    const struct fw_format *format = image->format;
    bool whole_w = visible(frame->width, frame->crop_left, frame->crop_right) == frame->width;
    bool whole_h = visible(frame->height, frame->crop_top, frame->crop_bottom) == frame->height;
    size_t left = whole_w ? 0 : frame->crop_left;
    size_t top = whole_h ? 0 : frame->crop_top;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        image->data[plane] = frame->data[plane];
        image->stride[plane] = frame->linesize[plane];
        int component = first_component(format, plane);
        if (component < 0 || (!left && !top))
            continue;
        bool chroma = (component == 1 || component == 2) && !(format->flags & FW_FORMAT_RGB);
        size_t x = left >> (chroma ? format->log2_chroma_w : 0);
        size_t y = top >> (chroma && plane ? format->log2_chroma_h : 0);
        size_t step = x * format->components[component].step;
        if (format->flags & FW_FORMAT_BITSTREAM) {
            if (step % 8)
                return false;
            step /= 8;
        }
        image->data[plane] += (ptrdiff_t)step + (ptrdiff_t)y * image->stride[plane];
    }
    return true;
}

int fw_avframe_store(const AVFrame *frame, void *base, size_t base_bytes, struct fw_error *err)
{
    struct fw_image_layout layout;
    struct fw_image from = { 0 };
    struct fw_image to;
    from.format = fw_format_from_av((enum AVPixelFormat)frame->format);
    from.width = visible(frame->width, frame->crop_left, frame->crop_right);
    from.height = visible(frame->height, frame->crop_top, frame->crop_bottom);
    if (!from.format)
        return fw_fail(err, FW_ERR_INPUT, "pixel format %d is not known here", frame->format);
    if (fw_image_layout(&layout, from.format, from.width, from.height) < 0)
        return fw_fail(err, FW_ERR_INPUT, "a frame of %dx%d is out of range", from.width,
                       from.height);
    if (layout.bytes > base_bytes)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame of %zu bytes, room for %zu", layout.bytes,
                       base_bytes);
    for (uint32_t plane = 0; plane < from.format->plane_count; plane++) {
        if (!frame->data[plane])
            return fw_fail(err, FW_ERR_INPUT, "the decoder gave a frame without plane %u", plane);
    }
    if (!crop_view(&from, frame))
        return fw_fail(err, FW_ERR_INPUT, "%s cannot be cropped by %zu columns", from.format->name,
                       frame->crop_left);
    fw_image_map(&to, &layout, from.format, from.width, from.height, base);
    fw_image_copy(&to, &from);
    return FW_OK;
}

/* Kinds that are told elsewhere (the display matrix with the stream, Dolby Vision by its own
 * bytes) or that only describe how the input was coded. */
static bool told_elsewhere(enum AVFrameSideDataType type)
{
    return type == AV_FRAME_DATA_DISPLAYMATRIX || type == AV_FRAME_DATA_DOVI_METADATA ||
           type == AV_FRAME_DATA_MOTION_VECTORS || type == AV_FRAME_DATA_VIDEO_ENC_PARAMS;
}

uint32_t fw_avframe_store_side(const AVFrame *frame, void *blob, uint32_t room, uint32_t *lost)
{
    uint8_t *at = blob;
    uint32_t used = 0;
    *lost = 0;
    for (int i = 0; i < frame->nb_side_data; i++) {
        const AVFrameSideData *side = frame->side_data[i];
        if (told_elsewhere(side->type))
            continue;
        if (!fw_wire_frame_side_fits((int)side->type, side->size) || room - used < 8 ||
            side->size > room - used - 8) {
            ++*lost;
            continue;
        }
        const uint32_t head[2] = { (uint32_t)side->type, (uint32_t)side->size };
        memcpy(at + used, head, sizeof(head));
        if (side->size)
            memcpy(at + used + 8, side->data, side->size);
        used += 8 + (uint32_t)side->size;
    }
    return used;
}

static struct fw_rational rational_from_av(AVRational value)
{
    return (struct fw_rational){ value.num, value.den };
}

static void hdr_from_mastering(struct fw_hdr *hdr, const AVMasteringDisplayMetadata *from)
{
    if (from->has_primaries) {
        hdr->flags |= FW_HDR_PRIMARIES;
        for (int i = 0; i < 6; i++)
            hdr->primaries[i / 2][i % 2] = rational_from_av(from->display_primaries[i / 2][i % 2]);
        hdr->white_point[0] = rational_from_av(from->white_point[0]);
        hdr->white_point[1] = rational_from_av(from->white_point[1]);
    }
    if (from->has_luminance) {
        hdr->flags |= FW_HDR_LUMINANCE;
        hdr->min_luminance = rational_from_av(from->min_luminance);
        hdr->max_luminance = rational_from_av(from->max_luminance);
    }
}

bool fw_hdr_from_side(struct fw_hdr *hdr, const void *blob, uint32_t bytes)
{
    struct fw_wire_reader in = { .at = blob, .left = bytes, .bad = false };
    *hdr = (struct fw_hdr){ .struct_size = sizeof(*hdr) };
    while (bytes <= FW_BLOB_MAX && in.left && !in.bad) {
        size_t size = 0;
        int type = fw_wire_get_i32(&in);
        const void *block = fw_wire_get_block(&in, &size);
        /* Copies: another process may still write to a slot that it should not. */
        AVMasteringDisplayMetadata mastering;
        AVContentLightMetadata light;
        if (in.bad)
            break;
        if (type == AV_FRAME_DATA_MASTERING_DISPLAY_METADATA && size == sizeof(mastering)) {
            memcpy(&mastering, block, sizeof(mastering));
            hdr_from_mastering(hdr, &mastering);
        } else if (type == AV_FRAME_DATA_CONTENT_LIGHT_LEVEL && size == sizeof(light)) {
            memcpy(&light, block, sizeof(light));
            hdr->flags |= FW_HDR_LIGHT_LEVELS;
            hdr->max_content = light.MaxCLL;
            hdr->max_average = light.MaxFALL;
        }
    }
    return hdr->flags != 0;
}

static int load_side(AVFrame *frame, const void *blob, uint32_t bytes, struct fw_error *err)
{
    struct fw_wire_reader in = { .at = blob, .left = blob ? bytes : 0, .bad = false };
    if (bytes > FW_BLOB_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "%u bytes of side data with a frame", bytes);
    while (in.left && !in.bad) {
        size_t size;
        int type = fw_wire_get_i32(&in);
        const uint8_t *block = fw_wire_get_block(&in, &size);
        if (in.bad || !fw_wire_frame_side_fits(type, size))
            return fw_fail(err, FW_ERR_INTERNAL, "side data of a frame is malformed");
        AVFrameSideData *side = av_frame_new_side_data(frame, (enum AVFrameSideDataType)type, size);
        if (!side)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for side data of %zu bytes", size);
        if (size)
            memcpy(side->data, block, size);
    }
    return FW_OK;
}

static void info_to_av(AVFrame *frame, const struct fw_frame_info *info)
{
    const struct fw_color *color = &info->color;
    frame->pts = info->pts;
    frame->pkt_duration = info->duration > 0 ? info->duration : 0;
    frame->interlaced_frame = (info->flags & FW_FRAME_INTERLACED) != 0;
    frame->top_field_first = (info->flags & FW_FRAME_TOP_FIRST) != 0;
    frame->key_frame = (info->flags & FW_FRAME_KEY) != 0;
    frame->repeat_pict = (info->flags & FW_FRAME_REPEAT) != 0;
    if (info->flags & FW_FRAME_CORRUPT)
        frame->flags |= AV_FRAME_FLAG_CORRUPT;
    if (info->sample_aspect.num > 0 && info->sample_aspect.den > 0)
        frame->sample_aspect_ratio = (AVRational){ info->sample_aspect.num,
                                                   info->sample_aspect.den };
    frame->color_range = color->range < AVCOL_RANGE_NB ? color->range : AVCOL_RANGE_UNSPECIFIED;
    frame->colorspace = color->matrix < AVCOL_SPC_NB ? color->matrix : AVCOL_SPC_UNSPECIFIED;
    if (av_color_primaries_name(color->primaries))
        frame->color_primaries = color->primaries;
    if (av_color_transfer_name(color->transfer))
        frame->color_trc = color->transfer;
    if (color->chroma_location < AVCHROMA_LOC_NB)
        frame->chroma_location = color->chroma_location;
}

/* Checks what a descriptor says and gives the frame its format, size and properties. */
static int begin_frame(AVFrame *frame, const struct fw_frame_info *info, const void *blob,
                       struct fw_image_layout *layout, struct fw_error *err)
{
    const struct fw_format *format = fw_format_at(info->format);
    av_frame_unref(frame);
    if (!format || fw_image_layout(layout, format, info->width, info->height) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame of format %u and %dx%d cannot be",
                       info->format, info->width, info->height);
    frame->format = fw_format_to_av(format);
    frame->width = info->width;
    frame->height = info->height;
    info_to_av(frame, info);
    return load_side(frame, blob, info->blob_bytes, err);
}

static void keep(void *opaque, uint8_t *data)
{
    (void)opaque;
    (void)data;
}

int fw_avframe_wrap(AVFrame *frame, const struct fw_frame_info *info, const void *base,
                    const void *blob, struct fw_error *err)
{
    struct fw_image_layout layout;
    if (begin_frame(frame, info, blob, &layout, err) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame cannot be read");
    /* libav has no pointer to constant pixels; the buffer's flag keeps it from writing. */
    uint8_t *pixels = (uint8_t *)(uintptr_t)base;
    frame->buf[0] = av_buffer_create(pixels, layout.bytes, keep, NULL, AV_BUFFER_FLAG_READONLY);
    if (!frame->buf[0])
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    const struct fw_format *format = fw_format_at(info->format);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        frame->data[plane] = pixels + layout.offset[plane];
        frame->linesize[plane] = (int)layout.stride[plane];
    }
    frame->extended_data = frame->data;
    return FW_OK;
}

int fw_avframe_load(AVFrame *frame, const struct fw_frame_info *info, const void *base,
                    const void *blob, struct fw_error *err)
{
    struct fw_image_layout layout;
    struct fw_image from;
    struct fw_image to = { 0 };
    if (begin_frame(frame, info, blob, &layout, err) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame cannot be read");
    if (av_frame_get_buffer(frame, 0) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame of %dx%d", info->width,
                       info->height);
    const struct fw_format *format = fw_format_at(info->format);
    fw_image_map(&from, &layout, format, info->width, info->height, (void *)(uintptr_t)base);
    to.format = format;
    to.width = info->width;
    to.height = info->height;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        FW_CHECK(frame->data[plane]);
        to.data[plane] = frame->data[plane];
        to.stride[plane] = frame->linesize[plane];
    }
    fw_image_copy(&to, &from);
    return FW_OK;
}
