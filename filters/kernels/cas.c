/* Contrast adaptive sharpening in portable C, and the choice of variants. */
#include "cas_rows.h"

static const struct fw_cas_kernels plain = CAS_KERNELS(FW_CPU_C);

/* Best first. */
static const struct fw_cas_kernels *const variants[] = {
#if defined(__x86_64__)
    &fw_cas_avx512,
    &fw_cas_avx2,
#endif
    &plain,
};

const struct fw_cas_kernels *fw_cas_kernels(int level)
{
    const struct fw_cas_kernels *const *row = variants;
    while ((int)(*row)->level > level)
        row++;
    return *row;
}
