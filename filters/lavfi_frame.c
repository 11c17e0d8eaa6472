/* What a libavfilter frame says beside its pixels. */
#include "lavfi_graph.h"

#include <libavutil/frame.h>
#include <libavutil/mastering_display_metadata.h>

/* Pixels to which libavfilter rounds up the width where it makes frames. */
#define ROW_ALIGN 64

static struct fw_rational from_av_rational(AVRational value)
{
    return (struct fw_rational){ value.num, value.den };
}

int32_t fw_lavfi_row_pixels(int32_t width)
{
    return (width + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
}

int fw_lavfi_frame_take(AVFrame *frame)
{
    int width = frame->width;
    frame->width = fw_lavfi_row_pixels(width);
    int code = av_frame_get_buffer(frame, 0);
    frame->width = width;
    return code;
}

void fw_lavfi_frame_tag(AVFrame *frame, const struct fw_frame *in)
{
    frame->pts = in->pts;
    frame->pkt_duration = in->duration;
    frame->sample_aspect_ratio = fw_lavfi_rational(in->sample_aspect);
    frame->color_range = in->color.range;
    frame->colorspace = in->color.matrix;
    frame->color_primaries = in->color.primaries;
    frame->color_trc = in->color.transfer;
    frame->chroma_location = in->color.chroma_location;
    frame->interlaced_frame = (in->flags & FW_FRAME_INTERLACED) != 0;
    frame->top_field_first = (in->flags & FW_FRAME_TOP_FIRST) != 0;
    frame->key_frame = (in->flags & FW_FRAME_KEY) != 0;
    frame->repeat_pict = (in->flags & FW_FRAME_REPEAT) != 0;
}

struct fw_color fw_lavfi_frame_color(const AVFrame *frame)
{
    return (struct fw_color){
        .range = (uint8_t)frame->color_range,
        .matrix = (uint8_t)frame->colorspace,
        .primaries = (uint8_t)frame->color_primaries,
        .transfer = (uint8_t)frame->color_trc,
        .chroma_location = (uint8_t)frame->chroma_location,
    };
}

int fw_lavfi_frame_set_hdr(AVFrame *frame, const struct fw_hdr *hdr)
{
    if (hdr && hdr->flags & (FW_HDR_PRIMARIES | FW_HDR_LUMINANCE)) {
        AVMasteringDisplayMetadata *display = av_mastering_display_metadata_create_side_data(frame);
        if (!display)
            return -1;
        display->has_primaries = (hdr->flags & FW_HDR_PRIMARIES) != 0;
        display->has_luminance = (hdr->flags & FW_HDR_LUMINANCE) != 0;
        for (int i = 0; i < 6; i++)
            display->display_primaries[i / 2][i % 2] = fw_lavfi_rational(
                hdr->primaries[i / 2][i % 2]);
        display->white_point[0] = fw_lavfi_rational(hdr->white_point[0]);
        display->white_point[1] = fw_lavfi_rational(hdr->white_point[1]);
        display->min_luminance = fw_lavfi_rational(hdr->min_luminance);
        display->max_luminance = fw_lavfi_rational(hdr->max_luminance);
    }
    if (hdr && hdr->flags & FW_HDR_LIGHT_LEVELS) {
        AVContentLightMetadata *light = av_content_light_metadata_create_side_data(frame);
        if (!light)
            return -1;
        light->MaxCLL = hdr->max_content;
        light->MaxFALL = hdr->max_average;
    }
    return 0;
}

bool fw_lavfi_frame_hdr(const AVFrame *frame, struct fw_hdr *hdr_out)
{
    const AVFrameSideData *mastering = av_frame_get_side_data(
        frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    const AVFrameSideData *levels = av_frame_get_side_data(frame,
                                                           AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
    *hdr_out = (struct fw_hdr){ .struct_size = sizeof(*hdr_out) };
    if (mastering) {
        const AVMasteringDisplayMetadata *display = (const void *)mastering->data;
        hdr_out->flags |= display->has_primaries ? FW_HDR_PRIMARIES : 0u;
        hdr_out->flags |= display->has_luminance ? FW_HDR_LUMINANCE : 0u;
        for (int i = 0; i < 6; i++)
            hdr_out->primaries[i / 2][i % 2] = from_av_rational(
                display->display_primaries[i / 2][i % 2]);
        hdr_out->white_point[0] = from_av_rational(display->white_point[0]);
        hdr_out->white_point[1] = from_av_rational(display->white_point[1]);
        hdr_out->min_luminance = from_av_rational(display->min_luminance);
        hdr_out->max_luminance = from_av_rational(display->max_luminance);
    }
    if (levels) {
        const AVContentLightMetadata *light = (const void *)levels->data;
        hdr_out->flags |= FW_HDR_LIGHT_LEVELS;
        hdr_out->max_content = light->MaxCLL;
        hdr_out->max_average = light->MaxFALL;
    }
    return hdr_out->flags != 0;
}
