/*
 * One row of a picture plus a multiple of its difference from its binomial blur.
 *
 * The sums are those of the cascade of pair sums that FFmpeg's unsharp documents as a matrix:
 * binomial weights of both directions without rounding in between, as integers, so that any order
 * of adding gives the same.
 */
#ifndef FW_FILTERS_KERNELS_BINOMIAL_H
#define FW_FILTERS_KERNELS_BINOMIAL_H

#include "cpu.h"

#define FW_BINOMIAL_STEPS_MAX 11 /* a side of a matrix of 23 */
#define FW_BINOMIAL_PAD 32       /* columns of `work` on both sides of a row */

/* Bits of samples, and of sums over rows. */
enum fw_binomial_kind {
    FW_BINOMIAL_8_16_16, /* also the sums over rows and columns fit 16 bits */
    FW_BINOMIAL_8_15,    /* and weights of columns fit 15 bits: products of signed pairs */
    FW_BINOMIAL_8_32,
    FW_BINOMIAL_16_15,
    FW_BINOMIAL_16_32,
    FW_BINOMIAL_KINDS
};

struct fw_binomial {
    int32_t width;
    int32_t steps_x;
    int32_t steps_y;
    int32_t amount;                              /* 16.16 */
    uint32_t pairs_x[FW_BINOMIAL_STEPS_MAX + 1]; /* 2k and 2k + 1 of weights_x, 16 bits each */
    uint32_t weights_x[2 * FW_BINOMIAL_STEPS_MAX + 1];
    uint32_t weights_y[2 * FW_BINOMIAL_STEPS_MAX + 1];
};

struct fw_binomial_kernels {
    enum fw_cpu level;
    /* `rows` are the 2 * steps_y + 1 rows around the one to sharpen; `work` is scratch, 64-byte
     * aligned, of width + 2 * FW_BINOMIAL_PAD values of 32 bits. Samples of 8 bits:
     * s + ((s - blur) * amount >> 16), clipped. Samples of 16: the product modulo 2^32, shifted
     * by 24, clipped to 16 bits. */
    void (*sharpen[FW_BINOMIAL_KINDS])(void *dst, const uint8_t *const *rows,
                                       const struct fw_binomial *binomial, void *work);
};

/* The best variant for a level. */
const struct fw_binomial_kernels *fw_binomial_kernels(int level);
/* The kind for samples of `depth` bits. */
enum fw_binomial_kind fw_binomial_kind(uint32_t depth, int32_t steps_x, int32_t steps_y);
/* Fills weights and pairs from the steps. */
void fw_binomial_weigh(struct fw_binomial *binomial);

extern const struct fw_binomial_kernels fw_binomial_avx2;
extern const struct fw_binomial_kernels fw_binomial_avx512;

#endif
