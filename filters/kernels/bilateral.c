/* Recursive bilateral smoothing: the portable variant, and the choice of a variant. */
#include "bilateral.h"

#include "bilateral_body.h"

static const struct fw_bilateral_kernels bilateral_c = { FW_CPU_C, BILATERAL_TABLE };

const struct fw_bilateral_kernels *fw_bilateral_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_bilateral_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_bilateral_avx2;
#endif
    (void)level;
    return &bilateral_c;
}
