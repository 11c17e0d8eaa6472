/* transpose: rows become columns, with or without a flip. Options of libavfilter 5.1's transpose.
 */
#include "filter.h"
#include "format.h"

#include <string.h>

#define TILE 16 /* pixels; a tile of reads and one of writes stay in the first-level cache */

enum { SOURCE_UPWARDS = 1, TARGET_UPWARDS = 2, LANDSCAPE_ONLY = 4 };
enum { PASS_NONE, PASS_LANDSCAPE, PASS_PORTRAIT };

struct pixel3 {
    uint8_t bytes[3];
};
struct pixel6 {
    uint8_t bytes[6];
};

struct transpose {
    int64_t dir;
    int64_t passthrough;
};

static const struct fw_choice transpose_dirs[] = {
    { "cclock_flip", 0, "counter-clockwise, then upside down" },
    { "clock", 1, "90 degrees clockwise" },
    { "cclock", 2, "90 degrees counter-clockwise" },
    { "clock_flip", 3, "clockwise, then upside down" },
    { NULL, 0, NULL },
};

static const struct fw_choice transpose_passthroughs[] = {
    { "none", PASS_NONE, "always transpose" },
    { "portrait", PASS_PORTRAIT, "leave portrait pictures alone" },
    { "landscape", PASS_LANDSCAPE, "leave landscape pictures alone" },
    { NULL, 0, NULL },
};

static const struct fw_option transpose_options[] = {
    { .name = "dir",
      .help = "direction",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct transpose, dir),
      .min = 0,
      .max = 7,
      .default_text = "cclock_flip",
      .choices = transpose_dirs },
    { .name = "passthrough",
      .help = "pictures to leave alone",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct transpose, passthrough),
      .min = 0,
      .max = 2,
      .default_text = "none",
      .choices = transpose_passthroughs },
    { .name = NULL },
};

static int transpose_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return !(format->flags & (FW_FORMAT_BITSTREAM | FW_FORMAT_PALETTE)) &&
           format->log2_chroma_w == format->log2_chroma_h;
}

static int transpose_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                               struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct transpose *transpose = self;
    int64_t passthrough = transpose->dir & LANDSCAPE_ONLY ? PASS_LANDSCAPE : transpose->passthrough;
    *out = *in;
    if (!transpose_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if ((in->width >= in->height && passthrough == PASS_LANDSCAPE) ||
        (in->width <= in->height && passthrough == PASS_PORTRAIT)) {
        caps->flags |= FW_CAPS_IDENTITY;
        return FW_OK;
    }
    out->width = in->height;
    out->height = in->width;
    if (in->sample_aspect.num) {
        out->sample_aspect.num = in->sample_aspect.den;
        out->sample_aspect.den = in->sample_aspect.num;
    }
    caps->cost_ns_per_pixel = 0.6f;
    return FW_OK;
}

struct plane {
    const uint8_t *src;
    uint8_t *dst;
    ptrdiff_t src_stride;
    ptrdiff_t dst_stride;
    int32_t width; /* of the output plane */
    int32_t height;
};

#define TRANSPOSE_TILE(type)                                                                       \
    for (int32_t y = y_first; y < y_end; y++) {                                                    \
        type *to = (type *)(void *)(plane->dst + y * plane->dst_stride);                           \
        const uint8_t *from = plane->src + (size_t)y * sizeof(type);                               \
        for (int32_t x = x_first; x < x_end; x++)                                                  \
            to[x] = *(const type *)(const void *)(from + x * plane->src_stride);                   \
    }

static void transpose_tile(const struct plane *plane, size_t unit, int32_t x_first, int32_t x_end,
                           int32_t y_first, int32_t y_end)
{
    switch (unit) {
    case 1:
        TRANSPOSE_TILE(uint8_t)
        break;
    case 2:
        TRANSPOSE_TILE(uint16_t)
        break;
    case 3:
        TRANSPOSE_TILE(struct pixel3)
        break;
    case 4:
        TRANSPOSE_TILE(uint32_t)
        break;
    case 6:
        TRANSPOSE_TILE(struct pixel6)
        break;
    default:
        TRANSPOSE_TILE(uint64_t)
    }
}

static void transpose_plane(const struct plane *plane, size_t unit)
{
    for (int32_t y = 0; y < plane->height; y += TILE) {
        int32_t y_end = y + TILE < plane->height ? y + TILE : plane->height;
        for (int32_t x = 0; x < plane->width; x += TILE) {
            int32_t x_end = x + TILE < plane->width ? x + TILE : plane->width;
            transpose_tile(plane, unit, x, x_end, y, y_end);
        }
    }
}

static int transpose_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                             void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct transpose *transpose = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        struct plane plane = {
            .src = src->data[i],
            .dst = dst->data[i],
            .src_stride = src->stride[i],
            .dst_stride = dst->stride[i],
            .width = fw_format_plane_width(format, i, dst->width),
            .height = fw_format_plane_height(format, i, dst->height),
        };
        if (transpose->dir & SOURCE_UPWARDS) {
            plane.src += plane.src_stride * (plane.width - 1);
            plane.src_stride = -plane.src_stride;
        }
        if (transpose->dir & TARGET_UPWARDS) {
            plane.dst += plane.dst_stride * (plane.height - 1);
            plane.dst_stride = -plane.dst_stride;
        }
        transpose_plane(&plane, fw_format_row_bytes(format, i, 1));
    }
    return FW_OK;
}

const struct fw_filter fw_filter_transpose = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "transpose",
    .summary = "turn by 90 degrees, with or without a flip",
    .options = transpose_options,
    .self_size = sizeof(struct transpose),
    .negotiate = transpose_negotiate,
    .accepts = transpose_accepts,
    .process = transpose_process,
};
