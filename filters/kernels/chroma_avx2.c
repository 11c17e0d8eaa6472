/* Chroma turned, luma moved with AVX2. */
#if defined(__x86_64__)
#define LEVEL fw_chroma_avx2
#define CPU FW_CPU_AVX2
#include "chroma_rows.h"
#endif
