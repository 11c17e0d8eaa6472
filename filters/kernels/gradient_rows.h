/* The loops of gradient.h, compiled once per level of instructions by the files that include this:
 * without contraction all give the same bytes. */
#ifndef FW_FILTERS_KERNELS_GRADIENT_ROWS_H
#define FW_FILTERS_KERNELS_GRADIENT_ROWS_H

#include "gradient.h"

#include <math.h>

/* Both derivatives of 8-bit samples; they fit 16 bits. */
static inline void slopes_narrow(enum fw_gradient kind, const uint16_t *above, const uint16_t *at,
                                 const uint16_t *below, int32_t x, int16_t *a, int16_t *b)
{
    int16_t middle = kind == FW_GRADIENT_SOBEL ? 2 : 1;
    if (kind == FW_GRADIENT_ROBERTS) {
        *a = (int16_t)(above[x - 1] - above[x]);
        *b = (int16_t)(at[x] - at[x - 1]);
        return;
    }
    *a = (int16_t)(below[x - 1] - above[x - 1] + middle * (below[x] - above[x]) + below[x + 1] -
                   above[x + 1]);
    *b = (int16_t)(above[x + 1] - above[x - 1] + middle * (at[x + 1] - at[x - 1]) + below[x + 1] -
                   below[x - 1]);
}

static inline void slopes_wide(enum fw_gradient kind, const uint16_t *above, const uint16_t *at,
                               const uint16_t *below, int32_t x, float *a, float *b)
{
    int32_t corner = kind == FW_GRADIENT_SCHARR ? 47 : 1;
    int32_t middle = kind == FW_GRADIENT_SCHARR ? 162 : (kind == FW_GRADIENT_SOBEL ? 2 : 1);
    if (kind == FW_GRADIENT_ROBERTS) {
        *a = (float)(above[x - 1] - above[x]);
        *b = (float)(at[x] - at[x - 1]);
        return;
    }
    int32_t sum_a = corner * (below[x - 1] - above[x - 1] + below[x + 1] - above[x + 1]) +
                    middle * (below[x] - above[x]);
    int32_t sum_b = corner * (above[x + 1] - above[x - 1] + below[x + 1] - below[x - 1]) +
                    middle * (at[x + 1] - at[x - 1]);
    float unit = kind == FW_GRADIENT_SCHARR ? 1.0f / 256.0f : 1.0f;
    *a = (float)sum_a * unit;
    *b = (float)sum_b * unit;
}

static inline int32_t finish(const struct fw_gradient_rows *from, float length)
{
    float value = length * from->scale + from->delta;
    value = value > 0.0f ? value : 0.0f;
    value = value < 2147483648.0f ? value : 0.0f;
    return (int32_t)(value < from->peak ? value : from->peak);
}

static inline void narrow_row(enum fw_gradient kind, uint8_t *restrict dst,
                              const struct fw_gradient_rows *from)
{
    const struct fw_gradient_rows row = *from;
    for (int32_t x = 0; x < row.width; x++) {
        int16_t a;
        int16_t b;
        slopes_narrow(kind, row.rows[0], row.rows[1], row.rows[2], x, &a, &b);
        dst[x] = (uint8_t)finish(&row, sqrtf((float)(a * a + b * b)));
    }
}

#define WIDE_ROW(name, type)                                                                       \
    static inline void name(enum fw_gradient kind, type *restrict dst,                             \
                            const struct fw_gradient_rows *from)                                   \
    {                                                                                              \
        const struct fw_gradient_rows row = *from;                                                 \
        for (int32_t x = 0; x < row.width; x++) {                                                  \
            float a;                                                                               \
            float b;                                                                               \
            slopes_wide(kind, row.rows[0], row.rows[1], row.rows[2], x, &a, &b);                   \
            dst[x] = (type)finish(&row, sqrtf(a * a + b * b));                                     \
        }                                                                                          \
    }
WIDE_ROW(wide_row_u8, uint8_t)
WIDE_ROW(wide_row_u16, uint16_t)

/*
 * The eight masks weigh three neighbours in reading order by 5 and the others by -3: eight times
 * the greatest of those sums less three times all of them, which is never negative.
 */
#define KIRSCH_ROW(name, type, sum_type)                                                           \
    static inline sum_type name##_max(sum_type a, sum_type b)                                      \
    {                                                                                              \
        return a > b ? a : b;                                                                      \
    }                                                                                              \
    static void name(type *restrict dst, const struct fw_gradient_rows *from)                      \
    {                                                                                              \
        const struct fw_gradient_rows row = *from;                                                 \
        const uint16_t *above = row.rows[0];                                                       \
        const uint16_t *at = row.rows[1];                                                          \
        const uint16_t *below = row.rows[2];                                                       \
        for (int32_t x = 0; x < row.width; x++) {                                                  \
            const sum_type n[8] = { above[x - 1], above[x],     above[x + 1], at[x - 1],           \
                                    at[x + 1],    below[x - 1], below[x],     below[x + 1] };      \
            sum_type top = (sum_type)(n[0] + n[1] + n[2]);                                         \
            sum_type right = (sum_type)(n[2] + n[3] + n[4]);                                       \
            sum_type bottom = (sum_type)(n[5] + n[6] + n[7]);                                      \
            sum_type all = (sum_type)(top + n[3] + n[4] + bottom);                                 \
            sum_type most = name##_max(name##_max(top, (sum_type)(n[1] + n[2] + n[3])),            \
                                       name##_max(right, (sum_type)(n[3] + n[4] + n[5])));         \
            sum_type rest = name##_max(                                                            \
                name##_max((sum_type)(n[4] + n[5] + n[6]), bottom),                                \
                name##_max((sum_type)(n[6] + n[7] + n[0]), (sum_type)(n[7] + n[0] + n[1])));       \
            most = name##_max(most, rest);                                                         \
            dst[x] = (type)finish(&row, (float)(sum_type)(8 * most - 3 * all));                    \
        }                                                                                          \
    }
KIRSCH_ROW(kirsch_u8, uint8_t, uint16_t)
KIRSCH_ROW(kirsch_u16, uint16_t, int32_t)

#define GRADIENT_ROWS(word, kind, body_u8)                                                         \
    static void word##_u8(uint8_t *dst, const struct fw_gradient_rows *from)                       \
    {                                                                                              \
        body_u8(kind, dst, from);                                                                  \
    }                                                                                              \
    static void word##_u16(uint16_t *dst, const struct fw_gradient_rows *from)                     \
    {                                                                                              \
        wide_row_u16(kind, dst, from);                                                             \
    }
GRADIENT_ROWS(sobel, FW_GRADIENT_SOBEL, narrow_row)
GRADIENT_ROWS(prewitt, FW_GRADIENT_PREWITT, narrow_row)
GRADIENT_ROWS(scharr, FW_GRADIENT_SCHARR, wide_row_u8)
GRADIENT_ROWS(roberts, FW_GRADIENT_ROBERTS, narrow_row)

#define GRADIENT_KERNELS(cpu_level)                                                                \
    {                                                                                              \
        .level = cpu_level, .row_u8 = { sobel_u8, prewitt_u8, scharr_u8, roberts_u8, kirsch_u8 },  \
        .row_u16 = { sobel_u16, prewitt_u16, scharr_u16, roberts_u16, kirsch_u16 },                \
    }

#endif
