/* hflip: left and right exchanged. Every format whose pixels are whole bytes that share nothing
 * with their neighbours, which is libavfilter's list. */
#include "filter.h"
#include "format.h"
#include "kernels/turn.h"
#include "rows.h"

#include <string.h>

struct hflip {
    const struct fw_turn_kernels *kernels;
    int32_t cpu;
};

static const struct fw_option hflip_options[] = { { .name = NULL } };

static int hflip_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    bool shared_chroma = format->plane_count == 1 && format->component_count >= 3 &&
                         format->log2_chroma_w > 0;
    return !(format->flags & FW_FORMAT_BITSTREAM) && !shared_chroma;
}

static int hflip_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    *out = *in;
    if (!hflip_accepts(self, in->format))
        out->format = NULL;
    caps->flags |= FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = 0.2f;
    return FW_OK;
}

static int hflip_start(void *self, struct fw_error *err)
{
    (void)err;
    struct hflip *hflip = self;
    hflip->kernels = fw_turn_kernels(hflip->cpu);
    return FW_OK;
}

static int hflip_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                      int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct hflip *hflip = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        bool palette = plane == 1 && (format->flags & FW_FORMAT_PALETTE);
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        if (palette) { /* a row that is no part of the picture, and stays as it is */
            memcpy(dst->data[1], src->data[1], fw_format_row_bytes(format, 1, src->width));
            continue;
        }
        size_t bytes = fw_format_row_bytes(format, plane, src->width);
        int32_t unit = (int32_t)(bytes / (size_t)rows.width);
        for (int32_t y = rows.first; y < rows.end; y++)
            hflip->kernels->reverse(dst->data[plane] + y * dst->stride[plane],
                                    src->data[plane] + y * src->stride[plane], rows.width, unit);
    }
    return FW_OK;
}

static int hflip_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    return hflip_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_hflip = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "hflip",
    .summary = "exchange left and right",
    .options = hflip_options,
    .self_size = sizeof(struct hflip),
    .negotiate = hflip_negotiate,
    .accepts = hflip_accepts,
    .start = hflip_start,
    .process = hflip_process,
    .band = hflip_band,
    .cpu_offset = FW_CPU_OFFSET(struct hflip, cpu),
};
