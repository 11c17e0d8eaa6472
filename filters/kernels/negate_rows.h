/* The bodies of negate.h's kernels, for each instruction set's file. */
#ifndef FW_FILTERS_KERNELS_NEGATE_ROWS_H
#define FW_FILTERS_KERNELS_NEGATE_ROWS_H

#include <stdint.h>

static inline void negate_row_u8(uint8_t *dst, const uint8_t *src, int32_t count)
{
#pragma GCC ivdep
    for (int32_t i = 0; i < count; i++)
        dst[i] = (uint8_t)~src[i];
}

static inline void negate_row_u16(uint16_t *dst, const uint16_t *src, int32_t count,
                                  uint16_t maximum)
{
#pragma GCC ivdep
    for (int32_t i = 0; i < count; i++)
        dst[i] = (uint16_t)(maximum - src[i]);
}

static inline void negate_row_flip(uint8_t *dst, const uint8_t *src, const uint8_t *restrict mask,
                                   int32_t count)
{
#pragma GCC ivdep
    for (int32_t i = 0; i < count; i++)
        dst[i] = src[i] ^ mask[i];
}

#endif
