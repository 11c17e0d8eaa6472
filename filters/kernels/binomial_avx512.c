/* Binomial sharpening with AVX-512. */
#if defined(__x86_64__)
#include "binomial_body.h"

const struct fw_binomial_kernels fw_binomial_avx512 = { FW_CPU_AVX512, BINOMIAL_TABLE };
#endif
