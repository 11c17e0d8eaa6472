/* gaussian against its formula in doubles. */
#include "filter.h"
#include "format.h"
#include "image.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const struct fw_filter fw_filter_gaussian;

#define WIDTH 301
#define HEIGHT 77

/* Options in the order of the table. */
struct options {
    double sigma;
    double sigma_y;
    int64_t planes;
    int64_t mode;
};

static int32_t clamp(int32_t at, int32_t count)
{
    return at < 0 ? 0 : (at < count ? at : count - 1);
}

static void blur_line(double *to, const double *from, int32_t count, ptrdiff_t step, double sigma)
{
    int32_t radius = (int32_t)ceil(6 * sigma);
    for (int32_t x = 0; x < count; x++) {
        double sum = 0;
        double total = 0;
        for (int32_t k = -radius; k <= radius; k++) {
            double weight = sigma > 0 ? exp(-0.5 * k * k / (sigma * sigma)) : 1;
            sum += weight * from[clamp(x + k, count) * step];
            total += weight;
        }
        to[x * step] = sum / total;
    }
}

static double sample_at(const struct fw_image *image, int32_t x, int32_t y, bool wide)
{
    const uint8_t *row = image->data[0] + y * image->stride[0];
    uint16_t word;
    if (!wide)
        return row[x];
    memcpy(&word, row + 2 * x, 2);
    return word;
}

static void *take(struct fw_frame *frame, const struct fw_format *format)
{
    struct fw_image_layout layout;
    cr_assert_eq(fw_image_layout(&layout, format, WIDTH, HEIGHT), 0);
    void *block = calloc(1, layout.bytes);
    *frame = (struct fw_frame){ .struct_size = sizeof(*frame) };
    fw_image_map(&frame->image, &layout, format, WIDTH, HEIGHT, block);
    return block;
}

/* Stripes of either end of the range, of many lengths. */
static void fill(const struct fw_image *image, uint32_t max, bool wide)
{
    uint32_t state = 7;
    uint32_t left = 0;
    uint16_t value = 0;
    for (int32_t i = 0; i < WIDTH * HEIGHT; i++) {
        if (left-- == 0) {
            state = state * 1664525u + 1013904223u;
            left = state >> 26;
            value = (uint16_t)(state >> 8 & 1 ? max : 0);
        }
        uint8_t *at = image->data[0] + i / WIDTH * image->stride[0] + i % WIDTH * (wide ? 2 : 1);
        memcpy(at, &value, wide ? 2 : 1);
    }
}

static double worst_error(const struct fw_frame *in, const struct fw_frame *out,
                          const struct options *options, bool wide)
{
    double *from = malloc(sizeof(double) * WIDTH * HEIGHT);
    double *to = malloc(sizeof(double) * WIDTH * HEIGHT);
    double worst = 0;
    for (int32_t i = 0; i < WIDTH * HEIGHT; i++)
        from[i] = sample_at(&in->image, i % WIDTH, i / WIDTH, wide);
    for (int32_t y = 0; y < HEIGHT; y++)
        blur_line(to + y * WIDTH, from + y * WIDTH, WIDTH, 1, options->sigma);
    for (int32_t x = 0; x < WIDTH; x++)
        blur_line(from + x, to + x, HEIGHT, WIDTH,
                  options->sigma_y < 0 ? options->sigma : options->sigma_y);
    for (int32_t i = 0; i < WIDTH * HEIGHT; i++) {
        double error = fabs(rint(from[i]) - sample_at(&out->image, i % WIDTH, i / WIDTH, wide));
        worst = error > worst ? error : worst;
    }
    free(from);
    free(to);
    return worst;
}

static double run(const struct options *options, const char *format, uint32_t max)
{
    struct fw_error err = { 0 };
    struct fw_caps caps = { .struct_size = sizeof(caps) };
    struct fw_frame in;
    struct fw_frame out;
    void *blocks[2] = { take(&in, fw_format_find(format)), take(&out, fw_format_find(format)) };
    struct fw_video video = { .format = in.image.format, .width = WIDTH, .height = HEIGHT };
    struct fw_video result;
    void *self = calloc(1, fw_filter_gaussian.self_size);
    memcpy(self, options, sizeof(*options));
    fill(&in.image, max, max > 255);
    cr_assert_eq(fw_filter_gaussian.negotiate(self, &video, &result, &caps, &err), FW_OK);
    void *scratch = aligned_alloc(64, (caps.scratch_bytes + 63) / 64 * 64);
    cr_assert_eq(fw_filter_gaussian.start(self, &err), FW_OK);
    cr_assert_eq(fw_filter_gaussian.process(self, &in, &out, scratch, &err), FW_OK);
    double worst = worst_error(&in, &out, options, max > 255);
    fw_filter_gaussian.stop(self);
    free(scratch);
    free(self);
    free(blocks[0]);
    free(blocks[1]);
    return worst;
}

Test(gaussian, is_within_one_step_at_8_bits_and_two_at_10)
{
    static const double sigmas[] = { 0.3, 1, 1.5, 3, 5.9, 6, 12, 31 };
    for (size_t i = 0; i < sizeof(sigmas) / sizeof(sigmas[0]); i++) {
        const struct options options = { sigmas[i], i % 2 ? -1 : 2.5, 15, 1 };
        double error = run(&options, "gray", 255);
        cr_expect_leq(error, 1, "sigma %g, 8 bits: %g", sigmas[i], error);
        error = run(&options, "gray10le", 1023);
        cr_expect_leq(error, 2, "sigma %g, 10 bits: %g", sigmas[i], error);
        error = run(&options, "gray16le", 65535);
        cr_expect_leq(error, 8, "sigma %g, 16 bits: %g", sigmas[i], error);
    }
}

Test(gaussian, fast_stays_near)
{
    const struct options options = { 7, -1, 15, 0 };
    cr_expect_leq(run(&options, "gray", 255), 4);
}
