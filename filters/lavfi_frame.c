/* What a libavfilter frame says beside its pixels. */
#include "lavfi_call.h"

#include <libavutil/frame.h>
#include <libavutil/mastering_display_metadata.h>

static AVRational to_av_rational(struct fw_rational value)
{
    return (AVRational){ value.num, value.den ? value.den : 1 };
}

void fw_lavfi_frame_tag(AVFrame *frame, const struct fw_frame *in)
{
    frame->pts = in->pts;
    frame->pkt_duration = in->duration;
    frame->sample_aspect_ratio = to_av_rational(in->sample_aspect);
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
            display->display_primaries[i / 2][i % 2] = to_av_rational(hdr->primaries[i / 2][i % 2]);
        display->white_point[0] = to_av_rational(hdr->white_point[0]);
        display->white_point[1] = to_av_rational(hdr->white_point[1]);
        display->min_luminance = to_av_rational(hdr->min_luminance);
        display->max_luminance = to_av_rational(hdr->max_luminance);
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
