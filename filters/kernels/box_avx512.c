/* Sums over boxes with AVX-512. */
#if defined(__x86_64__)
#include "box_body.h"

const struct fw_box_kernels fw_box_avx512 = { FW_CPU_AVX512, BOX_TABLE };
#endif
