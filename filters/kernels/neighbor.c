/* Neighbours in portable C, and the choice of variants. */
#include "neighbor_rows.h"

static const struct fw_neighbor_kernels plain = NEIGHBOR_KERNELS(FW_CPU_C);

/* Best first. */
static const struct fw_neighbor_kernels *const variants[] = {
#if defined(__x86_64__)
    &fw_neighbor_avx512,
    &fw_neighbor_avx2,
#endif
    &plain,
};

const struct fw_neighbor_kernels *fw_neighbor_kernels(int level)
{
    const struct fw_neighbor_kernels *const *row = variants;
    while ((int)(*row)->level > level)
        row++;
    return *row;
}
