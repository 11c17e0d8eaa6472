/* Weighted sums with AVX-512. */
#if defined(__x86_64__)
#include "convolve.h"

#include <immintrin.h>
#include <stdbool.h>

#define VEC __m512i
#define VEC_PS __m512
#define LANES 32
#define OP(name) _mm512_##name
#define OP_SI(name) _mm512_##name##_si512
#define NAME(word) fw_convolve_row_##word##_avx512
#define STORE_U8(p, v) _mm256_storeu_si256((void *)(p), _mm512_cvtepi16_epi8(v))
#include "convolve_wide.h"
#endif
