/* Binomial sharpening with AVX2. */
#if defined(__x86_64__)
#include "binomial_body.h"

const struct fw_binomial_kernels fw_binomial_avx2 = { FW_CPU_AVX2, BINOMIAL_TABLE };
#endif
