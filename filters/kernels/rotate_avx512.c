/* Rows of a turned picture with AVX-512: sixteen pixels at a time, their neighbours gathered. */
#if defined(__x86_64__)
#include "rotate.h"

#include <immintrin.h>
#include <stdbool.h>

#define LANES 16

struct places {
    __m512i top; /* byte offsets of the upper left neighbours */
    __m512i fx;
    __m512i fy;
};

/* False where a gather of 4 bytes would leave a row of `row_bytes`. */
static inline bool find(struct places *places, const struct fw_rotate_row *row, int32_t i,
                        int32_t unit, int32_t row_bytes)
{
    const __m512i steps = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i low = _mm512_set1_epi32(0xFFFF);
    __m512i x = _mm512_add_epi32(_mm512_set1_epi32(row->x + i * row->c),
                                 _mm512_mullo_epi32(steps, _mm512_set1_epi32(row->c)));
    __m512i y = _mm512_sub_epi32(_mm512_set1_epi32(row->y - i * row->s),
                                 _mm512_mullo_epi32(steps, _mm512_set1_epi32(row->s)));
    __m512i column = _mm512_mullo_epi32(_mm512_srai_epi32(x, 16), _mm512_set1_epi32(unit));
    __m512i line = _mm512_mullo_epi32(_mm512_srai_epi32(y, 16),
                                      _mm512_set1_epi32((int32_t)row->stride));
    places->top = _mm512_add_epi32(column, line);
    places->fx = _mm512_and_si512(x, low);
    places->fy = _mm512_and_si512(y, low);
    return _mm512_cmpgt_epi32_mask(column, _mm512_set1_epi32(row_bytes - 4)) == 0;
}

static inline __m512i gather(const uint8_t *base, __m512i offsets)
{
    return _mm512_i32gather_epi32(offsets, base, 1);
}

/* (65536 - f) * a + f * b */
static inline __m512i blend(__m512i a, __m512i b, __m512i f)
{
    return _mm512_add_epi32(_mm512_slli_epi32(a, 16),
                            _mm512_mullo_epi32(_mm512_sub_epi32(b, a), f));
}

/* The high 32 bits of (65536 - f) * top + f * bottom, of unsigned 32-bit sums: even and odd lanes
 * by 64-bit products. */
static inline __m512i mix(__m512i top, __m512i bottom, __m512i f)
{
    const __m512i one = _mm512_set1_epi32(65536);
    __m512i g = _mm512_sub_epi32(one, f);
    __m512i even = _mm512_add_epi64(_mm512_mul_epu32(top, g), _mm512_mul_epu32(bottom, f));
    top = _mm512_srli_epi64(top, 32);
    bottom = _mm512_srli_epi64(bottom, 32);
    f = _mm512_srli_epi64(f, 32);
    g = _mm512_srli_epi64(g, 32);
    __m512i odd = _mm512_add_epi64(_mm512_mul_epu32(top, g), _mm512_mul_epu32(bottom, f));
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}

/* Samples of 8 or 16 bits: `mask` and `bits` take both neighbours out of what was gathered. */
static inline __m512i mix_row(const struct fw_rotate_row *row, const struct places *places,
                              unsigned bits)
{
    const __m512i mask = _mm512_set1_epi32((1 << bits) - 1);
    __m512i top = gather(row->src, places->top);
    __m512i bottom = gather(row->src + row->stride, places->top);
    __m512i s0 = blend(_mm512_and_si512(top, mask),
                       _mm512_and_si512(_mm512_srli_epi32(top, bits), mask), places->fx);
    __m512i s1 = blend(_mm512_and_si512(bottom, mask),
                       _mm512_and_si512(_mm512_srli_epi32(bottom, bits), mask), places->fx);
    return mix(s0, s1, places->fy);
}

static bool fits(const struct fw_rotate_row *row)
{
    ptrdiff_t stride = row->stride < 0 ? -row->stride : row->stride;
    return stride * row->height < INT32_MAX;
}

void fw_rotate_row_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count; i += LANES) {
        if (!find(&places, row, i, 1, row->width)) {
            fw_rotate_row_u8_c(dst, row, i, i + LANES);
            continue;
        }
        __m512i samples = mix_row(row, &places, 8);
        _mm_storeu_si128((__m128i *)(dst + i), _mm512_cvtepi32_epi8(samples));
    }
    fw_rotate_row_u8_c(dst, row, i, count);
}

#define IN_LANES(word)                                                                             \
    _mm512_add_epi32(                                                                              \
        _mm512_set1_epi32((int32_t)(word)),                                                        \
        _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C)))

/* (65536 - f) * a + f * b of bytes a and b: `order` takes b, a, a, b, `high` a alone, to the third
 * byte. f comes without its highest bit, for b - a, and with it alone, -32768, for a - b. */
static inline __m512i blend_bytes(__m512i all, __m512i order, __m512i high, __m512i f)
{
    const __m512i signs = _mm512_set1_epi16((int16_t)0xFF01);
    __m512i ways = _mm512_maddubs_epi16(_mm512_shuffle_epi8(all, order), signs);
    return _mm512_add_epi32(_mm512_madd_epi16(ways, f), _mm512_shuffle_epi8(all, high));
}

