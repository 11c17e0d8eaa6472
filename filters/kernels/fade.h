/* Samples scaled towards a value: the arithmetic of libavfilter's fade. */
#ifndef FW_FILTERS_KERNELS_FADE_H
#define FW_FILTERS_KERNELS_FADE_H

#include "cpu.h"

struct fw_fade_kernels {
    enum fw_cpu level;
    /* dst[x] = (src[x] * factor + add) >> 16, which fits a sample; factor and add are below 2^16
     * and 2^32. Rows do not overlap. */
    void (*scale_u8)(uint8_t *dst, const uint8_t *src, uint32_t factor, uint32_t add,
                     int32_t count);
    void (*scale_u16)(uint16_t *dst, const uint16_t *src, uint32_t factor, uint32_t add,
                      int32_t count);
};

extern const struct fw_fade_kernels fw_fade_variants[];
const struct fw_fade_kernels *fw_fade_kernels(int level);

void fw_fade_u8_c(uint8_t *dst, const uint8_t *src, uint32_t factor, uint32_t add, int32_t count);
void fw_fade_u16_c(uint16_t *dst, const uint16_t *src, uint32_t factor, uint32_t add,
                   int32_t count);
void fw_fade_u8_avx2(uint8_t *dst, const uint8_t *src, uint32_t factor, uint32_t add,
                     int32_t count);
void fw_fade_u16_avx2(uint16_t *dst, const uint16_t *src, uint32_t factor, uint32_t add,
                      int32_t count);

#endif
