/* Red, green, blue and alpha rows of planar and packed RGB pictures, for filters that mix them. */
#ifndef FW_FILTERS_RGB_ROWS_H
#define FW_FILTERS_RGB_ROWS_H

#include "filter.h"
#include "kernels/interleave.h"

#include <stdbool.h>

struct fw_rgb_rows {
    bool planar;
    int32_t sample_bytes;
    const struct fw_interleave_kernels *kernels;
    struct fw_interleave plan;
};

/* Samples of one component in native order; [3] is alpha, or NULL when the format has none. */
typedef void fw_rgb_row_call(const void *argument, uint8_t *const dst[4],
                             const uint8_t *const src[4], int32_t count);

/* Native-endian RGB of 8 to 16 whole bits, planar, or packed in 3 or 4 samples of equal size. */
bool fw_rgb_rows_takes(const struct fw_format *format);
/* Bytes of scratch that a band needs. */
size_t fw_rgb_rows_scratch(const struct fw_format *format);
void fw_rgb_rows_start(struct fw_rgb_rows *rows, const struct fw_format *format, int level);
/* Calls `call` with pieces of the rows [first, end). A fourth sample that is no alpha keeps its
 * value, and so does alpha with `alpha` false, for which [3] is NULL. */
void fw_rgb_rows_run(const struct fw_rgb_rows *rows, const struct fw_image *dst,
                     const struct fw_image *src, int32_t first, int32_t end, void *scratch,
                     bool alpha, fw_rgb_row_call *call, const void *argument);

#endif
