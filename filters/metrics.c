/*
 * PSNR and SSIM of two pictures. SSIM is that of Wang, Bovik, Sheikh and Simoncelli (2004) over
 * windows of 8x8 samples, one every 4, as libavfilter has it; the sums are exact.
 */
#include "metrics.h"

#include "format.h"
#include "kernels/cpu.h"
#include "kernels/metric.h"
#include "pack.h"

#include <math.h>
#include <stdlib.h>

/* Two planes of the same size. */
struct pair {
    const struct fw_metric_kernels *kernels;
    const uint8_t *a;
    const uint8_t *b;
    ptrdiff_t a_stride;
    ptrdiff_t b_stride;
    int32_t width;
    int32_t height;
    int32_t depth;
};

static double mean_error(const struct pair *pair)
{
    uint64_t sum = 0;
    for (int32_t y = 0; y < pair->height; y++) {
        const uint8_t *a = pair->a + y * pair->a_stride;
        const uint8_t *b = pair->b + y * pair->b_stride;
        sum += pair->depth > 8
                   ? pair->kernels->error_u16((const uint16_t *)(const void *)a,
                                              (const uint16_t *)(const void *)b, pair->width)
                   : pair->kernels->error_u8(a, b, pair->width);
    }
    return (double)sum / ((double)pair->width * pair->height);
}

static void take_blocks(const struct pair *pair, struct fw_metric_sums *sums, int32_t row,
                        int32_t count)
{
    const uint8_t *a = pair->a + 4 * row * pair->a_stride;
    const uint8_t *b = pair->b + 4 * row * pair->b_stride;
    if (pair->depth > 8)
        pair->kernels->blocks_u16(sums, a, pair->a_stride, b, pair->b_stride, count);
    else
        pair->kernels->blocks_u8(sums, a, pair->a_stride, b, pair->b_stride, count);
}

/* One window of 64 samples. */
static float similarity_of(const struct fw_metric_sums *upper, const struct fw_metric_sums *lower,
                           int64_t c1, int64_t c2)
{
    int64_t a = upper[0].a + upper[1].a + lower[0].a + lower[1].a;
    int64_t b = upper[0].b + upper[1].b + lower[0].b + lower[1].b;
    int64_t squares = upper[0].squares + upper[1].squares + lower[0].squares + lower[1].squares;
    int64_t product = upper[0].product + upper[1].product + lower[0].product + lower[1].product;
    int64_t variance = squares * 64 - a * a - b * b;
    int64_t covariance = product * 64 - a * b;
    return (float)(2 * a * b + c1) * (float)(2 * covariance + c2) /
           ((float)(a * a + b * b + c1) * (float)(variance + c2));
}

/* `sums` has room for two rows of blocks. */
static double mean_similarity(const struct pair *pair, struct fw_metric_sums *sums)
{
    int32_t columns = pair->width / 4;
    int32_t rows = pair->height / 4;
    double max = (1 << pair->depth) - 1;
    int64_t c1 = (int64_t)(.01 * .01 * max * max * 64 + .5);
    int64_t c2 = (int64_t)(.03 * .03 * max * max * 64 * 63 + .5);
    double sum = 0;
    if (columns < 2 || rows < 2)
        return NAN;
    take_blocks(pair, sums, 0, columns);
    for (int32_t y = 1; y < rows; y++) {
        struct fw_metric_sums *upper = sums + (y % 2 ? 0 : columns);
        struct fw_metric_sums *lower = sums + (y % 2 ? columns : 0);
        take_blocks(pair, lower, y, columns);
        double exact = 0;
        float row = 0; /* deeper samples: rounded as libavfilter's sum is */
        for (int32_t x = 0; x + 1 < columns; x++) {
            float similarity = similarity_of(upper + x, lower + x, c1, c2);
            exact += (double)similarity;
            row += similarity;
        }
        sum += pair->depth > 8 ? (double)row : exact;
    }
    return sum / ((double)(columns - 1) * (rows - 1));
}

/* A component of both pictures, copied out of packed pixels into `room` where need be. */
static struct pair pair_of(const struct fw_image *a, const struct fw_image *b, uint32_t part,
                           uint8_t *room)
{
    const struct fw_format *format = a->format;
    uint32_t plane = format->components[part].plane;
    struct pair pair = {
        .kernels = fw_metric_kernels((int)fw_cpu_detect()),
        .a = a->data[plane],
        .b = b->data[plane],
        .a_stride = a->stride[plane],
        .b_stride = b->stride[plane],
        .width = fw_samples_width(format, part, a->width),
        .height = fw_samples_height(format, part, a->height),
        .depth = format->components[part].depth,
    };
    if (!room)
        return pair;
    int32_t bytes = pair.depth > 8 ? 2 : 1;
    struct fw_samples samples = { room, (ptrdiff_t)pair.width * bytes, pair.width, pair.height };
    fw_samples_take(&samples, a, part);
    pair.a = samples.data;
    samples.data += samples.stride * pair.height;
    fw_samples_take(&samples, b, part);
    pair.b = samples.data;
    pair.a_stride = samples.stride;
    pair.b_stride = samples.stride;
    return pair;
}

static int check_format(const struct fw_format *format, struct fw_error *err)
{
    const uint32_t refused = FW_FORMAT_BIG_ENDIAN | FW_FORMAT_FLOAT | FW_FORMAT_PALETTE |
                             FW_FORMAT_BITSTREAM | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    /* uyyvyy411 is none of these, but has its luma at no one distance. */
    bool packed_411 = format->plane_count == 1 && format->log2_chroma_w > 1;
    bool whole = !(format->flags & refused) && !packed_411;
    for (uint32_t i = 0; i < format->component_count; i++)
        whole = whole && format->components[i].depth >= 8;
    return whole ? FW_OK
                 : fw_fail(err, FW_ERR_USAGE, "pictures of the format %s are not compared",
                           format->name);
}

int fw_metrics_of(struct fw_metrics *out, const struct fw_image *a, const struct fw_image *b,
                  struct fw_error *err)
{
    const struct fw_format *format = a->format;
    *out = (struct fw_metrics){ .parts = format->component_count };
    int status = check_format(format, err);
    if (status != FW_OK)
        return status;
    size_t samples = (size_t)a->width * (size_t)a->height;
    uint8_t *room = fw_format_is_planar_int(format) ? NULL : malloc(samples * 4);
    struct fw_metric_sums *sums = malloc(((size_t)a->width / 4 + 1) * 2 * sizeof(*sums));
    double total = 0;
    if (!sums || (!room && !fw_format_is_planar_int(format)))
        status = fw_fail(err, FW_ERR_MEMORY, "no memory to compare pictures");
    for (uint32_t i = 0; status == FW_OK && i < out->parts; i++) {
        struct pair pair = pair_of(a, b, i, room);
        double weight = (double)pair.width * pair.height;
        out->error[i] = mean_error(&pair);
        out->similarity[i] = mean_similarity(&pair, sums);
        out->error_all += out->error[i] * weight;
        out->similarity_all += out->similarity[i] * weight;
        total += weight;
    }
    out->error_all /= total;
    out->similarity_all /= total;
    free(room);
    free(sums);
    return status;
}

double fw_metrics_psnr(double error, int32_t max)
{
    return 10.0 * log10((double)max * max / error);
}

double fw_metrics_decibels(double similarity)
{
    return fabs(1 - similarity) > 1e-9 ? 10.0 * log10(1 / (1 - similarity)) : INFINITY;
}
