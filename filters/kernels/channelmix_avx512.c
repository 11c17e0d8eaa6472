/* Sums of rounded products with AVX-512. */
#if defined(__x86_64__)
#define LEVEL avx512
#include "channelmix_rows.h"
#endif
