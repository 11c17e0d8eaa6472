/* Medians of 3x3 samples by networks of AVX-512. */
#if defined(__x86_64__)
#include "median.h"

#include <immintrin.h>

#define VEC __m512i
#define LANES_U8 64
#define LOAD(p) _mm512_loadu_si512((const void *)(p))
#define STORE(p, v) _mm512_storeu_si512((void *)(p), v)
#define MIN_u8 _mm512_min_epu8
#define MAX_u8 _mm512_max_epu8
#define MIN_u16 _mm512_min_epu16
#define MAX_u16 _mm512_max_epu16
#define NAME(size, word) fw_median_##size##_##word##_avx512
#include "median_wide.h"
#endif
