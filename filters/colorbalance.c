/*
 * colorbalance: red, green and blue moved by how dark or bright a pixel is, with the arithmetic of
 * libavfilter 5.1.
 */
#include "filter.h"
#include "format.h"
#include "kernels/balance.h"
#include "rgb_rows.h"

#include <math.h>

struct colorbalance {
    double shadows[3];
    double midtones[3];
    double highlights[3];
    int32_t lightness;
    int32_t cpu;

    struct fw_video in;
    const struct fw_balance_kernels *kernels;
    struct fw_balance balance;
    struct fw_rgb_rows rows;
};

#define AMOUNT(option_name, field, index, text)                                                    \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_FLOAT,                                \
        .offset = offsetof(struct colorbalance, field) + (index) * sizeof(double), .min = -1,      \
        .max = 1, .default_text = "0"                                                              \
    }

static const struct fw_option colorbalance_options[] = {
    AMOUNT("rs", shadows, 0, "red of shadows"),
    AMOUNT("gs", shadows, 1, "green of shadows"),
    AMOUNT("bs", shadows, 2, "blue of shadows"),
    AMOUNT("rm", midtones, 0, "red of midtones"),
    AMOUNT("gm", midtones, 1, "green of midtones"),
    AMOUNT("bm", midtones, 2, "blue of midtones"),
    AMOUNT("rh", highlights, 0, "red of highlights"),
    AMOUNT("gh", highlights, 1, "green of highlights"),
    AMOUNT("bh", highlights, 2, "blue of highlights"),
    { .name = "pl",
      .help = "keep the lightness",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct colorbalance, lightness),
      .default_text = "0" },
    { .name = NULL },
};

static int colorbalance_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_rgb_rows_takes(format);
}

static int colorbalance_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                                  struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct colorbalance *colorbalance = self;
    *out = *in;
    if (!colorbalance_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    colorbalance->in = *in;
    caps->flags |= FW_CAPS_BANDS;
    caps->scratch_bytes = fw_rgb_rows_scratch(in->format);
    caps->cost_ns_per_pixel = colorbalance->lightness ? 30.0f : 1.0f;
    return FW_OK;
}

static int colorbalance_start(void *self, struct fw_error *err)
{
    (void)err;
    struct colorbalance *colorbalance = self;
    struct fw_balance *balance = &colorbalance->balance;
    for (int i = 0; i < 3; i++) {
        balance->shadows[i] = (float)colorbalance->shadows[i];
        balance->midtones[i] = (float)colorbalance->midtones[i];
        balance->highlights[i] = (float)colorbalance->highlights[i];
    }
    balance->max = (float)((1 << fw_format_depth(colorbalance->in.format)) - 1);
    colorbalance->kernels = fw_balance_kernels(colorbalance->cpu);
    fw_rgb_rows_start(&colorbalance->rows, colorbalance->in.format, colorbalance->cpu);
    return FW_OK;
}

/* Degrees, 0 to 360. */
static float hue_of(float r, float g, float b, float max, float min)
{
    double hue = 0;
    if (r == g && g == b)
        return 0;
    if (max == r)
        hue = 60.0 * (0.0 + (double)((g - b) / (max - min)));
    else if (max == g)
        hue = 60.0 * (2.0 + (double)((b - r) / (max - min)));
    else
        hue = 60.0 * (4.0 + (double)((r - g) / (max - min)));
    float rounded = (float)hue;
    return rounded < 0 ? (float)((double)rounded + 360.0) : rounded;
}

/* One component of a colour of hue, saturation and lightness; `shift` is 0, 8 or 4. */
static float component_of(float shift, float hue, float saturation, float lightness)
{
    float chroma = (float)((double)saturation * fmin((double)lightness, 1.0 - (double)lightness));
    float place = fmodf(shift + hue / 30.0f, 12.0f);
    float ramp = fmaxf(fminf(fminf(place - 3.0f, 9.0f - place), 1.0f), -1.0f);
    return fw_balance_unit(lightness - chroma * ramp);
}

