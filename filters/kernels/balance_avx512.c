/* Colour balance with AVX-512. */
#if defined(__x86_64__)
#define LEVEL avx512
#include "balance_rows.h"
#endif
