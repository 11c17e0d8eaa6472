/*
 * Samples times a factor plus an offset: dst[i] = ((src[i] * gain) >> 12) + offset, held to 0 and
 * the maximum. |gain| is below 32768 (8 as a factor), |offset| is at most 2^26. dst may be src.
 * Plain loops, which a compiler makes vectors of at every level.
 */
#ifndef FW_FILTERS_KERNELS_LINEAR_H
#define FW_FILTERS_KERNELS_LINEAR_H

#include "cpu.h"

struct fw_linear_kernels {
    enum fw_cpu level;
    void (*scale_u8)(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain, int32_t offset);
    void (*scale_u16)(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                      int32_t offset, int32_t maximum);
};

extern const struct fw_linear_kernels fw_linear_variants[];
const struct fw_linear_kernels *fw_linear_kernels(int level);

void fw_linear_scale_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain,
                             int32_t offset);
void fw_linear_scale_u16_avx2(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                              int32_t offset, int32_t maximum);
void fw_linear_scale_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain,
                               int32_t offset);
void fw_linear_scale_u16_avx512(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                                int32_t offset, int32_t maximum);

#endif
