/* Chroma turned, luma moved: the portable loops, and the choice of a variant. */
#define LEVEL fw_chroma_c
#define CPU FW_CPU_C
#include "chroma_rows.h"

const struct fw_chroma_kernels *fw_chroma_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_chroma_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_chroma_avx2;
#else
    (void)level;
#endif
    return &fw_chroma_c;
}
