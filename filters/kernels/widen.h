/* Rows of 8-bit samples to rows of 16-bit ones, so that kernels with sums take one kind of row.
 * One function for all levels: it is bound by memory. */
#ifndef FW_FILTERS_KERNELS_WIDEN_H
#define FW_FILTERS_KERNELS_WIDEN_H

#include <stdint.h>

void fw_widen_u8(uint16_t *dst, const uint8_t *src, int32_t count);

#endif
