/* The body of decay.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_DECAY_BODY_H
#define FW_FILTERS_KERNELS_DECAY_BODY_H

#include "decay.h"
#include "lanes.h"

#define DECAY_VECTORS (FW_DECAY_LANES / LANES_32)
#define DECAY_TINY 1e-15f /* lost beside a sample of 1 */

#define DECAY_WIDEN(bits)                                                                          \
    LANES_INLINE void decay_widen_at_##bits(float *dst, const uint##bits##_t *src, int32_t count)  \
    {                                                                                              \
        v32f value = __builtin_convertvector((v32s)load_32_##bits(src, count), v32f);              \
        store_f_f(dst, value + DECAY_TINY, count);                                                 \
    }                                                                                              \
    static void decay_widen_##bits(float *dst, const void *src, size_t count)                      \
    {                                                                                              \
        const uint##bits##_t *from = src;                                                          \
        size_t i = 0;                                                                              \
        for (; i + LANES_32 <= count; i += LANES_32)                                               \
            decay_widen_at_##bits(dst + i, from + i, LANES_32);                                    \
        if (i < count)                                                                             \
            decay_widen_at_##bits(dst + i, from + i, (int32_t)(count - i));                        \
    }

DECAY_WIDEN(8)
DECAY_WIDEN(16)

/* One direction; the sums of the last row stay in `sum`. */
LANES_INLINE void decay_run(float *row, ptrdiff_t stride, int32_t count, v32f *sum, float nu)
{
    for (int32_t i = 0; i < count; i++, row += stride) {
#pragma GCC unroll 16
        for (int k = 0; k < DECAY_VECTORS; k++) {
            sum[k] = load_f_f(row + k * LANES_32, LANES_32) + sum[k] * nu;
            store_f_f(row + k * LANES_32, sum[k], LANES_32);
        }
    }
}

LANES_INLINE void decay_scale(float *row, v32f *sum, float edge)
{
#pragma GCC unroll 16
    for (int k = 0; k < DECAY_VECTORS; k++) {
        sum[k] = load_f_f(row + k * LANES_32, LANES_32) * edge;
        store_f_f(row + k * LANES_32, sum[k], LANES_32);
    }
}

static void decay_recurse(float *rows, ptrdiff_t stride, int32_t count,
                          const struct fw_decay *decay)
{
    float *last = rows + (count - 1) * stride;
    for (int32_t step = 0; step < decay->steps; step++) {
        v32f sum[DECAY_VECTORS];
        decay_scale(rows, sum, decay->edge);
        decay_run(rows + stride, stride, count - 1, sum, decay->nu);
        decay_scale(last, sum, decay->edge);
        decay_run(last - stride, -stride, count - 1, sum, decay->nu);
    }
}

#define DECAY_STORE(bits)                                                                          \
    LANES_INLINE void decay_store_at_##bits(uint##bits##_t *dst, const float *src, float scale,    \
                                            float max, int32_t count)                              \
    {                                                                                              \
        const v32s zero = { 0 };                                                                   \
        v32f value = load_f_f(src, LANES_32) * scale + 0.5f;                                       \
        v32s whole = min_s32(__builtin_convertvector(value, v32s), zero + (int32_t)max);           \
        store_32_##bits(dst, (v32u)whole, count);                                                  \
    }                                                                                              \
    static void decay_store_##bits(void *dst, const float *src, float scale, float max,            \
                                   int32_t count)                                                  \
    {                                                                                              \
        uint##bits##_t *to = dst;                                                                  \
        int32_t x = 0;                                                                             \
        for (; x + LANES_32 <= count; x += LANES_32)                                               \
            decay_store_at_##bits(to + x, src + x, scale, max, LANES_32);                          \
        if (x < count)                                                                             \
            decay_store_at_##bits(to + x, src + x, scale, max, count - x);                         \
    }

DECAY_STORE(8)
DECAY_STORE(16)

#define DECAY_TABLE                                                                                \
    { decay_widen_8, decay_widen_16 }, decay_recurse,                                              \
    {                                                                                              \
        decay_store_8, decay_store_16                                                              \
    }

#endif
