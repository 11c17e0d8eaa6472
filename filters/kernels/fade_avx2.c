/*
 * Samples scaled with AVX2, sixteen at a time: high and low halves of the products apart, and the
 * carry of the low half by hand.
 */
#if defined(__x86_64__)
#include "fade.h"

#include <immintrin.h>

static inline __m256i scale_16(__m256i v, __m256i factor, __m256i add_low, __m256i add_high)
{
    __m256i low = _mm256_mullo_epi16(v, factor);
    __m256i high = _mm256_mulhi_epu16(v, factor);
    __m256i sum = _mm256_add_epi16(low, add_low);
    /* -1 where nothing was carried; add_high counts one carry beforehand. */
    __m256i kept = _mm256_cmpeq_epi16(_mm256_max_epu16(sum, low), sum);
    return _mm256_add_epi16(_mm256_add_epi16(high, add_high), kept);
}

void fw_fade_u8_avx2(uint8_t *dst, const uint8_t *src, uint32_t factor, uint32_t add, int32_t count)
{
    const __m256i scale = _mm256_set1_epi16((int16_t)factor);
    const __m256i add_low = _mm256_set1_epi16((int16_t)add);
    const __m256i add_high = _mm256_set1_epi16((int16_t)((add >> 16) + 1));
    const __m256i zero = _mm256_setzero_si256();
    int32_t x = 0;
    for (; x + 32 <= count; x += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(src + x));
        __m256i low = scale_16(_mm256_unpacklo_epi8(v, zero), scale, add_low, add_high);
        __m256i high = scale_16(_mm256_unpackhi_epi8(v, zero), scale, add_low, add_high);
        _mm256_storeu_si256((__m256i *)(dst + x), _mm256_packus_epi16(low, high));
    }
    fw_fade_u8_c(dst + x, src + x, factor, add, count - x);
}

void fw_fade_u16_avx2(uint16_t *dst, const uint16_t *src, uint32_t factor, uint32_t add,
                      int32_t count)
{
    const __m256i scale = _mm256_set1_epi16((int16_t)factor);
    const __m256i add_low = _mm256_set1_epi16((int16_t)add);
    const __m256i add_high = _mm256_set1_epi16((int16_t)((add >> 16) + 1));
    int32_t x = 0;
    for (; x + 16 <= count; x += 16) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(src + x));
        _mm256_storeu_si256((__m256i *)(dst + x), scale_16(v, scale, add_low, add_high));
    }
    fw_fade_u16_c(dst + x, src + x, factor, add, count - x);
}
#endif
