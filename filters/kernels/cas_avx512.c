/* Contrast adaptive sharpening with AVX-512. */
#if defined(__x86_64__)
#include "cas_rows.h"

const struct fw_cas_kernels fw_cas_avx512 = CAS_KERNELS(FW_CPU_AVX512);
#endif
