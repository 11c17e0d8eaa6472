/* Non-local means with AVX2. */
#if defined(__x86_64__)
#include "nlmeans_body.h"

const struct fw_nlmeans_kernels fw_nlmeans_avx2 = { FW_CPU_AVX2, NLMEANS_TABLE };
#endif
