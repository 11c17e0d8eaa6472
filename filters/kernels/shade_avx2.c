/* Samples multiplied and dithered with AVX2. */
#if defined(__x86_64__)
#define LEVEL fw_shade_avx2
#define CPU FW_CPU_AVX2
#include "shade_rows.h"
#endif
