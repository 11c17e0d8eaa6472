/* Rows of planes for band(): which ones of a plane, copied as they are, their room in scratch. */
#ifndef FW_FILTERS_ROWS_H
#define FW_FILTERS_ROWS_H

#include "format.h"

#include <string.h>

#define FW_ROWS_ALIGN 64 /* bytes: a cache line, and the widest vector */

/* Samples [first, end) of a plane's height, and its width in samples. */
struct fw_rows {
    int32_t first;
    int32_t end;
    int32_t width;
    int32_t height; /* of the whole plane */
};

/* `row_first` and `row_end` are whole chroma rows; the last band ends at the image's height. */
static inline struct fw_rows fw_rows_of(const struct fw_image *image, uint32_t plane,
                                        int32_t row_first, int32_t row_end)
{
    const struct fw_format *format = image->format;
    struct fw_rows rows = {
        .first = row_first,
        .end = row_end,
        .width = fw_format_plane_width(format, plane, image->width),
        .height = fw_format_plane_height(format, plane, image->height),
    };
    if (rows.height != image->height) {
        rows.first = row_first >> format->log2_chroma_h;
        rows.end = row_end == image->height ? rows.height : row_end >> format->log2_chroma_h;
    }
    return rows;
}

/* What `bytes` of scratch memory take when the next part begins at a cache line. */
static inline size_t fw_rows_align(size_t bytes)
{
    return (bytes + FW_ROWS_ALIGN - 1) / FW_ROWS_ALIGN * FW_ROWS_ALIGN;
}

/* Rows of one plane as they are, to an image of the same format and size. */
static inline void fw_rows_copy(const struct fw_image *dst, const struct fw_image *src,
                                uint32_t plane, struct fw_rows rows)
{
    size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
    for (int32_t y = rows.first; y < rows.end; y++)
        memcpy(dst->data[plane] + y * dst->stride[plane], src->data[plane] + y * src->stride[plane],
               bytes);
}

#endif
