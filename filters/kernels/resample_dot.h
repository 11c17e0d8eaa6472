/* Outputs whose samples are spread too far for a register: a product of rows for each. For files
 * that are compiled with AVX2. */
#ifndef FW_FILTERS_KERNELS_RESAMPLE_DOT_H
#define FW_FILTERS_KERNELS_RESAMPLE_DOT_H

#include "resample.h"

#include <immintrin.h>

static inline __m256i resample_dot(const int16_t *src, const struct fw_resample_line *line,
                                   int32_t i)
{
    const int16_t *weights = line->weights + (ptrdiff_t)i * line->row;
    const int16_t *from = src + line->first[i];
    __m256i sum = _mm256_setzero_si256();
    for (int32_t k = 0; k < line->row; k += 16) {
        __m256i samples = _mm256_loadu_si256((const __m256i *)(from + k));
        __m256i factors = _mm256_loadu_si256((const __m256i *)(weights + k));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(samples, factors));
    }
    return sum;
}

/* Sums of outputs i to i + 3. */
static inline __m128i resample_dot4(const int16_t *src, const struct fw_resample_line *line,
                                    int32_t i)
{
    __m256i ab = _mm256_hadd_epi32(resample_dot(src, line, i), resample_dot(src, line, i + 1));
    __m256i cd = _mm256_hadd_epi32(resample_dot(src, line, i + 2), resample_dot(src, line, i + 3));
    __m256i all = _mm256_hadd_epi32(ab, cd);
    return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

/* Sum of one output. */
static inline int32_t resample_dot1(const int16_t *src, const struct fw_resample_line *line,
                                    int32_t i)
{
    __m256i sum = resample_dot(src, line, i);
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    return _mm_cvtsi128_si32(half);
}

static inline int32_t resample_clip(int32_t sum, int32_t depth)
{
    const int32_t shift = 2 * FW_RESAMPLE_BITS - depth;
    sum = (sum + (1 << (shift - 1))) >> shift;
    return sum < 0 ? 0 : sum >> depth ? (1 << depth) - 1 : sum;
}

#endif
