/* Rows of a turned picture: the definition, and the table of variants. */
#include "rotate.h"

void fw_rotate_row_u8_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t first, int32_t end)
{
    fw_rotate_pixels_c(dst, row, 1, first, end);
}

void fw_rotate_pixels_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t unit, int32_t first,
                        int32_t end)
{
    for (int32_t i = first; i < end; i++) {
        int32_t x = row->x + i * row->c, y = row->y - i * row->s;
        const uint8_t *at = row->src + (y >> 16) * row->stride + (ptrdiff_t)(x >> 16) * unit;
        for (int32_t k = 0; k < unit; k++, at++)
            dst[(ptrdiff_t)i * unit + k] = (uint8_t)fw_rotate_mix(
                at[0], at[unit], at[row->stride], at[row->stride + unit], x & 0xFFFF, y & 0xFFFF);
    }
}

void fw_rotate_paired_u8_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t first,
                           int32_t end)
{
    for (int32_t i = first; i < end; i++) {
        int32_t x = row->x + i * row->c, y = row->y - i * row->s;
        const uint8_t *at = row->src + (y >> 16) * row->stride + (ptrdiff_t)(x >> 16) * 2;
        dst[i] = (uint8_t)fw_rotate_mix(at[0], at[2], at[1], at[3], x & 0xFFFF, y & 0xFFFF);
    }
}

void fw_rotate_row_u16_c(uint16_t *dst, const struct fw_rotate_row *row, int32_t first, int32_t end)
{
    for (int32_t i = first; i < end; i++) {
        int32_t x = row->x + i * row->c, y = row->y - i * row->s;
        const uint8_t *line = row->src + (y >> 16) * row->stride;
        const uint16_t *top = (const uint16_t *)(const void *)line + (x >> 16);
        const uint16_t *bottom = (const uint16_t *)(const void *)(line + row->stride) + (x >> 16);
        dst[i] = (uint16_t)fw_rotate_mix(top[0], top[1], bottom[0], bottom[1], x & 0xFFFF,
                                         y & 0xFFFF);
    }
}

static void row_u8(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    fw_rotate_row_u8_c(dst, row, 0, count);
}

static void row_u16(uint16_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    fw_rotate_row_u16_c(dst, row, 0, count);
}

static void row4_u8(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    fw_rotate_pixels_c(dst, row, 4, 0, count);
}

const struct fw_rotate_kernels fw_rotate_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_rotate_row_u8_avx512, fw_rotate_paired_u8_avx512, fw_rotate_pair_avx512,
      fw_rotate_row_u16_avx512, fw_rotate_row4_u8_avx512 },
    { FW_CPU_AVX2, fw_rotate_row_u8_avx2, fw_rotate_paired_u8_avx2, fw_rotate_pair_avx2,
      fw_rotate_row_u16_avx2, fw_rotate_row4_u8_avx2 },
#endif
    { FW_CPU_C, row_u8, NULL, NULL, row_u16, row4_u8 },
};

const struct fw_rotate_kernels *fw_rotate_kernels(int level)
{
    const struct fw_rotate_kernels *row;
    FW_CPU_PICK(fw_rotate_variants, level, row);
    return row;
}
