/* Colours that filters draw with, as samples of a format. */
#ifndef FW_FILTERS_PAINT_H
#define FW_FILTERS_PAINT_H

#include "filter.h"

/* One sample for each component of a format, in the order of the format's components. */
struct fw_paint {
    uint16_t samples[4];
};

/* A colour 0xRRGGBBAA as libavfilter's drawing functions convert it: by BT.601, rounded at the
 * depth of the format, of full range for the formats that are so by name. */
struct fw_paint fw_paint_of(const struct fw_format *format, uint32_t rgba);
/* As some filters convert it: in 8 bits of limited range, shifted up to the depth. */
struct fw_paint fw_paint_coarse(const struct fw_format *format, uint32_t rgba);
/* One pixel of a plane, `bytes` at most 8; returns how many bytes a pixel has. */
int32_t fw_paint_pixel(const struct fw_paint *paint, const struct fw_format *format, uint32_t plane,
                       uint8_t *pixel);
/* Fills samples [x, x + width) of rows [y, y + height) of a plane. */
void fw_paint_fill(const struct fw_paint *paint, const struct fw_image *image, uint32_t plane,
                   int32_t x, int32_t y, int32_t width, int32_t height);

#endif
