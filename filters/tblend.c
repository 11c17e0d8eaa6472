/*
 * tblend: each frame blended with the one before it. Modes, opacity and formats of libavfilter
 * 5.1's tblend; the first frame comes out no more than there. Expressions are computed sample by
 * sample, as in libavfilter.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "kernels/blend.h"

#include <math.h>
#include <string.h>

#define VARIABLES "X Y W H SW SH T N A B TOP BOTTOM"
enum {
    VAR_X,
    VAR_Y,
    VAR_W,
    VAR_H,
    VAR_SW,
    VAR_SH,
    VAR_T,
    VAR_N,
    VAR_A,
    VAR_B,
    VAR_TOP,
    VAR_BOTTOM
};
#define VAR_COUNT (VAR_BOTTOM + 1)

struct tblend {
    int64_t modes[4];
    int64_t all_mode;
    char *expressions[4];
    char *all_expression;
    double opacities[4];
    double all_opacity;

    int32_t cpu;
    const struct fw_blend_kernels *kernels;
    struct fw_expr *parsed[4];
    double time_unit;
};

#define FW_BLEND_CHOICE(name) { #name, FW_BLEND_##name, NULL },
static const struct fw_choice modes[] = {
    FW_BLEND_MODES(FW_BLEND_CHOICE){ "addition128", FW_BLEND_grainmerge, "grainmerge" },
    { "difference128", FW_BLEND_grainextract, "grainextract" },
    { NULL, 0, NULL },
};

#define MODE(option_name, field, least, preset)                                                    \
    {                                                                                              \
        .name = option_name, .help = "how to blend", .type = FW_OPTION_ENUM,                       \
        .offset = offsetof(struct tblend, field), .min = least, .max = FW_BLEND_COUNT - 1,         \
        .default_text = preset, .choices = modes                                                   \
    }
#define EXPRESSION(option_name, field)                                                             \
    {                                                                                              \
        .name = option_name, .help = "samples from those of both frames", .type = FW_OPTION_EXPR,  \
        .offset = offsetof(struct tblend, field), .variables = VARIABLES                           \
    }
#define OPACITY(option_name, field)                                                                \
    {                                                                                              \
        .name = option_name, .help = "share of the blend, the rest is the frame",                  \
        .type = FW_OPTION_FLOAT, .offset = offsetof(struct tblend, field), .min = 0, .max = 1,     \
        .default_text = "1"                                                                        \
    }

static const struct fw_option tblend_options[] = {
    MODE("c0_mode", modes[0], 0, "normal"), MODE("c1_mode", modes[1], 0, "normal"),
    MODE("c2_mode", modes[2], 0, "normal"), MODE("c3_mode", modes[3], 0, "normal"),
    MODE("all_mode", all_mode, -1, "-1"),   EXPRESSION("c0_expr", expressions[0]),
    EXPRESSION("c1_expr", expressions[1]),  EXPRESSION("c2_expr", expressions[2]),
    EXPRESSION("c3_expr", expressions[3]),  EXPRESSION("all_expr", all_expression),
    OPACITY("c0_opacity", opacities[0]),    OPACITY("c1_opacity", opacities[1]),
    OPACITY("c2_opacity", opacities[2]),    OPACITY("c3_opacity", opacities[3]),
    OPACITY("all_opacity", all_opacity),    { .name = NULL },
};

static int tblend_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && format->component_count != 2;
}

static int tblend_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct tblend *tblend = self;
    *out = *in;
    if (!tblend_accepts(self, in->format))
        out->format = NULL;
    tblend->time_unit = fw_expr_ratio(in->time_base, NAN);
    caps->filter_class = FW_CLASS_WINDOWED;
    caps->before = 1;
    caps->lead = 1;
    caps->cost_ns_per_pixel = 0.4f;
    return FW_OK;
}

static void tblend_stop(void *self)
{
    struct tblend *tblend = self;
    for (int i = 0; i < 4; i++) {
        fw_expr_destroy(tblend->parsed[i]);
        tblend->parsed[i] = NULL;
    }
}

static int tblend_start(void *self, struct fw_error *err)
{
    struct tblend *tblend = self;
    int status = FW_OK;
    tblend->kernels = fw_blend_kernels(tblend->cpu);
    for (int i = 0; i < 4 && status == FW_OK; i++) {
        const char *text = tblend->expressions[i] ? tblend->expressions[i] : tblend->all_expression;
        if (text)
            status = fw_expr_create(&tblend->parsed[i], text, VARIABLES, err);
    }
    return status;
}

/* One plane of the two frames and the result. */
struct planes {
    const struct fw_image *top;
    const struct fw_image *bottom;
    const struct fw_image *dst;
    uint32_t plane;
    int32_t width;
    int32_t height;
    int32_t bits;
};

