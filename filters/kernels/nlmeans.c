/* Non-local means: the portable variant, and the choice of a variant. */
#include "nlmeans.h"

#include "nlmeans_body.h"

static const struct fw_nlmeans_kernels nlmeans_c = { FW_CPU_C, NLMEANS_TABLE };

const struct fw_nlmeans_kernels *fw_nlmeans_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_nlmeans_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_nlmeans_avx2;
#endif
    (void)level;
    return &nlmeans_c;
}
