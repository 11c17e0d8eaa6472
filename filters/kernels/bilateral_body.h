/* The body of bilateral.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_BILATERAL_BODY_H
#define FW_FILTERS_KERNELS_BILATERAL_BODY_H

#include "bilateral.h"
#include "lanes.h"

#define LANES FW_BILATERAL_LANES
#define VECTORS (LANES / LANES_32)

LANES_INLINE v32f share_of(const float *table, v32s difference)
{
    v32s index = max_s32(difference, -difference);
#if defined(__AVX512BW__)
    return (v32f)_mm512_i32gather_ps((__m512i)index, table, 4);
#elif defined(__AVX2__)
    return (v32f)_mm256_i32gather_ps(table, (__m256i)index, 4);
#else
    v32f result = { 0 };
    for (int i = 0; i < LANES_32; i++)
        result[i] = table[index[i]];
    return result;
#endif
}

#define BILATERAL(bits)                                                                            \
    /* Down: sums into work, and the shares beside them. */                                        \
    LANES_INLINE void down_##bits(const struct fw_bilateral *s, int32_t column)                    \
    {                                                                                              \
        const uint##bits##_t *samples = (const uint##bits##_t *)s->samples + column;               \
        const float *value = s->values + column;                                                   \
        const float *factor = s->factors + column;                                                 \
        float *work = s->work + column;                                                            \
        ptrdiff_t strip = (ptrdiff_t)s->count * LANES;                                             \
        v32f sum = load_f_f(value, LANES_32);                                                      \
        v32f weight = load_f_f(factor, LANES_32);                                                  \
        v32s last = (v32s)load_32_##bits(samples, LANES_32);                                       \
        store_f_f(work, sum, LANES_32);                                                            \
        store_f_f(work + strip, weight, LANES_32);                                                 \
        for (int32_t i = 1; i < s->count; i++) {                                                   \
            v32s now = (v32s)load_32_##bits(samples + (ptrdiff_t)i * LANES, LANES_32);             \
            v32f share = share_of(s->table, now - last);                                           \
            last = now;                                                                            \
            sum = load_f_f(value + i * s->stride, LANES_32) * s->rest + share * sum;               \
            weight = load_f_f(factor + i * s->stride, LANES_32) * s->rest + share * weight;        \
            store_f_f(work + (ptrdiff_t)i * LANES, sum, LANES_32);                                 \
            store_f_f(work + strip + (ptrdiff_t)i * LANES, weight, LANES_32);                      \
            store_f_f(work + 2 * strip + (ptrdiff_t)i * LANES, share, LANES_32);                   \
        }                                                                                          \
    }                                                                                              \
    static void bilateral_smooth_##bits(const struct fw_bilateral *s)                              \
    {                                                                                              \
        for (int32_t column = 0; column < LANES; column += LANES_32)                               \
            down_##bits(s, column);                                                                \
        for (int32_t column = 0; column < LANES; column += LANES_32)                               \
            bilateral_up(s, column);                                                               \
    }                                                                                              \
    LANES_INLINE void divide_at_##bits(uint##bits##_t *dst, const float *values,                   \
                                       const float *factors, int32_t count)                        \
    {                                                                                              \
        v32f mean = load_f_f(values, LANES_32) / load_f_f(factors, LANES_32);                      \
        store_32_##bits(dst, (v32u) __builtin_convertvector(mean + 0.5f, v32s), count);            \
    }                                                                                              \
    static void bilateral_divide_##bits(void *dst, const float *values, const float *factors,      \
                                        int32_t count)                                             \
    {                                                                                              \
        uint##bits##_t *to = dst;                                                                  \
        int32_t x = 0;                                                                             \
        for (; x + LANES_32 <= count; x += LANES_32)                                               \
            divide_at_##bits(to + x, values + x, factors + x, LANES_32);                           \
        if (x < count)                                                                             \
            divide_at_##bits(to + x, values + x, factors + x, count - x);                          \
    }

/* Up, and the mean with what came down. */
LANES_INLINE void bilateral_up(const struct fw_bilateral *s, int32_t column)
{
    ptrdiff_t strip = (ptrdiff_t)s->count * LANES;
    v32f sum = { 0 };
    v32f weight = { 0 };
    for (int32_t i = s->count - 1; i >= 0; i--) {
        float *value = s->values + column + i * s->stride;
        float *factor = s->factors + column + i * s->stride;
        const float *work = s->work + column + (ptrdiff_t)i * LANES;
        v32f own_sum = load_f_f(value, LANES_32);
        v32f own_weight = load_f_f(factor, LANES_32);
        if (i == s->count - 1) {
            sum = own_sum;
            weight = own_weight;
        } else {
            v32f share = load_f_f(work + 2 * strip + LANES, LANES_32);
            sum = own_sum * s->rest + share * sum;
            weight = own_weight * s->rest + share * weight;
        }
        store_f_f(value, (load_f_f(work, LANES_32) + sum) * 0.5f, LANES_32);
        store_f_f(factor, (load_f_f(work + strip, LANES_32) + weight) * 0.5f, LANES_32);
    }
}

BILATERAL(8)
BILATERAL(16)

#define BILATERAL_TABLE                                                                            \
    { bilateral_smooth_8, bilateral_smooth_16 },                                                   \
    {                                                                                              \
        bilateral_divide_8, bilateral_divide_16                                                    \
    }

#endif
