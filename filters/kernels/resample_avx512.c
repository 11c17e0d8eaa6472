/* Separable resampling with AVX-512: as with AVX2, with whole blocks picked out of one or two
 * registers of neighbours. */
#if defined(__x86_64__)
#include "resample.h"

#include "resample_dot.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define WORDS 32 /* of a register */

static inline __m512i pair_of(const int16_t *weights)
{
    int32_t pair;
    memcpy(&pair, weights, sizeof(pair));
    return _mm512_set1_epi32(pair);
}

/* 32 bytes as words. */
static inline __m512i widen(const uint8_t *row)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)row));
}

void fw_resample_blend_u8_avx512(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                                 int32_t taps, int32_t width)
{
    int32_t x = 0;
    for (; x + WORDS <= width; x += WORDS) {
        __m512i low = _mm512_set1_epi32(1 << 7), high = low;
        /* The rows to come, behind the page, at whose end the processor stops by itself. */
        _mm_prefetch((const char *)rows[taps - 1] + x + 4096, _MM_HINT_T0);
        for (int32_t k = 0; k < taps; k += 2) {
            __m512i a = widen(rows[k] + x), b = widen(rows[k + 1] + x);
            __m512i pair = pair_of(weights + k);
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), pair);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), pair);
        }
        low = _mm512_srai_epi32(low, 8);
        high = _mm512_srai_epi32(high, 8);
        _mm512_storeu_si512(dst + x, _mm512_packs_epi32(low, high));
    }
    fw_resample_blend_u8_c(dst, rows, weights, taps, x, width);
}

void fw_resample_blend_u16_avx512(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                                  int32_t taps, int32_t width, int32_t depth)
{
    const __m128i shift = _mm_cvtsi32_si128(depth);
    int32_t x = 0;
    for (; x + WORDS <= width; x += WORDS) {
        __m512i low = _mm512_set1_epi32(1 << (depth - 1)), high = low;
        for (int32_t k = 0; k < taps; k += 2) {
            __m512i a = _mm512_loadu_si512(rows[k] + x), b = _mm512_loadu_si512(rows[k + 1] + x);
            __m512i pair = pair_of(weights + k);
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), pair);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), pair);
        }
        low = _mm512_sra_epi32(low, shift);
        high = _mm512_sra_epi32(high, shift);
        _mm512_storeu_si512(dst + x, _mm512_packs_epi32(low, high));
    }
    fw_resample_blend_u16_c(dst, rows, weights, taps, x, width, depth);
}

/* How many registers the first pairs of a block come from; SPREAD: more than two. */
enum reach { HALF, ONE, TWO, SPREAD };

static enum reach reach_of(const struct fw_resample_line *line)
{
    return line->block_span <= WORDS / 2   ? HALF
           : line->block_span <= WORDS     ? ONE
           : line->block_span <= 2 * WORDS ? TWO
                                           : SPREAD;
}

static inline __m512i pick(const int16_t *from, __m512i places, enum reach reach)
{
    if (reach == HALF)
        return _mm512_permutexvar_epi16(
            places, _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)from)));
    if (reach == ONE)
        return _mm512_permutexvar_epi16(places, _mm512_loadu_si512(from));
    return _mm512_permutex2var_epi16(_mm512_loadu_si512(from), places,
                                     _mm512_loadu_si512(from + WORDS));
}

static inline __m512i dot16(const int16_t *src, const struct fw_resample_line *line, int32_t block)
{
    const int32_t i = block * FW_RESAMPLE_BLOCK;
    __m512i sum = _mm512_castsi128_si512(resample_dot4(src, line, i));
    sum = _mm512_inserti32x4(sum, resample_dot4(src, line, i + 4), 1);
    sum = _mm512_inserti32x4(sum, resample_dot4(src, line, i + 8), 2);
    return _mm512_inserti32x4(sum, resample_dot4(src, line, i + 12), 3);
}

