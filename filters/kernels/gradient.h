/*
 * Rows of the 3x3 edge operators sobel, prewitt, scharr, roberts and kirsch.
 *
 * Length of the gradient times `scale` plus `delta`, cut off towards zero and clipped to 0..peak;
 * what passes 2^31 becomes 0. Lengths of 8-bit samples come of integer squares but for scharr's;
 * all others of floats, squared and added one by one.
 */
#ifndef FW_FILTERS_KERNELS_GRADIENT_H
#define FW_FILTERS_KERNELS_GRADIENT_H

#include "cpu.h"

enum fw_gradient {
    FW_GRADIENT_SOBEL,
    FW_GRADIENT_PREWITT,
    FW_GRADIENT_SCHARR,
    FW_GRADIENT_ROBERTS,
    FW_GRADIENT_KIRSCH,
    FW_GRADIENT_COUNT
};

/* The rows above, at and below the output; each has a sample more at both ends. */
struct fw_gradient_rows {
    const uint16_t *rows[3];
    int32_t width;
    float scale;
    float delta;
    float peak;
};

struct fw_gradient_kernels {
    enum fw_cpu level;
    void (*row_u8[FW_GRADIENT_COUNT])(uint8_t *dst, const struct fw_gradient_rows *from);
    void (*row_u16[FW_GRADIENT_COUNT])(uint16_t *dst, const struct fw_gradient_rows *from);
};

const struct fw_gradient_kernels *fw_gradient_kernels(int level);

extern const struct fw_gradient_kernels fw_gradient_avx2;
extern const struct fw_gradient_kernels fw_gradient_avx512;

#endif
