/* Missing rows of a field: 16 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 16
#define VEC __m256i
#define ZERO _mm256_setzero_si256()
#define SPLAT16 _mm256_set1_epi16
#define ADD16 _mm256_add_epi16
#define SUB16 _mm256_sub_epi16
#define ABS16 _mm256_abs_epi16
#define MIN16 _mm256_min_epi16
#define MAX16 _mm256_max_epi16
#define SHIFT16 _mm256_srai_epi16
#define SPLAT32 _mm256_set1_epi32
#define ADD32 _mm256_add_epi32
#define SUB32 _mm256_sub_epi32
#define MUL32 _mm256_mullo_epi32
#define ABS32 _mm256_abs_epi32
#define MIN32 _mm256_min_epi32
#define MAX32 _mm256_max_epi32
#define SHIFT32 _mm256_srai_epi32
#define MADD _mm256_madd_epi16
#define UNPACK_LOW _mm256_unpacklo_epi16
#define UNPACK_HIGH _mm256_unpackhi_epi16
#define PACK32 _mm256_packs_epi32
#define SELECT_GREATER16(a, b, yes, no) _mm256_blendv_epi8(no, yes, _mm256_cmpgt_epi16(a, b))
#define SELECT_GREATER32(a, b, yes, no) _mm256_blendv_epi8(no, yes, _mm256_cmpgt_epi32(a, b))
#define LOAD_U8(row, x)                                                                            \
    _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)((const uint8_t *)(row) + (x))))
#define LOAD_U16(row, x) _mm256_loadu_si256((const void *)((const uint16_t *)(row) + (x)))
#define LOAD_32(row, x)                                                                            \
    _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)((const uint16_t *)(row) + (x))))
#define STORE_U8(to, value)                                                                        \
    _mm_storeu_si128((void *)(to), _mm_packus_epi16(_mm256_castsi256_si128(value),                 \
                                                    _mm256_extracti128_si256(value, 1)))
#define STORE_U16(to, value) _mm256_storeu_si256((void *)(to), value)
#define STORE_32(to, value)                                                                        \
    _mm_storeu_si128((void *)(to), _mm_packus_epi32(_mm256_castsi256_si128(value),                 \
                                                    _mm256_extracti128_si256(value, 1)))
#define LINE_U8 fw_bwdif_line_u8_avx2
#define LINE_U16 fw_bwdif_line_u16_avx2
#include "bwdif_wide.h"

#endif
