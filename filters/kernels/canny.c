/* Canny's steps in portable C, and the choice of variants. */
#include "canny_rows.h"

static const struct fw_canny_kernels plain = CANNY_KERNELS(FW_CPU_C);

/* Best first. */
static const struct fw_canny_kernels *const variants[] = {
#if defined(__x86_64__)
    &fw_canny_avx512,
    &fw_canny_avx2,
#endif
    &plain,
};

const struct fw_canny_kernels *fw_canny_kernels(int level)
{
    const struct fw_canny_kernels *const *row = variants;
    while ((int)(*row)->level > level)
        row++;
    return *row;
}
