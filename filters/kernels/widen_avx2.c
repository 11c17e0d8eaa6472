/* Samples widened with AVX2. */
#if defined(__x86_64__)
#include "widen.h"

#include <immintrin.h>

/* Rows mostly follow each other in memory, with work between them: what comes next is asked for
 * across the page, at whose end the processor's own prefetching stops. */
#define AHEAD 4096

static inline void widen_32(uint16_t *dst, const uint8_t *src)
{
    __m128i low = _mm_loadu_si128((const __m128i *)src);
    __m128i high = _mm_loadu_si128((const __m128i *)(src + 16));
    _mm256_storeu_si256((__m256i *)dst, _mm256_cvtepu8_epi16(low));
    _mm256_storeu_si256((__m256i *)(dst + 16), _mm256_cvtepu8_epi16(high));
}

void fw_widen_u8_avx2(uint16_t *dst, const uint8_t *src, int32_t count)
{
    int32_t x = 0;
    for (; x + 64 <= count; x += 64) {
        _mm_prefetch((const char *)src + x + AHEAD, _MM_HINT_T0);
        widen_32(dst + x, src + x);
        widen_32(dst + x + 32, src + x + 32);
    }
    for (; x + 32 <= count; x += 32)
        widen_32(dst + x, src + x);
    fw_widen_u8_c(dst + x, src + x, count - x);
}
#endif
