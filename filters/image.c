/* Layout of images in one block, and copies between images. */
#include "image.h"

#include "check.h"
#include "format.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_PIXELS 32768

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

int fw_image_layout(struct fw_image_layout *layout, const struct fw_format *format, int32_t width,
                    int32_t height)
{
    memset(layout, 0, sizeof(*layout));
    if (!format || width < 1 || height < 1 || width > SIZE_MAX_PIXELS || height > SIZE_MAX_PIXELS)
        return -1;
    size_t offset = 0;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        size_t stride = round_up(fw_format_row_bytes(format, plane, width), FW_IMAGE_ALIGN);
        /* Rows 1024 bytes apart fall into the same cache sets when a kernel walks columns. */
        if (stride % 1024 == 0)
            stride += FW_IMAGE_ALIGN;
        size_t rows = (size_t)fw_format_plane_height(format, plane, height);
        size_t plane_bytes;
        if (__builtin_mul_overflow(stride, rows, &plane_bytes) ||
            __builtin_add_overflow(plane_bytes, (size_t)FW_IMAGE_GUARD, &plane_bytes))
            return -1;
        layout->offset[plane] = offset;
        layout->stride[plane] = stride;
        if (__builtin_add_overflow(offset, round_up(plane_bytes, FW_IMAGE_ALIGN), &offset))
            return -1;
    }
    layout->bytes = offset;
    return 0;
}

void fw_image_map(struct fw_image *image, const struct fw_image_layout *layout,
                  const struct fw_format *format, int32_t width, int32_t height, void *base)
{
    memset(image, 0, sizeof(*image));
    image->format = format;
    image->width = width;
    image->height = height;
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        image->data[plane] = (uint8_t *)base + layout->offset[plane];
        image->stride[plane] = (ptrdiff_t)layout->stride[plane];
    }
}

void fw_image_copy(const struct fw_image *dst, const struct fw_image *src)
{
    FW_CHECK(dst->format == src->format && dst->width == src->width && dst->height == src->height);
    for (uint32_t plane = 0; plane < dst->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(dst->format, plane, dst->width);
        int32_t rows = fw_format_plane_height(dst->format, plane, dst->height);
        for (int32_t y = 0; y < rows; y++)
            memcpy(dst->data[plane] + y * dst->stride[plane],
                   src->data[plane] + y * src->stride[plane], bytes);
    }
}

bool fw_image_wants_edge(const struct fw_video *video)
{
    return video->width % 2 && (video->format->flags & (FW_FORMAT_RGB | FW_FORMAT_XYZ)) &&
           !(video->format->flags & FW_FORMAT_BITSTREAM);
}

void *fw_image_take_with_edge(struct fw_image *image_out, const struct fw_video *video)
{
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, video->format, video->width + 1, video->height) < 0)
        return NULL;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (!block)
        return NULL;
    memset(block, 0, layout.bytes);
    fw_image_map(image_out, &layout, video->format, video->width, video->height, block);
    return block;
}

void fw_image_copy_with_edge(const struct fw_image *dst, const struct fw_image *src)
{
    fw_image_copy(dst, src);
    for (uint32_t plane = 0; plane < dst->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(dst->format, plane, dst->width);
        size_t unit = fw_format_row_bytes(dst->format, plane, 1);
        int32_t rows = fw_format_plane_height(dst->format, plane, dst->height);
        for (int32_t y = 0; y < rows; y++) {
            uint8_t *behind = dst->data[plane] + y * dst->stride[plane] + bytes;
            memcpy(behind, behind - unit, unit);
        }
    }
}
