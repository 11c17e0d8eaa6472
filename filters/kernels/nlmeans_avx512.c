/* Non-local means with AVX-512. */
#if defined(__x86_64__)
#include "nlmeans_body.h"

const struct fw_nlmeans_kernels fw_nlmeans_avx512 = { FW_CPU_AVX512, NLMEANS_TABLE };
#endif
