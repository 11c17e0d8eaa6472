/* The body of bilateral.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_BILATERAL_BODY_H
#define FW_FILTERS_KERNELS_BILATERAL_BODY_H

#include "bilateral.h"
#include "lanes.h"

#define LANES FW_BILATERAL_LANES
#define ROW FW_BILATERAL_ROW
/* Vectors side by side, as many chains as hide the latency of one and fit the registers. */
#define VECTORS (LANES / LANES_32 < 4 ? LANES / LANES_32 : 4)

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

LANES_INLINE v32f own_8(const uint8_t *from)
{
    return __builtin_convertvector((v32s)load_32_8(from, LANES_32), v32f);
}

LANES_INLINE v32f own_16(const uint16_t *from)
{
    return __builtin_convertvector((v32s)load_32_16(from, LANES_32), v32f);
}

/* A step of a recursion over values and factors. */
LANES_INLINE void blend(v32f *sum, v32f *weight, v32f value, v32f factor, v32f share, float rest)
{
    *sum = value * rest + share * *sum;
    *weight = factor * rest + share * *weight;
}

#define BILATERAL_SHARE(bits)                                                                      \
    static void bilateral_share_##bits(float *shares, const void *samples, int32_t count,          \
                                       const float *table)                                         \
    {                                                                                              \
        const uint##bits##_t *from = samples;                                                      \
        for (ptrdiff_t i = LANES; i < (ptrdiff_t)count * LANES; i += LANES_32) {                   \
            v32s now = (v32s)load_32_##bits(from + i, LANES_32);                                   \
            v32s last = (v32s)load_32_##bits(from + i - LANES, LANES_32);                          \
            store_f_f(shares + i, share_of(table, now - last), LANES_32);                          \
        }                                                                                          \
    }

