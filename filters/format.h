/* The table of pixel formats. Names and layouts are FFmpeg's; pipeline/avframe.c and
 * filters/lavfi.c map them to libav by name. */
#ifndef FW_FILTERS_FORMAT_H
#define FW_FILTERS_FORMAT_H

#include "filter.h"

#include <stdbool.h>

uint32_t fw_format_count(void);
/* NULL when `id` is out of the table: ids read from shared memory go through here. */
const struct fw_format *fw_format_at(uint32_t id);
/* NULL when the name is unknown. */
const struct fw_format *fw_format_find(const char *name);

/* Size of a plane in samples of that plane; plane 1 of a palette format is 256 x 1. */
int32_t fw_format_plane_width(const struct fw_format *format, uint32_t plane, int32_t width);
int32_t fw_format_plane_height(const struct fw_format *format, uint32_t plane, int32_t height);
/* Bytes of one row of a plane, without padding. */
size_t fw_format_row_bytes(const struct fw_format *format, uint32_t plane, int32_t width);
/* Depth of the deepest component. */
uint32_t fw_format_depth(const struct fw_format *format);
/* Planar integer, native endian, 8 to 16 bits: what most kernels take. */
bool fw_format_is_planar_int(const struct fw_format *format);

#endif
