/* negate: every chosen component c becomes max - c. Formats, options and pixels of
 * libavfilter 5.1's filter of that name. */
#include "filter.h"
#include "format.h"

#include <stdlib.h>
#include <string.h>

enum { PICK_Y = 1, PICK_U = 2, PICK_V = 4, PICK_R = 8, PICK_G = 16, PICK_B = 32, PICK_A = 64 };
#define PICK_DEFAULT 63

struct negate {
    int64_t components;
    int32_t negate_alpha;
    int32_t width;
    const struct fw_format *format;
    uint8_t *mask; /* packed formats: one row of bits to turn over */
};

static const struct fw_choice negate_components[] = {
    { "y", PICK_Y, "luma" },          { "u", PICK_U, "first chroma" },
    { "v", PICK_V, "second chroma" }, { "r", PICK_R, "red" },
    { "g", PICK_G, "green" },         { "b", PICK_B, "blue" },
    { "a", PICK_A, "alpha" },         { NULL, 0, NULL },
};

static const struct fw_option negate_options[] = {
    { .name = "components",
      .help = "components to negate",
      .type = FW_OPTION_FLAGS,
      .offset = offsetof(struct negate, components),
      .default_text = "y+u+v+r+g+b",
      .choices = negate_components },
    { .name = "negate_alpha",
      .help = "negate alpha too",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct negate, negate_alpha),
      .default_text = "0" },
    { .name = NULL },
};

static bool is_packed_rgb(const struct fw_format *format)
{
    uint32_t depth = fw_format_depth(format);
    return format->plane_count == 1 && (format->flags & FW_FORMAT_RGB) &&
           !(format->flags & (FW_FORMAT_BIG_ENDIAN | FW_FORMAT_BAYER | FW_FORMAT_FLOAT)) &&
           (depth == 8 || depth == 16) && format->components[0].depth == depth &&
           format->components[0].step == format->component_count * depth / 8;
}

static int negate_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    if (is_packed_rgb(format))
        return 1;
    /* libavfilter has these at 8 and 16 bits; between them it goes up to 16. */
    uint32_t depth = fw_format_depth(format);
    bool deep_yuva = (format->flags & FW_FORMAT_ALPHA) && !(format->flags & FW_FORMAT_RGB) &&
                     depth > 8 && depth != 16;
    return fw_format_is_planar_int(format) && !deep_yuva && strcmp(format->name, "yuvj411p") != 0;
}

static int64_t component_bit(const struct fw_format *format, uint32_t i)
{
    static const int64_t yuv[] = { PICK_Y, PICK_U, PICK_V, PICK_A };
    static const int64_t rgb[] = { PICK_R, PICK_G, PICK_B, PICK_A };
    return format->flags & FW_FORMAT_RGB ? rgb[i] : yuv[i];
}

/* As libavfilter has it, negate_alpha counts for planar formats and default components alone. */
static bool is_picked(const struct negate *negate, const struct fw_format *format, uint32_t i)
{
    int64_t picked = negate->components;
    if (picked == PICK_DEFAULT && negate->negate_alpha && !is_packed_rgb(format))
        picked |= PICK_A;
    return picked & component_bit(format, i);
}

static int check_components(const struct negate *negate, const struct fw_format *format,
                            struct fw_error *err)
{
    int64_t available = 0;
    for (uint32_t i = 0; i < format->component_count; i++)
        available |= component_bit(format, i);
    if (negate->components != PICK_DEFAULT && (negate->components & ~available))
        return fw_fail(err, FW_ERR_USAGE, "option 'components' names one that %s has not",
                       format->name);
    return FW_OK;
}

static int negate_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    struct negate *negate = self;
    *out = *in;
    if (!negate_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    int status = check_components(negate, in->format, err);
    if (status < 0)
        return status;
    negate->width = in->width;
    negate->format = in->format;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = 0.1f;
    return FW_OK;
}

static int negate_start(void *self, struct fw_error *err)
{
    struct negate *negate = self;
    if (!is_packed_rgb(negate->format))
        return FW_OK;
    size_t bytes = fw_format_row_bytes(negate->format, 0, negate->width);
    negate->mask = calloc(1, bytes);
    if (!negate->mask)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a row mask");
    for (uint32_t i = 0; i < negate->format->component_count; i++) {
        const struct fw_component *component = &negate->format->components[i];
        size_t wide = component->depth / 8u;
        for (size_t at = component->offset; at < bytes; at += component->step)
            memset(negate->mask + at, is_picked(negate, negate->format, i) ? 0xFF : 0, wide);
    }
    return FW_OK;
}

static void negate_stop(void *self)
{
    struct negate *negate = self;
    free(negate->mask);
    negate->mask = NULL;
}

static void row_xor(uint8_t *restrict dst, const uint8_t *restrict src,
                    const uint8_t *restrict mask, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        dst[i] = src[i] ^ mask[i];
}

static void row_u8(uint8_t *restrict dst, const uint8_t *restrict src, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        dst[i] = (uint8_t)(255 - src[i]);
}

static void row_u16(uint16_t *restrict dst, const uint16_t *restrict src, int32_t count,
                    uint32_t maximum)
{
    for (int32_t i = 0; i < count; i++)
        dst[i] = (uint16_t)(maximum - src[i]);
}

static void negate_plane(const struct fw_image *dst, const struct fw_image *src, uint32_t plane,
                         bool picked, uint32_t depth)
{
    size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
    int32_t count = fw_format_plane_width(src->format, plane, src->width);
    int32_t rows = fw_format_plane_height(src->format, plane, src->height);
    for (int32_t y = 0; y < rows; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *from = src->data[plane] + y * src->stride[plane];
        if (!picked)
            memcpy(to, from, bytes);
        else if (depth == 8)
            row_u8(to, from, count);
        else
            row_u16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from, count,
                    (1u << depth) - 1);
    }
}

static int negate_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct negate *negate = self;
    const struct fw_image *src = &in->image;
    const struct fw_format *format = src->format;
    if (negate->mask) {
        size_t bytes = fw_format_row_bytes(format, 0, src->width);
        for (int32_t y = 0; y < src->height; y++)
            row_xor(out->image.data[0] + y * out->image.stride[0],
                    src->data[0] + y * src->stride[0], negate->mask, bytes);
        return FW_OK;
    }
    for (uint32_t i = 0; i < format->component_count; i++)
        negate_plane(&out->image, src, format->components[i].plane, is_picked(negate, format, i),
                     format->components[i].depth);
    return FW_OK;
}

const struct fw_filter fw_filter_negate = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "negate",
    .summary = "negate the picture's components",
    .options = negate_options,
    .self_size = sizeof(struct negate),
    .negotiate = negate_negotiate,
    .accepts = negate_accepts,
    .start = negate_start,
    .process = negate_process,
    .stop = negate_stop,
};
