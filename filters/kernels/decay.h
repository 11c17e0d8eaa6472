/*
 * Two-sided exponential decays over strips of 64 columns: the recursion of Alvarez and Mazorra's
 * Gaussian approximation, in FFmpeg's order of steps.
 */
#ifndef FW_FILTERS_KERNELS_DECAY_H
#define FW_FILTERS_KERNELS_DECAY_H

#include "cpu.h"

#define FW_DECAY_LANES 64

struct fw_decay {
    float nu;
    float edge;    /* 1 / (1 - nu): what repeated edges add up to */
    int32_t steps; /* down and up again; 0: the strip stays as it is */
};

/* Where a strip goes: rows of samples, scaled, rounded, clipped to 0 ... max. */
struct fw_decay_target {
    uint8_t *data;
    ptrdiff_t stride;
    int32_t columns;
    float scale;
    float max;
};

struct fw_decay_kernels {
    enum fw_cpu level;
    /* `count` rows of 64 samples of 8 or of 16 bits to as many of floats, through all steps. What
     * is 0 becomes as little as no decay can make denormal. */
    void (*begin[2])(float *rows, const void *samples, int32_t count, const struct fw_decay *decay);
    /* Rows of floats through all steps to samples; the rows are lost. */
    void (*finish[2])(const struct fw_decay_target *target, float *rows, int32_t count,
                      const struct fw_decay *decay);
};

/* The best variant for a level. */
const struct fw_decay_kernels *fw_decay_kernels(int level);

extern const struct fw_decay_kernels fw_decay_avx2;
extern const struct fw_decay_kernels fw_decay_avx512;

#endif
