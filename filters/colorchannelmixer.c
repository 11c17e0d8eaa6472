/*
 * colorchannelmixer: every component a sum of gains times components, rounded product by product
 * as in libavfilter 5.1, with its ways to keep a measure of the colour.
 */
#include "filter.h"
#include "format.h"
#include "kernels/channelmix.h"
#include "rgb_rows.h"

#include <math.h>

#define PIECE 256 /* pixels whose sums are kept before a colour is preserved */

enum preserve { NONE, LUMINANCE, MAXIMUM, AVERAGE, SUM, NORM, POWER };

struct mixer {
    double gains[4][4]; /* output, input */
    int64_t preserve;
    double amount;
    int32_t cpu;

    struct fw_video in;
    const struct fw_channelmix_kernels *kernels;
    struct fw_channelmix mixes[4];
    bool has_trio;
    struct fw_channelmix_trio trio;   /* red, green, blue */
    struct fw_channelmix_trio packed; /* the same in the order of bytes */
    struct fw_rgb_rows rows;
};

#define GAIN(option_name, to, from, preset, text)                                                  \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_FLOAT,                                \
        .offset = offsetof(struct mixer, gains) + ((to)*4 + (from)) * sizeof(double), .min = -2,   \
        .max = 2, .default_text = preset                                                           \
    }

static const struct fw_choice mixer_preserve[] = {
    { "none", NONE, "nothing" },
    { "lum", LUMINANCE, "largest plus least component" },
    { "max", MAXIMUM, "largest component" },
    { "avg", AVERAGE, "average of the components" },
    { "sum", SUM, "sum of the components" },
    { "nrm", NORM, "root of the sum of squares" },
    { "pwr", POWER, "cube root of the sum of cubes" },
    { NULL, 0, NULL },
};

static const struct fw_option mixer_options[] = {
    GAIN("rr", 0, 0, "1", "red in red"),
    GAIN("rg", 0, 1, "0", "green in red"),
    GAIN("rb", 0, 2, "0", "blue in red"),
    GAIN("ra", 0, 3, "0", "alpha in red"),
    GAIN("gr", 1, 0, "0", "red in green"),
    GAIN("gg", 1, 1, "1", "green in green"),
    GAIN("gb", 1, 2, "0", "blue in green"),
    GAIN("ga", 1, 3, "0", "alpha in green"),
    GAIN("br", 2, 0, "0", "red in blue"),
    GAIN("bg", 2, 1, "0", "green in blue"),
    GAIN("bb", 2, 2, "1", "blue in blue"),
    GAIN("ba", 2, 3, "0", "alpha in blue"),
    GAIN("ar", 3, 0, "0", "red in alpha"),
    GAIN("ag", 3, 1, "0", "green in alpha"),
    GAIN("ab", 3, 2, "0", "blue in alpha"),
    GAIN("aa", 3, 3, "1", "alpha in alpha"),
    { .name = "pc",
      .help = "measure of the colour to keep",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct mixer, preserve),
      .min = NONE,
      .max = POWER,
      .default_text = "none",
      .choices = mixer_preserve },
    { .name = "pa",
      .help = "how much of it to keep",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct mixer, amount),
      .min = 0,
      .max = 1,
      .default_text = "0" },
    { .name = NULL },
};

static int mixer_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_rgb_rows_takes(format);
}

static int mixer_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct mixer *mixer = self;
    *out = *in;
    if (!mixer_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    mixer->in = *in;
    caps->flags |= FW_CAPS_BANDS;
    caps->scratch_bytes = fw_rgb_rows_scratch(in->format);
    caps->cost_ns_per_pixel = mixer->preserve != NONE ? 20.0f : 0.7f;
    return FW_OK;
}

static void make_trio(struct mixer *mixer)
{
    const struct fw_rgb_rows *rows = &mixer->rows;
    const struct fw_channelmix *outputs[3] = { &mixer->mixes[0], &mixer->mixes[1],
                                               &mixer->mixes[2] };
    mixer->has_trio = rows->sample_bytes == 1 && mixer->preserve == NONE &&
                      mixer->kernels->mix_trio && fw_channelmix_trio_init(&mixer->trio, outputs);
    if (!mixer->has_trio || rows->planar || rows->plan.parts != 3)
        return;
    mixer->packed = mixer->trio;
    for (int i = 0; i < 3; i++) {
        int32_t to = rows->plan.place[i];
        for (int k = 0; k < 3; k++)
            mixer->packed.slopes[to][rows->plan.place[k]] = mixer->trio.slopes[i][k];
    }
    for (int k = 0; k < 3; k++) {
        uint8_t *lacks = mixer->packed.lacks[rows->plan.place[k]];
        for (int value = 0; value < 256; value++) {
            uint8_t bits = 0;
            for (int i = 0; i < 3; i++)
                bits |= (uint8_t)((mixer->trio.lacks[k][value] >> (2 * i) & 3)
                                  << (2 * rows->plan.place[i]));
            lacks[value] = bits;
        }
    }
}

static int mixer_start(void *self, struct fw_error *err)
{
    (void)err;
    struct mixer *mixer = self;
    for (int i = 0; i < 4; i++) {
        struct fw_channelmix *mix = &mixer->mixes[i];
        for (int k = 0; k < 4; k++)
            mix->gains[k] = mixer->gains[i][k];
        mix->max = (1 << fw_format_depth(mixer->in.format)) - 1;
        fw_channelmix_init(mix);
    }
    mixer->kernels = fw_channelmix_kernels(mixer->cpu);
    fw_rgb_rows_start(&mixer->rows, mixer->in.format, mixer->cpu);
    make_trio(mixer);
    return FW_OK;
}

