/* Contrast adaptive sharpening with AVX2. */
#if defined(__x86_64__)
#include "cas_rows.h"

const struct fw_cas_kernels fw_cas_avx2 = CAS_KERNELS(FW_CPU_AVX2);
#endif
