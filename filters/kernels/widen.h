/* Rows of 8-bit samples to rows of 16-bit ones, so that kernels with sums take one kind of row. */
#ifndef FW_FILTERS_KERNELS_WIDEN_H
#define FW_FILTERS_KERNELS_WIDEN_H

#include "cpu.h"

struct fw_widen_kernels {
    enum fw_cpu level;
    void (*widen_u8)(uint16_t *dst, const uint8_t *src, int32_t count);
};

extern const struct fw_widen_kernels fw_widen_variants[];
const struct fw_widen_kernels *fw_widen_kernels(int level);

void fw_widen_u8_c(uint16_t *dst, const uint8_t *src, int32_t count);
void fw_widen_u8_avx2(uint16_t *dst, const uint8_t *src, int32_t count);

#endif
