/* Missing rows of a field: scalar, and the table of variants. */
#include "bwdif.h"

#include <stdlib.h>

/* 13-bit coefficients of the filters, from the BBC's PH-2071. */
enum { LOW_NEAR = 4309, LOW_FAR = 213, HIGH_0 = 5570, HIGH_2 = 3801, HIGH_4 = 1016 };
enum { SPATIAL_NEAR = 5077, SPATIAL_FAR = 981, SHIFT = 13 };

static inline int32_t at(const void *row, int32_t x, int bytes)
{
    return bytes == 1 ? ((const uint8_t *)row)[x] : ((const uint16_t *)row)[x];
}

static inline void put(void *row, int32_t x, int bytes, int32_t value)
{
    if (bytes == 1)
        ((uint8_t *)row)[x] = (uint8_t)value;
    else
        ((uint16_t *)row)[x] = (uint16_t)value;
}

static inline int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline int32_t spatial(const struct fw_bwdif_rows *rows, int32_t x, int bytes)
{
    int32_t near = at(rows->cur[1], x, bytes) + at(rows->cur[2], x, bytes);
    int32_t far = at(rows->cur[0], x, bytes) + at(rows->cur[3], x, bytes);
    return (SPATIAL_NEAR * near - SPATIAL_FAR * far) >> SHIFT;
}

/* Low frequencies of this field, high ones of the fields around it. */
static inline int32_t both(const struct fw_bwdif_rows *rows, int32_t x, int bytes)
{
    int32_t pairs[5];
    for (int i = 0; i < 5; i++)
        pairs[i] = at(rows->past[i], x, bytes) + at(rows->future[i], x, bytes);
    int32_t high = HIGH_0 * pairs[2] - HIGH_2 * (pairs[1] + pairs[3]) +
                   HIGH_4 * (pairs[0] + pairs[4]);
    int32_t near = at(rows->cur[1], x, bytes) + at(rows->cur[2], x, bytes);
    int32_t far = at(rows->cur[0], x, bytes) + at(rows->cur[3], x, bytes);
    return ((high >> 2) + LOW_NEAR * near - LOW_FAR * far) >> SHIFT;
}

/* How much the sample moves in time. */
static inline int32_t motion(const struct fw_bwdif_rows *rows, int32_t x, int bytes)
{
    int32_t above = at(rows->cur[1], x, bytes);
    int32_t below = at(rows->cur[2], x, bytes);
    int32_t own = abs(at(rows->past[2], x, bytes) - at(rows->future[2], x, bytes));
    int32_t before = abs(at(rows->prev[0], x, bytes) - above) +
                     abs(at(rows->prev[1], x, bytes) - below);
    int32_t after = abs(at(rows->next[0], x, bytes) - above) +
                    abs(at(rows->next[1], x, bytes) - below);
    return most(own >> 1, most(before >> 1, after >> 1));
}

/* A wider range for the result where the rows around say that the detail is vertical. */
static inline int32_t widen(const struct fw_bwdif_rows *rows, int32_t x, int bytes, int32_t range,
                            int32_t middle)
{
    int32_t above = at(rows->cur[1], x, bytes);
    int32_t below = at(rows->cur[2], x, bytes);
    int32_t up = ((at(rows->past[1], x, bytes) + at(rows->future[1], x, bytes)) >> 1) - above;
    int32_t down = ((at(rows->past[3], x, bytes) + at(rows->future[3], x, bytes)) >> 1) - below;
    int32_t high = most(middle - below, most(middle - above, least(up, down)));
    int32_t low = least(middle - below, least(middle - above, most(up, down)));
    return most(range, most(low, -high));
}

static inline int32_t sample(const struct fw_bwdif_rows *rows, int32_t x, int bytes,
                             enum fw_bwdif_kind kind)
{
    int32_t past = at(rows->past[2], x, bytes);
    int32_t future = at(rows->future[2], x, bytes);
    int32_t above = at(rows->cur[1], x, bytes);
    int32_t below = at(rows->cur[2], x, bytes);
    int32_t middle = (past + future) >> 1;
    int32_t range = motion(rows, x, bytes);
    int32_t value = (above + below) >> 1;
    if (range == 0)
        return middle;
    if (kind != FW_BWDIF_EDGE)
        range = widen(rows, x, bytes, range, middle);
    if (kind == FW_BWDIF_LINE)
        value = abs(above - below) > abs(past - future) ? both(rows, x, bytes)
                                                        : spatial(rows, x, bytes);
    return most(least(value, middle + range), middle - range);
}

static inline void row(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max,
                       int bytes, enum fw_bwdif_kind kind)
{
    for (int32_t x = 0; x < width; x++) {
        int32_t value = kind == FW_BWDIF_INTRA ? spatial(rows, x, bytes)
                                               : sample(rows, x, bytes, kind);
        put(dst, x, bytes, most(0, least(value, max)));
    }
}

#define DEFINE(storage, name, bytes, kind)                                                         \
    storage void name(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max)     \
    {                                                                                              \
        row(dst, rows, width, max, bytes, kind);                                                   \
    }
DEFINE(extern, fw_bwdif_line_u8_c, 1, FW_BWDIF_LINE)
DEFINE(extern, fw_bwdif_line_u16_c, 2, FW_BWDIF_LINE)
DEFINE(static, near_u8, 1, FW_BWDIF_NEAR)
DEFINE(static, near_u16, 2, FW_BWDIF_NEAR)
DEFINE(static, edge_u8, 1, FW_BWDIF_EDGE)
DEFINE(static, edge_u16, 2, FW_BWDIF_EDGE)
DEFINE(static, intra_u8, 1, FW_BWDIF_INTRA)
DEFINE(static, intra_u16, 2, FW_BWDIF_INTRA)

/* The rows near the edges are eight of a frame, the intra ones those of its first and last field:
 * the scalar functions do them. */
#define VARIANT(cpu, suffix)                                                                       \
    {                                                                                              \
        cpu, { fw_bwdif_line_u8_##suffix, near_u8, edge_u8, intra_u8 },                            \
            { fw_bwdif_line_u16_##suffix, near_u16, edge_u16, intra_u16 },                         \
    }

const struct fw_bwdif_kernels fw_bwdif_variants[] = {
#if defined(__x86_64__)
    VARIANT(FW_CPU_AVX512, avx512),
    VARIANT(FW_CPU_AVX2, avx2),
#endif
    VARIANT(FW_CPU_C, c),
};

const struct fw_bwdif_kernels *fw_bwdif_kernels(int level)
{
    const struct fw_bwdif_kernels *kernels;
    FW_CPU_PICK(fw_bwdif_variants, level, kernels);
    return kernels;
}
