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

#define GAUSS_PAIRS(kind)                                                                          \
    LANES_INLINE void pairs_at_##kind(float *dst, const void *const *rows, const float *weights,   \
                                      int32_t radius, int32_t x, int32_t n)                        \
    {                                                                                              \
        v32f sum = ONE_##kind(rows[radius], x, n) * weights[0];                                    \
        for (int32_t k = 1; k <= radius; k++)                                                      \
            sum += PAIR_##kind(rows[radius - k], rows[radius + k], x, n) * weights[k];             \
        store_f_f(dst + x, sum, LANES_32);                                                         \
        (void)n;                                                                                   \
    }                                                                                              \
    static void gauss_pairs_##kind(float *dst, const void *const *rows, const float *weights,      \
                                   int32_t radius, int32_t width)                                  \
    {                                                                                              \
        int32_t x = 0;                                                                             \
        for (; x + LANES_32 <= width; x += LANES_32)                                               \
            pairs_at_##kind(dst, rows, weights, radius, x, LANES_32);                              \
        if (x < width)                                                                             \
            pairs_at_##kind(dst, rows, weights, radius, x, width - x);                             \
    }

GAUSS_PAIRS(8)
GAUSS_PAIRS(16)
GAUSS_PAIRS(f)

static void gauss_sum(float *dst, const float *const *rows, const float *weights, int32_t count,
                      int32_t width)
{
    for (int32_t x = 0; x < width; x += LANES_32) {
        v32f sum = load_f_f(rows[0] + x, LANES_32) * weights[0];
        for (int32_t k = 1; k < count; k++)
            sum += load_f_f(rows[k] + x, LANES_32) * weights[k];
        store_f_f(dst + x, sum, LANES_32);
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
        { gauss_pairs_8, gauss_pairs_16, gauss_pairs_f }, gauss_sum,                               \
    {                                                                                              \
        gauss_store_8, gauss_store_16                                                              \
    }

#endif
