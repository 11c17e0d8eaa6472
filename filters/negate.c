/* negate: every chosen component c becomes max - c. Formats, options and pixels of
 * libavfilter 5.1's filter of that name. */
#include "filter.h"
#include "format.h"
#include "kernels/negate.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

enum { PICK_Y = 1, PICK_U = 2, PICK_V = 4, PICK_R = 8, PICK_G = 16, PICK_B = 32, PICK_A = 64 };
#define PICK_DEFAULT 63

struct negate {
    int64_t components;
    int32_t negate_alpha;
    int32_t cpu;
    int32_t width;
    const struct fw_negate_kernels *kernels;
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
    negate->kernels = fw_negate_kernels(negate->cpu);
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

static void negate_row(const struct negate *negate, uint8_t *dst, const uint8_t *src, int32_t width,
                       bool picked, uint32_t depth)
{
    if (!picked && dst != src)
        memcpy(dst, src, (size_t)width * (depth == 8 ? 1 : 2));
    else if (picked && depth == 8)
        negate->kernels->negate_u8(dst, src, width);
    else if (picked)
        negate->kernels->negate_u16((uint16_t *)(void *)dst, (const uint16_t *)(const void *)src,
                                    width, (uint16_t)((1u << depth) - 1));
}

static int negate_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                       int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct negate *negate = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    int32_t packed_bytes = (int32_t)fw_format_row_bytes(format, 0, src->width);
    for (uint32_t i = 0; i < (negate->mask ? 1u : format->component_count); i++) {
        uint32_t plane = format->components[i].plane;
        bool picked = is_picked(negate, format, i);
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        for (int32_t y = rows.first; y < rows.end; y++) {
            uint8_t *to = dst->data[plane] + y * dst->stride[plane];
            const uint8_t *from = src->data[plane] + y * src->stride[plane];
            if (negate->mask)
                negate->kernels->flip(to, from, negate->mask, packed_bytes);
            else
                negate_row(negate, to, from, rows.width, picked, format->components[i].depth);
        }
    }
    return FW_OK;
}

static int negate_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    return negate_band(self, in, out, 0, in->image.height, scratch, err);
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
    .band = negate_band,
    .stop = negate_stop,
    .cpu_offset = FW_CPU_OFFSET(struct negate, cpu),
};
