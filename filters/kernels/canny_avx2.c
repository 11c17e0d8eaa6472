/* Canny's steps with AVX2. */
#if defined(__x86_64__)
#include "canny_rows.h"

const struct fw_canny_kernels fw_canny_avx2 = CANNY_KERNELS(FW_CPU_AVX2);
#endif
