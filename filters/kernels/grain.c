/* Noise from a counter: the portable loops, and the choice of a variant. */
#define LEVEL fw_grain_c
#define CPU FW_CPU_C
#include "grain_rows.h"

#include <math.h>

#define BELL_DEVIATION 147.7997 /* of the sum of four bytes: sqrt(4 * (256^2 - 1) / 12) */

int32_t fw_grain_scale(double size, int32_t uniform)
{
    return (int32_t)lrint(uniform ? size : size / BELL_DEVIATION * 16384);
}

const struct fw_grain_kernels *fw_grain_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_grain_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_grain_avx2;
#else
    (void)level;
#endif
    return &fw_grain_c;
}
