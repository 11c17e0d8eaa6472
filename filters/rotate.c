/* rotate: the picture turned by any angle around its middle. Options, expressions and arithmetic of
 * libavfilter 5.1's rotate; fillcolor=none gives zeros, where that leaves memory as it was. */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "rotate_plane.h"

#include <math.h>
#include <string.h>

#define SIZES "in_w iw in_h ih out_w ow out_h oh hsub vsub n t"
#define VARIABLES SIZES " rotw() roth()"

enum { IN_W, IW, IN_H, IH, OUT_W, OW, OUT_H, OH, HSUB, VSUB, VAR_N, VAR_T, VAR_COUNT };

struct rotate {
    char *angle_text;
    char *w_text;
    char *h_text;
    char *color_text;
    int32_t bilinear;

    struct fw_rotate_plan plan;
    struct fw_expr *angle;
    double values[VAR_COUNT];
    double time_unit;
    int32_t cpu;
};

#define EXPRESSION(option_name, text, field, preset)                                               \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct rotate, field), .default_text = preset, .variables = VARIABLES   \
    }

static const struct fw_option rotate_options[] = {
    EXPRESSION("angle", "clockwise, in radians", angle_text, "0"),
    EXPRESSION("a", "clockwise, in radians", angle_text, "0"),
    EXPRESSION("out_w", "width of the output; rotw(a) holds all of the picture", w_text, "iw"),
    EXPRESSION("ow", "width of the output; rotw(a) holds all of the picture", w_text, "iw"),
    EXPRESSION("out_h", "height of the output; roth(a) holds all of the picture", h_text, "ih"),
    EXPRESSION("oh", "height of the output; roth(a) holds all of the picture", h_text, "ih"),
    { .name = "fillcolor",
      .help = "colour around the picture, or none",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct rotate, color_text),
      .default_text = "black" },
    { .name = "c",
      .help = "colour around the picture, or none",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct rotate, color_text),
      .default_text = "black" },
    { .name = "bilinear",
      .help = "interpolate between pixels",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct rotate, bilinear),
      .default_text = "1" },
    { .name = NULL },
};

/* Whole bytes or words a sample, all of one depth, and no chroma shared between packed pixels. */
static int rotate_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    const uint32_t other = FW_FORMAT_FLOAT | FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM |
                           FW_FORMAT_BAYER | FW_FORMAT_XYZ | FW_FORMAT_BIG_ENDIAN;
    bool packed = format->plane_count == 1 && (format->flags & FW_FORMAT_RGB) &&
                  format->components[0].depth == 8 && format->components[0].step >= 3;
    bool planar = fw_format_is_planar_int(format) || format->component_count == 1;
    return !(format->flags & other) && (packed || planar) && format->components[0].depth >= 8 &&
           format->components[0].shift == 0;
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static double positive(double value)
{
    return value > 0 ? value : 0;
}

static double rotated_width(void *context, double angle)
{
    const double *values = context;
    float sine = (float)sin(angle), cosine = (float)cos(angle);
    return positive(values[IN_H] * sine) + positive(-values[IN_W] * cosine) +
           positive(values[IN_W] * cosine) + positive(-values[IN_H] * sine);
}

static double rotated_height(void *context, double angle)
{
    const double *values = context;
    float sine = (float)sin(angle), cosine = (float)cos(angle);
    return positive(-values[IN_H] * cosine) + positive(-values[IN_W] * sine) +
           positive(values[IN_H] * cosine) + positive(values[IN_W] * sine);
}

static double (*const functions[])(void *context, double argument) = { rotated_width,
                                                                       rotated_height };

static double value_of(const struct rotate *rotate, const struct fw_expr *expr)
{
    const struct fw_expr_calls calls = { functions, (void *)(uintptr_t)rotate->values };
    return fw_expr_value_with(expr, rotate->values, &calls);
}

static int size_of(const struct rotate *rotate, const char *text, const char *what, double *out,
                   struct fw_error *err)
{
    struct fw_expr *expr = NULL;
    int status = fw_expr_create(&expr, text, VARIABLES, err);
    if (status < 0)
        return status;
    *out = value_of(rotate, expr);
    fw_expr_destroy(expr);
    if (what && !(*out > 0 && *out < 32768))
        return fw_fail(err, FW_ERR_USAGE, "the %s would be %g; 1..32767 can be made", what, *out);
    return FW_OK;
}

