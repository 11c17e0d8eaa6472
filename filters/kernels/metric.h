/*
 * Sums that PSNR and SSIM are made of, all in integers. SSIM's are those of libavfilter: blocks of
 * 4x4 samples, four of which make a window of 8x8.
 */
#ifndef FW_FILTERS_KERNELS_METRIC_H
#define FW_FILTERS_KERNELS_METRIC_H

#include "cpu.h"

/* Sums over columns of four rows; blocks are sums of four columns. */
struct fw_metric_sums {
    int64_t a;
    int64_t b;
    int64_t squares; /* of both */
    int64_t product;
};

struct fw_metric_kernels {
    enum fw_cpu level;
    /* The sum of squared differences of two rows; `count` is at most 32768. */
    uint64_t (*error_u8)(const uint8_t *a, const uint8_t *b, int32_t count);
    uint64_t (*error_u16)(const uint16_t *a, const uint16_t *b, int32_t count);
    /* `count` blocks of 4x4 samples that lie side by side. */
    void (*blocks_u8)(struct fw_metric_sums *sums, const uint8_t *a, ptrdiff_t a_stride,
                      const uint8_t *b, ptrdiff_t b_stride, int32_t count);
    void (*blocks_u16)(struct fw_metric_sums *sums, const uint8_t *a, ptrdiff_t a_stride,
                       const uint8_t *b, ptrdiff_t b_stride, int32_t count);
};

extern const struct fw_metric_kernels fw_metric_c;
extern const struct fw_metric_kernels fw_metric_avx2;
extern const struct fw_metric_kernels fw_metric_avx512;
const struct fw_metric_kernels *fw_metric_kernels(int level);

#endif