/* Samples of a whole block in 32 bits, rounded; packing clips them. */
static inline __m512i block16(const int16_t *src, const struct fw_resample_line *line,
                              int32_t block, int32_t depth, enum reach reach)
{
    const int32_t shift = 2 * FW_RESAMPLE_BITS - depth;
    const int16_t *from = src + line->first[block * FW_RESAMPLE_BLOCK];
    const int16_t *pairs = line->blocks + (ptrdiff_t)block * line->taps * FW_RESAMPLE_BLOCK;
    const __m512i places = _mm512_loadu_si512(line->places +
                                              (ptrdiff_t)block * 2 * FW_RESAMPLE_BLOCK);
    __m512i sum = _mm512_set1_epi32(1 << (shift - 1));
    if (reach == SPREAD)
        sum = _mm512_add_epi32(sum, dot16(src, line, block));
    for (int32_t k = 0; k < line->taps && reach != SPREAD; k += 2)
        sum = _mm512_dpwssd_epi32(sum, pick(from + k, places, reach),
                                  _mm512_loadu_si512(pairs + (ptrdiff_t)k * FW_RESAMPLE_BLOCK));
    return _mm512_sra_epi32(sum, _mm_cvtsi32_si128(shift));
}

static inline int32_t whole_blocks_u8(uint8_t *dst, const int16_t *src,
                                      const struct fw_resample_line *line, enum reach reach)
{
    /* Packing works within quarters of a register. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    int32_t i = 0;
    for (; i + 4 * FW_RESAMPLE_BLOCK <= line->count; i += 4 * FW_RESAMPLE_BLOCK) {
        const int32_t block = i / FW_RESAMPLE_BLOCK;
        __m512i low = _mm512_packs_epi32(block16(src, line, block, 8, reach),
                                         block16(src, line, block + 1, 8, reach));
        __m512i high = _mm512_packs_epi32(block16(src, line, block + 2, 8, reach),
                                          block16(src, line, block + 3, 8, reach));
        __m512i all = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
        _mm512_storeu_si512(dst + i, all);
    }
    for (; i + FW_RESAMPLE_BLOCK <= line->count; i += FW_RESAMPLE_BLOCK) {
        __m512i sums = _mm512_max_epi32(block16(src, line, i / FW_RESAMPLE_BLOCK, 8, reach),
                                        _mm512_setzero_si512());
        _mm_storeu_si128((__m128i *)(dst + i), _mm512_cvtusepi32_epi8(sums));
    }
    return i;
}

void fw_resample_stretch_u8_avx512(uint8_t *dst, const int16_t *src,
                                   const struct fw_resample_line *line)
{
    enum reach reach = reach_of(line);
    int32_t i = reach == HALF  ? whole_blocks_u8(dst, src, line, HALF)
                : reach == ONE ? whole_blocks_u8(dst, src, line, ONE)
                : reach == TWO ? whole_blocks_u8(dst, src, line, TWO)
                               : whole_blocks_u8(dst, src, line, SPREAD);
    for (; i < line->count; i++)
        dst[i] = (uint8_t)resample_clip(resample_dot1(src, line, i), 8);
}

void fw_resample_stretch_u16_avx512(uint16_t *dst, const int16_t *src,
                                    const struct fw_resample_line *line, int32_t depth)
{
    const __m512i most = _mm512_set1_epi32((1 << depth) - 1);
    enum reach reach = reach_of(line);
    int32_t i = 0;
    for (; i + FW_RESAMPLE_BLOCK <= line->count; i += FW_RESAMPLE_BLOCK) {
        __m512i block = _mm512_max_epi32(block16(src, line, i / FW_RESAMPLE_BLOCK, depth, reach),
                                         _mm512_setzero_si512());
        _mm256_storeu_si256((__m256i *)(dst + i),
                            _mm512_cvtepi32_epi16(_mm512_min_epi32(block, most)));
    }
    for (; i < line->count; i++)
        dst[i] = (uint16_t)resample_clip(resample_dot1(src, line, i), depth);
}
#endif
