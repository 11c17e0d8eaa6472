/* Edge operators with AVX-512. */
#if defined(__x86_64__)
#include "gradient_rows.h"

const struct fw_gradient_kernels fw_gradient_avx512 = GRADIENT_KERNELS(FW_CPU_AVX512);
#endif
