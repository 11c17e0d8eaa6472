/* Samples multiplied and dithered: the portable loops, the generator, and the choice of a variant.
 */
#define LEVEL fw_shade_c
#define CPU FW_CPU_C
#include "shade_rows.h"

/* Of libavfilter's vignette; the constants are those of Numerical Recipes. */
#define MULTIPLY 1664525u
#define ADD 1013904223u

void fw_shade_steps_init(struct fw_shade_steps *steps)
{
    steps->multiply[0] = 1;
    steps->add[0] = 0;
    for (int k = 0; k < FW_SHADE_BLOCK; k++) {
        steps->multiply[k + 1] = steps->multiply[k] * MULTIPLY;
        steps->add[k + 1] = steps->add[k] * MULTIPLY + ADD;
    }
}

uint32_t fw_shade_skip(uint32_t state, uint64_t count)
{
    uint32_t multiply = MULTIPLY; /* of 2^k steps at once */
    uint32_t add = ADD;
    for (; count; count >>= 1) {
        if (count & 1)
            state = multiply * state + add;
        add = multiply * add + add;
        multiply *= multiply;
    }
    return state;
}

const struct fw_shade_kernels *fw_shade_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_shade_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_shade_avx2;
#else
    (void)level;
#endif
    return &fw_shade_c;
}
