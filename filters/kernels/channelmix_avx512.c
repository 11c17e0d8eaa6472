/*
 * Sums of rounded products with AVX-512.
 *
 * Three 8-bit components at once: the whole part of a product is the upper half of a 16-bit
 * multiplication, and what it lacks, 0 or 1, comes out of a table of 256 entries in registers. An
 * entry has two bits for each of the outputs, which hold the sum over three inputs.
 */
#if defined(__x86_64__)
#define LEVEL avx512
#include "channelmix_rows.h"

#include <immintrin.h>

#define LANES 64

struct trio {
    __m512i slopes[3][3];
    __m512i tables[3][4];
};

static inline struct trio load_trio(const struct fw_channelmix_trio *from)
{
    struct trio trio;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            trio.slopes[i][k] = _mm512_set1_epi16(from->slopes[i][k]);
        for (int k = 0; k < 4; k++)
            trio.tables[i][k] = _mm512_loadu_si512(from->lacks[i] + 64 * k);
    }
    return trio;
}

static inline __m512i lack_of(const __m512i *table, __m512i index)
{
    __m512i low = _mm512_permutex2var_epi8(table[0], index, table[1]);
    __m512i high = _mm512_permutex2var_epi8(table[2], index, table[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
}

static inline __m512i sum_of(const __m512i *slopes, const __m512i *samples, __m512i lack)
{
    __m512i a = _mm512_add_epi16(_mm512_mulhi_epi16(samples[0], slopes[0]), lack);
    __m512i b = _mm512_add_epi16(_mm512_mulhi_epi16(samples[1], slopes[1]),
                                 _mm512_mulhi_epi16(samples[2], slopes[2]));
    return _mm512_add_epi16(a, b);
}

/* 64 pixels of three components. */
static inline void mix_64(const struct trio *trio, const __m512i *in, __m512i *out)
{
    const __m512i zero = _mm512_setzero_si512();
    __m512i lack = _mm512_add_epi8(
        _mm512_add_epi8(lack_of(trio->tables[0], in[0]), lack_of(trio->tables[1], in[1])),
        lack_of(trio->tables[2], in[2]));
    __m512i low[3];
    __m512i high[3];
    for (int k = 0; k < 3; k++) {
        low[k] = _mm512_slli_epi16(_mm512_unpacklo_epi8(in[k], zero), FW_CHANNELMIX_TRIO_SHIFT);
        high[k] = _mm512_slli_epi16(_mm512_unpackhi_epi8(in[k], zero), FW_CHANNELMIX_TRIO_SHIFT);
    }
    for (int i = 0; i < 3; i++) {
        __m512i own = _mm512_and_si512(i ? _mm512_srli_epi16(lack, 2 * i) : lack,
                                       _mm512_set1_epi8(3));
        __m512i sum_low = sum_of(trio->slopes[i], low, _mm512_unpacklo_epi8(own, zero));
        __m512i sum_high = sum_of(trio->slopes[i], high, _mm512_unpackhi_epi8(own, zero));
        out[i] = _mm512_packus_epi16(sum_low, sum_high);
    }
}

static inline __mmask64 first_bytes(ptrdiff_t count)
{
    if (count <= 0)
        return 0;
    return count >= 64 ? ~(__mmask64)0 : (__mmask64)_bzhi_u64(~0ull, (unsigned)count);
}

void fw_channelmix_trio_avx512(uint8_t *const *dst, const uint8_t *const *src,
                               const struct fw_channelmix_trio *from, int32_t count)
{
    const struct trio trio = load_trio(from);
    for (int32_t x = 0; x < count; x += LANES) {
        __mmask64 lanes = first_bytes(count - x);
        __m512i in[3];
        __m512i out[3];
        for (int i = 0; i < 3; i++)
            in[i] = _mm512_maskz_loadu_epi8(lanes, src[i] + x);
        mix_64(&trio, in, out);
        for (int i = 0; i < 3; i++)
            _mm512_mask_storeu_epi8(dst[i] + x, lanes, out[i]);
    }
}

/* out[k]: bytes of the first two by order[k], and of the third where last[k] says so. */
static inline void move_bytes(__m512i *out, const __m512i *in, const __m512i *order,
                              const uint64_t *last)
{
    for (int k = 0; k < 3; k++)
        out[k] = _mm512_mask_permutexvar_epi8(_mm512_permutex2var_epi8(in[0], order[k], in[1]),
                                              last[k], order[k], in[2]);
}

void fw_channelmix_packed_avx512(uint8_t *dst, const uint8_t *src,
                                 const struct fw_channelmix_trio *from, int32_t count)
{
    const struct trio trio = load_trio(from);
    __m512i split[3];
    __m512i join[3];
    const ptrdiff_t bytes = (ptrdiff_t)count * 3;
    for (int k = 0; k < 3; k++) {
        split[k] = _mm512_loadu_si512(from->split[k]);
        join[k] = _mm512_loadu_si512(from->join[k]);
    }
    for (ptrdiff_t x = 0; x < bytes; x += 3 * LANES) {
        __m512i pixels[3];
        __m512i in[3];
        __m512i out[3];
        for (int i = 0; i < 3; i++) /* behind the page, where the processor stops by itself */
            _mm_prefetch((const char *)src + x + 64 * i + 4096, _MM_HINT_T0);
        for (int i = 0; i < 3; i++)
            pixels[i] = _mm512_maskz_loadu_epi8(first_bytes(bytes - x - 64 * i), src + x + 64 * i);
        move_bytes(in, pixels, split, from->split_last);
        mix_64(&trio, in, out);
        move_bytes(pixels, out, join, from->join_last);
        for (int i = 0; i < 3; i++)
            _mm512_mask_storeu_epi8(dst + x + 64 * i, first_bytes(bytes - x - 64 * i), pixels[i]);
    }
}
#endif
