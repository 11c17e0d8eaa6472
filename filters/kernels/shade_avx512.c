/*
 * Samples multiplied and dithered with AVX-512.
 *
 * 8-bit samples under factors of 0 to 1 fit fixed point, 8 bits before the point and 24 behind it,
 * to which the upper bits of the generator's state are added. Only below one half does a value
 * have more bits than that, and only where the sum is one step below an integer do they matter:
 * the portable loop does those, one in 2^24.
 */
#if defined(__x86_64__)
#include "shade.h"

#include <immintrin.h>

static void shade_bytes(uint8_t *dst, const uint8_t *src, const float *factors,
                        const struct fw_shade *shade, int32_t count);

#define LEVEL fw_shade_avx512
#define CPU FW_CPU_AVX512
#define SHADE_U8 shade_bytes
#include "shade_rows.h"

#define PART 16
#define LANES (4 * PART)

struct state {
    __m512i parts[4];
    __m512i multiply; /* LANES steps on */
    __m512i add;
};

static inline struct state state_of(const struct fw_shade *shade)
{
    const struct fw_shade_steps *steps = shade->steps;
    struct state state = { .multiply = _mm512_set1_epi32((int32_t)steps->multiply[LANES]),
                           .add = _mm512_set1_epi32((int32_t)steps->add[LANES]) };
    const __m512i first = _mm512_set1_epi32((int32_t)shade->state);
    for (int i = 0; i < 4; i++) {
        __m512i product = _mm512_mullo_epi32(_mm512_loadu_si512(steps->multiply + PART * i), first);
        state.parts[i] = _mm512_add_epi32(product, _mm512_loadu_si512(steps->add + PART * i));
    }
    return state;
}

/* Part `i` of 64 samples times factors, in fixed point. */
static inline __m512i shaded(__m512i samples, __m512 factors, int i, int32_t middle)
{
    const __m512i order = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512 one = _mm512_set1_ps(16777216.0f);
    __m512i from = _mm512_slli_epi32(_mm512_add_epi32(order, _mm512_set1_epi32(PART * i)), 24);
    __m512i high = _mm512_maskz_permutexvar_epi8(0x8888888888888888, from, samples);
    if (middle == 0)
        return _mm512_cvttps_epu32(_mm512_mul_ps(factors, _mm512_cvtepu32_ps(high)));
    __m512i wide = _mm512_sub_epi32(_mm512_srli_epi32(high, 24), _mm512_set1_epi32(middle));
    __m512 value = _mm512_add_ps(_mm512_mul_ps(factors, _mm512_cvtepi32_ps(wide)),
                                 _mm512_set1_ps((float)middle));
    return _mm512_cvttps_epu32(_mm512_mul_ps(value, one));
}

static inline __m512i whole_parts(const __m512i *sums)
{
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    __m512i low = _mm512_packus_epi32(_mm512_srli_epi32(sums[0], 24),
                                      _mm512_srli_epi32(sums[1], 24));
    __m512i high = _mm512_packus_epi32(_mm512_srli_epi32(sums[2], 24),
                                       _mm512_srli_epi32(sums[3], 24));
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}

/* The first `count` of 64 samples; `all` says at compile time that it is all of them. */
static inline void shade_some(uint8_t *dst, const uint8_t *src, const float *factors,
                              const struct fw_shade *shade, struct state *state, int32_t middle,
                              int32_t count, bool all)
{
    __mmask64 lanes = all ? ~0ull : _bzhi_u64(~0ull, (uint32_t)count);
    __m512i samples = _mm512_maskz_loadu_epi8(lanes, src);
    _mm_prefetch((const char *)((uintptr_t)src + (uintptr_t)shade->ahead), _MM_HINT_T0);
    uint32_t first = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(state->parts[0]));
    __m512i sums[4];
    __m512i most = _mm512_setzero_si512();
    for (int i = 0; i < 4; i++) {
        __m512 row = all ? _mm512_loadu_ps(factors + PART * i)
                         : _mm512_maskz_loadu_ps((__mmask16)(lanes >> (PART * i)),
                                                 factors + PART * i);
        __m512i dither = _mm512_srli_epi32(state->parts[i], 8);
        sums[i] = _mm512_add_epi32(shaded(samples, row, i, middle), dither);
        most = _mm512_max_epu32(most, _mm512_slli_epi32(sums[i], 8));
        state->parts[i] = _mm512_add_epi32(_mm512_mullo_epi32(state->parts[i], state->multiply),
                                           state->add);
    }
    if (_mm512_cmpge_epu32_mask(most, _mm512_set1_epi32(-256)))
        shade_u8_dither(dst, src, factors, shade->steps->multiply, shade->steps->add, first, middle,
                        shade->max, count);
    else
        _mm512_mask_storeu_epi8(dst, lanes, whole_parts(sums));
}

static inline void shade_row(uint8_t *dst, const uint8_t *src, const float *factors,
                             const struct fw_shade *shade, int32_t middle, int32_t count)
{
    struct state state = state_of(shade);
    int32_t x = 0;
    for (; x + LANES <= count; x += LANES)
        shade_some(dst + x, src + x, factors + x, shade, &state, middle, LANES, true);
    if (x < count)
        shade_some(dst + x, src + x, factors + x, shade, &state, middle, count - x, false);
}

static void shade_bytes(uint8_t *dst, const uint8_t *src, const float *factors,
                        const struct fw_shade *shade, int32_t count)
{
    if (!shade->steps || !shade->unit || shade->max != 255)
        shade_u8(dst, src, factors, shade, count);
    else if (shade->middle == 0)
        shade_row(dst, src, factors, shade, 0, count);
    else
        shade_row(dst, src, factors, shade, shade->middle, count);
}
#endif
