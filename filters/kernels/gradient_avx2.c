/* Edge operators with AVX2. */
#if defined(__x86_64__)
#include "gradient_rows.h"

const struct fw_gradient_kernels fw_gradient_avx2 = GRADIENT_KERNELS(FW_CPU_AVX2);
#endif
