/* Any whole-byte integer format to and from separate planes, one per component. */
#ifndef FW_FILTERS_PACK_H
#define FW_FILTERS_PACK_H

#include "filter.h"

/* One component as a plane of bytes (depth 8) or native 16-bit words. */
struct fw_samples {
    uint8_t *data;
    ptrdiff_t stride;
    int32_t width;
    int32_t height;
};

/* Size of a component's plane in `format`. */
int32_t fw_samples_width(const struct fw_format *format, uint32_t component, int32_t width);
int32_t fw_samples_height(const struct fw_format *format, uint32_t component, int32_t height);

/* Copies component `index` of `image` out; a destination larger than the plane gets its last column
 * and row repeated. */
void fw_samples_take(const struct fw_samples *samples, const struct fw_image *image,
                     uint32_t index);
/* Copies it back; what of `samples` lies beyond the plane is left out. */
void fw_samples_put(const struct fw_samples *samples, const struct fw_image *image, uint32_t index);

#endif
