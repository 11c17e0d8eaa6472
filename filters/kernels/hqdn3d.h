/*
 * Recursive smoothing along rows, down columns and through frames. A sample moves towards the one
 * before it by a step that a table gives for their difference; states have 16 bits whatever the
 * depth of the samples is.
 */
#ifndef FW_FILTERS_KERNELS_HQDN3D_H
#define FW_FILTERS_KERNELS_HQDN3D_H

#include "cpu.h"

/* A sample v is the state (v << shift) + bias, without what the shift moves beyond 16 bits: a file
 * may hold samples with bits above their depth. A table has the steps of the differences d >> drop
 * at index 0 for no difference, from -FW_HQDN3D_SPAN(drop) to below that. */
struct fw_hqdn3d {
    const int16_t *space;
    const int16_t *time;
    int32_t shift; /* 16 - depth */
    int32_t bias;
    int32_t drop;
};

/* States stay within 16 bits, sums of one and a step may go beyond by a few. */
#define FW_HQDN3D_SPAN(drop) ((65536 >> (drop)) + 16)

struct fw_hqdn3d_kernels {
    enum fw_cpu level;
    /* Along `rows` rows of samples into rows of states; the first state of each is its sample's
     * plus `ahead`. Strides are in bytes. */
    void (*across_u8)(uint16_t *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride,
                      const struct fw_hqdn3d *job, int32_t ahead, int32_t width, int32_t rows);
    void (*across_u16)(uint16_t *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride,
                       const struct fw_hqdn3d *job, int32_t ahead, int32_t width, int32_t rows);
    /* Down and through time: `row` is a row of across, `above` the one of states above it, which it
     * replaces, `past` that of the frame before, likewise; samples go to dst. */
    void (*down_u8)(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                    const struct fw_hqdn3d *job, int32_t width);
    void (*down_u16)(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                     const struct fw_hqdn3d *job, int32_t width);
};

extern const struct fw_hqdn3d_kernels fw_hqdn3d_variants[];
const struct fw_hqdn3d_kernels *fw_hqdn3d_kernels(int level);

void fw_hqdn3d_across_u8_c(uint16_t *to, ptrdiff_t to_stride, const void *from,
                           ptrdiff_t from_stride, const struct fw_hqdn3d *job, int32_t ahead,
                           int32_t width, int32_t rows);
void fw_hqdn3d_across_u16_c(uint16_t *to, ptrdiff_t to_stride, const void *from,
                            ptrdiff_t from_stride, const struct fw_hqdn3d *job, int32_t ahead,
                            int32_t width, int32_t rows);
/* Samples [first, width). */
void fw_hqdn3d_part_u8(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                       const struct fw_hqdn3d *job, int32_t first, int32_t width);
void fw_hqdn3d_part_u16(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                        const struct fw_hqdn3d *job, int32_t first, int32_t width);
void fw_hqdn3d_down_u8_avx2(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                            const struct fw_hqdn3d *job, int32_t width);
void fw_hqdn3d_down_u16_avx2(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                             const struct fw_hqdn3d *job, int32_t width);
void fw_hqdn3d_down_u8_avx512(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                              const struct fw_hqdn3d *job, int32_t width);
void fw_hqdn3d_down_u16_avx512(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                               const struct fw_hqdn3d *job, int32_t width);

#endif
