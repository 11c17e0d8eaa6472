/*
 * Rows of a turned picture: samples between four neighbours, at places that step evenly through the
 * source. Places and fractions are of 16 bits, products of 64, as libavfilter's rotate computes
 * them.
 */
#ifndef FW_FILTERS_KERNELS_ROTATE_H
#define FW_FILTERS_KERNELS_ROTATE_H

#include "cpu.h"

/* Output i is at (x + i * c, y - i * s) in 1/65536 samples. */
struct fw_rotate_row {
    const uint8_t *src;
    ptrdiff_t stride;
    int32_t width; /* of the source, in pixels */
    int32_t height;
    int32_t x;
    int32_t y;
    int32_t c;
    int32_t s;
};

/* Every output lies between four pixels of the source: 0 <= x >> 16 < width - 1, and so for y. */
struct fw_rotate_kernels {
    enum fw_cpu level;
    void (*row_u8)(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
    /* As row_u8 from a source whose rows are pairs of rows, made by `pair`: all four neighbours lie
     * in 4 bytes. NULL where that is no gain. */
    void (*paired_u8)(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
    /* dst[2 * i] = top[i], dst[2 * i + 1] = bottom[i]. */
    void (*pair)(uint8_t *dst, const uint8_t *top, const uint8_t *bottom, int32_t count);
    void (*row_u16)(uint16_t *dst, const struct fw_rotate_row *row, int32_t count);
    void (*row4_u8)(uint8_t *dst, const struct fw_rotate_row *row,
                    int32_t count); /* 4 bytes a pixel */
};

extern const struct fw_rotate_kernels fw_rotate_variants[];
const struct fw_rotate_kernels *fw_rotate_kernels(int level);

/* Between four samples. */
static inline uint32_t fw_rotate_mix(uint32_t s00, uint32_t s01, uint32_t s10, uint32_t s11,
                                     uint32_t fx, uint32_t fy)
{
    uint64_t top = (uint64_t)(65536 - fx) * s00 + (uint64_t)fx * s01;
    uint64_t bottom = (uint64_t)(65536 - fx) * s10 + (uint64_t)fx * s11;
    return (uint32_t)(((65536 - fy) * top + fy * bottom) >> 32);
}

void fw_rotate_row_u8_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t first, int32_t end);
void fw_rotate_row_u16_c(uint16_t *dst, const struct fw_rotate_row *row, int32_t first,
                         int32_t end);
void fw_rotate_paired_u8_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t first,
                           int32_t end);
/* Any number of bytes a pixel. */
void fw_rotate_pixels_c(uint8_t *dst, const struct fw_rotate_row *row, int32_t unit, int32_t first,
                        int32_t end);
void fw_rotate_row_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_paired_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_pair_avx2(uint8_t *dst, const uint8_t *top, const uint8_t *bottom, int32_t count);
void fw_rotate_row_u16_avx2(uint16_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_row4_u8_avx2(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_row_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_paired_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_pair_avx512(uint8_t *dst, const uint8_t *top, const uint8_t *bottom, int32_t count);
void fw_rotate_row_u16_avx512(uint16_t *dst, const struct fw_rotate_row *row, int32_t count);
void fw_rotate_row4_u8_avx512(uint8_t *dst, const struct fw_rotate_row *row, int32_t count);

#endif
