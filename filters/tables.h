/*
 * A table for every component of a format, and pixels through them.
 *
 * What filters such as lutyuv, curves and lut1d share: they say where each value of each component
 * goes, and this does the rows. Samples of 8 to 16 bits, planar or packed.
 */
#ifndef FW_FILTERS_TABLES_H
#define FW_FILTERS_TABLES_H

#include "filter.h"
#include "kernels/lut.h"

#include <stdbool.h>

struct fw_tables {
    const struct fw_lut_kernels *kernels;
    const struct fw_format *format;
    uint32_t depth;
    uint32_t lane_count; /* planes; packed: samples of a pixel */
    void *lanes;         /* 256 bytes or 65536 words each */
    bool same;           /* packed: one table does for all lanes */
    bool identity[FW_PLANES_MAX];
};

/* Packed RGB whose samples are whole, equal and in native order; with or without alpha or a pad. */
bool fw_tables_is_packed_rgb(const struct fw_format *format);

/* Every component begins as it is. */
int fw_tables_init(struct fw_tables *tables, const struct fw_format *format, int cpu,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_tables_set(struct fw_tables *tables, uint32_t component, uint32_t value, uint32_t result);
/* After the last set: samples above the depth become what the highest value becomes. */
void fw_tables_seal(struct fw_tables *tables);
/* As a filter's band(); in and out may be the same. */
void fw_tables_band(const struct fw_tables *tables, const struct fw_image *dst,
                    const struct fw_image *src, int32_t row_first, int32_t row_end);
/* One row of a planar format's plane. */
void fw_tables_row(const struct fw_tables *tables, uint32_t plane, uint8_t *dst, const uint8_t *src,
                   int32_t width);
void fw_tables_deinit(struct fw_tables *tables); /* zeroed ok */

#endif
