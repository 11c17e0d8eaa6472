/*
 * colormatrix: YUV of one matrix to YUV of another, in limited range. Options and picture of
 * libavfilter 5.1's colormatrix; written from its documentation, from the matrices of ITU-T H.273
 * and from what the ffmpeg command makes of single colours.
 */
#include "filter.h"
#include "format.h"
#include "kernels/chroma.h"
#include "rows.h"

#include <math.h>
#include <string.h>

#define ONE 65536.0
#define LUMA_SPAN 219.0 /* of limited range in 8 bits; chroma has 224 */
#define CHROMA_SPAN 224.0

enum matrix { UNSET = -1, BT709, FCC, BT601, SMPTE240M, BT2020, MATRICES };

struct weights {
    double red;
    double blue;
    uint8_t code; /* of H.273 */
};

static const struct weights weights[MATRICES] = {
    { 0.2126, 0.0722, 1 }, { 0.30, 0.11, 4 },     { 0.299, 0.114, 5 },
    { 0.212, 0.087, 7 },   { 0.2627, 0.0593, 9 },
};

struct colormatrix {
    int64_t source;
    int64_t target;
    int32_t cpu;

    const struct fw_chroma_kernels *kernels;
    struct fw_chroma chroma; /* to new chroma */
    struct fw_chroma luma;   /* to what luma moves by, in uu and uv */
};

static const struct fw_choice colormatrix_choices[] = {
    { "bt709", BT709, "BT.709" },
    { "fcc", FCC, "FCC" },
    { "bt601", BT601, "BT.601" },
    { "bt470", BT601, "BT.470" },
    { "bt470bg", BT601, "BT.470 BG" },
    { "smpte170m", BT601, "SMPTE 170M" },
    { "smpte240m", SMPTE240M, "SMPTE 240M" },
    { "bt2020", BT2020, "BT.2020" },
    { NULL, 0, NULL },
};

#define MATRIX(option_name, field, text)                                                           \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_ENUM,                                 \
        .offset = offsetof(struct colormatrix, field), .min = UNSET, .max = MATRICES - 1,          \
        .default_text = "-1", .choices = colormatrix_choices                                       \
    }

static const struct fw_option colormatrix_options[] = {
    MATRIX("src", source, "matrix of the input; -1: the one its frames name"),
    MATRIX("dst", target, "matrix of the output"),
    { .name = NULL },
};

static int colormatrix_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && format->component_count >= 3 &&
           !(format->flags & (FW_FORMAT_RGB | FW_FORMAT_FULL_RANGE));
}

static int64_t matrix_of(uint8_t code)
{
    for (int i = 0; i < MATRICES; i++) {
        if (weights[i].code == code)
            return i;
    }
    return code == 6 ? BT601 : UNSET;
}

static int32_t fixed(double value)
{
    return (int32_t)lrint(value * ONE);
}

/* Of a unit of blue or red difference of `from`: what it is in luma and both differences of `to`.
 * Luma alone is gray in every matrix, so it is left out. */
static void carry(const struct weights *from, const struct weights *to, double blue_part,
                  double red_part, double *out)
{
    double red = red_part * 2 * (1 - from->red);
    double blue = blue_part * 2 * (1 - from->blue);
    double green = -(from->red * red + from->blue * blue) / (1 - from->red - from->blue);
    double luma = to->red * red + (1 - to->red - to->blue) * green + to->blue * blue;
    out[0] = luma;
    out[1] = (blue - luma) / (2 * (1 - to->blue));
    out[2] = (red - luma) / (2 * (1 - to->red));
}

static void set_gains(struct colormatrix *self, int64_t source, int32_t max)
{
    double u[3];
    double v[3];
    carry(&weights[source], &weights[self->target], 1, 0, u);
    carry(&weights[source], &weights[self->target], 0, 1, v);
    self->luma = (struct fw_chroma){ fixed(u[0] * LUMA_SPAN / CHROMA_SPAN),
                                     fixed(v[0] * LUMA_SPAN / CHROMA_SPAN), 0, 0, max };
    self->chroma = (struct fw_chroma){ fixed(u[1]), fixed(v[1]), fixed(u[2]), fixed(v[2]), max };
}

