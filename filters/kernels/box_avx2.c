/* Sums over boxes with AVX2. */
#if defined(__x86_64__)
#include "box_body.h"

const struct fw_box_kernels fw_box_avx2 = { FW_CPU_AVX2, BOX_TABLE };
#endif
