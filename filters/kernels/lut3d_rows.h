/*
 * What every variant of lut3d does around the interpolation: FW_LUT3D_CHUNK pixels at a time, from
 * samples to places on the axes, and from colours to samples. Plain loops over arrays, of which
 * compilers make vectors of the including file's instruction set.
 */
#ifndef FW_FILTERS_KERNELS_LUT3D_ROWS_H
#define FW_FILTERS_KERNELS_LUT3D_ROWS_H

#include "lut3d.h"

#include <stdbool.h>
#include <string.h>

#define FW_LUT3D_CHUNK 64

struct lut3d_chunk {
    _Alignas(64) float place[4][FW_LUT3D_CHUNK];    /* red, green, blue, not used */
    _Alignas(64) uint16_t value[4][FW_LUT3D_CHUNK]; /* red, green, blue, what is copied */
};

typedef void lut3d_interpolate(const struct fw_lut3d *lut, struct lut3d_chunk *chunk);

#define LUT3D_SAMPLES(type)                                                                        \
    static inline void lut3d_place_##type(const struct fw_lut3d *lut, float *restrict place,       \
                                          const type *restrict src, int32_t count,                 \
                                          uint32_t colour)                                         \
    {                                                                                              \
        const float top = (float)(lut->size - 1);                                                  \
        const float unit = lut->unit;                                                              \
        const float scale = lut->scale[colour];                                                    \
        const float *table = lut->places[colour];                                                  \
        const uint32_t most = (1u << lut->depth) - 1;                                              \
        for (int32_t i = 0; table && i < count; i++)                                               \
            place[i] = table[src[i] < most ? src[i] : most];                                       \
        for (int32_t i = 0; !table && i < count; i++) {                                            \
            float at = (float)src[i] * unit * scale;                                               \
            place[i] = at < top ? at : top;                                                        \
        }                                                                                          \
    }                                                                                              \
    static inline void lut3d_load_##type(const struct fw_lut3d *lut,                               \
                                         const struct fw_lut3d_row *row, int32_t step, int32_t x,  \
                                         int32_t count, struct lut3d_chunk *chunk)                 \
    {                                                                                              \
        if (step == 1) {                                                                           \
            for (uint32_t c = 0; c < 3; c++)                                                       \
                lut3d_place_##type(lut, chunk->place[c], (const type *)row->src[c] + x, count, c); \
            return;                                                                                \
        }                                                                                          \
        const type *restrict src = (const type *)row->src[0] + (ptrdiff_t)x * step;                \
        uint16_t *restrict a = chunk->value[row->lane[0]];                                         \
        uint16_t *restrict b = chunk->value[row->lane[1]];                                         \
        uint16_t *restrict c = chunk->value[row->lane[2]];                                         \
        uint16_t *restrict d = chunk->value[row->lane[3]];                                         \
        for (int32_t i = 0; i < count; i++) {                                                      \
            a[i] = src[i * step];                                                                  \
            b[i] = src[i * step + 1];                                                              \
            c[i] = src[i * step + 2];                                                              \
            if (step == 4)                                                                         \
                d[i] = src[i * step + 3];                                                          \
        }                                                                                          \
        for (uint32_t i = 0; i < 3; i++)                                                           \
            lut3d_place_uint16_t(lut, chunk->place[i], chunk->value[i], count, i);                 \
    }                                                                                              \
    static inline void lut3d_store_##type(const struct fw_lut3d_row *row, int32_t step, int32_t x, \
                                          int32_t count, const struct lut3d_chunk *chunk)          \
    {                                                                                              \
        if (step == 1) {                                                                           \
            for (uint32_t c = 0; c < 3; c++) {                                                     \
                type *dst = (type *)row->dst[c] + x;                                               \
                for (int32_t i = 0; i < count; i++)                                                \
                    dst[i] = (type)chunk->value[c][i];                                             \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        type *dst = (type *)row->dst[0] + (ptrdiff_t)x * step;                                     \
        const uint16_t *a = chunk->value[row->lane[0]];                                            \
        const uint16_t *b = chunk->value[row->lane[1]];                                            \
        const uint16_t *c = chunk->value[row->lane[2]];                                            \
        const uint16_t *d = chunk->value[row->lane[3]];                                            \
        for (int32_t i = 0; i < count; i++) {                                                      \
            dst[i * step] = (type)a[i];                                                            \
            dst[i * step + 1] = (type)b[i];                                                        \
            dst[i * step + 2] = (type)c[i];                                                        \
            if (step == 4)                                                                         \
                dst[i * step + 3] = (type)d[i];                                                    \
        }                                                                                          \
    }                                                                                              \
    static inline void lut3d_row_##type(const struct fw_lut3d *lut,                                \
                                        const struct fw_lut3d_row *row, int32_t step,              \
                                        int32_t width, lut3d_interpolate *interpolate)             \
    {                                                                                              \
        struct lut3d_chunk chunk;                                                                  \
        memset(chunk.place, 0, sizeof(chunk.place));                                               \
        for (int32_t x = 0; x < width; x += FW_LUT3D_CHUNK) {                                      \
            int32_t left = width - x;                                                              \
            if (left >= FW_LUT3D_CHUNK) {                                                          \
                lut3d_load_##type(lut, row, step, x, FW_LUT3D_CHUNK, &chunk);                      \
                interpolate(lut, &chunk);                                                          \
                lut3d_store_##type(row, step, x, FW_LUT3D_CHUNK, &chunk);                          \
            } else {                                                                               \
                lut3d_load_##type(lut, row, step, x, left, &chunk);                                \
                interpolate(lut, &chunk);                                                          \
                lut3d_store_##type(row, step, x, left, &chunk);                                    \
            }                                                                                      \
        }                                                                                          \
    }
LUT3D_SAMPLES(uint16_t)
LUT3D_SAMPLES(uint8_t)

/* Interpolates whole chunks; places behind the end of a row are 0 or old, but valid. */
static inline void lut3d_row(const struct fw_lut3d *lut, const struct fw_lut3d_row *row,
                             int32_t width, lut3d_interpolate *interpolate)
{
    bool bytes = lut->depth == 8;
    if (row->step == 1 && bytes)
        lut3d_row_uint8_t(lut, row, 1, width, interpolate);
    else if (row->step == 1)
        lut3d_row_uint16_t(lut, row, 1, width, interpolate);
    else if (row->step == 3 && bytes)
        lut3d_row_uint8_t(lut, row, 3, width, interpolate);
    else if (row->step == 3)
        lut3d_row_uint16_t(lut, row, 3, width, interpolate);
    else if (bytes)
        lut3d_row_uint8_t(lut, row, 4, width, interpolate);
    else
        lut3d_row_uint16_t(lut, row, 4, width, interpolate);
}

/* The other interpolations, which have no variants; for a variant's file to fall back to. */
lut3d_interpolate *fw_lut3d_interpolate_c(enum fw_lut3d_interpolation interpolation);

#endif
