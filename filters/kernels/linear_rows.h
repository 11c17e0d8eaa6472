/* The bodies of linear.h's kernels, for each instruction set's file. */
#ifndef FW_FILTERS_KERNELS_LINEAR_ROWS_H
#define FW_FILTERS_KERNELS_LINEAR_ROWS_H

#include <stdint.h>

/* An offset beyond it gives the least or the greatest value for all samples of 8 bits, as it does.
 */
static inline int16_t linear_held(int32_t offset)
{
    return (int16_t)(offset < -4096 ? -4096 : offset > 4096 ? 4096 : offset);
}

static inline void linear_row_u8(uint8_t *dst, const uint8_t *src, int32_t count, int32_t gain,
                                 int32_t offset)
{
    const int32_t add = linear_held(offset);
#pragma GCC ivdep
    for (int32_t i = 0; i < count; i++) {
        int32_t value = (src[i] * gain >> 12) + add;
        value = value < 0 ? 0 : value;
        dst[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

static inline void linear_row_u16(uint16_t *dst, const uint16_t *src, int32_t count, int32_t gain,
                                  int32_t offset, int32_t maximum)
{
#pragma GCC ivdep
    for (int32_t i = 0; i < count; i++) {
        int32_t value = ((int32_t)src[i] * gain >> 12) + offset;
        value = value < 0 ? 0 : value;
        dst[i] = (uint16_t)(value > maximum ? maximum : value);
    }
}

#endif
