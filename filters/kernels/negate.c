/* Samples turned over: the definition, and the table of variants. */
#include "negate.h"

#include "negate_rows.h"

static void negate_u8(uint8_t *dst, const uint8_t *src, int32_t count)
{
    negate_row_u8(dst, src, count);
}

static void negate_u16(uint16_t *dst, const uint16_t *src, int32_t count, uint16_t maximum)
{
    negate_row_u16(dst, src, count, maximum);
}

static void flip(uint8_t *dst, const uint8_t *src, const uint8_t *mask, int32_t count)
{
    negate_row_flip(dst, src, mask, count);
}

const struct fw_negate_kernels fw_negate_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_negate_u8_avx2, fw_negate_u16_avx2, fw_negate_flip_avx2 },
#endif
    { FW_CPU_C, negate_u8, negate_u16, flip },
};

const struct fw_negate_kernels *fw_negate_kernels(int level)
{
    const struct fw_negate_kernels *row;
    FW_CPU_PICK(fw_negate_variants, level, row);
    return row;
}
