/* Resizing against the same sums in double precision, without rounding in between. */
#include "format.h"
#include "image.h"
#include "kernels/cpu.h"
#include "resize.h"
#include "weights.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct fw_video video_of(const char *format, int32_t width, int32_t height)
{
    return (struct fw_video){
        .format = fw_format_find(format), .width = width, .height = height, .color = { .matrix = 2 }
    };
}

static void *take_image(struct fw_image *image, const struct fw_video *video)
{
    struct fw_image_layout layout;
    cr_assert_eq(fw_image_layout(&layout, video->format, video->width, video->height), 0);
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    memset(block, 0, layout.bytes);
    fw_image_map(image, &layout, video->format, video->width, video->height, block);
    return block;
}

static int sample(const struct fw_image *image, uint32_t component, int32_t x, int32_t y)
{
    const struct fw_component *c = &image->format->components[component];
    const uint8_t *at = image->data[c->plane] + y * image->stride[c->plane] +
                        (ptrdiff_t)x * c->step + c->offset;
    return c->depth > 8 ? *(const uint16_t *)(const void *)at : *at;
}

/* Noise over a gradient, and a hard edge. */
static void paint(const struct fw_image *image)
{
    uint64_t state = 7;
    int32_t depth = (int32_t)fw_format_depth(image->format);
    for (uint32_t i = 0; i < image->format->component_count; i++) {
        const struct fw_component *c = &image->format->components[i];
        int32_t width = fw_format_plane_width(image->format, c->plane, image->width);
        int32_t height = fw_format_plane_height(image->format, c->plane, image->height);
        for (int32_t y = 0; y < height; y++) {
            for (int32_t x = 0; x < width; x++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                int32_t value = x * 2 + y * 3 + (int32_t)(state >> 60) + (x > width / 2 ? 120 : 0);
                uint8_t *at = image->data[c->plane] + y * image->stride[c->plane] +
                              (ptrdiff_t)x * c->step + c->offset;
                value = (value & 255) << (depth - 8);
                if (depth > 8)
                    *(uint16_t *)(void *)at = (uint16_t)value;
                else
                    *at = (uint8_t)value;
            }
        }
    }
}

/* Normalised weights of one output over all samples of a row, edges repeated. */
static void weigh(double *weights, int32_t size, double place, double step,
                  enum fw_zimage_kernel kernel)
{
    double stretch = step > 1 ? step : 1, sum = 0;
    memset(weights, 0, (size_t)size * sizeof(*weights));
    for (int32_t i = (int32_t)(place - 5 * stretch) - 1; i <= place + 5 * stretch + 1; i++) {
        double low = fmax(i - place - 0.5, -stretch / 2), high = fmin(i - place + 0.5, stretch / 2);
        double w = kernel == FW_ZIMAGE_AREA ? fmax(high - low, 0)
                                            : fw_weights_value(kernel, fabs(i - place) / stretch);
        weights[i < 0 ? 0 : i >= size ? size - 1 : i] += w;
        sum += w;
    }
    for (int32_t i = 0; i < size; i++)
        weights[i] /= sum;
}

static double worst_of(const struct fw_image *in, const struct fw_image *out, uint32_t component,
                       enum fw_zimage_kernel kernel, double peak)
{
    static double across[512], down[512];
    const struct fw_format *a = in->format, *b = out->format;
    uint32_t plane = a->components[component].plane;
    bool chroma = (plane == 1 || plane == 2) && !(a->flags & FW_FORMAT_RGB);
    int32_t in_w = fw_format_plane_width(a, plane, in->width);
    int32_t in_h = fw_format_plane_height(a, plane, in->height);
    double ratio_x = (double)in->width / out->width, ratio_y = (double)in->height / out->height;
    double in_x = chroma ? 1 << a->log2_chroma_w : 1, out_x = chroma ? 1 << b->log2_chroma_w : 1;
    double in_y = chroma ? 1 << a->log2_chroma_h : 1, out_y = chroma ? 1 << b->log2_chroma_h : 1;
    double worst = 0;
    for (int32_t y = 0; y < fw_format_plane_height(b, plane, out->height); y++) {
        /* Chroma lies in the middle of its rows, and on the first of its columns. */
        weigh(down, in_h, (y + 0.5) * out_y * ratio_y / in_y - 0.5, ratio_y * out_y / in_y, kernel);
        for (int32_t x = 0; x < fw_format_plane_width(b, plane, out->width); x++) {
            double value = 0;
            weigh(across, in_w, ((x * out_x + 0.5) * ratio_x - 0.5) / in_x, ratio_x * out_x / in_x,
                  kernel);
            for (int32_t j = 0; j < in_h; j++) {
                for (int32_t i = 0; i < in_w && down[j] != 0; i++)
                    value += across[i] * down[j] * sample(in, component, i, j);
            }
            value = value < 0 ? 0 : value > peak ? peak : value;
            worst = fmax(worst, fabs(value - sample(out, component, x, y)));
        }
    }
    return worst;
}

