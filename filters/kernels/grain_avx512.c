/* Noise from a counter with AVX-512. */
#if defined(__x86_64__)
#define LEVEL fw_grain_avx512
#define CPU FW_CPU_AVX512
#include "grain_rows.h"
#endif
