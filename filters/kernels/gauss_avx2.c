/* Gaussian blur with AVX2. */
#if defined(__x86_64__)
#include "gauss_body.h"

const struct fw_gauss_kernels fw_gauss_avx2 = { FW_CPU_AVX2, GAUSS_TABLE };
#endif
