/*
 * Recursive bilateral smoothing (Yang, ECCV 2012) over strips of 32 columns, down and up.
 *
 * Samples and shares of a strip lie row behind row. Rows of floats hold 32 values and behind them
 * their 32 factors.
 */
#ifndef FW_FILTERS_KERNELS_BILATERAL_H
#define FW_FILTERS_KERNELS_BILATERAL_H

#include "cpu.h"

#define FW_BILATERAL_LANES 32
#define FW_BILATERAL_ROW (2 * FW_BILATERAL_LANES)

struct fw_bilateral {
    const void *samples;
    const float *shares; /* of the row before; the first row's are not read */
    float *rows;
    int32_t count; /* of rows */
    float rest;    /* 1 - the share of equal samples */
};

struct fw_bilateral_kernels {
    enum fw_cpu level;
    /* shares[i] = table[|samples[i] - samples[i - 32]|] for rows 1 to count - 1; samples of 8 or 16
     * bits, the table as long as they have values. */
    void (*share[2])(float *shares, const void *samples, int32_t count, const float *table);
    /* Rows become the means of both directions over the samples. */
    void (*first[2])(const struct fw_bilateral *strip);
    /* The means of both directions over the rows, divided by their factors and rounded, become
     * `columns` samples in each row of dst; `work` is as large as the rows. */
    void (*second[2])(const struct fw_bilateral *strip, float *work, void *dst,
                      ptrdiff_t dst_stride, int32_t columns);
};

/* The best variant for a level. */
const struct fw_bilateral_kernels *fw_bilateral_kernels(int level);

extern const struct fw_bilateral_kernels fw_bilateral_avx2;
extern const struct fw_bilateral_kernels fw_bilateral_avx512;

#endif
