/* Sums for PSNR and SSIM: the portable loops, and the choice of a variant. */
#define LEVEL fw_metric_c
#define CPU FW_CPU_C
#include "metric_rows.h"

const struct fw_metric_kernels *fw_metric_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_metric_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_metric_avx2;
#else
    (void)level;
#endif
    return &fw_metric_c;
}
