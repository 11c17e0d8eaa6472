/* Missing rows of a field: 32 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 32
#define VEC __m512i
#define ZERO _mm512_setzero_si512()
#define SPLAT16 _mm512_set1_epi16
#define ADD16 _mm512_add_epi16
#define SUB16 _mm512_sub_epi16
#define ABS16 _mm512_abs_epi16
#define MIN16 _mm512_min_epi16
#define MAX16 _mm512_max_epi16
#define SHIFT16 _mm512_srai_epi16
#define SPLAT32 _mm512_set1_epi32
#define ADD32 _mm512_add_epi32
#define SUB32 _mm512_sub_epi32
#define MUL32 _mm512_mullo_epi32
#define ABS32 _mm512_abs_epi32
#define MIN32 _mm512_min_epi32
#define MAX32 _mm512_max_epi32
#define SHIFT32 _mm512_srai_epi32
#define MADD _mm512_madd_epi16
#define UNPACK_LOW _mm512_unpacklo_epi16
#define UNPACK_HIGH _mm512_unpackhi_epi16
#define PACK32 _mm512_packs_epi32
#define SELECT_GREATER16(a, b, yes, no)                                                            \
    _mm512_mask_blend_epi16(_mm512_cmpgt_epi16_mask(a, b), no, yes)
#define SELECT_GREATER32(a, b, yes, no)                                                            \
    _mm512_mask_blend_epi32(_mm512_cmpgt_epi32_mask(a, b), no, yes)
#define LOAD_U8(row, x)                                                                            \
    _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)((const uint8_t *)(row) + (x))))
#define LOAD_U16(row, x) _mm512_loadu_si512((const uint16_t *)(row) + (x))
#define LOAD_32(row, x)                                                                            \
    _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)((const uint16_t *)(row) + (x))))
/* The unsigned narrowing takes a negative value for a large one. */
#define STORE_U8(to, value)                                                                        \
    _mm256_storeu_si256((void *)(to), _mm512_cvtusepi16_epi8(MAX16(value, ZERO)))
#define STORE_U16(to, value) _mm512_storeu_si512(to, value)
#define STORE_32(to, value) _mm256_storeu_si256((void *)(to), _mm512_cvtusepi32_epi16(value))
#define LINE_U8 fw_bwdif_line_u8_avx512
#define LINE_U16 fw_bwdif_line_u16_avx512
#include "bwdif_wide.h"

#endif