#define BILATERAL(bits)                                                                            \
    LANES_INLINE void first_down_##bits(const struct fw_bilateral *s, int32_t column, v32f *sum,   \
                                        v32f *weight)                                              \
    {                                                                                              \
        const uint##bits##_t *samples = (const uint##bits##_t *)s->samples + column;               \
        const float *shares = s->shares + column;                                                  \
        float *row = s->rows + column;                                                             \
        for (int32_t i = 0; i < s->count; i++) {                                                   \
            _Pragma("GCC unroll 4") for (int k = 0; k < VECTORS; k++)                              \
            {                                                                                      \
                v32f own = own_##bits(samples + k * LANES_32);                                     \
                v32f one = (v32f){ 0 } + 1.0f;                                                     \
                if (i == 0) {                                                                      \
                    sum[k] = own;                                                                  \
                    weight[k] = one;                                                               \
                } else {                                                                           \
                    blend(&sum[k], &weight[k], own, one,                                           \
                          load_f_f(shares + k * LANES_32, LANES_32), s->rest);                     \
                }                                                                                  \
                store_f_f(row + k * LANES_32, sum[k], LANES_32);                                   \
                store_f_f(row + LANES + k * LANES_32, weight[k], LANES_32);                        \
            }                                                                                      \
            samples += LANES;                                                                      \
            shares += LANES;                                                                       \
            row += ROW;                                                                            \
        }                                                                                          \
    }                                                                                              \
    LANES_INLINE void first_up_##bits(const struct fw_bilateral *s, int32_t column, v32f *sum,     \
                                      v32f *weight)                                                \
    {                                                                                              \
        ptrdiff_t last = s->count - 1;                                                             \
        const uint##bits##_t *samples = (const uint##bits##_t *)s->samples + last * LANES +        \
                                        column;                                                    \
        const float *shares = s->shares + last * LANES + column;                                   \
        float *row = s->rows + last * ROW + column;                                                \
        for (ptrdiff_t i = last; i >= 0; i--) {                                                    \
            _Pragma("GCC unroll 4") for (int k = 0; k < VECTORS; k++)                              \
            {                                                                                      \
                v32f own = own_##bits(samples + k * LANES_32);                                     \
                v32f one = (v32f){ 0 } + 1.0f;                                                     \
                float *value = row + k * LANES_32;                                                 \
                if (i == last) {                                                                   \
                    sum[k] = own;                                                                  \
                    weight[k] = one;                                                               \
                } else {                                                                           \
                    blend(&sum[k], &weight[k], own, one,                                           \
                          load_f_f(shares + LANES + k * LANES_32, LANES_32), s->rest);             \
                }                                                                                  \
                store_f_f(value, (load_f_f(value, LANES_32) + sum[k]) * 0.5f, LANES_32);           \
                value += LANES;                                                                    \
                store_f_f(value, (load_f_f(value, LANES_32) + weight[k]) * 0.5f, LANES_32);        \
            }                                                                                      \
            samples -= LANES;                                                                      \
            shares -= LANES;                                                                       \
            row -= ROW;                                                                            \
        }                                                                                          \
    }                                                                                              \
    static void bilateral_first_##bits(const struct fw_bilateral *s)                               \
    {                                                                                              \
        for (int32_t column = 0; column < LANES; column += VECTORS * LANES_32) {                   \
            v32f sum[VECTORS] = { { 0 } };                                                         \
            v32f weight[VECTORS] = { { 0 } };                                                      \
            first_down_##bits(s, column, sum, weight);                                             \
            first_up_##bits(s, column, sum, weight);                                               \
        }                                                                                          \
    }                                                                                              \
    LANES_INLINE void mean_##bits(uint##bits##_t *dst, v32f sum, v32f weight, int32_t count)       \
    {                                                                                              \
        v32s whole = __builtin_convertvector(sum / weight + 0.5f, v32s);                           \
        if (count >= LANES_32)                                                                     \
            store_32_##bits(dst, (v32u)whole, LANES_32);                                           \
        else if (count > 0)                                                                        \
            store_32_##bits(dst, (v32u)whole, count);                                              \
    }                                                                                              \
    LANES_INLINE void second_up_##bits(const struct fw_bilateral *s, const float *work,            \
                                       int32_t column, uint8_t *dst, ptrdiff_t dst_stride,         \
                                       int32_t columns)                                            \
    {                                                                                              \
        v32f sum[VECTORS] = { { 0 } };                                                             \
        v32f weight[VECTORS] = { { 0 } };                                                          \
        for (ptrdiff_t i = s->count - 1; i >= 0; i--) {                                            \
            const float *row = s->rows + i * ROW + column;                                         \
            const float *down = work + i * ROW + column;                                           \
            uint##bits##_t *to = (uint##bits##_t *)(dst + i * dst_stride) + column;                \
            _Pragma("GCC unroll 4") for (int k = 0; k < VECTORS; k++)                              \
            {                                                                                      \
                int32_t x = k * LANES_32;                                                          \
                second_step(&sum[k], &weight[k], row + x,                                          \
                            i + 1 < s->count ? s->shares + (i + 1) * LANES + column + x : NULL,    \
                            s->rest);                                                              \
                mean_##bits(to + x, load_f_f(down + x, LANES_32) + sum[k],                         \
                            load_f_f(down + LANES + x, LANES_32) + weight[k],                      \
                            columns - column - x);                                                 \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void bilateral_second_##bits(const struct fw_bilateral *s, float *work, void *dst,      \
                                        ptrdiff_t dst_stride, int32_t columns)                     \
    {                                                                                              \
        for (int32_t column = 0; column < LANES; column += VECTORS * LANES_32) {                   \
            second_down(s, work, column);                                                          \
            second_up_##bits(s, work, column, dst, dst_stride, columns);                           \
        }                                                                                          \
    }

/* A row from memory onto the sums; no shares: the first one. */
LANES_INLINE void second_step(v32f *sum, v32f *weight, const float *row, const float *shares,
                              float rest)
{
    v32f value = load_f_f(row, LANES_32);
    v32f factor = load_f_f(row + LANES, LANES_32);
    if (shares) {
        blend(sum, weight, value, factor, load_f_f(shares, LANES_32), rest);
    } else {
        *sum = value;
        *weight = factor;
    }
}

LANES_INLINE void second_down(const struct fw_bilateral *s, float *work, int32_t column)
{
    v32f sum[VECTORS] = { { 0 } };
    v32f weight[VECTORS] = { { 0 } };
    for (ptrdiff_t i = 0; i < s->count; i++) {
        const float *row = s->rows + i * ROW + column;
        float *to = work + i * ROW + column;
#pragma GCC unroll 4
        for (int k = 0; k < VECTORS; k++) {
            int32_t x = k * LANES_32;
            second_step(&sum[k], &weight[k], row + x,
                        i > 0 ? s->shares + i * LANES + column + x : NULL, s->rest);
            store_f_f(to + x, sum[k], LANES_32);
            store_f_f(to + LANES + x, weight[k], LANES_32);
        }
    }
}

#if defined(__AVX512VBMI__)
/* 64 bytes of a table of 256. */
LANES_INLINE __m512i look_up(const __m512i *table, __m512i index, __mmask64 upper)
{
    __m512i low = _mm512_permutex2var_epi8(table[0], index, table[1]);
    __m512i high = _mm512_permutex2var_epi8(table[2], index, table[3]);
    return _mm512_mask_blend_epi8(upper, low, high);
}

/* Byte `byte` of each of 256 floats. */
LANES_INLINE void take_bytes(__m512i *bytes, const float *table, uint32_t byte)
{
    for (int i = 0; i < 4; i++) {
        uint8_t *to = (uint8_t *)&bytes[i];
        for (int k = 0; k < 4; k++) {
            __m512i values = _mm512_loadu_si512(table + 64 * i + 16 * k);
            values = _mm512_srli_epi32(values, 8 * byte);
            _mm_storeu_si128((__m128i *)(to + 16 * k), _mm512_cvtepi32_epi8(values));
        }
    }
}

/* The table's floats in registers, a byte of each at a time; 64 differences look them up, in an
 * order that makes the bytes put together end in their places. */
static void bilateral_share_8(float *shares, const void *samples, int32_t count, const float *table)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const uint8_t *from = samples;
    __m512i t[4][4];
    for (uint32_t byte = 0; byte < 4; byte++)
        take_bytes(t[byte], table, byte);
    ptrdiff_t end = (ptrdiff_t)count * LANES;
    for (ptrdiff_t i = LANES; i < end; i += 64) {
        __mmask64 there = end - i < 64 ? 0xffffffffu : ~(__mmask64)0;
        __m512i now = _mm512_maskz_loadu_epi8(there, from + i);
        __m512i last = _mm512_maskz_loadu_epi8(there, from + i - LANES);
        __m512i index = _mm512_sub_epi8(_mm512_max_epu8(now, last), _mm512_min_epu8(now, last));
        index = _mm512_permutexvar_epi32(order, index);
        __mmask64 upper = _mm512_movepi8_mask(index);
        __m512i byte[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            byte[k] = look_up(t[k], index, upper);
        __m512i low = _mm512_unpacklo_epi8(byte[0], byte[1]);
        __m512i high = _mm512_unpacklo_epi8(byte[2], byte[3]);
        _mm512_storeu_si512(shares + i, _mm512_unpacklo_epi16(low, high));
        _mm512_storeu_si512(shares + i + 16, _mm512_unpackhi_epi16(low, high));
        if (end - i < 64)
            break;
        low = _mm512_unpackhi_epi8(byte[0], byte[1]);
        high = _mm512_unpackhi_epi8(byte[2], byte[3]);
        _mm512_storeu_si512(shares + i + 32, _mm512_unpacklo_epi16(low, high));
        _mm512_storeu_si512(shares + i + 48, _mm512_unpackhi_epi16(low, high));
    }
}
#else
BILATERAL_SHARE(8)
#endif
BILATERAL_SHARE(16)
BILATERAL(8)
BILATERAL(16)

#define BILATERAL_TABLE                                                                            \
    { bilateral_share_8, bilateral_share_16 }, { bilateral_first_8, bilateral_first_16 },          \
    {                                                                                              \
        bilateral_second_8, bilateral_second_16                                                    \
    }

#endif
