/*
 * Colours through a table with three dimensions.
 *
 * A sample's place on its axis is a float from 0 to size - 1; what lies between the nodes is
 * interpolated in single precision, in the order of operations that libavfilter 5.1 has, and the
 * result is cut off. Tetrahedral interpolation is that of Kasson, Nin, Plouffe and Hafner,
 * "Performing color space conversions with three-dimensional linear interpolation", 1995; pyramid
 * and prism are from there too.
 */
#ifndef FW_FILTERS_KERNELS_LUT3D_H
#define FW_FILTERS_KERNELS_LUT3D_H

#include "cpu.h"

enum fw_lut3d_interpolation {
    FW_LUT3D_NEAREST,
    FW_LUT3D_TRILINEAR,
    FW_LUT3D_TETRAHEDRAL,
    FW_LUT3D_PYRAMID,
    FW_LUT3D_PRISM,
    FW_LUT3D_INTERPOLATIONS
};

struct fw_lut3d {
    const float *nodes; /* 16-byte aligned; 4 floats each: red, green, blue and anything finite */
    int32_t size;       /* nodes of an axis, which has one more that repeats the last */
    uint32_t depth;
    /* Place of a sample: min(sample * unit * scale[c], size - 1); or places[c][sample] when there
     * are such tables, 2^depth entries each. Samples do not exceed the depth then. */
    float unit;
    float scale[3];
    const float *places[3];
    enum fw_lut3d_interpolation interpolation;
};

/* A row of pixels. Samples are 1 or 2 bytes as the depth says. Planar: step 1 and four planes, the
 * fourth not read. Packed: step 3 or 4 and one pointer; sample c of a pixel is colour lane[c], 3:
 * it is copied. dst may be src. */
struct fw_lut3d_row {
    const void *src[3];
    void *dst[3];
    int32_t step;
    uint8_t lane[4];
};

struct fw_lut3d_kernels {
    enum fw_cpu level;
    void (*row)(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count);
};

extern const struct fw_lut3d_kernels fw_lut3d_variants[];
const struct fw_lut3d_kernels *fw_lut3d_kernels(int level);

void fw_lut3d_row_avx2(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count);
void fw_lut3d_row_avx512(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count);

#endif
