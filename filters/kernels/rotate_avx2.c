/* Rows of a turned picture with AVX2: eight pixels at a time, their neighbours gathered. */
#if defined(__x86_64__)
#include "rotate.h"

#include <immintrin.h>
#include <stdbool.h>

#define LANES 8

struct places {
    __m256i top; /* byte offsets of the upper left neighbours */
    __m256i fx;
    __m256i fy;
};

/* False where a gather of 4 bytes would leave a row of `row_bytes`. */
static inline bool find(struct places *places, const struct fw_rotate_row *row, int32_t i,
                        int32_t unit, int32_t row_bytes)
{
    const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i low = _mm256_set1_epi32(0xFFFF);
    __m256i x = _mm256_add_epi32(_mm256_set1_epi32(row->x + i * row->c),
                                 _mm256_mullo_epi32(steps, _mm256_set1_epi32(row->c)));
    __m256i y = _mm256_sub_epi32(_mm256_set1_epi32(row->y - i * row->s),
                                 _mm256_mullo_epi32(steps, _mm256_set1_epi32(row->s)));
    __m256i column = _mm256_mullo_epi32(_mm256_srai_epi32(x, 16), _mm256_set1_epi32(unit));
    __m256i line = _mm256_mullo_epi32(_mm256_srai_epi32(y, 16),
                                      _mm256_set1_epi32((int32_t)row->stride));
    places->top = _mm256_add_epi32(column, line);
    places->fx = _mm256_and_si256(x, low);
    places->fy = _mm256_and_si256(y, low);
    __m256i late = _mm256_cmpgt_epi32(column, _mm256_set1_epi32(row_bytes - 4));
    return _mm256_testz_si256(late, late);
}

static inline __m256i gather(const uint8_t *base, __m256i offsets)
{
    return _mm256_i32gather_epi32((const int *)(const void *)base, offsets, 1);
}

/* (65536 - f) * a + f * b */
static inline __m256i blend(__m256i a, __m256i b, __m256i f)
{
    return _mm256_add_epi32(_mm256_slli_epi32(a, 16),
                            _mm256_mullo_epi32(_mm256_sub_epi32(b, a), f));
}

/* The high 32 bits of (65536 - f) * top + f * bottom, of unsigned 32-bit sums: even and odd lanes
 * by 64-bit products. */
static inline __m256i mix(__m256i top, __m256i bottom, __m256i f)
{
    const __m256i one = _mm256_set1_epi32(65536);
    __m256i g = _mm256_sub_epi32(one, f);
    __m256i even = _mm256_add_epi64(_mm256_mul_epu32(top, g), _mm256_mul_epu32(bottom, f));
    top = _mm256_srli_epi64(top, 32);
    bottom = _mm256_srli_epi64(bottom, 32);
    f = _mm256_srli_epi64(f, 32);
    g = _mm256_srli_epi64(g, 32);
    __m256i odd = _mm256_add_epi64(_mm256_mul_epu32(top, g), _mm256_mul_epu32(bottom, f));
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}

/* Samples of 8 or 16 bits: `mask` and `bits` take both neighbours out of what was gathered. */
static inline __m256i mix_row(const struct fw_rotate_row *row, const struct places *places,
                              int bits)
{
    const __m256i mask = _mm256_set1_epi32((1 << bits) - 1);
    __m256i top = gather(row->src, places->top);
    __m256i bottom = gather(row->src + row->stride, places->top);
    __m256i s0 = blend(_mm256_and_si256(top, mask),
                       _mm256_and_si256(_mm256_srli_epi32(top, bits), mask), places->fx);
    __m256i s1 = blend(_mm256_and_si256(bottom, mask),
                       _mm256_and_si256(_mm256_srli_epi32(bottom, bits), mask), places->fx);
    return mix(s0, s1, places->fy);
}

static bool fits(const struct fw_rotate_row *row)
{
    ptrdiff_t stride = row->stride < 0 ? -row->stride : row->stride;
    return stride * row->height < INT32_MAX;
}

