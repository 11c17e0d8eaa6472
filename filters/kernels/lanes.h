/*
 * Vectors of the instruction set that a file is compiled for, by GCC's vector extension: one body
 * of a kernel serves all variants. Whole vectors and, with a count, the first lanes of one.
 */
#ifndef FW_FILTERS_KERNELS_LANES_H
#define FW_FILTERS_KERNELS_LANES_H

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512BW__)
#define LANE_BYTES 64
#elif defined(__AVX2__)
#define LANE_BYTES 32
#else
#define LANE_BYTES 16
#endif
#define LANES_16 (LANE_BYTES / 2)
#define LANES_32 (LANE_BYTES / 4)
#define LANES_INLINE static inline __attribute__((always_inline, unused))

typedef uint16_t v16u __attribute__((vector_size(LANE_BYTES)));
typedef int16_t v16s __attribute__((vector_size(LANE_BYTES)));
typedef uint32_t v32u __attribute__((vector_size(LANE_BYTES)));
typedef int32_t v32s __attribute__((vector_size(LANE_BYTES)));
typedef float v32f __attribute__((vector_size(LANE_BYTES)));
typedef uint8_t v8_half __attribute__((vector_size(LANE_BYTES / 2)));
typedef uint8_t v8_quarter __attribute__((vector_size(LANE_BYTES / 4)));
typedef uint16_t v16_half __attribute__((vector_size(LANE_BYTES / 2)));

/* `type` from the first `count` values at `from`, the others 0; all of them when `count` is the
 * whole, which the callers' main loops say by a constant. */
