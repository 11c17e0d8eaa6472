/* Weighted sums with AVX2. */
#if defined(__x86_64__)
#include "convolve.h"

#include <immintrin.h>
#include <stdbool.h>

#define VEC __m256i
#define VEC_PS __m256
#define LANES 16
#define OP(name) _mm256_##name
#define OP_SI(name) _mm256_##name##_si256
#define NAME(word) fw_convolve_row_##word##_avx2
#define STORE_U8(p, v)                                                                             \
    _mm_storeu_si128((void *)(p),                                                                  \
                     _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)))
#include "convolve_wide.h"
#endif
