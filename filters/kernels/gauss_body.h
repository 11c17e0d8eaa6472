/* The body of gauss.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_GAUSS_BODY_H
#define FW_FILTERS_KERNELS_GAUSS_BODY_H

#include "gauss.h"
#include "lanes.h"

LANES_OP(interleave_low, v16u, unpacklo_epi16, i % 2 ? b[i / 2] : a[i / 2])
LANES_OP(interleave_high, v16u, unpackhi_epi16, i % 2 ? b[i / 2 + LANES_32] : a[i / 2 + LANES_32])

/* The order of interleave_low and interleave_high undone. */
LANES_INLINE v16u narrow_pair(v32s low, v32s high)
{
#if defined(__AVX512BW__)
    return (v16u)_mm512_packs_epi32((__m512i)low, (__m512i)high);
#elif defined(__AVX2__)
    return (v16u)_mm256_packs_epi32((__m256i)low, (__m256i)high);
#else
    v16u result = { 0 };
    for (int i = 0; i < LANES_32; i++) {
        result[i] = (uint16_t)low[i];
        result[i + LANES_32] = (uint16_t)high[i];
    }
    return result;
#endif
}

LANES_INLINE v32s add_products(v32s sum, v16u a, uint32_t pair)
{
#if defined(__AVX512VNNI__)
    return (v32s)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, _mm512_set1_epi32((int)pair));
#else
    return sum + madd_s16((v16s)a, (v16s)((v32u){ 0 } + pair));
#endif
}

#define GAUSS_COLUMNS(bits)                                                                        \
    LANES_INLINE v16u item_##bits(const void *const *rows, int32_t radius, int32_t k, int32_t x,   \
                                  int32_t count)                                                   \
    {                                                                                              \
        return load_16_##bits((const uint##bits##_t *)rows[radius - k] + x, count) +               \
               load_16_##bits((const uint##bits##_t *)rows[radius + k] + x, count);                \
    }                                                                                              \
    LANES_INLINE void columns_at_##bits(int16_t *dst, const void *const *rows,                     \
                                        const struct fw_gauss_axis *axis, int32_t shift,           \
                                        int32_t x, int32_t count)                                  \
    {                                                                                              \
        int32_t radius = axis->radius;                                                             \
        v32s low = (v32s){ 0 } + (1 << (shift - 1));                                               \
        v32s high = low;                                                                           \
        v16u even = load_16_##bits((const uint##bits##_t *)rows[radius] + x, count);               \
        for (int32_t k = 0; k <= radius; k += 2) {                                                 \
            v16u odd = { 0 };                                                                      \
            if (k > 0)                                                                             \
                even = item_##bits(rows, radius, k, x, count);                                     \
            if (k < radius)                                                                        \
                odd = item_##bits(rows, radius, k + 1, x, count);                                  \
            low = add_products(low, interleave_low(even, odd), axis->centre_pairs[k / 2]);         \
            high = add_products(high, interleave_high(even, odd), axis->centre_pairs[k / 2]);      \
        }                                                                                          \
        store_16_16(dst + x, narrow_pair(low >> shift, high >> shift), LANES_16);                  \
    }                                                                                              \
    static void gauss_columns_##bits(int16_t *dst, const void *const *rows,                        \
                                     const struct fw_gauss_axis *axis, int32_t shift,              \
                                     int32_t width)                                                \
    {                                                                                              \
        int32_t x = 0;                                                                             \
        for (; x + LANES_16 <= width; x += LANES_16)                                               \
            columns_at_##bits(dst, rows, axis, shift, x, LANES_16);                                \
        if (x < width)                                                                             \
            columns_at_##bits(dst, rows, axis, shift, x, width - x);                               \
    }

GAUSS_COLUMNS(8)
GAUSS_COLUMNS(16)

/* Even and odd columns apart; both in their places again. */
LANES_INLINE v16u row_at(const int16_t *src, const struct fw_gauss_axis *axis, int32_t shift)
{
    v32s even = (v32s){ 0 } + (1 << (shift - 1));
    v32s odd = even;
    for (int32_t k = 0; k <= axis->radius; k++) {
        even = add_products(even, load_16_16(src + 2 * k, LANES_16), axis->end_pairs[k]);
        odd = add_products(odd, load_16_16(src + 2 * k + 1, LANES_16), axis->end_pairs[k]);
    }
    return (v16u)((v32u)(even >> shift) | (v32u)(odd >> shift) << 16);
}

