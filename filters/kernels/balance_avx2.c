/* Colour balance with AVX2. */
#if defined(__x86_64__)
#define LEVEL avx2
#include "balance_rows.h"
#endif
