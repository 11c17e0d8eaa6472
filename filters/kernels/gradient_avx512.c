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

/* Sums of differences along both diagonals give those of the corners across and down. */
struct slopes {
    __m512i corners_down;
    __m512i middle_down;
    __m512i corners_right;
    __m512i middle_right;
};

static inline struct slopes slopes_at(const struct fw_gradient_rows *from, int32_t x)
{
    const uint16_t *above = from->rows[0] + x;
    const uint16_t *at = from->rows[1] + x;
    const uint16_t *below = from->rows[2] + x;
    __m512i falling = _mm512_sub_epi16(load(below + 1), load(above - 1));
    __m512i rising = _mm512_sub_epi16(load(above + 1), load(below - 1));
    return (struct slopes){
        .corners_down = _mm512_sub_epi16(falling, rising),
        .middle_down = _mm512_sub_epi16(load(below), load(above)),
        .corners_right = _mm512_add_epi16(falling, rising),
        .middle_right = _mm512_sub_epi16(load(at + 1), load(at - 1)),
    };
}

static inline void slopes(enum fw_gradient kind, const struct fw_gradient_rows *from, int32_t x,
                          __m512i *down, __m512i *right)
{
    if (kind == FW_GRADIENT_ROBERTS) {
        const uint16_t *above = from->rows[0] + x;
        const uint16_t *at = from->rows[1] + x;
        *down = _mm512_sub_epi16(load(above - 1), load(above));
        *right = _mm512_sub_epi16(load(at), load(at - 1));
        return;
    }
    struct slopes found = slopes_at(from, x);
    *down = _mm512_add_epi16(found.corners_down, found.middle_down);
    *right = _mm512_add_epi16(found.corners_right, found.middle_right);
    if (kind == FW_GRADIENT_SOBEL) {
        *down = _mm512_add_epi16(*down, found.middle_down);
        *right = _mm512_add_epi16(*right, found.middle_right);
    }
}

/* The estimate for numbers below 2^22, which errs by less than 2^-14 of it. -1 for 0. */
static inline __m512i near_root(__m512i square)
{
    __m512 value = _mm512_cvtepi32_ps(square);
    return _mm512_cvttps_epu32(
        _mm512_fmadd_ps(value, _mm512_rsqrt14_ps(value), _mm512_set1_ps(0.25f)));
}

static inline void root_row(enum fw_gradient kind, uint8_t *dst,
                            const struct fw_gradient_rows *from)
{
    const __m512i one = _mm512_set1_epi16(1);
    for (int32_t next = 0; next < from->width; next += LANES) {
        int32_t x = next + LANES <= from->width ? next : from->width - LANES;
        __m512i down;
        __m512i right;
        slopes(kind, from, x, &down, &right);
        __m512i low = _mm512_unpacklo_epi16(down, right);
        __m512i high = _mm512_unpackhi_epi16(down, right);
        low = _mm512_madd_epi16(low, low);
        high = _mm512_madd_epi16(high, high);
        __m512i square = _mm512_packus_epi32(low, high); /* 65535 has the greatest root, 255 */
        __m512i length = _mm512_packus_epi32(near_root(low), near_root(high));
        length = _mm512_min_epu16(length, _mm512_set1_epi16(255));
        __mmask32 over = _mm512_cmpgt_epu16_mask(_mm512_mullo_epi16(length, length), square);
        length = _mm512_mask_sub_epi16(length, over, length, one);
        _mm256_storeu_si256((__m256i *)(void *)(dst + x), _mm512_cvtepi16_epi8(length));
    }
}

/* 256 times one of scharr's slopes. */
static inline __m512 weighed(__m512i corners_and_middle)
{
    const __m512i weights = _mm512_set1_epi32(162 << 16 | 47);
    return _mm512_cvtepi32_ps(_mm512_madd_epi16(corners_and_middle, weights));
}

/*
 * The whole part of the length of both slopes: the root of a float, rounded, over 256. The float
 * below a square may have the square's root by rounding: then it is taken as it is.
 */
static inline __m512i scharr_length(__m512i down, __m512i right)
{
    const __m512 unit = _mm512_set1_ps(256.0f);
    const __m512i one = _mm512_set1_epi32(1);
    __m512 a = weighed(down);
    __m512 b = weighed(right);
    __m512 square = _mm512_add_ps(_mm512_mul_ps(a, a), _mm512_mul_ps(b, b));
    __m512 root = _mm512_mul_ps(square, _mm512_rsqrt14_ps(square));
    __m512i whole = _mm512_cvttps_epu32(
        _mm512_fmadd_ps(root, _mm512_set1_ps(1.0f / 256.0f), _mm512_set1_ps(0.25f)));
    __m512 least = _mm512_mul_ps(_mm512_cvtepu32_ps(whole), unit);
    least = _mm512_mul_ps(least, least);
    __m512i gap = _mm512_sub_epi32(_mm512_castps_si512(least), _mm512_castps_si512(square));
    if (_mm512_cmpeq_epi32_mask(gap, one))
        return _mm512_cvttps_epi32(
            _mm512_mul_ps(_mm512_sqrt_ps(square), _mm512_set1_ps(1.0f / 256.0f)));
    return _mm512_mask_sub_epi32(whole, _mm512_cmpgt_epi32_mask(gap, one), whole, one);
}

static void scharr_root_u8(uint8_t *dst, const struct fw_gradient_rows *from)
{
    if (from->scale != 1.0f || from->delta != 0.0f || from->width < LANES) {
        scharr_u8(dst, from);
        return;
    }
    for (int32_t next = 0; next < from->width; next += LANES) {
        int32_t x = next + LANES <= from->width ? next : from->width - LANES;
        struct slopes found = slopes_at(from, x);
        __m512i low = scharr_length(_mm512_unpacklo_epi16(found.corners_down, found.middle_down),
                                    _mm512_unpacklo_epi16(found.corners_right, found.middle_right));
        __m512i high = scharr_length(
            _mm512_unpackhi_epi16(found.corners_down, found.middle_down),
            _mm512_unpackhi_epi16(found.corners_right, found.middle_right));
        _mm256_storeu_si256((__m256i *)(void *)(dst + x),
                            _mm512_cvtusepi16_epi8(_mm512_packus_epi32(low, high)));
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
    .row_u8 = { sobel_root_u8, prewitt_root_u8, scharr_root_u8, roberts_root_u8, kirsch_u8 },
    .row_u16 = { sobel_u16, prewitt_u16, scharr_u16, roberts_u16, kirsch_u16 },
};
#endif
