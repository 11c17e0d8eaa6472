/* The loops of neighbor.h, of which a compiler makes vectors: compiled once per level of
 * instructions by the files that include this. */
#include "neighbor.h"

#include <string.h>

#define ALL_NEIGHBORS 255u

static inline int32_t lesser(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define GREATER(a, b) ((a) > (b) ? (a) : (b))

#define DEFINE_RANK(name, word, type, PICK, LIMIT)                                                 \
    static void name##_all_##word(type *restrict dst, const type *restrict above,                  \
                                  const type *restrict at, const type *restrict below,             \
                                  int32_t width)                                                   \
    {                                                                                              \
        for (int32_t x = 0; x < width; x++) {                                                      \
            type corners = PICK(PICK(above[x - 1], above[x + 1]),                                  \
                                PICK(below[x - 1], below[x + 1]));                                 \
            type sides = PICK(PICK(above[x], below[x]), PICK(at[x - 1], at[x + 1]));               \
            type most = PICK(corners, sides);                                                      \
            dst[x] = PICK(most, at[x]);                                                            \
        }                                                                                          \
    }                                                                                              \
    static void name##_one_##word(type *restrict dst, const type *restrict other, int32_t width)   \
    {                                                                                              \
        for (int32_t x = 0; x < width; x++)                                                        \
            dst[x] = PICK(dst[x], other[x]);                                                       \
    }                                                                                              \
    static void name##_##word(type *restrict dst, const struct fw_neighbor_rows *from)             \
    {                                                                                              \
        const type *at = from->rows[1];                                                            \
        if (from->chosen == ALL_NEIGHBORS) {                                                       \
            name##_all_##word(dst, from->rows[0], at, from->rows[2], from->width);                 \
        } else {                                                                                   \
            memcpy(dst, at, (size_t)from->width * sizeof(type));                                   \
            for (int i = 0; i < 8; i++) {                                                          \
                int place = i + (i >= 4); /* in the square */                                      \
                if (from->chosen >> i & 1)                                                         \
                    name##_one_##word(dst, (const type *)from->rows[place / 3] + place % 3 - 1,    \
                                      from->width);                                                \
            }                                                                                      \
        }                                                                                          \
        if (from->threshold >= from->peak)                                                         \
            return;                                                                                \
        for (int32_t x = 0; x < from->width; x++)                                                  \
            dst[x] = (type)LIMIT(dst[x], at[x], from);                                             \
    }

#define AT_LEAST(value, centre, from) greater(value, (centre) - (from)->threshold)
#define AT_MOST(value, centre, from)                                                               \
    lesser(value, lesser((centre) + (from)->threshold, (from)->peak))

DEFINE_RANK(erode, u8, uint8_t, LESSER, AT_LEAST)
DEFINE_RANK(erode, u16, uint16_t, LESSER, AT_LEAST)
DEFINE_RANK(dilate, u8, uint8_t, GREATER, AT_MOST)
DEFINE_RANK(dilate, u16, uint16_t, GREATER, AT_MOST)

#define DEFINE_MEAN(name, word, type, sum_type, PICK, LIMIT)                                       \
    static void name##_##word(type *restrict dst, const struct fw_neighbor_rows *from)             \
    {                                                                                              \
        const struct fw_neighbor_rows row = *from;                                                 \
        const type *above = row.rows[0];                                                           \
        const type *at = row.rows[1];                                                              \
        const type *below = row.rows[2];                                                           \
        for (int32_t x = 0; x < row.width; x++) {                                                  \
            sum_type sum = (sum_type)(above[x - 1] + above[x] + above[x + 1] + at[x - 1]);         \
            sum = (sum_type)(sum + at[x + 1] + below[x - 1] + below[x] + below[x + 1]);            \
            type mean = (type)(sum >> 3);                                                          \
            dst[x] = PICK(mean, at[x]);                                                            \
        }                                                                                          \
        if (row.threshold >= row.peak)                                                             \
            return;                                                                                \
        for (int32_t x = 0; x < row.width; x++)                                                    \
            dst[x] = (type)LIMIT(dst[x], at[x], &row);                                             \
    }
DEFINE_MEAN(deflate, u8, uint8_t, uint16_t, LESSER, AT_LEAST)
DEFINE_MEAN(deflate, u16, uint16_t, uint32_t, LESSER, AT_LEAST)
DEFINE_MEAN(inflate, u8, uint8_t, uint16_t, GREATER, AT_MOST)
DEFINE_MEAN(inflate, u16, uint16_t, uint32_t, GREATER, AT_MOST)

#define NEIGHBOR_KERNELS(cpu_level)                                                                \
    {                                                                                              \
        .level = cpu_level, .row_u8 = { erode_u8, dilate_u8, deflate_u8, inflate_u8 },             \
        .row_u16 = { erode_u16, dilate_u16, deflate_u16, inflate_u16 },                            \
    }