#define GAUSS_ROW(bits)                                                                            \
    static void gauss_row_##bits(void *dst, const int16_t *src, const struct fw_gauss_axis *axis,  \
                                 int32_t shift, int32_t width)                                     \
    {                                                                                              \
        uint##bits##_t *to = dst;                                                                  \
        int32_t x = 0;                                                                             \
        for (; x + LANES_16 <= width; x += LANES_16)                                               \
            store_16_##bits(to + x, row_at(src + x, axis, shift), LANES_16);                       \
        if (x < width)                                                                             \
            store_16_##bits(to + x, row_at(src + x, axis, shift), width - x);                      \
    }

GAUSS_ROW(8)
GAUSS_ROW(16)

LANES_INLINE v32f to_float(v32u values)
{
    return __builtin_convertvector((v32s)values, v32f);
}

#define PAIR_8(a, b, x, n)                                                                         \
    to_float(load_32_8((const uint8_t *)(a) + (x), n) + load_32_8((const uint8_t *)(b) + (x), n))
#define PAIR_16(a, b, x, n)                                                                        \
    to_float(load_32_16((const uint16_t *)(a) + (x), n) +                                          \
             load_32_16((const uint16_t *)(b) + (x), n))
#define PAIR_f(a, b, x, n)                                                                         \
    (load_f_f((const float *)(a) + (x), LANES_32) + load_f_f((const float *)(b) + (x), LANES_32))
#define ONE_8(a, x, n) to_float(load_32_8((const uint8_t *)(a) + (x), n))
#define ONE_16(a, x, n) to_float(load_32_16((const uint16_t *)(a) + (x), n))
#define ONE_f(a, x, n) load_f_f((const float *)(a) + (x), LANES_32)

#define GAUSS_GROUP 4 /* vectors that share a look at a row and its weight */

#define GAUSS_PAIRS(kind)                                                                          \
    LANES_INLINE void pairs_at_##kind(float *dst, const void *const *rows, const float *weights,   \
                                      int32_t radius, int32_t x, int32_t n, int vectors)           \
    {                                                                                              \
        v32f sum[GAUSS_GROUP];                                                                     \
        _Pragma("GCC unroll 4") for (int i = 0; i < vectors; i++)                                  \
            sum[i] = ONE_##kind(rows[radius], x + i * LANES_32, n) * weights[0];                   \
        for (int32_t k = 1; k <= radius; k++) {                                                    \
            const void *before = rows[radius - k];                                                 \
            const void *behind = rows[radius + k];                                                 \
            _Pragma("GCC unroll 4") for (int i = 0; i < vectors; i++)                              \
                sum[i] += PAIR_##kind(before, behind, x + i * LANES_32, n) * weights[k];           \
        }                                                                                          \
        _Pragma("GCC unroll 4") for (int i = 0; i < vectors; i++)                                  \
            store_f_f(dst + x + i * LANES_32, sum[i], LANES_32);                                   \
        (void)n;                                                                                   \
    }                                                                                              \
    static void gauss_pairs_##kind(float *dst, const void *const *rows, const float *weights,      \
                                   int32_t radius, int32_t width)                                  \
    {                                                                                              \
        int32_t x = 0;                                                                             \
        for (; x + GAUSS_GROUP * LANES_32 <= width; x += GAUSS_GROUP * LANES_32)                   \
            pairs_at_##kind(dst, rows, weights, radius, x, LANES_32, GAUSS_GROUP);                 \
        for (; x + LANES_32 <= width; x += LANES_32)                                               \
            pairs_at_##kind(dst, rows, weights, radius, x, LANES_32, 1);                           \
        if (x < width)                                                                             \
            pairs_at_##kind(dst, rows, weights, radius, x, width - x, 1);                          \
    }

GAUSS_PAIRS(8)
GAUSS_PAIRS(16)
GAUSS_PAIRS(f)

LANES_INLINE void sum_at(float *dst, const float *const *rows, const float *weights, int32_t count,
                         int32_t x, int vectors)
{
    v32f sum[GAUSS_GROUP];
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++)
        sum[i] = load_f_f(rows[0] + x + i * LANES_32, LANES_32) * weights[0];
    for (int32_t k = 1; k < count; k++) {
        const float *row = rows[k] + x;
#pragma GCC unroll 4
        for (int i = 0; i < vectors; i++)
            sum[i] += load_f_f(row + i * LANES_32, LANES_32) * weights[k];
    }
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++)
        store_f_f(dst + x + i * LANES_32, sum[i], LANES_32);
}

static void gauss_sum(float *dst, const float *const *rows, const float *weights, int32_t count,
                      int32_t width)
{
    int32_t x = 0;
    for (; x + GAUSS_GROUP * LANES_32 <= width; x += GAUSS_GROUP * LANES_32)
        sum_at(dst, rows, weights, count, x, GAUSS_GROUP);
    for (; x < width; x += LANES_32)
        sum_at(dst, rows, weights, count, x, 1);
}

