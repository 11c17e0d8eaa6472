/* Medians of 3x3 and 5x5 samples by networks of AVX2. */
#if defined(__x86_64__)
#include "median.h"

#include <immintrin.h>

#define VEC __m256i
#define LANES_U8 32
#define LOAD(p) _mm256_loadu_si256((const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((void *)(p), v)
#define MIN_u8 _mm256_min_epu8
#define MAX_u8 _mm256_max_epu8
#define MIN_u16 _mm256_min_epu16
#define MAX_u16 _mm256_max_epu16
#define NAME(size, word) fw_median_##size##_##word##_avx2
#include "median_wide.h"
#include "median_wide5.h"
#endif
