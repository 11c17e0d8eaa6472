/*
 * 64 bytes at once through tables of 256 that stay in registers: two permutes of 128 entries each
 * and a blend by the top bit. Packed pixels go through the table of every component, and a mask of
 * the bytes' phases picks.
 */
#if defined(__x86_64__)
#include "lut.h"

#include <immintrin.h>

struct table {
    __m512i part[4];
};

static inline struct table load_table(const uint8_t *bytes)
{
    struct table table;
    for (int i = 0; i < 4; i++)
        table.part[i] = _mm512_loadu_si512(bytes + 64 * i);
    return table;
}

static inline __m512i look_up(const struct table *table, __m512i index)
{
    __m512i low = _mm512_permutex2var_epi8(table->part[0], index, table->part[1]);
    __m512i high = _mm512_permutex2var_epi8(table->part[2], index, table->part[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
}

static inline __mmask64 first_bytes(ptrdiff_t count)
{
    return count >= 64 ? ~(__mmask64)0 : (__mmask64)_bzhi_u64(~0ull, (unsigned)count);
}

void fw_lut_map_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *bytes)
{
    const struct table table = load_table(bytes);
    ptrdiff_t i = 0;
    for (; i + 64 <= count; i += 64)
        _mm512_storeu_si512(dst + i, look_up(&table, _mm512_loadu_si512(src + i)));
    if (i < count) {
        __mmask64 rest = first_bytes(count - i);
        _mm512_mask_storeu_epi8(dst + i, rest,
                                look_up(&table, _mm512_maskz_loadu_epi8(rest, src + i)));
    }
}

/* `picks` are those of the second and the third component. */
static inline __m512i look_up3(const struct table tables[3], __m512i index, __mmask64 second,
                               __mmask64 third)
{
    __m512i out = look_up(&tables[0], index);
    out = _mm512_mask_mov_epi8(out, second, look_up(&tables[1], index));
    return _mm512_mask_mov_epi8(out, third, look_up(&tables[2], index));
}

void fw_lut_map3_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *bytes)
{
    /* Bit i is set where i % 3 is 0, 1, 2; 64 % 3 is 1, so that phases move on by one a vector. */
    static const __mmask64 phases[3] = { 0x9249249249249249, 0x2492492492492492,
                                         0x4924924924924924 };
    const struct table tables[3] = { load_table(bytes), load_table(bytes + 256),
                                     load_table(bytes + 512) };
    const ptrdiff_t count = (ptrdiff_t)pixels * 3;
    ptrdiff_t i = 0;
    for (; i + 192 <= count; i += 192) {
        __m512i a = _mm512_loadu_si512(src + i);
        __m512i b = _mm512_loadu_si512(src + i + 64);
        __m512i c = _mm512_loadu_si512(src + i + 128);
        _mm512_storeu_si512(dst + i, look_up3(tables, a, phases[1], phases[2]));
        _mm512_storeu_si512(dst + i + 64, look_up3(tables, b, phases[0], phases[1]));
        _mm512_storeu_si512(dst + i + 128, look_up3(tables, c, phases[2], phases[0]));
    }
    for (int phase = 0; i < count; i += 64, phase++) {
        __mmask64 rest = first_bytes(count - i);
        __m512i index = _mm512_maskz_loadu_epi8(rest, src + i);
        __m512i out = look_up3(tables, index, phases[(4 - phase) % 3], phases[(5 - phase) % 3]);
        _mm512_mask_storeu_epi8(dst + i, rest, out);
    }
}

void fw_lut_map4_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *bytes)
{
    const __mmask64 second = 0x2222222222222222;
    const struct table tables[4] = { load_table(bytes), load_table(bytes + 256),
                                     load_table(bytes + 512), load_table(bytes + 768) };
    const ptrdiff_t count = (ptrdiff_t)pixels * 4;
    for (ptrdiff_t i = 0; i < count; i += 64) {
        __mmask64 rest = first_bytes(count - i);
        __m512i index = _mm512_maskz_loadu_epi8(rest, src + i);
        __m512i out = look_up3(tables, index, second, second << 1);
        out = _mm512_mask_mov_epi8(out, second << 2, look_up(&tables[3], index));
        _mm512_mask_storeu_epi8(dst + i, rest, out);
    }
}

#endif
