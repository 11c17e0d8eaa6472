/* The n-th smallest of samples: 32 bytes at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define VEC __m256i
#define ZERO _mm256_setzero_si256()
#define LOAD(at) _mm256_loadu_si256((const void *)(at))
#define STORE(at, v) _mm256_storeu_si256((void *)(at), v)
#define OR _mm256_or_si256
#define MIN_u8 _mm256_min_epu8
#define MAX_u8 _mm256_max_epu8
#define MIN_u16 _mm256_min_epu16
#define MAX_u16 _mm256_max_epu16
#define SPLAT_u8(n) _mm256_set1_epi8((char)(n))
#define SPLAT_u16(n) _mm256_set1_epi16((short)(n))
#define COUNT_u8(sum, v, least) _mm256_sub_epi8(sum, _mm256_cmpeq_epi8(MAX_u8(v, least), v))
#define COUNT_u16(sum, v, least) _mm256_sub_epi16(sum, _mm256_cmpeq_epi16(MAX_u16(v, least), v))
/* `yes` where `sum` is `need` at least. */
#define TAKE_u8(no, yes, sum, need)                                                                \
    _mm256_blendv_epi8(no, yes, _mm256_cmpeq_epi8(MAX_u8(sum, SPLAT_u8(need)), sum))
#define TAKE_u16(no, yes, sum, need)                                                               \
    _mm256_blendv_epi8(no, yes, _mm256_cmpeq_epi16(MAX_u16(sum, SPLAT_u16(need)), sum))
#define NTH_U8 fw_nth_u8_avx2
#define NTH_U16 fw_nth_u16_avx2
#include "nth_wide.h"

#endif