/* Lanes 0 to 2n - 1 of two vectors, every second one or in turns. */
#if defined(__AVX512BW__)
#define GAUSS_EVEN                                                                                 \
    {                                                                                              \
        0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30                                  \
    }
#define GAUSS_LOW                                                                                  \
    {                                                                                              \
        0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23                                     \
    }
#elif defined(__AVX2__)
#define GAUSS_EVEN                                                                                 \
    {                                                                                              \
        0, 2, 4, 6, 8, 10, 12, 14                                                                  \
    }
#define GAUSS_LOW                                                                                  \
    {                                                                                              \
        0, 8, 1, 9, 2, 10, 3, 11                                                                   \
    }
#else
#define GAUSS_EVEN                                                                                 \
    {                                                                                              \
        0, 2, 4, 6                                                                                 \
    }
#define GAUSS_LOW                                                                                  \
    {                                                                                              \
        0, 4, 1, 5                                                                                 \
    }
#endif

/* phases[p * stride + i] = src[i * step + p]: each round moves the lowest bit of the vectors'
 * lanes, counted through, to the top. */
static void gauss_split(float *phases, int32_t stride, const float *src, int32_t step)
{
    const v32s even = GAUSS_EVEN;
    for (int32_t x = 0; x + LANES_32 <= stride; x += LANES_32) {
        v32f v[FW_GAUSS_STEP_MAX];
        v32f t[FW_GAUSS_STEP_MAX];
        for (int32_t i = 0; i < step; i++)
            v[i] = load_f_f(src + (ptrdiff_t)x * step + i * LANES_32, LANES_32);
        for (int32_t round = 1; round < step; round *= 2) {
            for (int32_t i = 0; i < step / 2; i++) {
                t[i] = __builtin_shuffle(v[2 * i], v[2 * i + 1], even);
                t[i + step / 2] = __builtin_shuffle(v[2 * i], v[2 * i + 1], even + 1);
            }
            memcpy(v, t, (size_t)step * sizeof(v[0]));
        }
        for (int32_t i = 0; i < step; i++)
            store_f_f(phases + (ptrdiff_t)i * stride + x, v[i], LANES_32);
    }
}

/* The way back: dst[i * step + p] = phases[p * stride + i] for `count` of each phase. */
static void gauss_join(float *dst, const float *phases, int32_t stride, int32_t step, int32_t count)
{
    const v32s low = GAUSS_LOW;
    for (int32_t x = 0; x < count; x += LANES_32) {
        v32f v[FW_GAUSS_STEP_MAX];
        v32f t[FW_GAUSS_STEP_MAX];
        for (int32_t i = 0; i < step; i++)
            v[i] = load_f_f(phases + (ptrdiff_t)i * stride + x, LANES_32);
        for (int32_t round = 1; round < step; round *= 2) {
            for (int32_t i = 0; i < step / 2; i++) {
                t[2 * i] = __builtin_shuffle(v[i], v[i + step / 2], low);
                t[2 * i + 1] = __builtin_shuffle(v[i], v[i + step / 2],
                                                 low + (int32_t)(LANES_32 / 2));
            }
            memcpy(v, t, (size_t)step * sizeof(v[0]));
        }
        for (int32_t i = 0; i < step; i++)
            store_f_f(dst + (ptrdiff_t)x * step + i * LANES_32, v[i], LANES_32);
    }
}

#define GAUSS_STORE(bits)                                                                          \
    LANES_INLINE void store_at_##bits(uint##bits##_t *dst, const float *src, float max, int32_t n) \
    {                                                                                              \
        v32f value = load_f_f(src, LANES_32) + 0.5f;                                               \
        const v32s zero = { 0 };                                                                   \
        v32s whole = __builtin_convertvector(value, v32s);                                         \
        whole = min_s32(max_s32(whole, zero), zero + (int32_t)max);                                \
        store_32_##bits(dst, (v32u)whole, n);                                                      \
    }                                                                                              \
    static void gauss_store_##bits(void *dst, const float *src, float max, int32_t width)          \
    {                                                                                              \
        uint##bits##_t *to = dst;                                                                  \
        int32_t x = 0;                                                                             \
        for (; x + LANES_32 <= width; x += LANES_32)                                               \
            store_at_##bits(to + x, src + x, max, LANES_32);                                       \
        if (x < width)                                                                             \
            store_at_##bits(to + x, src + x, max, width - x);                                      \
    }

GAUSS_STORE(8)
GAUSS_STORE(16)

#define GAUSS_TABLE                                                                                \
    { gauss_columns_8, gauss_columns_16 }, { gauss_row_8, gauss_row_16 },                          \
        { gauss_pairs_8, gauss_pairs_16, gauss_pairs_f }, gauss_sum, gauss_split, gauss_join,      \
    {                                                                                              \
        gauss_store_8, gauss_store_16                                                              \
    }

#endif
