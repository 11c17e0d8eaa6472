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
    float edge; /* 1 / (1 - nu): what repeated edges add up to */
    int32_t steps;
};

struct fw_decay_kernels {
    enum fw_cpu level;
    /* Samples of 8 and of 16 bits to floats that no decay can make denormal. */
    void (*widen[2])(float *dst, const void *src, size_t count);
    /* `count` rows of 64 floats, `stride` floats apart: down and up again, `steps` times. */
    void (*recurse)(float *rows, ptrdiff_t stride, int32_t count, const struct fw_decay *decay);
    /* Scaled, rounded, clipped to 0 ... max. */
    void (*store[2])(void *dst, const float *src, float scale, float max, int32_t count);
};

/* The best variant for a level. */
const struct fw_decay_kernels *fw_decay_kernels(int level);

extern const struct fw_decay_kernels fw_decay_avx2;
extern const struct fw_decay_kernels fw_decay_avx512;

#endif
