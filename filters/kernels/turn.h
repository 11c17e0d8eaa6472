/*
 * Rows reversed and planes transposed, for pixels of 1, 2, 3, 4, 6 and 8 bytes.
 */
#ifndef FW_FILTERS_KERNELS_TURN_H
#define FW_FILTERS_KERNELS_TURN_H

#include "cpu.h"

struct fw_turn_kernels {
    enum fw_cpu level;
    /* dst[i] = src[count - 1 - i]; the rows do not overlap. */
    void (*reverse)(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit);
    /* Pixel x of row y of dst is pixel y of row x of src; `width` and `height` are those of dst.
     * Strides may be negative. */
    void (*transpose)(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                      int32_t width, int32_t height, int32_t unit);
};

extern const struct fw_turn_kernels fw_turn_variants[];
const struct fw_turn_kernels *fw_turn_kernels(int level);

void fw_turn_reverse_c(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit);
void fw_turn_transpose_c(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                         ptrdiff_t src_stride, int32_t width, int32_t height, int32_t unit);
void fw_turn_reverse_avx2(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit);
void fw_turn_transpose_avx2(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                            ptrdiff_t src_stride, int32_t width, int32_t height, int32_t unit);

#endif
