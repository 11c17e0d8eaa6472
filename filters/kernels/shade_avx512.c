/* Samples multiplied and dithered with AVX-512. */
#if defined(__x86_64__)
#define LEVEL fw_shade_avx512
#define CPU FW_CPU_AVX512
#include "shade_rows.h"
#endif
