/* Rows of two pictures blended: portable, and the table of variants. */
#define STORAGE static
#define BLEND_U8 u8_c
#define BLEND_U16 u16_c
#include "blend_rows.h"

const struct fw_blend_kernels fw_blend_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_blend_u8_avx512, fw_blend_u16_avx512 },
    { FW_CPU_AVX2, fw_blend_u8_avx2, fw_blend_u16_avx2 },
#endif
    { FW_CPU_C, u8_c, u16_c },
};

const struct fw_blend_kernels *fw_blend_kernels(int level)
{
    const struct fw_blend_kernels *kernels;
    FW_CPU_PICK(fw_blend_variants, level, kernels);
    return kernels;
}
