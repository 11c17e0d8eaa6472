/* Colour balance: the portable loops, and the table of variants. */
#define LEVEL c
#include "balance_rows.h"

const struct fw_balance_kernels fw_balance_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_balance_u8_avx512, fw_balance_u16_avx512 },
    { FW_CPU_AVX2, fw_balance_u8_avx2, fw_balance_u16_avx2 },
#endif
    { FW_CPU_C, fw_balance_u8_c, fw_balance_u16_c },
};

const struct fw_balance_kernels *fw_balance_kernels(int level)
{
    const struct fw_balance_kernels *row;
    FW_CPU_PICK(fw_balance_variants, level, row);
    return row;
}
