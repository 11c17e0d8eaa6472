/* Recursive bilateral smoothing with AVX2. */
#if defined(__x86_64__)
#include "bilateral_body.h"

const struct fw_bilateral_kernels fw_bilateral_avx2 = { FW_CPU_AVX2, BILATERAL_TABLE };
#endif
