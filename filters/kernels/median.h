/*
 * Medians, or other percentiles, of windows of samples.
 *
 * Two kinds of functions: of 3x3 and 5x5 windows two rows at a time, by networks of minima and
 * maxima; and of any window by histograms.
 */
#ifndef FW_FILTERS_KERNELS_MEDIAN_H
#define FW_FILTERS_KERNELS_MEDIAN_H

#include "cpu.h"

/* A stripe of a plane: some of its columns, row after row. */
struct fw_median_window {
    int32_t radius_x; /* 0..127 */
    int32_t radius_y;
    int32_t rank;  /* of the result: 0 is the least sample of a window */
    int32_t bits;  /* of a sample, 8 to 16; all samples are below 2^bits */
    int32_t width; /* of the output */
    void *scratch; /* fw_median_scratch() bytes, 64-byte aligned */
};

/* Rows that windows take have radius_x samples on the left and right of the output; of 8 bits, or
 * of 16 if `bits` says more. */
struct fw_median_kernels {
    enum fw_cpu level;
    /* dst[0] and dst[1] get the medians of the windows around rows 1 and 2 of 4 (2 and 3 of 6).
     * Rows of src have 1 (2) samples more at both ends. */
    void (*box3_u8)(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
    void (*box3_u16)(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
    void (*box5_u8)(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
    void (*box5_u16)(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
    /* Forgets all rows. */
    void (*window_start)(const struct fw_median_window *window);
    /* Takes a row; 2 * radius_y of them before the first output. */
    void (*window_add)(const struct fw_median_window *window, const void *row);
    /* Takes `enter`, writes dst, and forgets `leave`, the row taken 2 * radius_y rows before. */
    void (*window_row)(const struct fw_median_window *window, void *dst, const void *enter,
                       const void *leave);
};

extern const struct fw_median_kernels fw_median_variants[];
const struct fw_median_kernels *fw_median_kernels(int level);

/* Columns of output whose histograms fit a cache. */
int32_t fw_median_stripe(int32_t bits, int32_t radius_x);
/* What any variant needs for a stripe of `width`. */
size_t fw_median_scratch(int32_t bits, int32_t radius_x, int32_t radius_y, int32_t width);

void fw_median_box3_u8_c(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box3_u16_c(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box5_u8_c(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box5_u16_c(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box3_u8_plain(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box3_u16_plain(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box5_u8_plain(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box5_u16_plain(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box3_u8_avx2(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box3_u16_avx2(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box5_u8_avx2(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box5_u16_avx2(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
void fw_median_box3_u8_avx512(uint8_t *const *dst, const uint8_t *const *src, int32_t width);
void fw_median_box3_u16_avx512(uint16_t *const *dst, const uint16_t *const *src, int32_t width);
size_t fw_median_scratch_avx2(int32_t bits, int32_t radius_x, int32_t width);
void fw_median_window_start_avx2(const struct fw_median_window *window);
void fw_median_window_add_avx2(const struct fw_median_window *window, const void *row);
void fw_median_window_row_avx2(const struct fw_median_window *window, void *dst, const void *enter,
                               const void *leave);

#endif