/* As mix(), of sums below 2^24: the upper and the lower half of their difference times f. */
static inline __m512i mix_low(__m512i top, __m512i bottom, __m512i f)
{
    __m512i rise = _mm512_sub_epi32(bottom, top);
    __m512i share = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srai_epi32(rise, 16), f),
                                     _mm512_mulhi_epu16(rise, f));
    return _mm512_srli_epi32(_mm512_add_epi32(top, share), 16);
}

/* All neighbours at once: s00, s10, s01, s11. `steps` are 2 and the stride. */
static inline __m512i mix_paired(const uint8_t *src, __m512i x, __m512i y, __m512i steps)
{
    const __m512i low = _mm512_set1_epi32(0xFFFF);
    __m512i at = _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_srli_epi32(x, 16), y);
    __m512i all = gather(src, _mm512_madd_epi16(at, steps));
    __m512i fx = _mm512_and_si512(
        _mm512_or_si512(_mm512_and_si512(x, low), _mm512_slli_epi32(x, 16)),
        _mm512_set1_epi32((int32_t)0x80007FFF));
    __m512i s0 = blend_bytes(all, IN_LANES(0x02000002), IN_LANES(0x80008080), fx);
    __m512i s1 = blend_bytes(all, IN_LANES(0x03010103), IN_LANES(0x80018080), fx);
    return mix_low(s0, s1, _mm512_and_si512(y, low));
}

void fw_rotate_paired_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i steps = _mm512_set1_epi32((int32_t)((uint32_t)row->stride << 16 | 2));
    bool small = row->stride >= 0 && row->stride <= INT16_MAX;
    __m512i x = _mm512_add_epi32(_mm512_set1_epi32(row->x),
                                 _mm512_mullo_epi32(lanes, _mm512_set1_epi32(row->c)));
    __m512i y = _mm512_sub_epi32(_mm512_set1_epi32(row->y),
                                 _mm512_mullo_epi32(lanes, _mm512_set1_epi32(row->s)));
    int32_t i = 0;
    for (; small && i + LANES <= count; i += LANES) {
        __m512i samples = mix_paired(row->src, x, y, steps);
        _mm_storeu_si128((__m128i *)(dst + i), _mm512_cvtepi32_epi8(samples));
        x = _mm512_add_epi32(x, _mm512_set1_epi32(LANES * row->c));
        y = _mm512_sub_epi32(y, _mm512_set1_epi32(LANES * row->s));
    }
    fw_rotate_paired_u8_c(dst, row, i, count);
}

void fw_rotate_pair_avx512(uint8_t *dst, const uint8_t *top, const uint8_t *bottom, int32_t count)
{
    for (ptrdiff_t i = 0; i < count; i += 32) {
        uint32_t left = (uint32_t)(count - i);
        __mmask32 here = left >= 32 ? ~(__mmask32)0 : (__mmask32)_bzhi_u32(~0u, left);
        __m512i a = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(here, top + i));
        __m512i b = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(here, bottom + i));
        _mm512_mask_storeu_epi16(dst + 2 * i, here, _mm512_or_si512(a, _mm512_slli_epi16(b, 8)));
    }
}

void fw_rotate_row_u16_avx512(uint16_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count; i += LANES) {
        if (!find(&places, row, i, 2, row->width * 2)) {
            fw_rotate_row_u16_c(dst, row, i, i + LANES);
            continue;
        }
        __m512i samples = mix_row(row, &places, 16);
        _mm256_storeu_si256((__m256i *)(dst + i), _mm512_cvtepi32_epi16(samples));
    }
    fw_rotate_row_u16_c(dst, row, i, count);
}

void fw_rotate_row4_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    const __m512i mask = _mm512_set1_epi32(0xFF), step = _mm512_set1_epi32(4);
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count && find(&places, row, i, 4, row->width * 4);
         i += LANES) {
        __m512i next = _mm512_add_epi32(places.top, step);
        __m512i a = gather(row->src, places.top), b = gather(row->src, next);
        __m512i c = gather(row->src + row->stride, places.top);
        __m512i d = gather(row->src + row->stride, next);
        __m512i pixels = _mm512_setzero_si512();
        for (unsigned k = 0; k < 32; k += 8) {
            __m512i s0 = blend(_mm512_and_si512(_mm512_srli_epi32(a, k), mask),
                               _mm512_and_si512(_mm512_srli_epi32(b, k), mask), places.fx);
            __m512i s1 = blend(_mm512_and_si512(_mm512_srli_epi32(c, k), mask),
                               _mm512_and_si512(_mm512_srli_epi32(d, k), mask), places.fx);
            pixels = _mm512_or_si512(pixels, _mm512_slli_epi32(mix(s0, s1, places.fy), k));
        }
        _mm512_storeu_si512(dst + (ptrdiff_t)i * 4, pixels);
    }
    fw_rotate_pixels_c(dst, row, 4, i, count);
}
#endif