static float length_of(const float *color, float max)
{
    float r = color[0] / max;
    float g = color[1] / max;
    float b = color[2] / max;
    return sqrtf(r * r + g * g + b * b);
}

static float power_of(const float *color, float max)
{
    float r = color[0] / max;
    float g = color[1] / max;
    float b = color[2] / max;
    return cbrtf(r * r * r + g * g * g + b * b * b);
}

static float measure(int64_t preserve, const float *color, float max)
{
    float r = color[0];
    float g = color[1];
    float b = color[2];
    float largest = fmaxf(fmaxf(r, g), b);
    switch (preserve) {
    case LUMINANCE:
        return largest + fminf(fminf(r, g), b);
    case MAXIMUM:
        return largest;
    case AVERAGE:
        return (r + g + b + 1.0f) / 3.0f;
    case SUM:
        return r + g + b;
    case NORM:
        return length_of(color, max);
    default:
        return power_of(color, max);
    }
}

/* The mixed colour of one pixel, brought towards the one with the measure of what came in. */
static void preserve_pixel(const struct mixer *mixer, const float *in, int32_t *mixed, float max)
{
    float amount = (float)mixer->amount;
    float out[3] = { (float)mixed[0], (float)mixed[1], (float)mixed[2] };
    float have = measure(mixer->preserve, out, max);
    float want = measure(mixer->preserve, in, max);
    if (have <= 0.0f)
        have = 1.0f / (max * 2.0f);
    for (int i = 0; i < 3; i++) {
        float clipped = fminf(fmaxf(out[i], 0.0f), max) * (want / have);
        mixed[i] = (int32_t)lrintf(out[i] + (clipped - out[i]) * amount);
    }
}

static void put_sample(uint8_t *row, int32_t sample_bytes, int32_t x, int32_t value, int32_t max)
{
    value = value < 0 ? 0 : (value > max ? max : value);
    if (sample_bytes == 1)
        row[x] = (uint8_t)value;
    else
        ((uint16_t *)(void *)row)[x] = (uint16_t)value;
}

static float sample_of(const uint8_t *row, int32_t sample_bytes, int32_t x)
{
    return sample_bytes == 1 ? (float)row[x] : (float)((const uint16_t *)(const void *)row)[x];
}

static void preserve_piece(const struct mixer *mixer, uint8_t *const dst[4],
                           const uint8_t *const src[4], int32_t inputs, int32_t count)
{
    int32_t sums[4][PIECE];
    int32_t bytes = mixer->rows.sample_bytes;
    int32_t max = mixer->mixes[0].max;
    for (int32_t i = 0; i < inputs; i++)
        mixer->kernels->sum(sums[i], src, bytes, inputs, &mixer->mixes[i], count);
    for (int32_t x = 0; x < count; x++) {
        float in[3];
        int32_t mixed[3];
        for (int i = 0; i < 3; i++) {
            in[i] = sample_of(src[i], bytes, x);
            mixed[i] = sums[i][x];
        }
        preserve_pixel(mixer, in, mixed, (float)max);
        for (int i = 0; i < 3; i++)
            put_sample(dst[i], bytes, x, mixed[i], max);
        if (inputs == 4)
            put_sample(dst[3], bytes, x, sums[3][x], max);
    }
}

static void mix_row(const void *argument, uint8_t *const dst[4], const uint8_t *const src[4],
                    int32_t count)
{
    const struct mixer *mixer = argument;
    int32_t inputs = src[3] ? 4 : 3;
    int32_t bytes = mixer->rows.sample_bytes;
    if (mixer->preserve != NONE) {
        for (int32_t x = 0; x < count; x += PIECE) {
            uint8_t *to[4];
            const uint8_t *from[4];
            for (int i = 0; i < 4; i++) {
                to[i] = i < inputs ? dst[i] + (ptrdiff_t)x * bytes : NULL;
                from[i] = i < inputs ? src[i] + (ptrdiff_t)x * bytes : NULL;
            }
            preserve_piece(mixer, to, from, inputs, count - x < PIECE ? count - x : PIECE);
        }
        return;
    }
    if (mixer->has_trio && inputs == 3) {
        mixer->kernels->mix_trio(dst, src, &mixer->trio, count);
        return;
    }
    for (int32_t i = 0; i < inputs; i++) {
        if (bytes == 1) {
            mixer->kernels->mix_u8(dst[i], src, inputs, &mixer->mixes[i], count);
        } else {
            const uint16_t *from[4];
            for (int k = 0; k < 4; k++)
                from[k] = (const uint16_t *)(const void *)src[k];
            mixer->kernels->mix_u16((uint16_t *)(void *)dst[i], from, inputs, &mixer->mixes[i],
                                    count);
        }
    }
}

static int mixer_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                      int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct mixer *mixer = self;
    if (mixer->has_trio && !mixer->rows.planar && mixer->rows.plan.parts == 3) {
        for (int32_t y = row_first; y < row_end; y++)
            mixer->kernels->mix_packed(out->image.data[0] + y * out->image.stride[0],
                                       in->image.data[0] + y * in->image.stride[0], &mixer->packed,
                                       in->image.width);
        return FW_OK;
    }
    fw_rgb_rows_run(&mixer->rows, &out->image, &in->image, row_first, row_end, scratch, true,
                    mix_row, mixer);
    return FW_OK;
}

static int mixer_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    return mixer_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_colorchannelmixer = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "colorchannelmixer",
    .summary = "mix colour channels with each other",
    .options = mixer_options,
    .self_size = sizeof(struct mixer),
    .negotiate = mixer_negotiate,
    .accepts = mixer_accepts,
    .start = mixer_start,
    .process = mixer_process,
    .band = mixer_band,
    .cpu_offset = FW_CPU_OFFSET(struct mixer, cpu),
};
