/*
 * Gaussian blur along one axis after the other.
 *
 * Small sigmas: a symmetric FIR, in integers up to 10 bits (weights of 14 bits, rows in between of
 * 15), in floats above. Large ones in three parts whose variances add up: a FIR that keeps every
 * step-th sample, one at that distance, and one that comes back to all samples (Burt and Adelson's
 * pyramid with Gaussian kernels). All sums are elementwise in a fixed order.
 */
#ifndef FW_FILTERS_KERNELS_GAUSS_H
#define FW_FILTERS_KERNELS_GAUSS_H

#include "cpu.h"

#define FW_GAUSS_PAD 64         /* values behind a row of 16 bits or floats that may be touched */
#define FW_GAUSS_RADIUS_MAX 288 /* of any FIR of an axis */
#define FW_GAUSS_SIGMA_MAX 256
#define FW_GAUSS_UP_MAX 16
#define FW_GAUSS_STEP_MAX 128

/* The FIRs of an axis. With a step of 1 the first one is all. */
struct fw_gauss_axis {
    int32_t step;
    int32_t radius;
    float weights[FW_GAUSS_RADIUS_MAX + 1]; /* from the centre outwards */
    int32_t mid_radius;
    float mid[FW_GAUSS_RADIUS_MAX + 1];
    int32_t up_reach; /* phase p of sample j reads 2 * up_reach kept ones from j + 1 - up_reach */
    float up[FW_GAUSS_STEP_MAX][FW_GAUSS_UP_MAX];
    /* The first FIR as pairs of 16-bit weights: [0, 1], [2, 3], ... from the centre outwards, and
     * from one end to the other. */
    uint32_t centre_pairs[FW_GAUSS_RADIUS_MAX / 2 + 2];
    uint32_t end_pairs[FW_GAUSS_RADIUS_MAX + 2];
};

enum fw_gauss_rows { FW_GAUSS_8, FW_GAUSS_16, FW_GAUSS_FLOAT };

struct fw_gauss_kernels {
    enum fw_cpu level;
    /* Sums over 2 * radius + 1 rows of samples of up to 10 bits, shifted right. */
    void (*columns[2])(int16_t *dst, const void *const *rows, const struct fw_gauss_axis *axis,
                       int32_t shift, int32_t width);
    /* dst[x] = sum over src[x ... x + 2 * radius], shifted right. */
    void (*row[2])(void *dst, const int16_t *src, const struct fw_gauss_axis *axis, int32_t shift,
                   int32_t width);
    /* weights[0] * rows[radius] + weights[k] * (rows[radius - k] + rows[radius + k]) */
    void (*pairs[3])(float *dst, const void *const *rows, const float *weights, int32_t radius,
                     int32_t width);
    void (*sum)(float *dst, const float *const *rows, const float *weights, int32_t count,
                int32_t width);
    /* phases[p * stride + i] = src[i * step + p], for all i of whole vectors below stride; `step`
     * is a power of two. */
    void (*split)(float *phases, int32_t stride, const float *src, int32_t step);
    /* dst[i * step + p] = phases[p * stride + i] for i below `count`, up to whole vectors. */
    void (*join)(float *dst, const float *phases, int32_t stride, int32_t step, int32_t count);
    /* Rounded to samples from 0 to max. */
    void (*store[2])(void *dst, const float *src, float max, int32_t width);
};

/* The best variant for a level. */
const struct fw_gauss_kernels *fw_gauss_kernels(int level);
/* `exact`: within the rounding of 10 bits. */
void fw_gauss_axis_init(struct fw_gauss_axis *axis, double sigma, int exact);
/* Kept samples before 0 and after the last one that an axis reads. */
int32_t fw_gauss_margin(const struct fw_gauss_axis *axis);
size_t fw_gauss_row_bytes(const struct fw_gauss_axis *axis, int32_t width);
/* Floats of a row between its way down and its way up. */
int32_t fw_gauss_kept(const struct fw_gauss_axis *axis, int32_t width);
/* One row of floats through the FIRs of an axis, edges repeated: down to the kept samples, and up
 * to all again, which with a step of 1 they are. `work` is fw_gauss_row_bytes long; rows have
 * FW_GAUSS_PAD floats behind them. */
void fw_gauss_row_down(const struct fw_gauss_kernels *kernels, const struct fw_gauss_axis *axis,
                       float *dst, const float *src, int32_t width, float *work);
void fw_gauss_row_up(const struct fw_gauss_kernels *kernels, const struct fw_gauss_axis *axis,
                     float *dst, const float *src, int32_t width, float *work);

extern const struct fw_gauss_kernels fw_gauss_avx2;
extern const struct fw_gauss_kernels fw_gauss_avx512;

#endif
