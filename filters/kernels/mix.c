/* A weighted mean of rows: scalar, and the table of variants. */
#include "mix.h"

#include <math.h>

static inline int32_t finish(float sum, const struct fw_mix *mix)
{
    float value = sum * mix->factor;
    value = value > 0 ? value : 0;
    value = value < (float)mix->max ? value : (float)mix->max;
    return (int32_t)lrintf(value);
}

#define PART(name, type)                                                                           \
    void name(void *dst, const struct fw_mix *mix, int32_t first, int32_t end)                     \
    {                                                                                              \
        const type *const *rows = (const type *const *)mix->rows;                                  \
        for (int32_t x = first; x < end; x++) {                                                    \
            float sum = 0;                                                                         \
            for (int32_t i = 0; i < mix->count; i++)                                               \
                sum += (float)rows[i][x] * (mix->weights ? mix->weights[i] : 1.0f);                \
            ((type *)dst)[x] = (type)finish(sum, mix);                                             \
        }                                                                                          \
    }
PART(fw_mix_part_u8, uint8_t)
PART(fw_mix_part_u16, uint16_t)

static void row_u8(void *dst, const struct fw_mix *mix, int32_t width)
{
    fw_mix_part_u8(dst, mix, 0, width);
}

static void row_u16(void *dst, const struct fw_mix *mix, int32_t width)
{
    fw_mix_part_u16(dst, mix, 0, width);
}

const struct fw_mix_kernels fw_mix_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_mix_u8_avx512, fw_mix_u16_avx512 },
    { FW_CPU_AVX2, fw_mix_u8_avx2, fw_mix_u16_avx2 },
#endif
    { FW_CPU_C, row_u8, row_u16 },
};

const struct fw_mix_kernels *fw_mix_kernels(int level)
{
    const struct fw_mix_kernels *kernels;
    FW_CPU_PICK(fw_mix_variants, level, kernels);
    return kernels;
}
