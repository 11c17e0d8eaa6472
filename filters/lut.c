/*
 * lut, lutyuv, lutrgb: every component through a table that an expression makes.
 *
 * Formats, variables, functions and rounding of libavfilter 5.1's filters of those names: minval
 * and maxval are the limited range for YUV and 255 << (depth - 8) at most for the rest; the result
 * is cut off towards zero.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "tables.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define VARIABLES "w h val maxval minval negval clipval gammaval() gammaval709() st() ld() random()"
enum { VAR_W, VAR_H, VAR_VAL, VAR_MAXVAL, VAR_MINVAL, VAR_NEGVAL, VAR_CLIPVAL, VAR_COUNT };
#define COMPONENTS 4

struct lut {
    char *text[COMPONENTS];
    int32_t cpu;
    int32_t width;
    int32_t height;
    const struct fw_format *format;
    struct fw_tables tables;
};

#define EXPRESSION(option_name, component, words)                                                  \
    {                                                                                              \
        .name = option_name, .help = words, .type = FW_OPTION_EXPR,                                \
        .offset = offsetof(struct lut, text) + (component) * sizeof(char *),                       \
        .default_text = "clipval", .variables = VARIABLES                                          \
    }

static const struct fw_option lut_options[] = {
    EXPRESSION("c0", 0, "first component"),
    EXPRESSION("c1", 1, "second component"),
    EXPRESSION("c2", 2, "third component"),
    EXPRESSION("c3", 3, "fourth component"),
    EXPRESSION("y", 0, "luma"),
    EXPRESSION("u", 1, "first chroma"),
    EXPRESSION("v", 2, "second chroma"),
    EXPRESSION("r", 0, "red"),
    EXPRESSION("g", 1, "green"),
    EXPRESSION("b", 2, "blue"),
    EXPRESSION("a", 3, "alpha"),
    { .name = NULL },
};

static bool accepts_rgb(const struct fw_format *format)
{
    if (fw_format_is_planar_int(format))
        return format->flags & FW_FORMAT_RGB;
    if (!fw_tables_is_packed_rgb(format))
        return false;
    bool padded = format->component_count * fw_format_depth(format) / 8u !=
                  format->components[0].step;
    return !padded && (fw_format_depth(format) == 8 || format->components[0].offset == 0);
}

static bool accepts_yuv(const struct fw_format *format)
{
    uint32_t depth = fw_format_depth(format);
    bool deep_alpha = (format->flags & FW_FORMAT_ALPHA) && depth > 8 && depth < 16;
    return fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_RGB) &&
           format->component_count >= 3 && !deep_alpha && strcmp(format->name, "yuvj411p") != 0;
}

static int lutrgb_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return accepts_rgb(format);
}

static int lutyuv_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return accepts_yuv(format);
}

static int lut_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    bool gray = fw_format_is_planar_int(format) && format->component_count == 1;
    return gray || accepts_yuv(format) || accepts_rgb(format);
}

struct range {
    int32_t low;
    int32_t high;
    int32_t top; /* no result is above it */
};

static struct range range_of(const struct fw_format *format, uint32_t component)
{
    uint32_t depth = fw_format_depth(format);
    int32_t unit = 1 << (depth - 8);
    int32_t all = (1 << depth) - 1;
    bool rgb = format->flags & FW_FORMAT_RGB;
    if (rgb && depth == 16 && format->plane_count == 1)
        return (struct range){ 0, all, all };
    if (rgb || format->component_count == 1 || (format->flags & FW_FORMAT_FULL_RANGE))
        return (struct range){ 0, 255 * unit, 255 * unit };
    if (component == 3)
        return (struct range){ 0, all, all };
    return (struct range){ 16 * unit, (component == 0 ? 235 : 240) * unit, all };
}

/* As a conversion to int32_t does on x86: what does not fit becomes the least value. */
static int32_t to_int(double value)
{
    return value > -2147483649.0 && value < 2147483648.0 ? (int32_t)value : INT32_MIN;
}