/* The width may be written in terms of the height and the other way round: w, h, then w again. */
static int measure(struct rotate *rotate, const struct fw_video *in, struct fw_video *out,
                   struct fw_error *err)
{
    double *values = rotate->values, size = NAN;
    for (int i = 0; i < VAR_COUNT; i++)
        values[i] = NAN;
    values[IN_W] = values[IW] = in->width;
    values[IN_H] = values[IH] = in->height;
    values[HSUB] = 1 << in->format->log2_chroma_w;
    values[VSUB] = 1 << in->format->log2_chroma_h;
    int status = size_of(rotate, rotate->w_text, NULL, &size, err);
    values[OUT_W] = values[OW] = size;
    if (status == FW_OK)
        status = size_of(rotate, rotate->h_text, "height", &size, err);
    values[OUT_H] = values[OH] = size;
    if (status == FW_OK)
        status = size_of(rotate, rotate->w_text, "width", &size, err);
    values[OUT_W] = values[OW] = size;
    if (status == FW_OK) {
        out->height = (int32_t)(values[OUT_H] + 0.5);
        out->width = (int32_t)(size + 0.5);
    }
    return status;
}

static int rotate_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    struct rotate *rotate = self;
    uint32_t rgba = 0;
    *out = *in;
    if (!rotate_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    rotate->plan.filled = strcmp(rotate->color_text, "none") != 0;
    if (rotate->plan.filled && fw_color_read(rotate->color_text, &rgba) < 0)
        return fw_fail(err, FW_ERR_USAGE, "'%s' is not a colour", rotate->color_text);
    int status = measure(rotate, in, out, err);
    if (status < 0)
        return status;
    if (out->width < 1 || out->height < 1)
        return fw_fail(err, FW_ERR_USAGE, "the size would be %dx%d", out->width, out->height);
    rotate->plan.paint = fw_paint_of(in->format, rgba);
    rotate->time_unit = fw_expr_ratio(in->time_base, NAN);
    bool moves = fw_expr_mentions(rotate->angle_text, "n") ||
                 fw_expr_mentions(rotate->angle_text, "t");
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    caps->scratch_bytes = FW_ROTATE_SCRATCH;
    caps->cost_ns_per_pixel = 1.0f;
    return FW_OK;
}

static int rotate_start(void *self, struct fw_error *err)
{
    struct rotate *rotate = self;
    rotate->plan.bilinear = rotate->bilinear != 0;
    rotate->plan.kernels = fw_rotate_kernels(rotate->cpu);
    rotate->plan.turns = fw_turn_kernels(rotate->cpu);
    return fw_expr_create(&rotate->angle, rotate->angle_text, VARIABLES, err);
}

static void rotate_stop(void *self)
{
    struct rotate *rotate = self;
    fw_expr_destroy(rotate->angle);
    rotate->angle = NULL;
}

/* ---- frames --------------------------------------------------------------------------------- */

static int rotate_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    struct rotate *rotate = self;
    rotate->values[VAR_N] = (double)in->index;
    rotate->values[VAR_T] = in->pts == FW_NOPTS ? NAN : (double)in->pts * rotate->time_unit;
    double angle = value_of(rotate, rotate->angle);
    if (!isfinite(angle))
        return fw_fail(err, FW_ERR_FILTER, "the angle is %g", angle);
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++)
        fw_rotate_plane(&rotate->plan, &in->image, &out->image, plane, angle, scratch);
    return FW_OK;
}

const struct fw_filter fw_filter_rotate = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "rotate",
    .summary = "turn by any angle",
    .options = rotate_options,
    .self_size = sizeof(struct rotate),
    .negotiate = rotate_negotiate,
    .accepts = rotate_accepts,
    .start = rotate_start,
    .process = rotate_process,
    .stop = rotate_stop,
    .cpu_offset = FW_CPU_OFFSET(struct rotate, cpu),
};
