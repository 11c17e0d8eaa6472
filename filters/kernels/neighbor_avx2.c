/* Neighbours with AVX2. */
#if defined(__x86_64__)
#include "neighbor_rows.h"

const struct fw_neighbor_kernels fw_neighbor_avx2 = NEIGHBOR_KERNELS(FW_CPU_AVX2);
#endif
