/* vflip: upside down. Every format; a palette stays as it is. */
#include "filter.h"
#include "format.h"

#include <string.h>

static const struct fw_option vflip_options[] = { { .name = NULL } };

static int vflip_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)self;
    (void)err;
    *out = *in;
    caps->cost_ns_per_pixel = 0.1f;
    return FW_OK;
}

static int vflip_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)self;
    (void)scratch;
    (void)err;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
        int32_t rows = fw_format_plane_height(src->format, plane, src->height);
        for (int32_t y = 0; y < rows; y++)
            memcpy(dst->data[plane] + y * dst->stride[plane],
                   src->data[plane] + (rows - 1 - y) * src->stride[plane], bytes);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_vflip = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "vflip",
    .summary = "flip the picture upside down",
    .options = vflip_options,
    .negotiate = vflip_negotiate,
    .process = vflip_process,
};
