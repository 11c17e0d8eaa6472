/* Two-sided decays with AVX2. */
#if defined(__x86_64__)
#include "decay_body.h"

const struct fw_decay_kernels fw_decay_avx2 = { FW_CPU_AVX2, DECAY_TABLE };
#endif
