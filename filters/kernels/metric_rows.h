/*
 * The loops of metric, compiled once for each set of instructions; the compiler's vectors take
 * them as they are. Included after LEVEL, the variant's name, and CPU, its level, are defined.
 */
#include "metric.h"

#define STRIP 64 /* columns at a time */

static uint64_t error_u8(const uint8_t *a, const uint8_t *b, int32_t count)
{
    uint32_t sum = 0; /* 32768 * 255^2 fits */
    for (int32_t x = 0; x < count; x++) {
        int32_t difference = a[x] - b[x];
        sum += (uint32_t)(difference * difference);
    }
    return sum;
}

static uint64_t error_u16(const uint16_t *a, const uint16_t *b, int32_t count)
{
    uint64_t sum = 0;
    for (int32_t x = 0; x < count; x++) {
        int32_t difference = a[x] - b[x];
        uint32_t size = (uint32_t)(difference < 0 ? -difference : difference);
        sum += (uint64_t)(size * size);
    }
    return sum;
}

#define BLOCKS(name, type, wide)                                                                   \
    static void name##_strip(struct fw_metric_sums *restrict sums, const type *restrict a0,        \
                             ptrdiff_t a_step, const type *restrict b0, ptrdiff_t b_step,          \
                             int32_t columns)                                                      \
    {                                                                                              \
        uint32_t a_sum[STRIP];                                                                     \
        uint32_t b_sum[STRIP];                                                                     \
        wide squares[STRIP];                                                                       \
        wide products[STRIP];                                                                      \
        for (int32_t x = 0; x < columns; x++) {                                                    \
            a_sum[x] = 0;                                                                          \
            b_sum[x] = 0;                                                                          \
            squares[x] = 0;                                                                        \
            products[x] = 0;                                                                       \
        }                                                                                          \
        for (int32_t y = 0; y < 4; y++) {                                                          \
            const type *restrict a = a0 + y * a_step;                                              \
            const type *restrict b = b0 + y * b_step;                                              \
            for (int32_t x = 0; x < columns; x++) {                                                \
                uint32_t one = a[x];                                                               \
                uint32_t other = b[x];                                                             \
                a_sum[x] += one;                                                                   \
                b_sum[x] += other;                                                                 \
                squares[x] += (wide)(one * one) + (wide)(other * other);                           \
                products[x] += (wide)(one * other);                                                \
            }                                                                                      \
        }                                                                                          \
        for (int32_t i = 0; i < columns / 4; i++) {                                                \
            int32_t x = 4 * i;                                                                     \
            sums[i].a = (int64_t)a_sum[x] + a_sum[x + 1] + a_sum[x + 2] + a_sum[x + 3];            \
            sums[i].b = (int64_t)b_sum[x] + b_sum[x + 1] + b_sum[x + 2] + b_sum[x + 3];            \
            sums[i].squares = (int64_t)(squares[x] + squares[x + 1] + squares[x + 2] +             \
                                        squares[x + 3]);                                           \
            sums[i].product = (int64_t)(products[x] + products[x + 1] + products[x + 2] +          \
                                        products[x + 3]);                                          \
        }                                                                                          \
    }                                                                                              \
    static void name(struct fw_metric_sums *sums, const uint8_t *a, ptrdiff_t a_stride,            \
                     const uint8_t *b, ptrdiff_t b_stride, int32_t count)                          \
    {                                                                                              \
        ptrdiff_t a_step = a_stride / (ptrdiff_t)sizeof(type);                                     \
        ptrdiff_t b_step = b_stride / (ptrdiff_t)sizeof(type);                                     \
        for (int32_t x = 0; x < count * 4; x += STRIP)                                             \
            name##_strip(sums + x / 4, (const type *)(const void *)a + x, a_step,                  \
                         (const type *)(const void *)b + x, b_step,                                \
                         count * 4 - x < STRIP ? count * 4 - x : STRIP);                           \
    }
BLOCKS(blocks_u8, uint8_t, uint32_t)
BLOCKS(blocks_u16, uint16_t, uint64_t)

const struct fw_metric_kernels LEVEL = { CPU, error_u8, error_u16, blocks_u8, blocks_u16 };
