#include "picture.h"

#include <stdlib.h>
#include <string.h>

#include "cadence.h"

#include "filters/format.h"

int fw_picture_init(struct fw_picture *picture, const struct fw_link *link, uint64_t slot_bytes,
                    struct fw_error *err)
{
    if (!fw_link_to_video(link, &picture->video) ||
        fw_image_layout(&picture->layout, picture->video.format, picture->video.width,
                        picture->video.height) != 0 ||
        picture->layout.bytes + FW_BLOB_MAX > slot_bytes)
        return fw_fail(err, FW_ERR_INTERNAL, "the plan's pictures have no layout");
    picture->slot_bytes = slot_bytes;
    return FW_OK;
}

bool fw_picture_fits(const struct fw_picture *picture, const struct fw_frame_info *info)
{
    return info->format == picture->video.format->id && info->width == picture->video.width &&
           info->height == picture->video.height;
}

void fw_picture_read(const struct fw_picture *picture, const struct fw_frame_info *info,
                     const uint8_t *slot, uint64_t index, struct fw_pictured *pictured)
{
    struct fw_frame *frame = &pictured->frame;
    *frame = (struct fw_frame){
        .struct_size = sizeof(*frame),
        .flags = info->flags,
        .index = index,
        .pts = info->pts,
        .duration = info->duration,
        .sample_aspect = info->sample_aspect,
        .color = info->color,
    };
    if (info->blob_bytes > 0 &&
        fw_hdr_from_side(&pictured->hdr, slot + picture->slot_bytes - FW_BLOB_MAX,
                         info->blob_bytes))
        frame->hdr = &pictured->hdr;
    fw_image_map(&frame->image, &picture->layout, picture->video.format, picture->video.width,
                 picture->video.height, (void *)(uintptr_t)slot);
}

void fw_picture_place(const struct fw_picture *picture, uint8_t *slot, struct fw_image *image)
{
    fw_image_map(image, &picture->layout, picture->video.format, picture->video.width,
                 picture->video.height, slot);
}

void fw_picture_describe(const struct fw_picture *picture, const struct fw_frame *frame,
                         struct fw_frame_info *info_out)
{
    info_out->pts = frame->pts;
    info_out->duration = frame->duration;
    info_out->format = picture->video.format->id;
    info_out->width = picture->video.width;
    info_out->height = picture->video.height;
    info_out->flags = frame->flags;
    info_out->sample_aspect = frame->sample_aspect;
    info_out->color = frame->color;
}

/* What is known is the input's time; its outputs share its duration. */
void fw_held_retime(struct fw_held *held, const struct fw_taken *taken,
                    const struct fw_hop_plan *hop)
{
    const int64_t fanout = hop->geometry.fanout;
    const struct fw_rational in = hop->in.time_base, out = hop->out.time_base;
    held->info.duration = fw_rescale(taken->info.duration, in, out) / fanout;
    held->info.pts = FW_NOPTS;
    if (taken->info.pts != FW_NOPTS)
        held->info.pts = fw_rescale(taken->info.pts, in, out) +
                         (int64_t)(taken->seq % (uint64_t)fanout) * held->info.duration;
    held->info.origin = taken->info.origin;
}

int fw_held_keep(struct fw_held *held, const struct fw_taken *taken, struct fw_error *err)
{
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_at(taken->info.format);
    if (format == NULL ||
        fw_image_layout(&layout, format, taken->info.width, taken->info.height) != 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame without a layout");
    if (held->bytes < layout.bytes) {
        free(held->pixels);
        held->pixels = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
        held->bytes = held->pixels == NULL ? 0 : layout.bytes;
    }
    if (held->pixels == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to hold a frame");
    memcpy(held->pixels, taken->pixels, layout.bytes);
    held->info = taken->info;
    held->info.blob_bytes = 0;
    return FW_OK;
}

void fw_held_deinit(struct fw_held *held)
{
    free(held->pixels);
    *held = (struct fw_held){ 0 };
}
