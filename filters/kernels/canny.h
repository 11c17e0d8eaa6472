/*
 * The steps of J. Canny's edge detector on rows of 8-bit samples: blur, gradient, thinning,
 * hysteresis over the nearest neighbours.
 */
#ifndef FW_FILTERS_KERNELS_CANNY_H
#define FW_FILTERS_KERNELS_CANNY_H

#include "cpu.h"

struct fw_canny_kernels {
    enum fw_cpu level;
    /* A Gaussian of sigma 1.4 over 5x5 samples; the outermost two columns are copied. `sums` are
     * 3 * width numbers to work with. */
    void (*blur)(uint16_t *dst, const uint8_t *const *rows, int32_t width, uint16_t *sums);
    /* |gx| + |gy| of Sobel's operator over 3 rows, and the direction; 0 in the outermost columns.
     */
    void (*gradient)(uint16_t *strength, uint16_t *direction, const uint16_t *const *rows,
                     int32_t width);
    /* The strengths, up to 255, that pass both neighbours along their direction, else 0. */
    void (*thin)(uint8_t *dst, const uint16_t *const *strength, const uint16_t *direction,
                 int32_t width);
    /* Samples above `high`, and those above `low` that touch one; rows have a sample more at both
     * ends. */
    void (*link)(uint8_t *dst, const uint8_t *const *rows, int32_t width, uint8_t low,
                 uint8_t high);
    /* dst = (dst + src) / 2 */
    void (*mix)(uint8_t *dst, const uint8_t *src, int32_t width);
};

const struct fw_canny_kernels *fw_canny_kernels(int level);

extern const struct fw_canny_kernels fw_canny_avx2;
extern const struct fw_canny_kernels fw_canny_avx512;

#endif
