/* Samples times a factor plus an offset: words of 4 more bits, so that the upper half of a product
 * of 16 by 16 bits is the shifted product. */
#if defined(__x86_64__)
#include "linear.h"

#include "linear_rows.h"

#include <immintrin.h>

static inline __m512i scale(__m512i words, __m512i factor, __m512i add)
{
    return _mm512_adds_epi16(_mm512_mulhi_epi16(_mm512_slli_epi16(words, 4), factor), add);
}

void fw_linear_scale_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain,
                               int32_t offset)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i factor = _mm512_set1_epi16((int16_t)gain);
    const __m512i add = _mm512_set1_epi16(linear_held(offset));
    for (int32_t i = 0; i < count; i += 64) {
        __mmask64 here = count - i >= 64 ? ~(__mmask64)0
                                         : (__mmask64)_bzhi_u64(~0ull, (unsigned)(count - i));
        __m512i bytes = _mm512_maskz_loadu_epi8(here, src + i);
        __m512i low = scale(_mm512_unpacklo_epi8(bytes, zero), factor, add);
        __m512i high = scale(_mm512_unpackhi_epi8(bytes, zero), factor, add);
        _mm512_mask_storeu_epi8(dst + i, here, _mm512_packus_epi16(low, high));
    }
}

void fw_linear_scale_u16_avx512(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                                int32_t offset, int32_t maximum)
{
    linear_row_u16(dst, src, count, gain, offset, maximum);
}
#endif