static int colormatrix_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                                 struct fw_caps *caps, struct fw_error *err)
{
    struct colormatrix *colormatrix = self;
    *out = *in;
    if (colormatrix->target == UNSET)
        return fw_fail(err, FW_ERR_USAGE,
                       "dst, the matrix of the output, is needed\n"
                       "hint: colormatrix=bt601:bt709");
    if (colormatrix->source == colormatrix->target)
        return fw_fail(err, FW_ERR_USAGE, "src and dst are the same matrix");
    if (!colormatrix_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    int64_t source = colormatrix->source;
    if (source == UNSET)
        source = matrix_of(in->color.matrix);
    if (source == UNSET)
        return fw_fail(err, FW_ERR_USAGE, "this input does not say which matrix it has; give src");
    set_gains(colormatrix, source, (1 << fw_format_depth(in->format)) - 1);
    out->color.matrix = weights[colormatrix->target].code;
    caps->flags |= FW_CAPS_BANDS;
    caps->scratch_bytes = (size_t)in->width * sizeof(int32_t);
    caps->cost_ns_per_pixel = 0.4f;
    return FW_OK;
}

static int colormatrix_start(void *self, struct fw_error *err)
{
    (void)err;
    struct colormatrix *colormatrix = self;
    colormatrix->kernels = fw_chroma_kernels(colormatrix->cpu);
    return FW_OK;
}

static void convert_row_8(const struct colormatrix *self, const struct fw_image *dst,
                          const struct fw_image *src, int32_t y, int32_t *terms)
{
    const struct fw_format *format = src->format;
    int32_t chroma_y = y >> format->log2_chroma_h;
    int32_t width = fw_format_plane_width(format, 1, src->width);
    const uint8_t *u = src->data[1] + chroma_y * src->stride[1];
    const uint8_t *v = src->data[2] + chroma_y * src->stride[2];
    bool first = chroma_y << format->log2_chroma_h == y;
    self->kernels->terms_u8(terms, u, v, &self->luma, width);
    self->kernels->follow_u8(dst->data[0] + y * dst->stride[0], src->data[0] + y * src->stride[0],
                             terms, format->log2_chroma_w, src->width);
    if (first)
        self->kernels->turn_u8(dst->data[1] + chroma_y * dst->stride[1],
                               dst->data[2] + chroma_y * dst->stride[2], u, v, &self->chroma,
                               width);
}

static uint16_t *row_16(const struct fw_image *image, uint32_t plane, int32_t y)
{
    return (uint16_t *)(void *)(image->data[plane] + y * image->stride[plane]);
}

static void convert_row_16(const struct colormatrix *self, const struct fw_image *dst,
                           const struct fw_image *src, int32_t y, int32_t *terms)
{
    const struct fw_format *format = src->format;
    int32_t chroma_y = y >> format->log2_chroma_h;
    int32_t width = fw_format_plane_width(format, 1, src->width);
    const uint16_t *u = row_16(src, 1, chroma_y);
    const uint16_t *v = row_16(src, 2, chroma_y);
    self->kernels->terms_u16(terms, u, v, &self->luma, width);
    self->kernels->follow_u16(row_16(dst, 0, y), row_16(src, 0, y), terms, format->log2_chroma_w,
                              self->luma.max, src->width);
    if (chroma_y << format->log2_chroma_h == y)
        self->kernels->turn_u16(row_16(dst, 1, chroma_y), row_16(dst, 2, chroma_y), u, v,
                                &self->chroma, width);
}

static int colormatrix_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                            int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct colormatrix *colormatrix = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    for (int32_t y = row_first; y < row_end; y++) {
        if (colormatrix->luma.max > 255)
            convert_row_16(colormatrix, dst, src, y, scratch);
        else
            convert_row_8(colormatrix, dst, src, y, scratch);
        if (src->format->plane_count > 3)
            memcpy(dst->data[3] + y * dst->stride[3], src->data[3] + y * src->stride[3],
                   fw_format_row_bytes(src->format, 3, src->width));
    }
    out->color.matrix = weights[colormatrix->target].code;
    return FW_OK;
}

static int colormatrix_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                               void *scratch, struct fw_error *err)
{
    return colormatrix_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_colormatrix = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "colormatrix",
    .summary = "convert between YUV matrices",
    .options = colormatrix_options,
    .self_size = sizeof(struct colormatrix),
    .negotiate = colormatrix_negotiate,
    .accepts = colormatrix_accepts,
    .start = colormatrix_start,
    .process = colormatrix_process,
    .band = colormatrix_band,
    .cpu_offset = FW_CPU_OFFSET(struct colormatrix, cpu),
};
