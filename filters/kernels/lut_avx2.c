/*
 * A table of 256 as 16 of 16 in byte shuffles.
 *
 * The shuffle gives 0 where the index is negative. Going down by 16 from table to table, an index
 * of row r (0..7) is negative from table r + 1 on; so with each table stored as the difference to
 * the one before it, the exclusive or of all shuffles is row r's entry. Indices from 128 on start
 * negative and stay so, saturated; they take the upper eight tables in the same way.
 */
#if defined(__x86_64__)
#include "lut.h"

#include <immintrin.h>

static void load_tables(__m256i rows[16], const uint8_t *table)
{
    for (int half = 0; half < 16; half += 8) {
        __m128i before = _mm_setzero_si128();
        for (int i = half; i < half + 8; i++) {
            __m128i row = _mm_loadu_si128((const __m128i *)(const void *)(table + 16 * i));
            rows[i] = _mm256_broadcastsi128_si256(_mm_xor_si128(row, before));
            before = row;
        }
    }
}

static inline __m256i look_up(const __m256i rows[16], __m256i index)
{
    const __m256i step = _mm256_set1_epi8(16);
    __m256i low = index;
    __m256i high = _mm256_xor_si256(index, _mm256_set1_epi8((char)0x80));
    __m256i out = _mm256_setzero_si256();
    for (int i = 0; i < 8; i++) {
        out = _mm256_xor_si256(out, _mm256_shuffle_epi8(rows[i], low));
        out = _mm256_xor_si256(out, _mm256_shuffle_epi8(rows[i + 8], high));
        low = _mm256_subs_epi8(low, step);
        high = _mm256_subs_epi8(high, step);
    }
    return out;
}

void fw_lut_map_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *table)
{
    __m256i rows[16];
    int32_t i = 0;
    load_tables(rows, table);
    for (; i + 32 <= count; i += 32) {
        __m256i index = _mm256_loadu_si256((const __m256i *)(const void *)(src + i));
        _mm256_storeu_si256((__m256i *)(void *)(dst + i), look_up(rows, index));
    }
    for (; i < count; i++)
        dst[i] = table[src[i]];
}

#endif
