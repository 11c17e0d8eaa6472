/* Noise from a counter with AVX2. */
#if defined(__x86_64__)
#define LEVEL fw_grain_avx2
#define CPU FW_CPU_AVX2
#include "grain_rows.h"
#endif
