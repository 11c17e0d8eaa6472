/* crop: a rectangle of the picture. Options, expressions and rounding of libavfilter 5.1's crop. */
#include "expr.h"
#include "filter.h"
#include "format.h"

#include <math.h>
#include <string.h>

#define VARIABLES "in_w iw in_h ih out_w ow out_h oh a sar dar hsub vsub x y n pos t"
enum {
    VAR_IN_W,
    VAR_IW,
    VAR_IN_H,
    VAR_IH,
    VAR_OUT_W,
    VAR_OW,
    VAR_OUT_H,
    VAR_OH,
    VAR_A,
    VAR_SAR,
    VAR_DAR,
    VAR_HSUB,
    VAR_VSUB,
    VAR_X,
    VAR_Y,
    VAR_N,
    VAR_POS,
    VAR_T,
    VAR_COUNT
};

struct crop {
    char *w_text;
    char *h_text;
    char *x_text;
    char *y_text;
    int32_t keep_aspect;
    int32_t exact;

    struct fw_expr *x_expr;
    struct fw_expr *y_expr;
    double values[VAR_COUNT];
    double time_unit;
    int32_t in_width;
    int32_t in_height;
    int32_t width;
    int32_t height;
};

#define EXPRESSION(option_name, text, field, preset)                                               \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct crop, field), .default_text = preset, .variables = VARIABLES     \
    }

static const struct fw_option crop_options[] = {
    EXPRESSION("out_w", "width of the rectangle", w_text, "iw"),
    EXPRESSION("w", "width of the rectangle", w_text, "iw"),
    EXPRESSION("out_h", "height of the rectangle", h_text, "ih"),
    EXPRESSION("h", "height of the rectangle", h_text, "ih"),
    EXPRESSION("x", "left edge", x_text, "(in_w-out_w)/2"),
    EXPRESSION("y", "upper edge", y_text, "(in_h-out_h)/2"),
    { .name = "keep_aspect",
      .help = "change the sample aspect so that the display aspect stays",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct crop, keep_aspect),
      .default_text = "0" },
    { .name = "exact",
      .help = "do not round to whole chroma samples",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct crop, exact),
      .default_text = "0" },
    { .name = NULL },
};

static int crop_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    bool shared_chroma = format->plane_count == 1 && format->component_count >= 3 &&
                         format->log2_chroma_w > 0;
    return !(format->flags & FW_FORMAT_BITSTREAM) && !shared_chroma;
}

