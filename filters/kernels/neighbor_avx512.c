/* Neighbours with AVX-512. */
#if defined(__x86_64__)
#include "neighbor_rows.h"

const struct fw_neighbor_kernels fw_neighbor_avx512 = NEIGHBOR_KERNELS(FW_CPU_AVX512);
#endif
