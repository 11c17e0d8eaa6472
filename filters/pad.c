/* pad: the picture on a larger one of one colour. Options, expressions, rounding and colours of
 * libavfilter 5.1's pad. */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (1 << 24)
#define VARIABLES "in_w iw in_h ih out_w ow out_h oh x y a sar dar hsub vsub"
enum {
    VAR_IN_W,
    VAR_IW,
    VAR_IN_H,
    VAR_IH,
    VAR_OUT_W,
    VAR_OW,
    VAR_OUT_H,
    VAR_OH,
    VAR_X,
    VAR_Y,
    VAR_A,
    VAR_SAR,
    VAR_DAR,
    VAR_HSUB,
    VAR_VSUB,
    VAR_COUNT
};

struct pad {
    char *w_text;
    char *h_text;
    char *x_text;
    char *y_text;
    uint32_t color;
    int64_t eval;
    char *aspect_text;

    int32_t width;
    int32_t height;
    int32_t x;
    int32_t y;
};

#define EXPRESSION(option_name, text, field, preset)                                               \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct pad, field), .default_text = preset, .variables = VARIABLES      \
    }

static const struct fw_choice evals[] = {
    { "init", 0, "once" },
    { "frame", 1, "for each frame; the size of frames does not change here, so the same" },
    { NULL, 0, NULL },
};

static const struct fw_option pad_options[] = {
    EXPRESSION("width", "width of the result", w_text, "iw"),
    EXPRESSION("w", "width of the result", w_text, "iw"),
    EXPRESSION("height", "height of the result", h_text, "ih"),
    EXPRESSION("h", "height of the result", h_text, "ih"),
    EXPRESSION("x", "left edge of the picture", x_text, "0"),
    EXPRESSION("y", "upper edge of the picture", y_text, "0"),
    { .name = "color",
      .help = "colour around the picture",
      .type = FW_OPTION_COLOR,
      .offset = offsetof(struct pad, color),
      .default_text = "black" },
    { .name = "eval",
      .help = "when to evaluate expressions",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct pad, eval),
      .min = 0,
      .max = 1,
      .default_text = "init",
      .choices = evals },
    { .name = "aspect",
      .help = "display aspect to fit, as 16/9 or 1.5",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct pad, aspect_text),
      .default_text = "0" },
    { .name = NULL },
};

/* What libavfilter's drawing functions can draw on. */
static int pad_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    const uint32_t fit = FW_FORMAT_PLANAR | FW_FORMAT_RGB | FW_FORMAT_ALPHA | FW_FORMAT_FULL_RANGE;
    uint8_t steps[FW_PLANES_MAX] = { 0 };
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        uint8_t *step = &steps[component->plane];
        if (component->depth < 8 || component->depth > 16 ||
            (component->shift && (component->shift + component->depth) % 8) ||
            (*step && *step != component->step) || component->step >= 6)
            return 0;
        *step = component->step;
    }
    return !(format->flags & ~fit);
}

static void set_values(double *values, const struct fw_video *in)
{
    for (int i = 0; i < VAR_COUNT; i++)
        values[i] = NAN;
    values[VAR_IN_W] = values[VAR_IW] = in->width;
    values[VAR_IN_H] = values[VAR_IH] = in->height;
    values[VAR_A] = (double)in->width / in->height;
    values[VAR_SAR] = fw_expr_ratio(in->sample_aspect, 1.0);
    values[VAR_DAR] = values[VAR_A] * values[VAR_SAR];
    values[VAR_HSUB] = 1 << in->format->log2_chroma_w;
    values[VAR_VSUB] = 1 << in->format->log2_chroma_h;
}

static int number(const char *what, const char *text, const double *values, int32_t *value_out,
                  struct fw_error *err)
{
    double value = NAN;
    int status = fw_expr_once(&value, text, VARIABLES, values, err);
    if (status < 0) {
        fw_error_prefix(err, "%s", what);
        return status;
    }
    if (isnan(value) || fabs(value) > SIZE_LIMIT)
        return fw_fail(err, FW_ERR_USAGE, "the %s is not a number of pixels", what);
    *value_out = (int32_t)value;
    return FW_OK;
}

/* The width may be written in terms of the height: w, h, then w again. The values keep fractions,
 * as those of libavfilter do. */
static int measure(struct pad *pad, double *values, const struct fw_video *in, struct fw_error *err)
{
    double size = NAN;
    int status = fw_expr_once(&size, pad->w_text, VARIABLES, values, err);
    values[VAR_OUT_W] = values[VAR_OW] = size;
    if (status == FW_OK)
        status = number("height", pad->h_text, values, &pad->height, err);
    if (status == FW_OK)
        status = fw_expr_once(&size, pad->h_text, VARIABLES, values, err);
    if (status == FW_OK && pad->height == 0)
        size = pad->height = in->height;
    values[VAR_OUT_H] = values[VAR_OH] = size;
    if (status == FW_OK)
        status = number("width", pad->w_text, values, &pad->width, err);
    if (status == FW_OK)
        status = fw_expr_once(&size, pad->w_text, VARIABLES, values, err);
    if (status == FW_OK && pad->width == 0)
        size = pad->width = in->width;
    values[VAR_OUT_W] = values[VAR_OW] = size;
    return status;
}

/* Half up, as av_rescale() rounds positive numbers; at most larger than every picture may be. */
static int32_t rescale(int32_t size, double ratio)
{
    return (int32_t)fmin(fmax(floor(size * ratio + 0.5), -SIZE_LIMIT), SIZE_LIMIT);
}

