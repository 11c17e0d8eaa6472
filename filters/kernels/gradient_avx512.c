/*
 * Edge operators with AVX-512.
 *
 * Lengths of 8-bit samples that are neither scaled nor shifted need no square root: an estimate
 * that is never too low, and at most one too high, is set right by its square.
 */
#if defined(__x86_64__)
#include "gradient_rows.h"

#include <immintrin.h>

#define LANES 32

static inline __m512i load(const uint16_t *from)
{
    return _mm512_loadu_si512(from);
}

/* a + middle * b + c, or a + c */
static inline __m512i weigh(__m512i a, __m512i b, __m512i c, enum fw_gradient kind)
{
    b = kind == FW_GRADIENT_SOBEL ? _mm512_add_epi16(b, b) : b;
    return _mm512_add_epi16(_mm512_add_epi16(a, c), b);
}

static inline void slopes(enum fw_gradient kind, const struct fw_gradient_rows *from, int32_t x,
                          __m512i *down, __m512i *right)
{
    const uint16_t *above = from->rows[0] + x;
    const uint16_t *at = from->rows[1] + x;
    const uint16_t *below = from->rows[2] + x;
    if (kind == FW_GRADIENT_ROBERTS) {
        *down = _mm512_sub_epi16(load(above - 1), load(above));
        *right = _mm512_sub_epi16(load(at), load(at - 1));
        return;
    }
    __m512i left_above = load(above - 1);
    __m512i left_below = load(below - 1);
    __m512i right_above = load(above + 1);
    __m512i right_below = load(below + 1);
    *down = weigh(_mm512_sub_epi16(left_below, left_above),
                  _mm512_sub_epi16(load(below), load(above)),
                  _mm512_sub_epi16(right_below, right_above), kind);
    *right = weigh(_mm512_sub_epi16(right_above, left_above),
                   _mm512_sub_epi16(load(at + 1), load(at - 1)),
                   _mm512_sub_epi16(right_below, left_below), kind);
}

/* The whole part of the root of numbers below 2^22. The estimate errs by less than 2^-14 of it. */
static inline __m512i root(__m512i square)
{
    const __m512i one = _mm512_set1_epi32(1);
    __m512 value = _mm512_cvtepi32_ps(_mm512_max_epi32(square, one));
    __m512 near = _mm512_mul_ps(value, _mm512_rsqrt14_ps(value));
    __m512i whole = _mm512_cvttps_epi32(_mm512_add_ps(near, _mm512_set1_ps(0.25f)));
    __mmask16 over = _mm512_cmpgt_epi32_mask(_mm512_madd_epi16(whole, whole), square);
    return _mm512_mask_sub_epi32(whole, over, whole, one);
}

static inline void root_row(enum fw_gradient kind, uint8_t *dst,
                            const struct fw_gradient_rows *from)
{
    for (int32_t next = 0; next < from->width; next += LANES) {
        int32_t x = next + LANES <= from->width ? next : from->width - LANES;
        __m512i down;
        __m512i right;
        slopes(kind, from, x, &down, &right);
        __m512i low = _mm512_unpacklo_epi16(down, right);
        __m512i high = _mm512_unpackhi_epi16(down, right);
        __m512i length = _mm512_packus_epi32(root(_mm512_madd_epi16(low, low)),
                                             root(_mm512_madd_epi16(high, high)));
        _mm256_storeu_si256((__m256i *)(void *)(dst + x), _mm512_cvtusepi16_epi8(length));
    }
}

#define ROOT_ROW(word, kind)                                                                       \
    static void word##_root_u8(uint8_t *dst, const struct fw_gradient_rows *from)                  \
    {                                                                                              \
        if (from->scale == 1.0f && from->delta == 0.0f && from->width >= LANES)                    \
            root_row(kind, dst, from);                                                             \
        else                                                                                       \
            word##_u8(dst, from);                                                                  \
    }
ROOT_ROW(sobel, FW_GRADIENT_SOBEL)
ROOT_ROW(prewitt, FW_GRADIENT_PREWITT)
ROOT_ROW(roberts, FW_GRADIENT_ROBERTS)

const struct fw_gradient_kernels fw_gradient_avx512 = {
    .level = FW_CPU_AVX512,
    .row_u8 = { sobel_root_u8, prewitt_root_u8, scharr_u8, roberts_root_u8, kirsch_u8 },
    .row_u16 = { sobel_u16, prewitt_u16, scharr_u16, roberts_u16, kirsch_u16 },
};
#endif
