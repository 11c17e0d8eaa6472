/* Chroma turned, luma moved with AVX-512. */
#if defined(__x86_64__)
#define LEVEL fw_chroma_avx512
#define CPU FW_CPU_AVX512
#include "chroma_rows.h"
#endif
