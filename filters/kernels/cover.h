/*
 * A still picture blended over a row: dst * keep + add, divided by the largest sample, where keep
 * is that less alpha and add the picture times alpha. The divisions are those of libavfilter's
 * overlay: 8 bits to the nearest, more bits downwards.
 */
#ifndef FW_FILTERS_KERNELS_COVER_H
#define FW_FILTERS_KERNELS_COVER_H

#include "cpu.h"

struct fw_cover_kernels {
    enum fw_cpu level;
    /* keep <= 255; `add` has the 128 of the rounding in it and is at most 65153 - dst * keep. */
    void (*u8)(uint8_t *dst, const uint16_t *keep, const uint16_t *add, int32_t width);
    /* 10 bits: keep <= 1023. */
    void (*u10)(uint16_t *dst, const uint16_t *keep, const uint32_t *add, int32_t width);
};

extern const struct fw_cover_kernels fw_cover_variants[];
const struct fw_cover_kernels *fw_cover_kernels(int level);

void fw_cover_u8_c(uint8_t *dst, const uint16_t *keep, const uint16_t *add, int32_t width);
void fw_cover_u10_c(uint16_t *dst, const uint16_t *keep, const uint32_t *add, int32_t width);
void fw_cover_u8_avx2(uint8_t *dst, const uint16_t *keep, const uint16_t *add, int32_t width);
void fw_cover_u10_avx2(uint16_t *dst, const uint16_t *keep, const uint32_t *add, int32_t width);

#endif
