/* Gaussian blur: the FIRs of an axis, rows through them, the portable variant. */
#include "gauss.h"

#include "gauss_body.h"

#include <math.h>
#include <string.h>

#define WEIGHT_BITS 14
#define STEP_SIGMA 0.8 /* of the outer FIRs, in steps: aliases stay below 1e-4 */

static const struct fw_gauss_kernels gauss_c = { FW_CPU_C, GAUSS_TABLE };

const struct fw_gauss_kernels *fw_gauss_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_gauss_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_gauss_avx2;
#endif
    (void)level;
    return &gauss_c;
}

static double bell(double x, double sigma)
{
    return exp(-0.5 * x * x / (sigma * sigma));
}

/* Weights from the centre outwards, both sides together 1. */
static int32_t weigh(float *weights, double sigma, double reach)
{
    int32_t radius = sigma > 0 ? (int32_t)ceil(reach * sigma) : 0;
    double total = 1;
    for (int32_t k = 1; k <= radius; k++)
        total += 2 * bell(k, sigma);
    weights[0] = (float)(1 / total);
    for (int32_t k = 1; k <= radius; k++)
        weights[k] = (float)(bell(k, sigma) / total);
    return radius;
}

static void weigh_up(struct fw_gauss_axis *axis, double sigma, double reach)
{
    axis->up_reach = (int32_t)ceil(reach * sigma / axis->step);
    for (int32_t phase = 0; phase < axis->step; phase++) {
        double total = 0;
        for (int32_t i = 0; i < 2 * axis->up_reach; i++)
            total += bell((i + 1 - axis->up_reach) * axis->step - phase, sigma);
        for (int32_t i = 0; i < 2 * axis->up_reach; i++)
            axis->up[phase][i] =
                (float)(bell((i + 1 - axis->up_reach) * axis->step - phase, sigma) / total);
    }
}

/* The first FIR in integers that add up to 1. */
static void pair_weights(struct fw_gauss_axis *axis)
{
    int32_t whole[FW_GAUSS_RADIUS_MAX + 2] = { 0 };
    whole[0] = 1 << WEIGHT_BITS;
    for (int32_t k = 1; k <= axis->radius; k++) {
        whole[k] = (int32_t)lrintf(axis->weights[k] * (float)(1 << WEIGHT_BITS));
        whole[0] -= 2 * whole[k];
    }
    for (int32_t k = 0; k <= axis->radius; k += 2)
        axis->centre_pairs[k / 2] = (uint32_t)whole[k] | (uint32_t)whole[k + 1] << 16;
    for (int32_t k = 0; k <= axis->radius; k++) {
        int32_t first = 2 * k - axis->radius;
        int32_t next = first + 1;
        uint32_t high = next <= axis->radius ? (uint32_t)whole[next < 0 ? -next : next] : 0;
        axis->end_pairs[k] = (uint32_t)whole[first < 0 ? -first : first] | high << 16;
    }
}

void fw_gauss_axis_init(struct fw_gauss_axis *axis, double sigma, int exact)
{
    double reach = exact ? 4 : 2.5;
    axis->step = 1;
    while (sigma >= (exact ? 6 : 3) * axis->step)
        axis->step *= 2;
    if (axis->step == 1) {
        axis->radius = weigh(axis->weights, sigma, reach);
        axis->mid_radius = 0;
        axis->up_reach = 0;
        pair_weights(axis);
        return;
    }
    double outer = STEP_SIGMA * axis->step;
    double inner = sqrt(sigma * sigma - 2 * outer * outer) / axis->step;
    axis->radius = weigh(axis->weights, outer, reach);
    axis->mid_radius = weigh(axis->mid, inner, reach);
    weigh_up(axis, outer, reach);
}

int32_t fw_gauss_margin(const struct fw_gauss_axis *axis)
{
    return axis->mid_radius + axis->up_reach;
}

/* Kept samples of a row, with their margins and those behind for whole vectors. */
static int32_t kept_count(const struct fw_gauss_axis *axis, int32_t width)
{
    return (width - 1) / axis->step + 1 + 2 * fw_gauss_margin(axis);
}

