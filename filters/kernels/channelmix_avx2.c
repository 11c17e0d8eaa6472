/* Sums of rounded products with AVX2. */
#if defined(__x86_64__)
#define LEVEL avx2
#include "channelmix_rows.h"
#endif
