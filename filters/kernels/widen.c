/* Samples widened: the definition, and the table of variants. */
#include "widen.h"

void fw_widen_u8_c(uint16_t *restrict dst, const uint8_t *restrict src, int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        dst[x] = src[x];
}

const struct fw_widen_kernels fw_widen_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_widen_u8_avx2 },
#endif
    { FW_CPU_C, fw_widen_u8_c },
};

const struct fw_widen_kernels *fw_widen_kernels(int level)
{
    const struct fw_widen_kernels *row;
    FW_CPU_PICK(fw_widen_variants, level, row);
    return row;
}
