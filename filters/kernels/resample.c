/* Separable resampling: the definition, and the table of variants. */
#include "resample.h"

static int16_t clip_word(int32_t value)
{
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

void fw_resample_blend_u8_c(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                            int32_t taps, int32_t first, int32_t end)
{
    for (int32_t x = first; x < end; x++) {
        int32_t sum = 1 << 7;
        for (int32_t k = 0; k < taps; k++)
            sum += weights[k] * rows[k][x];
        dst[x] = clip_word(sum >> 8);
    }
}

void fw_resample_blend_u16_c(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                             int32_t taps, int32_t first, int32_t end, int32_t depth)
{
    for (int32_t x = first; x < end; x++) {
        int32_t sum = 1 << (depth - 1);
        for (int32_t k = 0; k < taps; k++)
            sum += weights[k] * rows[k][x];
        dst[x] = clip_word(sum >> depth);
    }
}

static void blend_u8(int16_t *dst, const uint8_t *const *rows, const int16_t *weights, int32_t taps,
                     int32_t width)
{
    fw_resample_blend_u8_c(dst, rows, weights, taps, 0, width);
}

static void blend_u16(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                      int32_t taps, int32_t width, int32_t depth)
{
    fw_resample_blend_u16_c(dst, rows, weights, taps, 0, width, depth);
}

static int32_t stretch(const int16_t *src, const struct fw_resample_line *line, int32_t i,
                       int32_t depth)
{
    const int16_t *weights = line->weights + (ptrdiff_t)i * line->row;
    const int16_t *from = src + line->first[i];
    const int32_t shift = 2 * FW_RESAMPLE_BITS - depth;
    int32_t sum = 1 << (shift - 1);
    for (int32_t k = 0; k < line->taps; k++)
        sum += weights[k] * from[k];
    sum >>= shift;
    return sum < 0 ? 0 : sum >> depth ? (1 << depth) - 1 : sum;
}

static void stretch_u8(uint8_t *dst, const int16_t *src, const struct fw_resample_line *line)
{
    for (int32_t i = 0; i < line->count; i++)
        dst[i] = (uint8_t)stretch(src, line, i, 8);
}

static void stretch_u16(uint16_t *dst, const int16_t *src, const struct fw_resample_line *line,
                        int32_t depth)
{
    for (int32_t i = 0; i < line->count; i++)
        dst[i] = (uint16_t)stretch(src, line, i, depth);
}

const struct fw_resample_kernels fw_resample_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_resample_blend_u8_avx512, fw_resample_blend_u16_avx512,
      fw_resample_stretch_u8_avx512, fw_resample_stretch_u16_avx512 },
    { FW_CPU_AVX2, fw_resample_blend_u8_avx2, fw_resample_blend_u16_avx2,
      fw_resample_stretch_u8_avx2, fw_resample_stretch_u16_avx2 },
#endif
    { FW_CPU_C, blend_u8, blend_u16, stretch_u8, stretch_u16 },
};

const struct fw_resample_kernels *fw_resample_kernels(int level)
{
    const struct fw_resample_kernels *row;
    FW_CPU_PICK(fw_resample_variants, level, row);
    return row;
}
