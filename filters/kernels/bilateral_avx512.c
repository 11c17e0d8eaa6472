/* Recursive bilateral smoothing with AVX-512. */
#if defined(__x86_64__)
#include "bilateral_body.h"

const struct fw_bilateral_kernels fw_bilateral_avx512 = { FW_CPU_AVX512, BILATERAL_TABLE };
#endif