/* The colour with the hue and saturation of `color` and half of `light`, as HSL defines them. */
static void keep_lightness(float *color, float light)
{
    float max = fmaxf(fmaxf(color[0], color[1]), color[2]);
    float min = fminf(fminf(color[0], color[1]), color[2]);
    float half = (float)((double)light * 0.5);
    float hue = hue_of(color[0], color[1], color[2], max, min);
    float saturation = 0;
    if (max != 1.0f && min != 0.0f) /* as they have it: a full or empty component makes gray */
        saturation = (float)((double)(max - min) / (1.0 - fabs(2.0 * (double)half - 1)));
    color[0] = component_of(0, hue, saturation, half);
    color[1] = component_of(8, hue, saturation, half);
    color[2] = component_of(4, hue, saturation, half);
}

static float sample_of(const uint8_t *row, bool wide, int32_t x)
{
    return wide ? (float)((const uint16_t *)(const void *)row)[x] : (float)row[x];
}

static void lightness_row(const struct fw_balance *balance, bool wide, uint8_t *const dst[4],
                          const uint8_t *const src[4], int32_t count)
{
    for (int32_t x = 0; x < count; x++) {
        float color[3];
        for (int i = 0; i < 3; i++)
            color[i] = sample_of(src[i], wide, x) / balance->max;
        float light = fmaxf(fmaxf(color[0], color[1]), color[2]) +
                      fminf(fminf(color[0], color[1]), color[2]);
        struct fw_balance_weights weights = fw_balance_weigh(light);
        for (int i = 0; i < 3; i++)
            color[i] = fw_balance_component(color[i], balance, i, weights);
        keep_lightness(color, light);
        for (int i = 0; i < 3; i++) {
            int32_t value = (int32_t)lrintf(color[i] * balance->max);
            if (wide)
                ((uint16_t *)(void *)dst[i])[x] = (uint16_t)value;
            else
                dst[i][x] = (uint8_t)value;
        }
    }
}

static void balance_row(const void *argument, uint8_t *const dst[4], const uint8_t *const src[4],
                        int32_t count)
{
    const struct colorbalance *colorbalance = argument;
    bool wide = colorbalance->rows.sample_bytes == 2;
    if (colorbalance->lightness) {
        lightness_row(&colorbalance->balance, wide, dst, src, count);
    } else if (wide) {
        uint16_t *const to[3] = { (uint16_t *)(void *)dst[0], (uint16_t *)(void *)dst[1],
                                  (uint16_t *)(void *)dst[2] };
        const uint16_t *const from[3] = { (const uint16_t *)(const void *)src[0],
                                          (const uint16_t *)(const void *)src[1],
                                          (const uint16_t *)(const void *)src[2] };
        colorbalance->kernels->balance_u16(to, from, &colorbalance->balance, count);
    } else {
        colorbalance->kernels->balance_u8(dst, src, &colorbalance->balance, count);
    }
}

static int colorbalance_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                             int32_t row_first, int32_t row_end, void *scratch,
                             struct fw_error *err)
{
    (void)err;
    const struct colorbalance *colorbalance = self;
    fw_rgb_rows_run(&colorbalance->rows, &out->image, &in->image, row_first, row_end, scratch,
                    false, balance_row, colorbalance);
    return FW_OK;
}

static int colorbalance_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                                void *scratch, struct fw_error *err)
{
    return colorbalance_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_colorbalance = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "colorbalance",
    .summary = "move the colour of shadows, midtones and highlights",
    .options = colorbalance_options,
    .self_size = sizeof(struct colorbalance),
    .negotiate = colorbalance_negotiate,
    .accepts = colorbalance_accepts,
    .start = colorbalance_start,
    .process = colorbalance_process,
    .band = colorbalance_band,
    .cpu_offset = FW_CPU_OFFSET(struct colorbalance, cpu),
};