static void compare_formats(const char *format, const char *result, const int32_t size[4],
                            enum fw_zimage_kernel kernel, int cpu)
{
    struct fw_error err = { 0 };
    struct fw_video in = video_of(format, size[0], size[1]);
    struct fw_video out = video_of(result, size[2], size[3]);
    struct fw_image from, to;
    struct fw_resize *resize;
    void *blocks[2] = { take_image(&from, &in), take_image(&to, &out) };
    paint(&from);
    if (kernel == FW_ZIMAGE_POINT) {
        cr_assert(!fw_resize_takes(&in, &out, kernel));
        kernel = FW_ZIMAGE_BICUBIC;
    }
    cr_assert(fw_resize_takes(&in, &out, kernel));
    cr_assert_eq(fw_resize_open(&resize, &in, &out, kernel, cpu, &err), FW_OK, "%s", err.text);
    fw_resize_process(resize, &from, &to);
    fw_resize_close(resize);
    double peak = (1 << fw_format_depth(in.format)) - 1;
    for (uint32_t i = 0; i < in.format->component_count; i++) {
        double worst = worst_of(&from, &to, i, kernel, peak);
        cr_expect_leq(worst, peak > 1023 ? 2.0 : 1.0,
                      "%s %dx%d -> %dx%d, kernel %d, component %u: off by %.2f", format, size[0],
                      size[1], size[2], size[3], kernel, i, worst);
    }
    free(blocks[0]);
    free(blocks[1]);
}

static void compare(const char *format, const int32_t size[4], enum fw_zimage_kernel kernel,
                    int cpu)
{
    compare_formats(format, format, size, kernel, cpu);
}

Test(resize, other_subsampling)
{
    static const char *const pairs[][2] = {
        { "yuv420p", "yuv444p" },   { "yuv444p", "yuv420p" }, { "yuv422p10le", "yuv420p10le" },
        { "yuva420p", "yuva422p" }, { "yuv411p", "yuv440p" }, { "yuv444p12le", "yuv422p12le" }
    };
    static const int32_t sizes[][4] = { { 65, 47, 65, 47 }, { 40, 30, 40, 30 }, { 1, 1, 1, 1 } };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
            compare_formats(pairs[i][0], pairs[i][1], sizes[k], FW_ZIMAGE_BICUBIC,
                            (int)fw_cpu_detect());
    }
}

/* 14-bit weights leave 12-bit samples one code more. */
Test(resize, within_one_code_of_exact_sums)
{
    static const char *const formats[] = { "yuv420p", "rgb24",       "yuva444p", "nv12",
                                           "gray",    "yuv422p10le", "gbrp12le", "rgba" };
    static const int32_t sizes[][4] = { { 65, 47, 33, 21 }, { 31, 17, 61, 40 }, { 1, 1, 5, 3 },
                                        { 40, 30, 40, 15 }, { 90, 70, 8, 7 },   { 33, 9, 3, 1 },
                                        { 54, 38, 27, 19 } };
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
            compare(formats[i], sizes[k], (enum fw_zimage_kernel)((i + k) % (FW_ZIMAGE_AREA + 1)),
                    (int)fw_cpu_detect());
    }
}

Test(resize, every_function_and_level)
{
    static const int32_t shrink[] = { 71, 37, 40, 20 }, grow[] = { 31, 17, 45, 33 };
    for (int kernel = 0; kernel <= FW_ZIMAGE_AREA; kernel++) {
        for (int cpu = FW_CPU_C; cpu <= (int)fw_cpu_detect(); cpu++) {
            compare("yuv420p", shrink, (enum fw_zimage_kernel)kernel, cpu);
            compare("yuv420p", grow, (enum fw_zimage_kernel)kernel, cpu);
        }
    }
}
