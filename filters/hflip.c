/* hflip: left and right exchanged. Every format whose pixels are whole bytes that share nothing
 * with their neighbours, which is libavfilter's list. */
#include "filter.h"
#include "format.h"

#include <string.h>

struct pixel2 {
    uint8_t bytes[2];
};
struct pixel3 {
    uint8_t bytes[3];
};
struct pixel4 {
    uint8_t bytes[4];
};
struct pixel6 {
    uint8_t bytes[6];
};
struct pixel8 {
    uint8_t bytes[8];
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

#define REVERSE(type)                                                                              \
    do {                                                                                           \
        type *to = (type *)(void *)dst;                                                            \
        const type *from = (const type *)(const void *)src + (count - 1);                          \
        for (ptrdiff_t i = 0; i < count; i++)                                                      \
            to[i] = from[-i];                                                                      \
    } while (0)

static void reverse_row(uint8_t *restrict dst, const uint8_t *restrict src, ptrdiff_t count,
                        size_t unit)
{
    switch (unit) {
    case 1:
        REVERSE(uint8_t);
        break;
    case 2:
        REVERSE(struct pixel2);
        break;
    case 3:
        REVERSE(struct pixel3);
        break;
    case 4:
        REVERSE(struct pixel4);
        break;
    case 6:
        REVERSE(struct pixel6);
        break;
    case 8:
        REVERSE(struct pixel8);
        break;
    default:
        for (ptrdiff_t i = 0; i < count; i++)
            memcpy(dst + (size_t)i * unit, src + (size_t)(count - 1 - i) * unit, unit);
    }
}

static int hflip_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)self;
    (void)scratch;
    (void)err;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        bool palette = plane == 1 && (format->flags & FW_FORMAT_PALETTE);
        size_t bytes = fw_format_row_bytes(format, plane, src->width);
        int32_t rows = fw_format_plane_height(format, plane, src->height);
        int32_t count = palette ? 1 : fw_format_plane_width(format, plane, src->width);
        for (int32_t y = 0; y < rows; y++)
            reverse_row(dst->data[plane] + y * dst->stride[plane],
                        src->data[plane] + y * src->stride[plane], count, bytes / (size_t)count);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_hflip = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "hflip",
    .summary = "exchange left and right",
    .options = hflip_options,
    .negotiate = hflip_negotiate,
    .accepts = hflip_accepts,
    .process = hflip_process,
};
