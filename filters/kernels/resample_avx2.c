/* Separable resampling with AVX2: pairs of rows, and pairs of neighbours, multiplied and added at
 * once. */
#if defined(__x86_64__)
#include "resample.h"

#include "resample_dot.h"

#include <immintrin.h>
#include <string.h>

static inline __m256i pair_of(const int16_t *weights)
{
    int32_t pair;
    memcpy(&pair, weights, sizeof(pair));
    return _mm256_set1_epi32(pair);
}

void fw_resample_blend_u8_avx2(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                               int32_t taps, int32_t width)
{
    const __m256i zero = _mm256_setzero_si256();
    int32_t x = 0;
    for (; x + 32 <= width; x += 32) {
        __m256i sums[4];
        for (int i = 0; i < 4; i++)
            sums[i] = _mm256_set1_epi32(1 << 7);
        for (int32_t k = 0; k < taps; k += 2) {
            __m256i a = _mm256_loadu_si256((const __m256i *)(rows[k] + x));
            __m256i b = _mm256_loadu_si256((const __m256i *)(rows[k + 1] + x));
            __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
            __m256i pair = pair_of(weights + k);
            sums[0] = _mm256_add_epi32(sums[0],
                                       _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), pair));
            sums[1] = _mm256_add_epi32(sums[1],
                                       _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), pair));
            sums[2] = _mm256_add_epi32(sums[2],
                                       _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), pair));
            sums[3] = _mm256_add_epi32(sums[3],
                                       _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), pair));
        }
        __m256i left = _mm256_packs_epi32(_mm256_srai_epi32(sums[0], 8),
                                          _mm256_srai_epi32(sums[1], 8));
        __m256i right = _mm256_packs_epi32(_mm256_srai_epi32(sums[2], 8),
                                           _mm256_srai_epi32(sums[3], 8));
        _mm256_storeu_si256((__m256i *)(dst + x), _mm256_permute2x128_si256(left, right, 0x20));
        _mm256_storeu_si256((__m256i *)(dst + x + 16),
                            _mm256_permute2x128_si256(left, right, 0x31));
    }
    fw_resample_blend_u8_c(dst, rows, weights, taps, x, width);
}

void fw_resample_blend_u16_avx2(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                                int32_t taps, int32_t width, int32_t depth)
{
    const __m128i shift = _mm_cvtsi32_si128(depth);
    int32_t x = 0;
    for (; x + 16 <= width; x += 16) {
        __m256i low = _mm256_set1_epi32(1 << (depth - 1)), high = low;
        for (int32_t k = 0; k < taps; k += 2) {
            __m256i a = _mm256_loadu_si256((const __m256i *)(rows[k] + x));
            __m256i b = _mm256_loadu_si256((const __m256i *)(rows[k + 1] + x));
            __m256i pair = pair_of(weights + k);
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), pair));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), pair));
        }
        low = _mm256_sra_epi32(low, shift);
        high = _mm256_sra_epi32(high, shift);
        _mm256_storeu_si256((__m256i *)(dst + x), _mm256_packs_epi32(low, high));
    }
    fw_resample_blend_u16_c(dst, rows, weights, taps, x, width, depth);
}

/* Sums of the 8 outputs from i on, half a block. */
static inline __m256i sum8(const int16_t *src, const struct fw_resample_line *line, int32_t i)
{
    const ptrdiff_t block = i / FW_RESAMPLE_BLOCK, half = i % FW_RESAMPLE_BLOCK;
    const int16_t *pairs = line->blocks + (block * (line->taps / 2) * FW_RESAMPLE_BLOCK + half) * 2;
    const int16_t *left = src + line->first[i];
    const int16_t *right = src + line->first[i + FW_RESAMPLE_GROUP];
    const __m256i order = _mm256_loadu_si256((const __m256i *)(line->shuffles + (ptrdiff_t)i * 4));
    __m256i sum = _mm256_setzero_si256();
    for (int32_t k = 0; k < line->taps; k += 2, pairs += 2 * FW_RESAMPLE_BLOCK) {
        __m256i samples = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(left + k))),
            _mm_loadu_si128((const __m128i *)(right + k)), 1);
        samples = _mm256_shuffle_epi8(samples, order);
        __m256i factors = _mm256_loadu_si256((const __m256i *)pairs);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(samples, factors));
    }
    return sum;
}

static inline __m256i dot8(const int16_t *src, const struct fw_resample_line *line, int32_t i)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(resample_dot4(src, line, i)),
                                   resample_dot4(src, line, i + 4), 1);
}

/* 8 outputs from i on as words, clipped from below alone: packing clips from above. */
static inline __m128i words8(const int16_t *src, const struct fw_resample_line *line, int32_t i,
                             int32_t depth)
{
    const int32_t shift = 2 * FW_RESAMPLE_BITS - depth;
    __m256i sum = line->group_span <= 8 ? sum8(src, line, i) : dot8(src, line, i);
    sum = _mm256_add_epi32(sum, _mm256_set1_epi32(1 << (shift - 1)));
    sum = _mm256_sra_epi32(sum, _mm_cvtsi32_si128(shift));
    return _mm_packus_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

void fw_resample_stretch_u8_avx2(uint8_t *dst, const int16_t *src,
                                 const struct fw_resample_line *line)
{
    const __m128i most = _mm_set1_epi16(0xFF);
    int32_t i = 0;
    for (; i + 8 <= line->count; i += 8) {
        __m128i words = _mm_min_epu16(words8(src, line, i, 8), most);
        _mm_storel_epi64((__m128i *)(dst + i), _mm_packus_epi16(words, words));
    }
    for (; i < line->count; i++)
        dst[i] = (uint8_t)resample_clip(resample_dot1(src, line, i), 8);
}

void fw_resample_stretch_u16_avx2(uint16_t *dst, const int16_t *src,
                                  const struct fw_resample_line *line, int32_t depth)
{
    const __m128i most = _mm_set1_epi16((int16_t)((1 << depth) - 1));
    int32_t i = 0;
    for (; i + 8 <= line->count; i += 8)
        _mm_storeu_si128((__m128i *)(dst + i), _mm_min_epu16(words8(src, line, i, depth), most));
    for (; i < line->count; i++)
        dst[i] = (uint16_t)resample_clip(resample_dot1(src, line, i), depth);
}
#endif
