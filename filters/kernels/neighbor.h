/* Samples under the influence of the eight around them: erosion, dilation, inflation, deflation. */
#ifndef FW_FILTERS_KERNELS_NEIGHBOR_H
#define FW_FILTERS_KERNELS_NEIGHBOR_H

#include "cpu.h"

enum fw_neighbor {
    FW_NEIGHBOR_ERODE,   /* the least of a sample and the chosen neighbours */
    FW_NEIGHBOR_DILATE,  /* the most of them */
    FW_NEIGHBOR_DEFLATE, /* the neighbours' mean, where it is less */
    FW_NEIGHBOR_INFLATE, /* the neighbours' mean, where it is more */
    FW_NEIGHBOR_COUNT
};

struct fw_neighbor_rows {
    const void *rows[3]; /* above, at and below; each has a sample more at both ends */
    int32_t width;
    uint32_t chosen;   /* bits of neighbours in reading order; all for the means */
    int32_t threshold; /* how far a sample may move, at least 1 */
    int32_t peak;
};

struct fw_neighbor_kernels {
    enum fw_cpu level;
    void (*row_u8[FW_NEIGHBOR_COUNT])(uint8_t *dst, const struct fw_neighbor_rows *from);
    void (*row_u16[FW_NEIGHBOR_COUNT])(uint16_t *dst, const struct fw_neighbor_rows *from);
};

const struct fw_neighbor_kernels *fw_neighbor_kernels(int level);

extern const struct fw_neighbor_kernels fw_neighbor_avx2;
extern const struct fw_neighbor_kernels fw_neighbor_avx512;

#endif
