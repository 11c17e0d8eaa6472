/* The n-th smallest of samples: 64 bytes at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define VEC __m512i
#define ZERO _mm512_setzero_si512()
#define LOAD(at) _mm512_loadu_si512((const void *)(at))
#define STORE(at, v) _mm512_storeu_si512((void *)(at), v)
#define OR _mm512_or_si512
#define MIN_u8 _mm512_min_epu8
#define MAX_u8 _mm512_max_epu8
#define MIN_u16 _mm512_min_epu16
#define MAX_u16 _mm512_max_epu16
#define SPLAT_u8(n) _mm512_set1_epi8((char)(n))
#define SPLAT_u16(n) _mm512_set1_epi16((short)(n))
#define COUNT_u8(sum, v, least)                                                                    \
    _mm512_mask_add_epi8(sum, _mm512_cmpge_epu8_mask(v, least), sum, _mm512_set1_epi8(1))
#define COUNT_u16(sum, v, least)                                                                   \
    _mm512_mask_add_epi16(sum, _mm512_cmpge_epu16_mask(v, least), sum, _mm512_set1_epi16(1))
/* `yes` where `sum` is `need` at least. */
#define TAKE_u8(no, yes, sum, need)                                                                \
    _mm512_mask_blend_epi8(_mm512_cmpge_epu8_mask(sum, SPLAT_u8(need)), no, yes)
#define TAKE_u16(no, yes, sum, need)                                                               \
    _mm512_mask_blend_epi16(_mm512_cmpge_epu16_mask(sum, SPLAT_u16(need)), no, yes)
#define NTH_U8 fw_nth_u8_avx512
#define NTH_U16 fw_nth_u16_avx512
#include "nth_wide.h"

#endif
