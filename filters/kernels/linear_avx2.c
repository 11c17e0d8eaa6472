/* Samples times a factor plus an offset: words of 4 more bits, so that the upper half of a product
 * of 16 by 16 bits is the shifted product. */
#if defined(__x86_64__)
#include "linear.h"

#include "linear_rows.h"

#include <immintrin.h>

static inline __m256i scale(__m256i words, __m256i factor, __m256i add)
{
    return _mm256_adds_epi16(_mm256_mulhi_epi16(_mm256_slli_epi16(words, 4), factor), add);
}

void fw_linear_scale_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain,
                             int32_t offset)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i factor = _mm256_set1_epi16((int16_t)gain);
    const __m256i add = _mm256_set1_epi16(linear_held(offset));
    int32_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(src + i));
        __m256i low = scale(_mm256_unpacklo_epi8(bytes, zero), factor, add);
        __m256i high = scale(_mm256_unpackhi_epi8(bytes, zero), factor, add);
        _mm256_storeu_si256((__m256i *)(void *)(dst + i), _mm256_packus_epi16(low, high));
    }
    linear_row_u8(dst + i, src + i, count - i, gain, offset);
}

void fw_linear_scale_u16_avx2(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                              int32_t offset, int32_t maximum)
{
    linear_row_u16(dst, src, count, gain, offset, maximum);
}
#endif
