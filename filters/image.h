/* Images in one block of memory: layout, views, copies. */
#ifndef FW_FILTERS_IMAGE_H
#define FW_FILTERS_IMAGE_H

#include "filter.h"

#include <stdbool.h>

#define FW_IMAGE_ALIGN 64 /* of planes and strides */
#define FW_IMAGE_GUARD                                                                             \
    128 /* spare bytes behind every plane, for kernels that load whole vectors                     \
         */

/* Offsets and strides of an image inside its block. */
struct fw_image_layout {
    size_t offset[FW_PLANES_MAX];
    size_t stride[FW_PLANES_MAX];
    size_t bytes; /* of the block, guards included; a multiple of FW_IMAGE_ALIGN */
};

/* A pure function of its arguments, so that every process computes the same layout and none is
 * read from shared memory. Strides are multiples of 64 and never of 1024, where caches alias.
 * Returns 0, or -1 when the size is out of 1..32768 or does not fit size_t. */
int fw_image_layout(struct fw_image_layout *layout, const struct fw_format *format, int32_t width,
                    int32_t height) FW_MUST_CHECK;
/* The view of an image laid out at `base`. */
void fw_image_map(struct fw_image *image, const struct fw_image_layout *layout,
                  const struct fw_format *format, int32_t width, int32_t height, void *base);
/* Copies visible pixels. Same format and size, or FW_CHECK fails. */
void fw_image_copy(const struct fw_image *dst, const struct fw_image *src);

/* Whether libswscale reads one pixel beyond the rows of such frames: it takes RGB in pairs where it
 * halves chroma, the last pixel of an odd width too. What lies there is nobody's, and would make
 * the same frame come out differently from time to time. */
bool fw_image_wants_edge(const struct fw_video *video);
/* An image with room for that pixel, in a zeroed block to be freed; NULL without memory. */
void *fw_image_take_with_edge(struct fw_image *image_out, const struct fw_video *video);
/* Visible pixels, and the last one of every row once more behind it. */
void fw_image_copy_with_edge(const struct fw_image *dst, const struct fw_image *src);

#endif
