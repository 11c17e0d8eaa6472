/* A table for every component of a format, and pixels through them. */
#include "tables.h"

#include "format.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

bool fw_tables_is_packed_rgb(const struct fw_format *format)
{
    const uint32_t other = FW_FORMAT_BIG_ENDIAN | FW_FORMAT_FLOAT | FW_FORMAT_PALETTE |
                           FW_FORMAT_BITSTREAM | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    uint32_t depth = fw_format_depth(format);
    if (format->plane_count != 1 || !(format->flags & FW_FORMAT_RGB) || (format->flags & other) ||
        (depth != 8 && depth != 16) || format->component_count < 3)
        return false;
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        if (component->depth != depth || component->shift != 0 ||
            (component->step != 3 * depth / 8 && component->step != 4 * depth / 8) ||
            component->step != format->components[0].step)
            return false;
    }
    return true;
}

static size_t lane_entries(const struct fw_tables *tables)
{
    return tables->depth == 8 ? 256 : 65536;
}

static void put(struct fw_tables *tables, uint32_t lane, size_t value, uint32_t result)
{
    if (tables->depth == 8)
        ((uint8_t *)tables->lanes)[lane * 256 + value] = (uint8_t)result;
    else
        ((uint16_t *)tables->lanes)[lane * 65536 + value] = (uint16_t)result;
}

static uint32_t get(const struct fw_tables *tables, uint32_t lane, size_t value)
{
    if (tables->depth == 8)
        return ((const uint8_t *)tables->lanes)[lane * 256 + value];
    return ((const uint16_t *)tables->lanes)[lane * 65536 + value];
}

int fw_tables_init(struct fw_tables *tables, const struct fw_format *format, int cpu,
                   struct fw_error *err)
{
    uint32_t depth = fw_format_depth(format);
    uint32_t sample = depth == 8 ? 1 : 2;
    memset(tables, 0, sizeof(*tables));
    tables->kernels = fw_lut_kernels(cpu);
    tables->format = format;
    tables->depth = depth;
    tables->lane_count = format->flags & FW_FORMAT_PLANAR ? format->plane_count
                                                          : format->components[0].step / sample;
    size_t entries = lane_entries(tables);
    tables->lanes = malloc(tables->lane_count * entries * sample);
    if (!tables->lanes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for tables");
    for (uint32_t lane = 0; lane < tables->lane_count; lane++) {
        for (size_t value = 0; value < entries; value++)
            put(tables, lane, value, (uint32_t)value);
    }
    return FW_OK;
}

static uint32_t lane_of(const struct fw_tables *tables, uint32_t component)
{
    const struct fw_component *where = &tables->format->components[component];
    if (tables->format->flags & FW_FORMAT_PLANAR)
        return where->plane;
    return where->offset / (tables->depth == 8 ? 1u : 2u);
}

void fw_tables_set(struct fw_tables *tables, uint32_t component, uint32_t value, uint32_t result)
{
    put(tables, lane_of(tables, component), value, result);
}

void fw_tables_seal(struct fw_tables *tables)
{
    size_t entries = lane_entries(tables);
    size_t values = (size_t)1 << tables->depth;
    size_t bytes = entries * (tables->depth == 8 ? 1 : 2);
    tables->same = true;
    for (uint32_t lane = 0; lane < tables->lane_count; lane++) {
        bool identity = true;
        for (size_t value = 0; value < values; value++)
            identity = identity && get(tables, lane, value) == value;
        for (size_t value = values; value < entries && !identity; value++)
            put(tables, lane, value, get(tables, lane, values - 1));
        tables->identity[lane] = identity;
        if (memcmp(tables->lanes, (const char *)tables->lanes + lane * bytes, bytes) != 0)
            tables->same = false;
    }
}

void fw_tables_row(const struct fw_tables *tables, uint32_t plane, uint8_t *dst, const uint8_t *src,
                   int32_t width)
{
    size_t bytes = (size_t)width * (tables->depth == 8 ? 1 : 2);
    if (tables->identity[plane]) {
        if (dst != src)
            memcpy(dst, src, bytes);
    } else if (tables->depth == 8) {
        tables->kernels->map_u8(dst, src, width, (const uint8_t *)tables->lanes + plane * 256);
    } else {
        tables->kernels->map_u16((uint16_t *)(void *)dst, (const uint16_t *)(const void *)src,
                                 width, (const uint16_t *)tables->lanes + plane * 65536);
    }
}

static void packed_row(const struct fw_tables *tables, uint8_t *dst, const uint8_t *src,
                       int32_t width)
{
    int32_t step = (int32_t)tables->lane_count;
    if (tables->same)
        fw_tables_row(tables, 0, dst, src, width * step);
    else if (tables->depth == 16)
        tables->kernels->map_packed_u16((uint16_t *)(void *)dst,
                                        (const uint16_t *)(const void *)src, width, step,
                                        tables->lanes);
    else if (step == 3)
        tables->kernels->map3_u8(dst, src, width, tables->lanes);
    else
        tables->kernels->map4_u8(dst, src, width, tables->lanes);
}

void fw_tables_band(const struct fw_tables *tables, const struct fw_image *dst,
                    const struct fw_image *src, int32_t row_first, int32_t row_end)
{
    bool planar = tables->format->flags & FW_FORMAT_PLANAR;
    for (uint32_t plane = 0; plane < tables->format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        for (int32_t y = rows.first; y < rows.end; y++) {
            uint8_t *to = dst->data[plane] + y * dst->stride[plane];
            const uint8_t *from = src->data[plane] + y * src->stride[plane];
            if (planar)
                fw_tables_row(tables, plane, to, from, rows.width);
            else
                packed_row(tables, to, from, rows.width);
        }
    }
}

void fw_tables_deinit(struct fw_tables *tables)
{
    free(tables->lanes);
    tables->lanes = NULL;
}
