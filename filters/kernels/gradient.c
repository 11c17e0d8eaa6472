/* Edge operators in portable C, and the choice of variants. */
#include "gradient_rows.h"

static const struct fw_gradient_kernels plain = GRADIENT_KERNELS(FW_CPU_C);

/* Best first. */
static const struct fw_gradient_kernels *const variants[] = {
#if defined(__x86_64__)
    &fw_gradient_avx512,
    &fw_gradient_avx2,
#endif
    &plain,
};

const struct fw_gradient_kernels *fw_gradient_kernels(int level)
{
    const struct fw_gradient_kernels *const *row = variants;
    while ((int)(*row)->level > level)
        row++;
    return *row;
}
