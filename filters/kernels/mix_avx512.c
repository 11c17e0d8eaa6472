/* A weighted mean of rows: 16 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 16
#define VEC __m512i
#define VECF __m512
#define ZERO _mm512_setzero_si512()
#define SPLATF _mm512_set1_ps
#define ADDF _mm512_add_ps
#define MULF _mm512_mul_ps
#define MINF _mm512_min_ps
#define MAXF _mm512_max_ps
#define ROUND _mm512_cvtps_epi32
#define TO_FLOAT _mm512_cvtepi32_ps
#define ADD16 _mm512_add_epi16
#define ADD32 _mm512_add_epi32
#define WIDEN_U8_16(at) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(at)))
#define WIDEN_U8_32(at) _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(at)))
#define WIDEN_U16_32(at) _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(at)))
#define LOW_16_32(v) _mm512_cvtepu16_epi32(_mm512_castsi512_si256(v))
#define HIGH_16_32(v) _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(v, 1))
#define STORE_32_U8(at, v) _mm_storeu_si128((void *)(at), _mm512_cvtepi32_epi8(v))
#define STORE_32_U16(at, v) _mm256_storeu_si256((void *)(at), _mm512_cvtepi32_epi16(v))
#define MIX_U8 fw_mix_u8_avx512
#define MIX_U16 fw_mix_u16_avx512
#include "mix_wide.h"

#endif
