/*
 * eq: brightness, contrast, saturation and gamma.
 *
 * Written from FFmpeg's documentation and from what its eq makes of ramps; bit-exact for its
 * formats, which have 8 bits. Deeper ones, which it has converted to 8 bits, are taken as they are,
 * by the same formulas on a finer scale: offsets still go in steps of an 8-bit value. Without gamma
 * and with moderate contrast a plane is a scale and an offset, else a table.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "kernels/linear.h"
#include "rows.h"
#include "tables.h"

#include <math.h>
#include <string.h>

#define VARIABLES "n r t"
enum { VAR_N, VAR_R, VAR_T, VAR_COUNT };
#define TABLE_CONTRAST 7.9 /* from here on a scale would not fit, and a table is used */

enum { CONTRAST, BRIGHTNESS, SATURATION, GAMMA, GAMMA_R, GAMMA_G, GAMMA_B, GAMMA_WEIGHT, SETTINGS };

static const struct {
    double low;
    double high;
} limits[SETTINGS] = {
    [CONTRAST] = { -1000, 1000 }, [BRIGHTNESS] = { -1, 1 },  [SATURATION] = { 0, 3 },
    [GAMMA] = { 0.1, 10 },        [GAMMA_R] = { 0.1, 10 },   [GAMMA_G] = { 0.1, 10 },
    [GAMMA_B] = { 0.1, 10 },      [GAMMA_WEIGHT] = { 0, 1 },
};

enum kind { COPY, SCALE, TABLE };

struct plane {
    enum kind kind;
    int32_t gain;
    int32_t offset;
};

struct eq {
    char *text[SETTINGS];
    int64_t eval;
    int32_t cpu;
    const struct fw_format *format;
    double rate;
    struct fw_rational time_base;
    struct fw_expr *expressions[SETTINGS];
    const struct fw_linear_kernels *kernels;
    float settings[SETTINGS]; /* those that planes and tables are made of */
    struct plane planes[3];
    struct fw_tables tables;
};

static const struct fw_choice evals[] = {
    { "init", 0, "expressions count once" },
    { "frame", 1, "expressions count for every frame" },
    { NULL, 0, NULL },
};

#define SETTING(option_name, which, words, preset)                                                 \
    {                                                                                              \
        .name = option_name, .help = words, .type = FW_OPTION_EXPR,                                \
        .offset = offsetof(struct eq, text) + (which) * sizeof(char *), .default_text = preset,    \
        .variables = VARIABLES                                                                     \
    }

static const struct fw_option eq_options[] = {
    SETTING("contrast", CONTRAST, "contrast, -1000 to 1000; below 0: a negative", "1.0"),
    SETTING("brightness", BRIGHTNESS, "brightness, -1 to 1", "0.0"),
    SETTING("saturation", SATURATION, "saturation, 0 to 3", "1.0"),
    SETTING("gamma", GAMMA, "gamma, 0.1 to 10", "1.0"),
    SETTING("gamma_r", GAMMA_R, "gamma of red, 0.1 to 10", "1.0"),
    SETTING("gamma_g", GAMMA_G, "gamma of green, 0.1 to 10", "1.0"),
    SETTING("gamma_b", GAMMA_B, "gamma of blue, 0.1 to 10", "1.0"),
    SETTING("gamma_weight", GAMMA_WEIGHT, "less gamma for bright areas, 0 to 1", "1.0"),
    { .name = "eval",
      .help = "when expressions count; n, r and t are 0 for 'init'",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct eq, eval),
      .default_text = "init",
      .choices = evals },
    { .name = NULL },
};

static int eq_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    bool tall = format->log2_chroma_h && !format->log2_chroma_w;
    return fw_format_is_planar_int(format) && !tall &&
           !(format->flags & (FW_FORMAT_RGB | FW_FORMAT_ALPHA | FW_FORMAT_FULL_RANGE));
}

