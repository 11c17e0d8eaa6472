/* A weighted mean of rows: 8 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 8
#define VEC __m256i
#define VECF __m256
#define ZERO _mm256_setzero_si256()
#define SPLATF _mm256_set1_ps
#define ADDF _mm256_add_ps
#define MULF _mm256_mul_ps
#define MINF _mm256_min_ps
#define MAXF _mm256_max_ps
#define ROUND _mm256_cvtps_epi32
#define TO_FLOAT _mm256_cvtepi32_ps
#define ADD16 _mm256_add_epi16
#define ADD32 _mm256_add_epi32
#define WIDEN_U8_16(at) _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(at)))
#define WIDEN_U8_32(at) _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(at)))
#define WIDEN_U16_32(at) _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(at)))
#define LOW_16_32(v) _mm256_cvtepu16_epi32(_mm256_castsi256_si128(v))
#define HIGH_16_32(v) _mm256_cvtepu16_epi32(_mm256_extracti128_si256(v, 1))

static inline __m128i narrow(__m256i v)
{
    return _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

#define STORE_32_U8(at, v)                                                                         \
    _mm_storel_epi64((void *)(at), _mm_packus_epi16(narrow(v), _mm_setzero_si128()))
#define STORE_32_U16(at, v) _mm_storeu_si128((void *)(at), narrow(v))
#define MIX_U8 fw_mix_u8_avx2
#define MIX_U16 fw_mix_u16_avx2
#include "mix_wide.h"

#endif
