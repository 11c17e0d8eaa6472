/*
 * Samples turned over. dst may be src. Plain loops, which a compiler makes vectors of at every
 * level: memory bounds them.
 */
#ifndef FW_FILTERS_KERNELS_NEGATE_H
#define FW_FILTERS_KERNELS_NEGATE_H

#include "cpu.h"

struct fw_negate_kernels {
    enum fw_cpu level;
    /* dst[i] = 255 - src[i]. */
    void (*negate_u8)(uint8_t *dst, const uint8_t *src, int32_t count);
    /* dst[i] = maximum - src[i], modulo 65536. */
    void (*negate_u16)(uint16_t *dst, const uint16_t *src, int32_t count, uint16_t maximum);
    /* dst[i] = src[i] ^ mask[i], bytes. */
    void (*flip)(uint8_t *dst, const uint8_t *src, const uint8_t *mask, int32_t count);
};

extern const struct fw_negate_kernels fw_negate_variants[];
const struct fw_negate_kernels *fw_negate_kernels(int level);

void fw_negate_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count);
void fw_negate_u16_avx2(uint16_t *dst, const uint16_t *src, int32_t count, uint16_t maximum);
void fw_negate_flip_avx2(uint8_t *dst, const uint8_t *src, const uint8_t *mask, int32_t count);

#endif
