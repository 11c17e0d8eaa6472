/* libzimg: one conversion of size, format, matrix, range and depth. */
#ifndef FW_FILTERS_ZIMAGE_H
#define FW_FILTERS_ZIMAGE_H

#include "filter.h"

#include <stdbool.h>

enum fw_zimage_kernel {
    FW_ZIMAGE_BICUBIC, /* b = 0, c = 0.6, as libswscale's default */
    FW_ZIMAGE_POINT,
    FW_ZIMAGE_BILINEAR,
    FW_ZIMAGE_LANCZOS,
    FW_ZIMAGE_SPLINE16,
    FW_ZIMAGE_SPLINE36,
    FW_ZIMAGE_SPLINE64,
    FW_ZIMAGE_AREA /* resize.h alone: zimg has none */
};

struct fw_zimage;

/* Integer formats of 8 to 16 bits whose samples are whole bytes or whole 16-bit words. */
bool fw_zimage_takes(const struct fw_format *format);
/* The range that pixels of `video` have: 1 limited, 2 full. RGB and gray are full unless tagged. */
uint8_t fw_zimage_range(const struct fw_video *video);

/* `portable`: zimg's plain C paths, for tests. Both formats must pass fw_zimage_takes. */
int fw_zimage_open(struct fw_zimage **zimage_out, const struct fw_video *in,
                   const struct fw_video *out, enum fw_zimage_kernel kernel, bool portable,
                   struct fw_error *err) FW_MUST_CHECK;
int fw_zimage_process(struct fw_zimage *zimage, const struct fw_image *in,
                      const struct fw_image *out, struct fw_error *err) FW_MUST_CHECK;
void fw_zimage_close(struct fw_zimage *zimage); /* NULL ok */

#endif