static void set_values(struct crop *crop, const struct fw_video *in)
{
    double *values = crop->values;
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

static int size_of(double value, const char *what, int32_t limit, int32_t *size_out,
                   struct fw_error *err)
{
    if (isnan(value) || fabs(value) > INT32_MAX)
        return fw_fail(err, FW_ERR_USAGE, "the %s is not a number", what);
    *size_out = (int32_t)lrint(value);
    if (*size_out <= 0 || *size_out > limit)
        return fw_fail(err, FW_ERR_USAGE, "the %s is %d; the input allows 1..%d", what, *size_out,
                       limit);
    return FW_OK;
}

/* The width may be written in terms of the height and the other way round: w, h, then w again. */
static int measure(struct crop *crop, const struct fw_video *in, struct fw_error *err)
{
    double *values = crop->values;
    double size = NAN;
    int status = fw_expr_once(&size, crop->w_text, VARIABLES, values, err);
    values[VAR_OUT_W] = values[VAR_OW] = size;
    if (status == FW_OK)
        status = fw_expr_once(&size, crop->h_text, VARIABLES, values, err);
    values[VAR_OUT_H] = values[VAR_OH] = size;
    if (status == FW_OK)
        status = size_of(size, "height", in->height, &crop->height, err);
    if (status == FW_OK)
        status = fw_expr_once(&size, crop->w_text, VARIABLES, values, err);
    values[VAR_OUT_W] = values[VAR_OW] = size;
    if (status == FW_OK)
        status = size_of(size, "width", in->width, &crop->width, err);
    if (status == FW_OK && !crop->exact) {
        crop->width &= ~((1 << in->format->log2_chroma_w) - 1);
        crop->height &= ~((1 << in->format->log2_chroma_h) - 1);
        if (crop->width == 0 || crop->height == 0)
            status = fw_fail(
                err, FW_ERR_USAGE,
                "the rectangle is smaller than a chroma sample of %s; exact=1 takes it",
                in->format->name);
    }
    return status;
}

static struct fw_rational scale_aspect(struct fw_rational aspect, int64_t num, int64_t den)
{
    int64_t a = aspect.num ? aspect.num * num : num;
    int64_t b = aspect.num ? aspect.den * den : den;
    int64_t x = a;
    int64_t y = b;
    while (y) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    struct fw_rational out = { (int32_t)(a / x), (int32_t)(b / x) };
    return a / x > INT32_MAX || b / x > INT32_MAX ? aspect : out;
}

static int crop_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                          struct fw_caps *caps, struct fw_error *err)
{
    struct crop *crop = self;
    *out = *in;
    if (!crop_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    set_values(crop, in);
    int status = measure(crop, in, err);
    if (status < 0)
        return status;
    crop->in_width = in->width;
    crop->in_height = in->height;
    crop->time_unit = fw_expr_ratio(in->time_base, NAN);
    out->width = crop->width;
    out->height = crop->height;
    if (crop->keep_aspect)
        out->sample_aspect = scale_aspect(in->sample_aspect, (int64_t)in->width * crop->height,
                                          (int64_t)in->height * crop->width);
    bool moves = fw_expr_mentions(crop->x_text, "n") || fw_expr_mentions(crop->x_text, "t") ||
                 fw_expr_mentions(crop->y_text, "n") || fw_expr_mentions(crop->y_text, "t");
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    if (!moves && crop->width == in->width && crop->height == in->height)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->flags |= FW_CAPS_VIEW;
    caps->cost_ns_per_pixel = 0.1f;
    return FW_OK;
}

static void crop_stop(void *self)
{
    struct crop *crop = self;
    fw_expr_destroy(crop->x_expr);
    fw_expr_destroy(crop->y_expr);
    crop->x_expr = NULL;
    crop->y_expr = NULL;
}

static int crop_start(void *self, struct fw_error *err)
{
    struct crop *crop = self;
    int status = fw_expr_create(&crop->x_expr, crop->x_text, VARIABLES, err);
    if (status == FW_OK)
        status = fw_expr_create(&crop->y_expr, crop->y_text, VARIABLES, err);
    return status;
}

static int32_t place(double value, int32_t limit, uint32_t chroma_shift)
{
    int64_t at = isnan(value) || value < 0 ? 0 : (value > limit ? limit : lrint(value));
    int64_t mask = ~(((int64_t)1 << chroma_shift) - 1);
    return (int32_t)(at & mask);
}

static void find_corner(struct crop *crop, const struct fw_frame *in, int32_t *x_out,
                        int32_t *y_out)
{
    const struct fw_format *format = in->image.format;
    double values[VAR_COUNT];
    memcpy(values, crop->values, sizeof(values));
    values[VAR_N] = (double)in->index;
    values[VAR_T] = in->pts == FW_NOPTS ? NAN : (double)in->pts * crop->time_unit;
    values[VAR_X] = fw_expr_value(crop->x_expr, values);
    values[VAR_Y] = fw_expr_value(crop->y_expr, values);
    values[VAR_X] = fw_expr_value(crop->x_expr, values); /* it may be written in terms of y */
    *x_out = place(values[VAR_X], crop->in_width - crop->width,
                   crop->exact ? 0 : format->log2_chroma_w);
    *y_out = place(values[VAR_Y], crop->in_height - crop->height,
                   crop->exact ? 0 : format->log2_chroma_h);
}

static int crop_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                        struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct fw_image *src = &in->image;
    struct fw_image *view = &out->image;
    const struct fw_format *format = src->format;
    int32_t left;
    int32_t top;
    find_corner(self, in, &left, &top);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        bool palette = plane == 1 && (format->flags & FW_FORMAT_PALETTE);
        bool chroma = (plane == 1 || plane == 2) && !(format->flags & FW_FORMAT_RGB);
        int32_t x = chroma ? left >> format->log2_chroma_w : left;
        int32_t y = chroma ? top >> format->log2_chroma_h : top;
        ptrdiff_t unit = (ptrdiff_t)fw_format_row_bytes(format, plane, 1);
        view->stride[plane] = src->stride[plane];
        view->data[plane] = src->data[plane];
        if (!palette)
            view->data[plane] += y * src->stride[plane] + x * unit;
    }
    return FW_VIEW;
}

const struct fw_filter fw_filter_crop = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "crop",
    .summary = "cut out a rectangle",
    .options = crop_options,
    .self_size = sizeof(struct crop),
    .negotiate = crop_negotiate,
    .accepts = crop_accepts,
    .start = crop_start,
    .process = crop_process,
    .stop = crop_stop,
};
