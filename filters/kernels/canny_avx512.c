/* Canny's steps with AVX-512. */
#if defined(__x86_64__)
#include "canny_rows.h"

const struct fw_canny_kernels fw_canny_avx512 = CANNY_KERNELS(FW_CPU_AVX512);
#endif
