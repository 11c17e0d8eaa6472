/* A still picture blended over a row: 16 or 8 samples at a time. dst is read and written, so that
 * the last samples are the scalar function's. */
#if defined(__x86_64__)
#include "cover.h"

#include <immintrin.h>

#define LOAD(at) _mm256_loadu_si256((const void *)(at))

void fw_cover_u8_avx2(uint8_t *dst, const uint16_t *keep, const uint16_t *add, int32_t width)
{
    const __m256i reciprocal = _mm256_set1_epi16(257);
    int32_t x = 0;
    for (; x + 16 <= width; x += 16) {
        __m256i v = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(dst + x)));
        v = _mm256_add_epi16(_mm256_mullo_epi16(v, LOAD(keep + x)), LOAD(add + x));
        v = _mm256_mulhi_epu16(v, reciprocal);
        _mm_storeu_si128((void *)(dst + x), _mm_packus_epi16(_mm256_castsi256_si128(v),
                                                             _mm256_extracti128_si256(v, 1)));
    }
    fw_cover_u8_c(dst + x, keep + x, add + x, width - x);
}

/* n / 1023 = (n + 1 + ((n + 1) >> 10)) >> 10 for all n up to 1023 * 1023. */
void fw_cover_u10_avx2(uint16_t *dst, const uint16_t *keep, const uint32_t *add, int32_t width)
{
    const __m256i one = _mm256_set1_epi32(1);
    int32_t x = 0;
    for (; x + 8 <= width; x += 8) {
        __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(dst + x)));
        __m256i k = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(keep + x)));
        v = _mm256_add_epi32(_mm256_add_epi32(_mm256_mullo_epi32(v, k), LOAD(add + x)), one);
        v = _mm256_srli_epi32(_mm256_add_epi32(v, _mm256_srli_epi32(v, 10)), 10);
        _mm_storeu_si128((void *)(dst + x), _mm_packus_epi32(_mm256_castsi256_si128(v),
                                                             _mm256_extracti128_si256(v, 1)));
    }
    fw_cover_u10_c(dst + x, keep + x, add + x, width - x);
}

#endif
