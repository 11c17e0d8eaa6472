/* Weighted sums in portable C, and the table of their variants. */
#include "convolve.h"

#define BLOCK 512 /* samples; their sums stay in the first-level cache */

static inline void add_tap(uint32_t *restrict sums, const uint16_t *restrict tap, uint32_t weight,
                           int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        sums[x] += weight * tap[x];
}

static inline int32_t finish(const struct fw_convolve *op, uint32_t sum)
{
    float value = (float)(int32_t)sum * op->factor + op->bias + 0.5f;
    value = value > 0.0f && value < 2147483648.0f ? value : 0.0f;
    float peak = (float)op->peak;
    return (int32_t)(value < peak ? value : peak);
}

#define DEFINE_ROW(word, type)                                                                     \
    void fw_convolve_row_##word##_c(type *dst, const struct fw_convolve *op,                       \
                                    const uint16_t *const *taps, int32_t width)                    \
    {                                                                                              \
        for (int32_t first = 0; first < width; first += BLOCK) {                                   \
            uint32_t sums[BLOCK] = { 0 };                                                          \
            int32_t count = width - first < BLOCK ? width - first : BLOCK;                         \
            for (int32_t i = 0; i < op->count; i++)                                                \
                add_tap(sums, taps[i] + first, (uint32_t)op->weights[i], count);                   \
            for (int32_t x = 0; x < count; x++)                                                    \
                dst[first + x] = (type)finish(op, sums[x]);                                        \
        }                                                                                          \
    }
DEFINE_ROW(u8, uint8_t)
DEFINE_ROW(u16, uint16_t)

const struct fw_convolve_kernels fw_convolve_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_convolve_row_u8_avx512, fw_convolve_row_u16_avx512 },
    { FW_CPU_AVX2, fw_convolve_row_u8_avx2, fw_convolve_row_u16_avx2 },
#endif
    { FW_CPU_C, fw_convolve_row_u8_c, fw_convolve_row_u16_c },
};

const struct fw_convolve_kernels *fw_convolve_kernels(int level)
{
    const struct fw_convolve_kernels *row;
    FW_CPU_PICK(fw_convolve_variants, level, row);
    return row;
}
