/* The body of nlmeans.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_NLMEANS_BODY_H
#define FW_FILTERS_KERNELS_NLMEANS_BODY_H

#include "lanes.h"
#include "nlmeans.h"

#define FOURS_FROM 16 /* windows from this length on are added from sums of four */

LANES_INLINE int any_below(v32u value, uint32_t most)
{
#if defined(__AVX512BW__)
    return _mm512_cmplt_epu32_mask((__m512i)value, _mm512_set1_epi32((int)most)) != 0;
#elif defined(__AVX2__)
    return ~_mm256_movemask_epi8((__m256i)((v32s)value == (int32_t)most)) != 0;
#else
    int any = 0;
    for (int i = 0; i < LANES_32; i++)
        any |= value[i] < most;
    return any;
#endif
}

LANES_INLINE v32f look_up(const float *table, v32u index)
{
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

LANES_INLINE v32f samples_at(const uint8_t *samples, int32_t count)
{
    return __builtin_convertvector((v32s)load_32_8(samples, count), v32f);
}

static void nlmeans_combine(uint32_t *dst, const uint8_t *in, const uint8_t *out, int32_t count)
{
    for (int32_t x = 0; x < count; x += LANES_32)
        store_32_32(dst + x, load_32_8(in + x, LANES_32) | load_32_8(out + x, LANES_32) << 16,
                    LANES_32);
}

static void nlmeans_add(uint32_t *sums, const uint8_t *a, const uint8_t *b, int32_t count)
{
    for (int32_t x = 0; x < count; x += LANES_32) {
        v32u difference = load_32_8(a + x, LANES_32) - load_32_8(b + x, LANES_32);
        store_32_32(sums + x, load_32_32(sums + x, LANES_32) + difference * difference, LANES_32);
    }
}

static void nlmeans_slide(uint32_t *sums, const uint32_t *a, const uint32_t *b, int32_t count)
{
    const v16s high = (v16s)((v32u){ 0 } + 0xffff0000u);
    for (int32_t x = 0; x < count; x += LANES_32) {
        v16s difference = (v16s)load_32_32(a + x, LANES_32) - (v16s)load_32_32(b + x, LANES_32);
        v32s change = madd_s16(difference, (difference ^ high) - high);
        store_32_32(sums + x, load_32_32(sums + x, LANES_32) + (v32u)change, LANES_32);
    }
}

/* The window that begins at `sums`, from its own values and `fours` sums of four. */
LANES_INLINE v32u window_at(const uint32_t *sums, const uint32_t *fours, int32_t four_count,
                            int32_t rest)
{
    v32u sum = load_32_32(sums + 4 * four_count, LANES_32);
    for (int32_t k = 1; k < rest; k++)
        sum += load_32_32(sums + 4 * four_count + k, LANES_32);
    for (int32_t k = 0; k < four_count; k++)
        sum += load_32_32(fours + 4 * k, LANES_32);
    return sum;
}

LANES_INLINE int weigh_windows(float *weights, const uint32_t *sums, const uint32_t *fours,
                               int32_t four_count, int32_t rest, const float *table, uint32_t most,
                               int32_t count)
{
    const v32u top = (v32u){ 0 } + most;
    int any = 0;
    for (int32_t x = 0; x < count; x += LANES_32) {
        v32u distance = min_u32(window_at(sums + x, fours + x, four_count, rest), top);
        v32f weight = { 0 };
        if (any_below(distance, most)) {
            weight = look_up(table, distance);
            any = 1;
        }
        store_f_f(weights + x, weight, LANES_32);
    }
    return any;
}

static int nlmeans_weigh(float *weights, const uint32_t *sums, uint32_t *fours, int32_t length,
                         const float *table, uint32_t most, int32_t count)
{
    if (length == 7)
        return weigh_windows(weights, sums, sums, 0, 7, table, most, count);
    if (length < FOURS_FROM)
        return weigh_windows(weights, sums, sums, 0, length, table, most, count);
    for (int32_t x = 0; x < count + length; x += LANES_32)
        store_32_32(fours + x,
                    load_32_32(sums + x, LANES_32) + load_32_32(sums + x + 1, LANES_32) +
                        load_32_32(sums + x + 2, LANES_32) + load_32_32(sums + x + 3, LANES_32),
                    LANES_32);
    /* Lengths are odd: there is a rest. */
    return weigh_windows(weights, sums, fours, length / 4, length % 4, table, most, count);
}

LANES_INLINE void gather_at(float *totals, float *values, const float *weights,
                            const uint8_t *samples, int32_t count)
{
    v32f weight = load_f_f(weights, count);
    if (!any_below(~(v32u)weight, UINT32_MAX))
        return;
    store_f_f(totals, load_f_f(totals, count) + weight, count);
    store_f_f(values, load_f_f(values, count) + weight * samples_at(samples, count), count);
}

static void nlmeans_gather(float *totals, float *values, const float *weights,
                           const uint8_t *samples, int32_t count)
{
    int32_t x = 0;
    for (; x + LANES_32 <= count; x += LANES_32)
        gather_at(totals + x, values + x, weights + x, samples + x, LANES_32);
    if (x < count)
        gather_at(totals + x, values + x, weights + x, samples + x, count - x);
}

LANES_INLINE void finish_at(uint8_t *dst, const uint8_t *src, const float *totals,
                            const float *values, int32_t count)
{
    v32f mean = (load_f_f(values, LANES_32) + samples_at(src, count)) /
                (load_f_f(totals, LANES_32) + 1.0f);
    v32s whole = __builtin_convertvector(mean + 0.5f, v32s);
    store_32_8(dst, (v32u)min_s32(whole, (v32s){ 0 } + 255), count);
}

static void nlmeans_finish(uint8_t *dst, const uint8_t *src, const float *totals,
                           const float *values, int32_t count)
{
    int32_t x = 0;
    for (; x + LANES_32 <= count; x += LANES_32)
        finish_at(dst + x, src + x, totals + x, values + x, LANES_32);
    if (x < count)
        finish_at(dst + x, src + x, totals + x, values + x, count - x);
}

#define NLMEANS_TABLE                                                                              \
    nlmeans_combine, nlmeans_add, nlmeans_slide, nlmeans_weigh, nlmeans_gather, nlmeans_finish

#endif
