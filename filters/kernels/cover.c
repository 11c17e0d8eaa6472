/* A still picture blended over a row: scalar, and the table of variants. */
#include "cover.h"

void fw_cover_u8_c(uint8_t *dst, const uint16_t *keep, const uint16_t *add, int32_t width)
{
    for (int32_t x = 0; x < width; x++)
        dst[x] = (uint8_t)(((uint32_t)dst[x] * keep[x] + add[x]) * 257 >> 16);
}

void fw_cover_u10_c(uint16_t *dst, const uint16_t *keep, const uint32_t *add, int32_t width)
{
    for (int32_t x = 0; x < width; x++)
        dst[x] = (uint16_t)(((uint32_t)dst[x] * keep[x] + add[x]) / 1023);
}

const struct fw_cover_kernels fw_cover_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_cover_u8_avx2, fw_cover_u10_avx2 },
#endif
    { FW_CPU_C, fw_cover_u8_c, fw_cover_u10_c },
};

const struct fw_cover_kernels *fw_cover_kernels(int level)
{
    const struct fw_cover_kernels *kernels;
    FW_CPU_PICK(fw_cover_variants, level, kernels);
    return kernels;
}
