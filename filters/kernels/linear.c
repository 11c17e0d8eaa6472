/* Samples times a factor plus an offset: the definition, and the table of variants. */
#include "linear.h"

#include "linear_rows.h"

static void scale_u8(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain, int32_t offset)
{
    linear_row_u8(dst, src, count, gain, offset);
}

static void scale_u16(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                      int32_t offset, int32_t maximum)
{
    linear_row_u16(dst, src, count, gain, offset, maximum);
}

const struct fw_linear_kernels fw_linear_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_linear_scale_u8_avx512, fw_linear_scale_u16_avx512 },
    { FW_CPU_AVX2, fw_linear_scale_u8_avx2, fw_linear_scale_u16_avx2 },
#endif
    { FW_CPU_C, scale_u8, scale_u16 },
};

const struct fw_linear_kernels *fw_linear_kernels(int level)
{
    const struct fw_linear_kernels *row;
    FW_CPU_PICK(fw_linear_variants, level, row);
    return row;
}