static int32_t sample(const void *row, int32_t x, int32_t bits)
{
    return bits > 8 ? ((const uint16_t *)row)[x] : ((const uint8_t *)row)[x];
}

static void evaluate_row(const struct fw_expr *expr, double *values, const struct planes *planes,
                         int32_t y)
{
    uint32_t plane = planes->plane;
    const uint8_t *top = planes->top->data[plane] + y * planes->top->stride[plane];
    const uint8_t *bottom = planes->bottom->data[plane] + y * planes->bottom->stride[plane];
    uint8_t *dst = planes->dst->data[plane] + y * planes->dst->stride[plane];
    values[VAR_Y] = y;
    for (int32_t x = 0; x < planes->width; x++) {
        values[VAR_X] = x;
        values[VAR_TOP] = values[VAR_A] = sample(top, x, planes->bits);
        values[VAR_BOTTOM] = values[VAR_B] = sample(bottom, x, planes->bits);
        double value = fw_expr_value(expr, values);
        int32_t whole = fabs(value) < INT32_MAX ? (int32_t)value : INT32_MIN;
        if (planes->bits > 8)
            ((uint16_t *)(void *)dst)[x] = (uint16_t)whole;
        else
            dst[x] = (uint8_t)whole;
    }
}

static void evaluate(const struct fw_expr *expr, const struct planes *planes, double seconds,
                     uint64_t number)
{
    const struct fw_image *dst = planes->dst;
    double values[VAR_COUNT] = {
        [VAR_W] = planes->width,
        [VAR_H] = planes->height,
        [VAR_SW] = (double)planes->width / dst->width,
        [VAR_SH] = (double)planes->height / dst->height,
        [VAR_T] = seconds,
        [VAR_N] = (double)number,
    };
    for (int32_t y = 0; y < planes->height; y++)
        evaluate_row(expr, values, planes, y);
}

static void blend_plane(const struct tblend *tblend, const struct planes *planes)
{
    uint32_t plane = planes->plane;
    size_t mode = (size_t)(tblend->all_mode >= 0 ? tblend->all_mode : tblend->modes[plane]);
    double opacity = tblend->all_opacity < 1 ? tblend->all_opacity : tblend->opacities[plane];
    fw_blend_row *blend = (planes->bits > 8 ? tblend->kernels->u16 : tblend->kernels->u8)[mode];
    for (int32_t y = 0; y < planes->height; y++)
        blend(planes->dst->data[plane] + y * planes->dst->stride[plane],
              planes->top->data[plane] + y * planes->top->stride[plane],
              planes->bottom->data[plane] + y * planes->bottom->stride[plane], planes->width,
              (float)opacity, planes->bits);
}

static int tblend_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                         void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct tblend *tblend = self;
    const struct fw_format *format = out->image.format;
    if (!in[-1])
        return FW_DROP;
    double seconds = in[0]->pts == FW_NOPTS ? NAN : (double)in[0]->pts * tblend->time_unit;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        const struct planes planes = { &in[0]->image,
                                       &in[-1]->image,
                                       &out->image,
                                       plane,
                                       fw_format_plane_width(format, plane, out->image.width),
                                       fw_format_plane_height(format, plane, out->image.height),
                                       (int32_t)fw_format_depth(format) };
        if (tblend->parsed[plane])
            evaluate(tblend->parsed[plane], &planes, seconds, in[0]->index);
        else
            blend_plane(tblend, &planes);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_tblend = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "tblend",
    .summary = "blend each frame with the one before it",
    .options = tblend_options,
    .self_size = sizeof(struct tblend),
    .negotiate = tblend_negotiate,
    .accepts = tblend_accepts,
    .start = tblend_start,
    .stop = tblend_stop,
    .window = tblend_window,
    .cpu_offset = FW_CPU_OFFSET(struct tblend, cpu),
};
