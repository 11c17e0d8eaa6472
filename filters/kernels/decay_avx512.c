/* Two-sided decays with AVX-512. */
#if defined(__x86_64__)
#include "decay_body.h"

const struct fw_decay_kernels fw_decay_avx512 = { FW_CPU_AVX512, DECAY_TABLE };
#endif
