/* Samples scaled: the definition, and the table of variants. */
#include "fade.h"

void fw_fade_u8_c(uint8_t *restrict dst, const uint8_t *restrict src, uint32_t factor, uint32_t add,
                  int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        dst[x] = (uint8_t)((src[x] * factor + add) >> 16);
}

void fw_fade_u16_c(uint16_t *restrict dst, const uint16_t *restrict src, uint32_t factor,
                   uint32_t add, int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        dst[x] = (uint16_t)(((uint64_t)src[x] * factor + add) >> 16);
}

const struct fw_fade_kernels fw_fade_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_fade_u8_avx2, fw_fade_u16_avx2 },
#endif
    { FW_CPU_C, fw_fade_u8_c, fw_fade_u16_c },
};

const struct fw_fade_kernels *fw_fade_kernels(int level)
{
    const struct fw_fade_kernels *row;
    FW_CPU_PICK(fw_fade_variants, level, row);
    return row;
}
