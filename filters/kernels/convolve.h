/* Weighted sums of samples around one, for matrices of any shape. */
#ifndef FW_FILTERS_KERNELS_CONVOLVE_H
#define FW_FILTERS_KERNELS_CONVOLVE_H

#include "cpu.h"

#define FW_CONVOLVE_TAPS_MAX 50

struct fw_convolve {
    int32_t count; /* of taps; even: a tap of weight 0 may fill up */
    int32_t weights[FW_CONVOLVE_TAPS_MAX];
    float factor;
    float bias;
    int32_t peak; /* of a sample: 2^bits - 1 */
};

/*
 * dst[x] = the sum of weights[i] * taps[i][x], which wraps around at 32 bits, times `factor` plus
 * `bias` plus 0.5 in single precision and this order, cut off towards zero and clipped to 0..peak;
 * what passes 2^31 becomes 0.
 */
struct fw_convolve_kernels {
    enum fw_cpu level;
    void (*row_u8)(uint8_t *dst, const struct fw_convolve *op, const uint16_t *const *taps,
                   int32_t width);
    void (*row_u16)(uint16_t *dst, const struct fw_convolve *op, const uint16_t *const *taps,
                    int32_t width);
};

extern const struct fw_convolve_kernels fw_convolve_variants[];
const struct fw_convolve_kernels *fw_convolve_kernels(int level);

#define FW_CONVOLVE_ROWS(isa)                                                                      \
    void fw_convolve_row_u8_##isa(uint8_t *dst, const struct fw_convolve *op,                      \
                                  const uint16_t *const *taps, int32_t width);                     \
    void fw_convolve_row_u16_##isa(uint16_t *dst, const struct fw_convolve *op,                    \
                                   const uint16_t *const *taps, int32_t width);
FW_CONVOLVE_ROWS(c)
FW_CONVOLVE_ROWS(avx2)
FW_CONVOLVE_ROWS(avx512)

#endif