static int fit_aspect(struct pad *pad, double *values, const struct fw_video *in,
                      struct fw_error *err)
{
    double aspect = 0;
    int status = fw_expr_once(&aspect, pad->aspect_text, "", values, err);
    if (status < 0) {
        fw_error_prefix(err, "aspect");
        return status;
    }
    if (!isfinite(aspect) || aspect < 0)
        return fw_fail(err, FW_ERR_USAGE, "aspect: '%s' is no ratio", pad->aspect_text);
    if (aspect == 0)
        return FW_OK;
    if (in->sample_aspect.num && in->sample_aspect.den)
        aspect = aspect * in->sample_aspect.den / in->sample_aspect.num;
    if (pad->height < rescale(pad->width, 1 / aspect)) {
        pad->height = rescale(pad->width, 1 / aspect);
        values[VAR_OUT_H] = values[VAR_OH] = pad->height;
    } else {
        pad->width = rescale(pad->height, aspect);
        values[VAR_OUT_W] = values[VAR_OW] = pad->width;
    }
    return FW_OK;
}

/* A place outside of the result means: in the middle. */
static int place(struct pad *pad, double *values, const struct fw_video *in, struct fw_error *err)
{
    double value = NAN;
    int status = fw_expr_once(&value, pad->x_text, VARIABLES, values, err);
    values[VAR_X] = value;
    if (status == FW_OK)
        status = number("y", pad->y_text, values, &pad->y, err);
    if (status == FW_OK)
        status = fw_expr_once(&values[VAR_Y], pad->y_text, VARIABLES, values, err);
    if (status == FW_OK)
        status = number("x", pad->x_text, values, &pad->x, err);
    if (pad->x < 0 || pad->x + in->width > pad->width)
        pad->x = (pad->width - in->width) / 2;
    if (pad->y < 0 || pad->y + in->height > pad->height)
        pad->y = (pad->height - in->height) / 2;
    return status;
}

static int pad_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                         struct fw_caps *caps, struct fw_error *err)
{
    struct pad *pad = self;
    double values[VAR_COUNT];
    *out = *in;
    if (!pad_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    set_values(values, in);
    int status = measure(pad, values, in, err);
    if (status == FW_OK)
        status = fit_aspect(pad, values, in, err);
    if (status == FW_OK)
        status = place(pad, values, in, err);
    if (status < 0)
        return status;
    pad->width &= ~((1 << in->format->log2_chroma_w) - 1);
    pad->height &= ~((1 << in->format->log2_chroma_h) - 1);
    pad->x &= ~((1 << in->format->log2_chroma_w) - 1);
    pad->y &= ~((1 << in->format->log2_chroma_h) - 1);
    if (pad->x < 0 || pad->y < 0 || pad->width <= 0 || pad->height <= 0 ||
        pad->x + in->width > pad->width || pad->y + in->height > pad->height)
        return fw_fail(err, FW_ERR_USAGE, "the picture of %dx%d does not fit into %dx%d at %d,%d",
                       in->width, in->height, pad->width, pad->height, pad->x, pad->y);
    out->width = pad->width;
    out->height = pad->height;
    if (pad->width == in->width && pad->height == in->height)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->cost_ns_per_pixel = 0.15f;
    return FW_OK;
}

/* The last odd column of a picture with halved chroma goes to the right border, as there; the last
 * odd row stays. */
static void pad_plane(const struct pad *pad, const struct fw_paint *paint,
                      const struct fw_image *src, const struct fw_image *dst, uint32_t plane)
{
    const struct fw_format *format = src->format;
    bool chroma = (plane == 1 || plane == 2) && !(format->flags & FW_FORMAT_RGB);
    uint32_t shift_w = chroma ? format->log2_chroma_w : 0;
    uint32_t shift_h = chroma ? format->log2_chroma_h : 0;
    int32_t width = fw_format_plane_width(format, plane, dst->width);
    int32_t height = fw_format_plane_height(format, plane, dst->height);
    int32_t x = pad->x >> shift_w;
    int32_t y = pad->y >> shift_h;
    int32_t columns = (src->width & ~((1 << format->log2_chroma_w) - 1)) >> shift_w;
    int32_t rows = fw_format_plane_height(format, plane, src->height);
    size_t unit = fw_format_row_bytes(format, plane, 1);
    fw_paint_fill(paint, dst, plane, 0, 0, width, y);
    fw_paint_fill(paint, dst, plane, 0, y + rows, width, height - y - rows);
    fw_paint_fill(paint, dst, plane, 0, y, x, rows);
    fw_paint_fill(paint, dst, plane, x + columns, y, width - x - columns, rows);
    for (int32_t row = 0; row < rows; row++)
        memcpy(dst->data[plane] + (y + row) * dst->stride[plane] + (size_t)x * unit,
               src->data[plane] + row * src->stride[plane], (size_t)columns * unit);
}

static int pad_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                       struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct pad *pad = self;
    const struct fw_format *format = in->image.format;
    struct fw_paint paint = fw_paint_of(format, pad->color);
    for (uint32_t plane = 0; plane < format->plane_count; plane++)
        pad_plane(pad, &paint, &in->image, &out->image, plane);
    return FW_OK;
}

const struct fw_filter fw_filter_pad = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "pad",
    .summary = "put the picture on a larger one",
    .options = pad_options,
    .self_size = sizeof(struct pad),
    .negotiate = pad_negotiate,
    .accepts = pad_accepts,
    .process = pad_process,
};