static int32_t clip(int32_t value, int32_t low, int32_t high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

static double call_gammaval(void *context, double gamma)
{
    const double *values = context;
    double low = values[VAR_MINVAL];
    double span = values[VAR_MAXVAL] - low;
    return pow((values[VAR_CLIPVAL] - low) / span, gamma) * span + low;
}

/* The transfer function of ITU-R BT.709. */
static double call_gammaval709(void *context, double gamma)
{
    const double *values = context;
    double low = values[VAR_MINVAL];
    double span = values[VAR_MAXVAL] - low;
    double level = (values[VAR_CLIPVAL] - low) / span;
    level = level < 0.018 ? 4.5 * level : 1.099 * pow(level, 1.0 / gamma) - 0.099;
    return level * span + low;
}

static double (*const functions[])(void *, double) = { call_gammaval, call_gammaval709 };

/* `tables` NULL: only sees whether every value has a result. */
static int fill_component(const struct lut *lut, uint32_t component, struct fw_tables *tables,
                          struct fw_error *err)
{
    struct range range = range_of(lut->format, component);
    double values[VAR_COUNT] = { [VAR_W] = lut->width,
                                 [VAR_H] = lut->height,
                                 [VAR_MAXVAL] = range.high,
                                 [VAR_MINVAL] = range.low };
    const struct fw_expr_calls calls = { functions, values };
    struct fw_expr *expr;
    int status = fw_expr_create(&expr, lut->text[component], VARIABLES, err);
    if (status < 0)
        return status;
    int32_t count = 1 << fw_format_depth(lut->format);
    for (int32_t value = 0; value < count && status >= 0; value++) {
        values[VAR_VAL] = value;
        values[VAR_CLIPVAL] = clip(value, range.low, range.high);
        values[VAR_NEGVAL] = clip(range.low + range.high - value, range.low, range.high);
        double result = fw_expr_value_with(expr, values, &calls);
        if (isnan(result))
            status = fw_fail(err, FW_ERR_USAGE,
                             "'%s' has no result for the value %d of component %u",
                             lut->text[component], value, component);
        else if (tables)
            fw_tables_set(tables, component, (uint32_t)value,
                          (uint32_t)clip(to_int(result), 0, range_of(lut->format, 3).top));
    }
    fw_expr_destroy(expr);
    return status;
}

static int fill(const struct lut *lut, struct fw_tables *tables, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < lut->format->component_count && status >= 0; i++)
        status = fill_component(lut, i, tables, err);
    return status;
}

static int negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                     struct fw_caps *caps, int (*accepts)(const void *, const struct fw_format *),
                     struct fw_error *err)
{
    struct lut *lut = self;
    *out = *in;
    if (!accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    lut->format = in->format;
    lut->width = in->width;
    lut->height = in->height;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = fw_format_depth(in->format) == 8 ? 0.15f : 0.7f;
    return fill(lut, NULL, err);
}

static int lut_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                         struct fw_caps *caps, struct fw_error *err)
{
    return negotiate(self, in, out, caps, lut_accepts, err);
}

static int lutyuv_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    return negotiate(self, in, out, caps, lutyuv_accepts, err);
}

static int lutrgb_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    return negotiate(self, in, out, caps, lutrgb_accepts, err);
}

static int lut_start(void *self, struct fw_error *err)
{
    struct lut *lut = self;
    int status = fw_tables_init(&lut->tables, lut->format, lut->cpu, err);
    if (status >= 0)
        status = fill(lut, &lut->tables, err);
    if (status >= 0)
        fw_tables_seal(&lut->tables);
    return status;
}

static void lut_stop(void *self)
{
    struct lut *lut = self;
    fw_tables_deinit(&lut->tables);
}

static int lut_band(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                    int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct lut *lut = self;
    fw_tables_band(&lut->tables, &out->image, &in->image, row_first, row_end);
    return FW_OK;
}

static int lut_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                       struct fw_error *err)
{
    return lut_band(self, in, out, 0, in->image.height, scratch, err);
}

#define DEFINE_FILTER(id, words)                                                                   \
    const struct fw_filter fw_filter_##id = {                                                      \
        .struct_size = sizeof(struct fw_filter),                                                   \
        .abi = FW_ABI_VERSION,                                                                     \
        .name = #id,                                                                               \
        .summary = words,                                                                          \
        .options = lut_options,                                                                    \
        .self_size = sizeof(struct lut),                                                           \
        .negotiate = id##_negotiate,                                                               \
        .accepts = id##_accepts,                                                                   \
        .start = lut_start,                                                                        \
        .process = lut_process,                                                                    \
        .band = lut_band,                                                                          \
        .stop = lut_stop,                                                                          \
        .cpu_offset = FW_CPU_OFFSET(struct lut, cpu),                                              \
    };

DEFINE_FILTER(lut, "map every component through a table made by an expression")
DEFINE_FILTER(lutyuv, "map Y, U and V through tables made by expressions")
DEFINE_FILTER(lutrgb, "map red, green and blue through tables made by expressions")
