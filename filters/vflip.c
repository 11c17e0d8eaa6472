/* vflip: upside down, by reading rows from the last to the first. Every format; a palette stays as
 * it is. */
#include "filter.h"
#include "format.h"

static const struct fw_option vflip_options[] = { { .name = NULL } };

static int vflip_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)self;
    (void)err;
    *out = *in;
    caps->flags |= FW_CAPS_VIEW;
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
    struct fw_image *view = &out->image;
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++) {
        bool palette = plane == 1 && (src->format->flags & FW_FORMAT_PALETTE);
        int32_t rows = fw_format_plane_height(src->format, plane, src->height);
        view->data[plane] = src->data[plane];
        view->stride[plane] = src->stride[plane];
        if (!palette) {
            view->data[plane] += (rows - 1) * src->stride[plane];
            view->stride[plane] = -src->stride[plane];
        }
    }
    return FW_VIEW;
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
