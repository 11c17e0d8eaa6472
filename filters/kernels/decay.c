/* Two-sided decays: the portable variant, and the choice of a variant. */
#include "decay.h"

#include "decay_body.h"

static const struct fw_decay_kernels decay_c = { FW_CPU_C, DECAY_TABLE };

const struct fw_decay_kernels *fw_decay_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_decay_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_decay_avx2;
#endif
    (void)level;
    return &decay_c;
}