#if defined(__AVX512BW__)
#define LANES_WIDEN_16_8(values) ((v16u)_mm512_cvtepu8_epi16((__m256i)(values)))
#define LANES_WIDEN_32_8(values) ((v32u)_mm512_cvtepu8_epi32((__m128i)(values)))
#define LANES_WIDEN_32_16(values) ((v32u)_mm512_cvtepu16_epi32((__m256i)(values)))
#define LANES_NARROW_32_8(wide) ((v8_quarter)_mm512_cvtepi32_epi8((__m512i)(wide)))
#define LANES_NARROW_32_16(wide) ((v16_half)_mm512_cvtepi32_epi16((__m512i)(wide)))
#else
#if defined(__AVX2__)
#define LANES_WIDEN_16_8(values) ((v16u)_mm256_cvtepu8_epi16((__m128i)(values)))
#define LANES_WIDEN_32_8(values) ((v32u)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)(values))))
#define LANES_WIDEN_32_16(values) ((v32u)_mm256_cvtepu16_epi32((__m128i)(values)))
#else
#define LANES_WIDEN_16_8(values) __builtin_convertvector(values, v16u)
#define LANES_WIDEN_32_8(values) __builtin_convertvector(values, v32u)
#define LANES_WIDEN_32_16(values) __builtin_convertvector(values, v32u)
#endif
#if defined(__AVX2__)
LANES_INLINE v8_quarter narrow_32_8(v32u wide)
{
    const __m256i lowest = _mm256_set1_epi32(0x0c080400);
    __m256i bytes = _mm256_shuffle_epi8((__m256i)wide, lowest);
    return (v8_quarter)_mm_cvtsi128_si64(
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}
#define LANES_NARROW_32_8(wide) narrow_32_8(wide)
#else
#define LANES_NARROW_32_8(wide) __builtin_convertvector(wide, v8_quarter)
#endif
#define LANES_NARROW_32_16(wide) __builtin_convertvector(wide, v16_half)
#endif
#define LANES_SAME(values) (values)

#define LANES_LOAD(name, narrow, type, widen)                                                      \
    LANES_INLINE type load_##name(const void *from, int32_t count)                                 \
    {                                                                                              \
        narrow values = { 0 };                                                                     \
        if (__builtin_constant_p(count))                                                           \
            memcpy(&values, from, sizeof(values));                                                 \
        else                                                                                       \
            memcpy(&values, from, (size_t)count * sizeof(values[0]));                              \
        return widen(values);                                                                      \
    }
#define LANES_STORE(name, narrow, type, shorten)                                                   \
    LANES_INLINE void store_##name(void *to, type wide, int32_t count)                             \
    {                                                                                              \
        narrow values = shorten(wide);                                                             \
        if (__builtin_constant_p(count))                                                           \
            memcpy(to, &values, sizeof(values));                                                   \
        else                                                                                       \
            memcpy(to, &values, (size_t)count * sizeof(values[0]));                                \
    }

LANES_LOAD(16_8, v8_half, v16u, LANES_WIDEN_16_8)
LANES_LOAD(16_16, v16u, v16u, LANES_SAME)
LANES_LOAD(32_8, v8_quarter, v32u, LANES_WIDEN_32_8)
LANES_LOAD(32_16, v16_half, v32u, LANES_WIDEN_32_16)
LANES_LOAD(32_32, v32u, v32u, LANES_SAME)
LANES_LOAD(f_f, v32f, v32f, LANES_SAME)
LANES_STORE(16_16, v16u, v16u, LANES_SAME)
LANES_STORE(32_8, v8_quarter, v32u, LANES_NARROW_32_8)
LANES_STORE(32_16, v16_half, v32u, LANES_NARROW_32_16)
LANES_STORE(32_32, v32u, v32u, LANES_SAME)
LANES_STORE(f_f, v32f, v32f, LANES_SAME)

/* The low bytes of values below 256. */
LANES_INLINE void store_16_8(uint8_t *to, v16u wide, int32_t count)
{
#if defined(__AVX512BW__)
    __m256i values = _mm512_cvtepi16_epi8((__m512i)wide);
#elif defined(__AVX2__)
    __m256i packed = _mm256_packus_epi16((__m256i)wide, (__m256i)wide);
    __m128i values = _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
#else
    v8_half values = __builtin_convertvector(wide, v8_half);
#endif
    if (__builtin_constant_p(count))
        memcpy(to, &values, sizeof(values));
    else
        memcpy(to, &values, (size_t)count);
}

/* name(a, b) lane by lane; `scalar` says what it is. */
#if defined(__AVX512BW__)
#define LANES_OP(name, type, suffix, scalar)                                                       \
    LANES_INLINE type name(type a, type b)                                                         \
    {                                                                                              \
        return (type)_mm512_##suffix((__m512i)a, (__m512i)b);                                      \
    }
#elif defined(__AVX2__)
#define LANES_OP(name, type, suffix, scalar)                                                       \
    LANES_INLINE type name(type a, type b)                                                         \
    {                                                                                              \
        return (type)_mm256_##suffix((__m256i)a, (__m256i)b);                                      \
    }
#else
#define LANES_OP(name, type, suffix, scalar)                                                       \
    LANES_INLINE type name(type a, type b)                                                         \
    {                                                                                              \
        type result = { 0 };                                                                       \
        for (uint32_t i = 0; i < LANE_BYTES / sizeof(a[0]); i++)                                   \
            result[i] = (__typeof__(result[0]))(scalar);                                           \
        return result;                                                                             \
    }
#endif
LANES_OP(mulhi_u16, v16u, mulhi_epu16, ((uint32_t)a[i] * b[i]) >> 16)
LANES_OP(mulhi_s16, v16s, mulhi_epi16, (a[i] * b[i]) >> 16)
LANES_OP(min_u16, v16u, min_epu16, a[i] < b[i] ? a[i] : b[i])
LANES_OP(min_s16, v16s, min_epi16, a[i] < b[i] ? a[i] : b[i])
LANES_OP(max_s16, v16s, max_epi16, a[i] > b[i] ? a[i] : b[i])
LANES_OP(min_u32, v32u, min_epu32, a[i] < b[i] ? a[i] : b[i])
LANES_OP(min_s32, v32s, min_epi32, a[i] < b[i] ? a[i] : b[i])
LANES_OP(max_s32, v32s, max_epi32, a[i] > b[i] ? a[i] : b[i])

/* Products of neighbours, added in pairs. */
LANES_INLINE v32s madd_s16(v16s a, v16s b)
{
#if defined(__AVX512BW__)
    return (v32s)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (v32s)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
    v32s result = { 0 };
    for (int i = 0; i < LANES_32; i++)
        result[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    return result;
#endif
}

#endif