void fw_rotate_row_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count; i += LANES) {
        if (!find(&places, row, i, 1, row->width)) {
            fw_rotate_row_u8_c(dst, row, i, i + LANES);
            continue;
        }
        __m256i samples = mix_row(row, &places, 8);
        __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(samples),
                                         _mm256_extracti128_si256(samples, 1));
        _mm_storel_epi64((__m128i *)(dst + i), _mm_packus_epi16(words, words));
    }
    fw_rotate_row_u8_c(dst, row, i, count);
}

/* All neighbours at once: s00, s10, s01, s11. */
static inline __m256i mix_paired(const struct fw_rotate_row *row, const struct places *places)
{
    const __m256i mask = _mm256_set1_epi32(0xFF);
    __m256i all = gather(row->src, places->top);
    __m256i s0 = blend(_mm256_and_si256(all, mask),
                       _mm256_and_si256(_mm256_srli_epi32(all, 16), mask), places->fx);
    __m256i s1 = blend(_mm256_and_si256(_mm256_srli_epi32(all, 8), mask),
                       _mm256_srli_epi32(all, 24), places->fx);
    return mix(s0, s1, places->fy);
}

void fw_rotate_paired_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count; i += LANES) {
        (void)find(&places, row, i, 2, INT32_MAX);
        __m256i samples = mix_paired(row, &places);
        __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(samples),
                                         _mm256_extracti128_si256(samples, 1));
        _mm_storel_epi64((__m128i *)(dst + i), _mm_packus_epi16(words, words));
    }
    fw_rotate_paired_u8_c(dst, row, i, count);
}

void fw_rotate_pair_avx2(uint8_t *dst, const uint8_t *top, const uint8_t *bottom, int32_t count)
{
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(top + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(bottom + i));
        __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        _mm256_storeu_si256((__m256i *)(dst + 2 * i), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(dst + 2 * i + 32),
                            _mm256_permute2x128_si256(low, high, 0x31));
    }
    for (; i < count; i++) {
        dst[2 * i] = top[i];
        dst[2 * i + 1] = bottom[i];
    }
}

void fw_rotate_row_u16_avx2(uint16_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count; i += LANES) {
        if (!find(&places, row, i, 2, row->width * 2)) {
            fw_rotate_row_u16_c(dst, row, i, i + LANES);
            continue;
        }
        __m256i samples = mix_row(row, &places, 16);
        _mm_storeu_si128((__m128i *)(dst + i),
                         _mm_packus_epi32(_mm256_castsi256_si128(samples),
                                          _mm256_extracti128_si256(samples, 1)));
    }
    fw_rotate_row_u16_c(dst, row, i, count);
}

void fw_rotate_row4_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count)
{
    const __m256i mask = _mm256_set1_epi32(0xFF), step = _mm256_set1_epi32(4);
    struct places places;
    int32_t i = 0;
    for (; fits(row) && i + LANES <= count && find(&places, row, i, 4, row->width * 4);
         i += LANES) {
        __m256i next = _mm256_add_epi32(places.top, step);
        __m256i a = gather(row->src, places.top), b = gather(row->src, next);
        __m256i c = gather(row->src + row->stride, places.top);
        __m256i d = gather(row->src + row->stride, next);
        __m256i pixels = _mm256_setzero_si256();
        for (int k = 0; k < 32; k += 8) {
            __m256i s0 = blend(_mm256_and_si256(_mm256_srli_epi32(a, k), mask),
                               _mm256_and_si256(_mm256_srli_epi32(b, k), mask), places.fx);
            __m256i s1 = blend(_mm256_and_si256(_mm256_srli_epi32(c, k), mask),
                               _mm256_and_si256(_mm256_srli_epi32(d, k), mask), places.fx);
            pixels = _mm256_or_si256(pixels, _mm256_slli_epi32(mix(s0, s1, places.fy), k));
        }
        _mm256_storeu_si256((__m256i *)(dst + (ptrdiff_t)i * 4), pixels);
    }
    fw_rotate_pixels_c(dst, row, 4, i, count);
}
#endif
