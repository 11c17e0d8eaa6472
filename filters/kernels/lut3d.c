/*
 * Colours through a table with three dimensions: the definition, and the table of variants.
 *
 * The three colours of a node are a vector of the compiler's, so that a pixel is one calculation.
 */
#include "lut3d.h"

#include "lut3d_rows.h"

typedef float colour __attribute__((vector_size(16)));

/* The cube around a place: its first corner, and how far from it the place is. */
struct cell {
    const float *first;
    ptrdiff_t r; /* floats to the next node of an axis */
    ptrdiff_t g;
    ptrdiff_t b;
    float at[3];
};

static inline colour corner(const struct cell *cell, ptrdiff_t offset)
{
    colour node;
    memcpy(&node, cell->first + offset, sizeof(node));
    return node;
}

static inline colour nearest(const struct cell *cell)
{
    ptrdiff_t offset = 0;
    if ((int32_t)(cell->at[0] + .5) > 0)
        offset += cell->r;
    if ((int32_t)(cell->at[1] + .5) > 0)
        offset += cell->g;
    if ((int32_t)(cell->at[2] + .5) > 0)
        offset += cell->b;
    return corner(cell, offset);
}

static inline colour between(colour from, colour to, float at)
{
    return from + (to - from) * at;
}

static inline colour trilinear(const struct cell *cell)
{
    ptrdiff_t r = cell->r;
    ptrdiff_t g = cell->g;
    ptrdiff_t b = cell->b;
    colour c00 = between(corner(cell, 0), corner(cell, r), cell->at[0]);
    colour c10 = between(corner(cell, g), corner(cell, r + g), cell->at[0]);
    colour c01 = between(corner(cell, b), corner(cell, r + b), cell->at[0]);
    colour c11 = between(corner(cell, g + b), corner(cell, r + g + b), cell->at[0]);
    colour c0 = between(c00, c10, cell->at[1]);
    colour c1 = between(c01, c11, cell->at[1]);
    return between(c0, c1, cell->at[2]);
}

/* From corner to corner along the axes, the longest way first. Where two ways are as long, the
 * corner between them weighs nothing. */
static inline colour tetrahedral(const struct cell *cell)
{
    float r = cell->at[0];
    float g = cell->at[1];
    float b = cell->at[2];
    float most = r > g ? r : g;
    float least = r > g ? g : r;
    float middle = most < b ? most : b;
    middle = middle > least ? middle : least;
    least = least < b ? least : b;
    most = most > b ? most : b;
    ptrdiff_t first = most == r ? cell->r : most == g ? cell->g : cell->b;
    ptrdiff_t last = least == r ? cell->r : least == g ? cell->g : cell->b;
    ptrdiff_t all = cell->r + cell->g + cell->b;
    return (1 - most) * corner(cell, 0) + (most - middle) * corner(cell, first) +
           (middle - least) * corner(cell, all - last) + least * corner(cell, all);
}

/* The axis `x` stands on its own; `y` and `z` span the pyramid's base. `terms` are added in the
 * order of red, green and blue. */
static inline colour pyramid(const struct cell *cell)
{
    float r = cell->at[0];
    float g = cell->at[1];
    float b = cell->at[2];
    colour none = corner(cell, 0);
    colour all = corner(cell, cell->r + cell->g + cell->b);
    if (g > r && b > r) {
        colour cg = corner(cell, cell->g);
        colour cb = corner(cell, cell->b);
        colour cgb = corner(cell, cell->g + cell->b);
        return none + (all - cgb) * r + (cg - none) * g + (cb - none) * b +
               (cgb - cb - cg + none) * g * b;
    }
    if (r > g && b > g) {
        colour cr = corner(cell, cell->r);
        colour cb = corner(cell, cell->b);
        colour crb = corner(cell, cell->r + cell->b);
        return none + (cr - none) * r + (all - crb) * g + (cb - none) * b +
               (crb - cb - cr + none) * r * b;
    }
    colour cr = corner(cell, cell->r);
    colour cg = corner(cell, cell->g);
    colour crg = corner(cell, cell->r + cell->g);
    return none + (cr - none) * r + (cg - none) * g + (all - crg) * b +
           (crg - cr - cg + none) * r * g;
}

static inline colour prism(const struct cell *cell)
{
    float r = cell->at[0];
    float g = cell->at[1];
    float b = cell->at[2];
    colour none = corner(cell, 0);
    colour cg = corner(cell, cell->g);
    colour crb = corner(cell, cell->r + cell->b);
    colour all = corner(cell, cell->r + cell->g + cell->b);
    if (b > r) {
        colour cb = corner(cell, cell->b);
        colour cgb = corner(cell, cell->g + cell->b);
        return none + (cb - none) * b + (crb - cb) * r + (cg - none) * g +
               (none - cg - cb + cgb) * b * g + (cb - cgb - crb + all) * r * g;
    }
    colour cr = corner(cell, cell->r);
    colour crg = corner(cell, cell->r + cell->g);
    return none + (crb - cr) * b + (cr - none) * r + (cg - none) * g +
           (cr - crg - crb + all) * b * g + (none - cg - cr + crg) * r * g;
}

static inline uint16_t to_sample(float value, float top)
{
    float scaled = value * top;
    return (uint16_t)(scaled >= top ? top : scaled > 0 ? scaled : 0);
}

static inline void interpolate(const struct fw_lut3d *lut, struct lut3d_chunk *chunk,
                               colour (*how)(const struct cell *cell))
{
    ptrdiff_t row = lut->size + 1;
    struct cell cell = { .r = 4 * row * row, .g = 4 * row, .b = 4 };
    float top = (float)((1u << lut->depth) - 1);
    for (int32_t i = 0; i < FW_LUT3D_CHUNK; i++) {
        int32_t whole[3];
        for (int c = 0; c < 3; c++) {
            whole[c] = (int32_t)chunk->place[c][i];
            cell.at[c] = chunk->place[c][i] - (float)whole[c];
        }
        cell.first = lut->nodes + whole[0] * cell.r + whole[1] * cell.g + whole[2] * cell.b;
        colour result = how(&cell);
        for (int c = 0; c < 3; c++)
            chunk->value[c][i] = to_sample(result[c], top);
    }
}

#define DEFINE(name)                                                                               \
    static void interpolate_##name(const struct fw_lut3d *lut, struct lut3d_chunk *chunk)          \
    {                                                                                              \
        interpolate(lut, chunk, name);                                                             \
    }
DEFINE(nearest)
DEFINE(trilinear)
DEFINE(tetrahedral)
DEFINE(pyramid)
DEFINE(prism)

lut3d_interpolate *fw_lut3d_interpolate_c(enum fw_lut3d_interpolation interpolation)
{
    static lut3d_interpolate *const all[FW_LUT3D_INTERPOLATIONS] = {
        interpolate_nearest, interpolate_trilinear, interpolate_tetrahedral,
        interpolate_pyramid, interpolate_prism,
    };
    return all[interpolation];
}

static void row_c(const struct fw_lut3d *lut, const struct fw_lut3d_row *row, int32_t count)
{
    lut3d_row(lut, row, count, fw_lut3d_interpolate_c(lut->interpolation));
}

const struct fw_lut3d_kernels fw_lut3d_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_lut3d_row_avx512 },
    { FW_CPU_AVX2, fw_lut3d_row_avx2 },
#endif
    { FW_CPU_C, row_c },
};

const struct fw_lut3d_kernels *fw_lut3d_kernels(int level)
{
    const struct fw_lut3d_kernels *row;
    FW_CPU_PICK(fw_lut3d_variants, level, row);
    return row;
}
