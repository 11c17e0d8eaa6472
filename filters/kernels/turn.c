/* Rows reversed and planes transposed: the definition, and the table of variants. */
#include "turn.h"

#include <string.h>

#define TILE 16 /* pixels; a tile of reads and one of writes stay in the first-level cache */

struct pixel1 {
    uint8_t bytes[1];
};
struct pixel2 {
    uint8_t bytes[2];
};
struct pixel3 {
    uint8_t bytes[3];
};
struct pixel4 {
    uint8_t bytes[4];
};
struct pixel6 {
    uint8_t bytes[6];
};
struct pixel8 {
    uint8_t bytes[8];
};

struct tile {
    uint8_t *dst;
    const uint8_t *src;
    ptrdiff_t dst_stride;
    ptrdiff_t src_stride;
    int32_t width; /* of dst */
    int32_t height;
};

#define DEFINE(type)                                                                               \
    static void reverse_##type(uint8_t *restrict dst, const uint8_t *restrict src, int32_t count)  \
    {                                                                                              \
        struct type *to = (struct type *)dst;                                                      \
        const struct type *from = (const struct type *)src + (count - 1);                          \
        for (ptrdiff_t i = 0; i < count; i++)                                                      \
            to[i] = from[-i];                                                                      \
    }                                                                                              \
    static void tile_##type(const struct tile *tile)                                               \
    {                                                                                              \
        for (int32_t y = 0; y < tile->height; y++) {                                               \
            struct type *to = (struct type *)(tile->dst + y * tile->dst_stride);                   \
            const uint8_t *from = tile->src + (size_t)y * sizeof(struct type);                     \
            for (int32_t x = 0; x < tile->width; x++)                                              \
                to[x] = *(const struct type *)(from + x * tile->src_stride);                       \
        }                                                                                          \
    }
DEFINE(pixel1)
DEFINE(pixel2)
DEFINE(pixel3)
DEFINE(pixel4)
DEFINE(pixel6)
DEFINE(pixel8)

void fw_turn_reverse_c(uint8_t *dst, const uint8_t *src, int32_t count, int32_t unit)
{
    switch (unit) {
    case 1:
        reverse_pixel1(dst, src, count);
        break;
    case 2:
        reverse_pixel2(dst, src, count);
        break;
    case 3:
        reverse_pixel3(dst, src, count);
        break;
    case 4:
        reverse_pixel4(dst, src, count);
        break;
    case 6:
        reverse_pixel6(dst, src, count);
        break;
    case 8:
        reverse_pixel8(dst, src, count);
        break;
    default:
        for (ptrdiff_t i = 0; i < count; i++)
            memcpy(dst + i * unit, src + (count - 1 - i) * unit, (size_t)unit);
    }
}

static void turn_tile(const struct tile *tile, int32_t unit)
{
    switch (unit) {
    case 1:
        tile_pixel1(tile);
        break;
    case 2:
        tile_pixel2(tile);
        break;
    case 3:
        tile_pixel3(tile);
        break;
    case 4:
        tile_pixel4(tile);
        break;
    case 6:
        tile_pixel6(tile);
        break;
    case 8:
        tile_pixel8(tile);
        break;
    default:
        for (int32_t y = 0; y < tile->height; y++)
            for (int32_t x = 0; x < tile->width; x++)
                memcpy(tile->dst + y * tile->dst_stride + (ptrdiff_t)x * unit,
                       tile->src + x * tile->src_stride + (ptrdiff_t)y * unit, (size_t)unit);
    }
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void fw_turn_transpose_c(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                         ptrdiff_t src_stride, int32_t width, int32_t height, int32_t unit)
{
    for (int32_t y = 0; y < height; y += TILE) {
        for (int32_t x = 0; x < width; x += TILE) {
            const struct tile tile = {
                .dst = dst + y * dst_stride + (ptrdiff_t)x * unit,
                .src = src + x * src_stride + (ptrdiff_t)y * unit,
                .dst_stride = dst_stride,
                .src_stride = src_stride,
                .width = least(TILE, width - x),
                .height = least(TILE, height - y),
            };
            turn_tile(&tile, unit);
        }
    }
}

const struct fw_turn_kernels fw_turn_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_turn_reverse_avx2, fw_turn_transpose_avx2 },
#endif
    { FW_CPU_C, fw_turn_reverse_c, fw_turn_transpose_c },
};

const struct fw_turn_kernels *fw_turn_kernels(int level)
{
    const struct fw_turn_kernels *row;
    FW_CPU_PICK(fw_turn_variants, level, row);
    return row;
}
