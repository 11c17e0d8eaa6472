/*
 * A weighted mean of rows. Sums run in the order of the rows, in single precision, as libavfilter's
 * mix and tmix compute them.
 */
#ifndef FW_FILTERS_KERNELS_MIX_H
#define FW_FILTERS_KERNELS_MIX_H

#include "cpu.h"

/* dst = round(sum(rows[i] * weights[i]) * factor), halves to even, clipped to 0..max. */
struct fw_mix {
    const void *const *rows; /* `count` of them, at least one; none overlaps dst */
    const float *weights;    /* NULL: all 1; then count <= 256, and count * max < 2^24 */
    int32_t count;
    int32_t max; /* 255 for uint8_t samples */
    float factor;
};

struct fw_mix_kernels {
    enum fw_cpu level;
    void (*u8)(void *dst, const struct fw_mix *mix, int32_t width);
    void (*u16)(void *dst, const struct fw_mix *mix, int32_t width);
};

extern const struct fw_mix_kernels fw_mix_variants[];
const struct fw_mix_kernels *fw_mix_kernels(int level);

/* Samples [first, end), which the variants use for what is narrower than a vector. */
void fw_mix_part_u8(void *dst, const struct fw_mix *mix, int32_t first, int32_t end);
void fw_mix_part_u16(void *dst, const struct fw_mix *mix, int32_t first, int32_t end);
void fw_mix_u8_avx2(void *dst, const struct fw_mix *mix, int32_t width);
void fw_mix_u16_avx2(void *dst, const struct fw_mix *mix, int32_t width);
void fw_mix_u8_avx512(void *dst, const struct fw_mix *mix, int32_t width);
void fw_mix_u16_avx512(void *dst, const struct fw_mix *mix, int32_t width);

#endif
