/* Gaussian blur with AVX-512. */
#if defined(__x86_64__)
#include "gauss_body.h"

const struct fw_gauss_kernels fw_gauss_avx512 = { FW_CPU_AVX512, GAUSS_TABLE };
#endif
