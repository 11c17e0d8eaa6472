/* The table of pixel formats and what follows from a row: plane sizes and row lengths. */
#include "format.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define RGB FW_FORMAT_RGB
#define ALPHA FW_FORMAT_ALPHA
#define BE FW_FORMAT_BIG_ENDIAN
#define FLT FW_FORMAT_FLOAT
#define PAL FW_FORMAT_PALETTE
#define BITS FW_FORMAT_BITSTREAM
#define PLANAR FW_FORMAT_PLANAR
#define BAYER FW_FORMAT_BAYER
#define XYZ FW_FORMAT_XYZ
#define FULL FW_FORMAT_FULL_RANGE
#define C(plane, step, offset, shift, depth)                                                       \
    {                                                                                              \
        plane, step, offset, shift, depth,                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define NONE C(0, 0, 0, 0, 0)
#define ROW(name, id, components, planes, chroma_w, chroma_h, flags, c0, c1, c2, c3)               \
    { name, id, components, planes, chroma_w, chroma_h, { 0 }, flags, { c0, c1, c2, c3 } },

static const struct fw_format formats[] = {
#include "format_table.h"
};

/* Other spellings that FFmpeg reads, beside a missing native-endian suffix. */
static const char *const aliases[][2] = {
    { "gray8", "gray" },     { "y8", "gray" },        { "gray8a", "ya8" },
    { "y9le", "gray9le" },   { "y10le", "gray10le" }, { "y12le", "gray12le" },
    { "y14le", "gray14le" }, { "y16le", "gray16le" }, { "y9be", "gray9be" },
    { "y10be", "gray10be" }, { "y12be", "gray12be" }, { "y14be", "gray14be" },
    { "y16be", "gray16be" }, { "gbr24p", "gbrp" },
};

uint32_t fw_format_count(void)
{
    return FW_COUNT(formats);
}

const struct fw_format *fw_format_at(uint32_t id)
{
    return id < FW_COUNT(formats) ? &formats[id] : NULL;
}

static const struct fw_format *find_exact(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(aliases); i++) {
        if (strcmp(aliases[i][0], name) == 0)
            name = aliases[i][1];
    }
    for (size_t i = 0; i < FW_COUNT(formats); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return NULL;
}

const struct fw_format *fw_format_find(const char *name)
{
    if (!name)
        return NULL;
    const struct fw_format *found = find_exact(name);
    if (found)
        return found;
    char native[64];
    int written = snprintf(native, sizeof(native), "%s%s", name,
                           __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "le" : "be");
    return written > 0 && (size_t)written < sizeof(native) ? find_exact(native) : NULL;
}

static int32_t ceil_shift(int32_t value, uint32_t shift)
{
    return (int32_t)(((int64_t)value + (1 << shift) - 1) >> shift);
}

static bool is_chroma_plane(const struct fw_format *format, uint32_t plane)
{
    return (plane == 1 || plane == 2) && !(format->flags & FW_FORMAT_RGB);
}

int32_t fw_format_plane_width(const struct fw_format *format, uint32_t plane, int32_t width)
{
    if (plane == 1 && (format->flags & FW_FORMAT_PALETTE))
        return 256;
    return is_chroma_plane(format, plane) ? ceil_shift(width, format->log2_chroma_w) : width;
}

int32_t fw_format_plane_height(const struct fw_format *format, uint32_t plane, int32_t height)
{
    if (plane == 1 && (format->flags & FW_FORMAT_PALETTE))
        return 1;
    return is_chroma_plane(format, plane) ? ceil_shift(height, format->log2_chroma_h) : height;
}

size_t fw_format_row_bytes(const struct fw_format *format, uint32_t plane, int32_t width)
{
    if (plane == 1 && (format->flags & FW_FORMAT_PALETTE))
        return 1024;
    /* The component with the widest step decides: in yuyv422 two pixels share one chroma pair. */
    uint32_t step = 0;
    uint32_t widest = 0;
    for (uint32_t i = 0; i < format->component_count; i++) {
        if (format->components[i].plane == plane && format->components[i].step > step) {
            step = format->components[i].step;
            widest = i;
        }
    }
    uint32_t shift = widest == 1 || widest == 2 ? format->log2_chroma_w : 0;
    size_t units = (size_t)ceil_shift(width, shift) * step;
    return format->flags & FW_FORMAT_BITSTREAM ? (units + 7) / 8 : units;
}

uint32_t fw_format_depth(const struct fw_format *format)
{
    uint32_t depth = 0;
    for (uint32_t i = 0; i < format->component_count; i++) {
        if (format->components[i].depth > depth)
            depth = format->components[i].depth;
    }
    return depth;
}

bool fw_format_is_planar_int(const struct fw_format *format)
{
    const uint32_t other = FW_FORMAT_FLOAT | FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM |
                           FW_FORMAT_BAYER | FW_FORMAT_XYZ | FW_FORMAT_BIG_ENDIAN;
    uint32_t depth = fw_format_depth(format);
    return (format->flags & FW_FORMAT_PLANAR) && !(format->flags & other) && depth >= 8 &&
           depth <= 16 && format->components[0].shift == 0;
}