static int32_t phase_stride(const struct fw_gauss_axis *axis, int32_t width)
{
    return kept_count(axis, width) + 2 * axis->radius / axis->step + 1 + FW_GAUSS_PAD;
}

static size_t row_stride(const struct fw_gauss_axis *axis, int32_t width)
{
    return (size_t)phase_stride(axis, width) * (size_t)axis->step;
}

size_t fw_gauss_row_bytes(const struct fw_gauss_axis *axis, int32_t width)
{
    size_t kept = (size_t)kept_count(axis, width) + FW_GAUSS_PAD;
    return (2 * row_stride(axis, width) + kept) * sizeof(float);
}

/* The row with its edges repeated, one phase of the step behind the other. */
static void split_phases(const struct fw_gauss_kernels *kernels, const struct fw_gauss_axis *axis,
                         float *phases, const float *src, int32_t width)
{
    int32_t before = fw_gauss_margin(axis) * axis->step + axis->radius;
    int32_t all = (int32_t)row_stride(axis, width);
    float *row = axis->step > 1 ? phases + all : phases;
    int32_t there = width < all - before ? width : all - before;
    for (int32_t i = 0; i < before; i++)
        row[i] = src[0];
    memcpy(row + before, src, (size_t)there * sizeof(*row));
    for (int32_t i = before + there; i < all; i++)
        row[i] = src[width - 1];
    if (axis->step > 1)
        kernels->split(phases, phase_stride(axis, width), row, axis->step);
}

static void shift_rows(const void **rows, const float *from, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        rows[k] = from + k;
}

int32_t fw_gauss_kept(const struct fw_gauss_axis *axis, int32_t width)
{
    return axis->step == 1 ? width : kept_count(axis, width) - 2 * axis->mid_radius;
}

void fw_gauss_row_down(const struct fw_gauss_kernels *kernels, const struct fw_gauss_axis *axis,
                       float *dst, const float *src, int32_t width, float *work)
{
    int32_t stride = phase_stride(axis, width);
    int32_t count = kept_count(axis, width);
    float *kept = work + 2 * row_stride(axis, width);
    const void *rows[2 * FW_GAUSS_RADIUS_MAX + 1];
    split_phases(kernels, axis, work, src, width);
    for (int32_t k = 0; k <= 2 * axis->radius; k++)
        rows[k] = work + (ptrdiff_t)(k % axis->step) * stride + k / axis->step;
    if (axis->step == 1) {
        kernels->pairs[FW_GAUSS_FLOAT](dst, rows, axis->weights, axis->radius, width);
        return;
    }
    kernels->pairs[FW_GAUSS_FLOAT](kept, rows, axis->weights, axis->radius, count);
    shift_rows(rows, kept, 2 * axis->mid_radius + 1);
    kernels->pairs[FW_GAUSS_FLOAT](dst, rows, axis->mid, axis->mid_radius,
                                   count - 2 * axis->mid_radius);
}

void fw_gauss_row_up(const struct fw_gauss_kernels *kernels, const struct fw_gauss_axis *axis,
                     float *dst, const float *src, int32_t width, float *work)
{
    int32_t stride = phase_stride(axis, width);
    int32_t samples = (width - 1) / axis->step + 1;
    float *joined = work + row_stride(axis, width);
    const float *shifted[FW_GAUSS_UP_MAX];
    if (axis->step == 1) {
        memcpy(dst, src, (size_t)width * sizeof(*dst));
        return;
    }
    for (int32_t i = 0; i < 2 * axis->up_reach; i++)
        shifted[i] = src + 1 + i;
    for (int32_t phase = 0; phase < axis->step; phase++)
        kernels->sum(work + (ptrdiff_t)phase * stride, shifted, axis->up[phase], 2 * axis->up_reach,
                     samples);
    kernels->join(joined, work, stride, axis->step, samples);
    memcpy(dst, joined, (size_t)width * sizeof(*dst));
}
