/*
 * Recursive bilateral smoothing (Yang, ECCV 2012) over strips of 64 columns, down and up.
 */
#ifndef FW_FILTERS_KERNELS_BILATERAL_H
#define FW_FILTERS_KERNELS_BILATERAL_H

#include "cpu.h"

#define FW_BILATERAL_LANES 64

/* `count` rows of 64 values; `values` and `factors` are `stride` floats apart, all others 64. */
struct fw_bilateral {
    float *values;
    float *factors;
    ptrdiff_t stride;
    const void *samples;
    float *work; /* three strips */
    int32_t count;
    const float *table; /* the share of the row before, by the difference of samples */
    float rest;         /* 1 - table[0] */
};

struct fw_bilateral_kernels {
    enum fw_cpu level;
    /* Values and factors become the means of both directions; samples of 8 or 16 bits. */
    void (*smooth[2])(const struct fw_bilateral *strip);
    /* dst[x] = values[x] / factors[x], rounded. */
    void (*divide[2])(void *dst, const float *values, const float *factors, int32_t count);
};

/* The best variant for a level. */
const struct fw_bilateral_kernels *fw_bilateral_kernels(int level);

extern const struct fw_bilateral_kernels fw_bilateral_avx2;
extern const struct fw_bilateral_kernels fw_bilateral_avx512;

#endif