static int eq_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                        struct fw_caps *caps, struct fw_error *err)
{
    struct eq *eq = self;
    *out = *in;
    if (!eq_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    bool moves = false;
    for (int i = 0; i < SETTINGS; i++) {
        double value;
        double values[VAR_COUNT] = { 0 };
        int status = fw_expr_once(&value, eq->text[i], VARIABLES, values, err);
        if (status < 0)
            return status;
        const char *text = eq->text[i];
        moves = moves || fw_expr_mentions(text, "n") || fw_expr_mentions(text, "r") ||
                fw_expr_mentions(text, "t");
    }
    eq->format = in->format;
    eq->time_base = in->time_base;
    eq->rate = fw_expr_ratio(in->frame_rate, NAN);
    if (eq->eval && moves)
        caps->filter_class = FW_CLASS_INDEXED;
    caps->flags |= FW_CAPS_IN_PLACE | FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = fw_format_depth(in->format) == 8 ? 0.15f : 0.5f;
    return FW_OK;
}

/* Steps of brightness are hundredths, counted from -1 and cut off, as in FFmpeg. */
static struct plane scale_of(float contrast, float brightness, uint32_t depth)
{
    int32_t gain = (int32_t)(contrast * 4096);
    int32_t hundredths = (int32_t)(100.0 * brightness + 100.0);
    int32_t offset = hundredths * 511 / 200 - 128 - gain / 32;
    return (struct plane){ SCALE, gain, offset * (1 << (depth - 8)) };
}

static void fill_table(struct fw_tables *tables, uint32_t component, float contrast,
                       float brightness, double gamma, double weight)
{
    uint32_t top = (1u << tables->depth) - 1;
    for (uint32_t i = 0; i <= top; i++) {
        double value = contrast * ((double)i / top - 0.5) + 0.5 + brightness;
        uint32_t result = 0;
        if (value > 0) {
            value = value * (1 - weight) + pow(value, 1 / gamma) * weight;
            result = value >= 1 ? top : (uint32_t)(value * (top + 1.0));
        }
        fw_tables_set(tables, component, i, result);
    }
}

/* Luma has the gamma of green, chroma what is left of red's and blue's beside it. */
static void make_planes(struct eq *eq)
{
    const float *set = eq->settings;
    const double gamma[3] = { (double)set[GAMMA] * set[GAMMA_G],
                              sqrt((double)set[GAMMA_B] / set[GAMMA_G]),
                              sqrt((double)set[GAMMA_R] / set[GAMMA_G]) };
    bool tables = false;
    for (uint32_t i = 0; i < eq->format->plane_count; i++) {
        float contrast = i == 0 ? set[CONTRAST] : set[SATURATION];
        float brightness = i == 0 ? set[BRIGHTNESS] : 0;
        if (gamma[i] != 1 || fabs(contrast) >= TABLE_CONTRAST) {
            eq->planes[i].kind = TABLE;
            fill_table(&eq->tables, i, contrast, brightness, gamma[i], set[GAMMA_WEIGHT]);
            tables = true;
        } else if (contrast == 1 && brightness == 0) {
            eq->planes[i].kind = COPY;
        } else {
            eq->planes[i] = scale_of(contrast, brightness, eq->tables.depth);
        }
    }
    if (tables)
        fw_tables_seal(&eq->tables);
}

/* Anew where the expressions give something else than before. */
static void settle(struct eq *eq, const double *values)
{
    float settings[SETTINGS];
    for (int i = 0; i < SETTINGS; i++) {
        double value = fw_expr_value(eq->expressions[i], values);
        settings[i] = (float)fmin(fmax(value, limits[i].low), limits[i].high);
    }
    if (memcmp(settings, eq->settings, sizeof(settings)) == 0)
        return;
    memcpy(eq->settings, settings, sizeof(settings));
    make_planes(eq);
}

static int eq_start(void *self, struct fw_error *err)
{
    static const double values[VAR_COUNT] = { 0 };
    struct eq *eq = self;
    eq->kernels = fw_linear_kernels(eq->cpu);
    int status = fw_tables_init(&eq->tables, eq->format, eq->cpu, err);
    for (int i = 0; i < SETTINGS && status >= 0; i++)
        status = fw_expr_create(&eq->expressions[i], eq->text[i], VARIABLES, err);
    if (status >= 0)
        settle(eq, values);
    return status;
}

static void eq_stop(void *self)
{
    struct eq *eq = self;
    for (int i = 0; i < SETTINGS; i++) {
        fw_expr_destroy(eq->expressions[i]);
        eq->expressions[i] = NULL;
    }
    fw_tables_deinit(&eq->tables);
    memset(eq->settings, 0, sizeof(eq->settings)); /* which no settings are: gamma is not 0 */
}

static void scale_row(const struct eq *eq, const struct plane *plane, uint8_t *dst,
                      const uint8_t *src, int32_t width)
{
    if (eq->tables.depth == 8)
        eq->kernels->scale_u8(dst, src, width, plane->gain, plane->offset);
    else
        eq->kernels->scale_u16((uint16_t *)(void *)dst, (const uint16_t *)(const void *)src, width,
                               plane->gain, plane->offset, (1 << eq->tables.depth) - 1);
}

static int eq_band(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                   int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    struct eq *eq = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    if (eq->eval) {
        const double values[VAR_COUNT] = {
            [VAR_N] = (double)in->index,
            [VAR_R] = eq->rate,
            [VAR_T] = in->pts == FW_NOPTS ? NAN
                                          : (double)in->pts * eq->time_base.num / eq->time_base.den,
        };
        settle(eq, values);
    }
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
        for (int32_t y = rows.first; y < rows.end; y++) {
            uint8_t *to = dst->data[plane] + y * dst->stride[plane];
            const uint8_t *from = src->data[plane] + y * src->stride[plane];
            if (eq->planes[plane].kind == SCALE)
                scale_row(eq, &eq->planes[plane], to, from, rows.width);
            else if (eq->planes[plane].kind == TABLE)
                fw_tables_row(&eq->tables, plane, to, from, rows.width);
            else if (to != from)
                memcpy(to, from, bytes);
        }
    }
    return FW_OK;
}

static int eq_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                      struct fw_error *err)
{
    return eq_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_eq = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "eq",
    .summary = "adjust brightness, contrast, saturation and gamma",
    .options = eq_options,
    .self_size = sizeof(struct eq),
    .negotiate = eq_negotiate,
    .accepts = eq_accepts,
    .start = eq_start,
    .process = eq_process,
    .band = eq_band,
    .stop = eq_stop,
    .cpu_offset = FW_CPU_OFFSET(struct eq, cpu),
};
