/* The body of binomial.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_BINOMIAL_BODY_H
#define FW_FILTERS_KERNELS_BINOMIAL_BODY_H

#include "binomial.h"
#include "lanes.h"

/* Weighted sums over rows into work + PAD; symmetric weights, pairs of rows first. */
#define BINOMIAL_ROWS(name, load, store, type, lanes, sample)                                      \
    LANES_INLINE void rows_at_##name(void *work, const uint8_t *const *rows,                       \
                                     const struct fw_binomial *b, int32_t x, int32_t count)        \
    {                                                                                              \
        __typeof__(((type){ 0 })[0]) *to = work;                                                   \
        size_t at = (size_t)x * sizeof(sample);                                                    \
        int32_t steps = b->steps_y;                                                                \
        type sum = load(rows[steps] + at, count) *                                                 \
                   (__typeof__(((type){ 0 })[0]))b->weights_y[steps];                              \
        for (int32_t k = 0; k < steps; k++)                                                        \
            sum += (load(rows[k] + at, count) + load(rows[2 * steps - k] + at, count)) *           \
                   (__typeof__(((type){ 0 })[0]))b->weights_y[k];                                  \
        store(to + FW_BINOMIAL_PAD + x, sum, count);                                               \
    }                                                                                              \
    LANES_INLINE void rows_##name(void *work, const uint8_t *const *rows,                          \
                                  const struct fw_binomial *b)                                     \
    {                                                                                              \
        int32_t x = 0;                                                                             \
        for (; x + (lanes) <= b->width; x += (lanes))                                              \
            rows_at_##name(work, rows, b, x, lanes);                                               \
        if (x < b->width)                                                                          \
            rows_at_##name(work, rows, b, x, b->width - x);                                        \
        __typeof__(((type){ 0 })[0]) *row = (__typeof__(row))work + FW_BINOMIAL_PAD;               \
        for (int32_t i = 1; i <= b->steps_x; i++) {                                                \
            row[-i] = row[0];                                                                      \
            row[b->width - 1 + i] = row[b->width - 1];                                             \
        }                                                                                          \
    }

BINOMIAL_ROWS(8_16, load_16_8, store_16_16, v16u, LANES_16, uint8_t)
BINOMIAL_ROWS(8_32, load_32_8, store_32_32, v32u, LANES_32, uint8_t)
BINOMIAL_ROWS(16_16, load_16_16, store_16_16, v16u, LANES_16, uint16_t)
BINOMIAL_ROWS(16_32, load_32_16, store_32_32, v32u, LANES_32, uint16_t)

/* Sums over columns. `work` has room behind its row, so that whole vectors are read. */
#define BINOMIAL_COLUMNS(name, load, type, lanes, sum_type)                                        \
    LANES_INLINE type columns_##name(const void *work, const struct fw_binomial *b, int32_t x)     \
    {                                                                                              \
        const sum_type *row = (const sum_type *)work + FW_BINOMIAL_PAD + x;                        \
        int32_t steps = b->steps_x;                                                                \
        type sum = load(row, lanes) * (__typeof__(sum[0]))b->weights_x[steps];                     \
        for (int32_t k = 1; k <= steps; k++)                                                       \
            sum += (load(row - k, lanes) + load(row + k, lanes)) *                                 \
                   (__typeof__(sum[0]))b->weights_x[steps - k];                                    \
        int32_t shift = 2 * (b->steps_x + b->steps_y);                                             \
        return (sum + (__typeof__(sum[0]))(1u << (shift - 1))) >> (__typeof__(sum[0]))shift;       \
    }

BINOMIAL_COLUMNS(16_16, load_16_16, v16u, LANES_16, uint16_t)
BINOMIAL_COLUMNS(32_32, load_32_32, v32u, LANES_32, uint32_t)

/* The 16.16 product in 16-bit lanes: amount = whole * 2^16 + part with a signed part. */
LANES_INLINE void finish_16(uint8_t *dst, const uint8_t *src, v16u blurred,
                            const struct fw_binomial *b, int32_t count)
{
    const v16s zero = { 0 };
    v16s value = (v16s)load_16_8(src, count);
    v16s difference = value - (v16s)blurred;
    int16_t part = (int16_t)(uint16_t)b->amount;
    int16_t whole = (int16_t)((b->amount - part) / 65536);
    value += difference * whole + mulhi_s16(difference, zero + part);
    store_16_8(dst, (v16u)min_s16(max_s16(value, zero), zero + 255), count);
}

/* Sums over columns of values below 2^15, even and odd columns apart. */
LANES_INLINE v32u columns_pairs(const void *work, const struct fw_binomial *b, int32_t x)
{
    const uint16_t *row = (const uint16_t *)work + FW_BINOMIAL_PAD - b->steps_x + x;
    int32_t shift = 2 * (b->steps_x + b->steps_y);
    v32s sum = (v32s){ 0 } + (1 << (shift - 1));
    for (int32_t k = 0; k <= 2 * b->steps_x; k += 2)
        sum += madd_s16((v16s)load_16_16(row + k, LANES_16),
                        (v16s)((v32u){ 0 } + b->pairs_x[k / 2]));
    return (v32u)(sum >> shift);
}

LANES_INLINE void pairs_8(uint8_t *dst, const uint8_t *src, const void *work,
                          const struct fw_binomial *b, int32_t x, int32_t count)
{
    v32u even = columns_pairs(work, b, x);
    v32u odd = columns_pairs(work, b, x + 1);
    finish_16(dst + x, src + x, (v16u)(even | odd << 16), b, count);
}

/* The product may wrap around at 16 bits of depth, as it does in libavfilter. */
LANES_INLINE v32u sharp_wide(v32u value, v32u blurred, const struct fw_binomial *b)
{
    const v32s zero = { 0 };
    v32s sharp = (v32s)value + ((v32s)((value - blurred) * (uint32_t)b->amount) >> 24);
    return (v32u)min_s32(max_s32(sharp, zero), zero + 65535);
}

LANES_INLINE void pairs_16(uint8_t *dst, const uint8_t *src, const void *work,
                           const struct fw_binomial *b, int32_t x, int32_t count)
{
    v32u values = (v32u)load_16_16(src + (size_t)x * 2, count);
    v32u even = sharp_wide(values & 0xffff, columns_pairs(work, b, x), b);
    v32u odd = sharp_wide(values >> 16, columns_pairs(work, b, x + 1), b);
    store_16_16(dst + (size_t)x * 2, (v16u)(even | odd << 16), count);
}

LANES_INLINE void finish_8(uint8_t *dst, const uint8_t *src, v32u blurred,
                           const struct fw_binomial *b, int32_t count)
{
    const v32s zero = { 0 };
    v32s value = (v32s)load_32_8(src, count);
    /* Without a sign: lanes beyond the row hold anything. */
    value += (v32s)(((v32u)value - blurred) * (uint32_t)b->amount) >> 16;
    store_32_8(dst, (v32u)min_s32(max_s32(value, zero), zero + 255), count);
}

LANES_INLINE void finish_wide(uint8_t *dst, const uint8_t *src, v32u blurred,
                              const struct fw_binomial *b, int32_t count)
{
    store_32_16(dst, sharp_wide(load_32_16(src, count), blurred, b), count);
}

#define BINOMIAL_SHARPEN(name, rows_name, columns_name, finish, lanes, sample)                     \
    static void sharpen_##name(void *dst, const uint8_t *const *rows, const struct fw_binomial *b, \
                               void *work)                                                         \
    {                                                                                              \
        const uint8_t *src = rows[b->steps_y];                                                     \
        uint8_t *to = dst;                                                                         \
        int32_t x = 0;                                                                             \
        rows_##rows_name(work, rows, b);                                                           \
        for (; x + (lanes) <= b->width; x += (lanes))                                              \
            finish(to + (size_t)x * sizeof(sample), src + (size_t)x * sizeof(sample),              \
                   columns_##columns_name(work, b, x), b, lanes);                                  \
        if (x < b->width)                                                                          \
            finish(to + (size_t)x * sizeof(sample), src + (size_t)x * sizeof(sample),              \
                   columns_##columns_name(work, b, x), b, b->width - x);                           \
    }

BINOMIAL_SHARPEN(8_16_16, 8_16, 16_16, finish_16, LANES_16, uint8_t)
BINOMIAL_SHARPEN(8_32, 8_32, 32_32, finish_8, LANES_32, uint8_t)
BINOMIAL_SHARPEN(16_32, 16_32, 32_32, finish_wide, LANES_32, uint16_t)

#define BINOMIAL_PAIRS(bits)                                                                       \
    static void sharpen_##bits##_15(void *dst, const uint8_t *const *rows,                         \
                                    const struct fw_binomial *b, void *work)                       \
    {                                                                                              \
        int32_t x = 0;                                                                             \
        rows_##bits##_16(work, rows, b);                                                           \
        for (; x + LANES_16 <= b->width; x += LANES_16)                                            \
            pairs_##bits(dst, rows[b->steps_y], work, b, x, LANES_16);                             \
        if (x < b->width)                                                                          \
            pairs_##bits(dst, rows[b->steps_y], work, b, x, b->width - x);                         \
    }

BINOMIAL_PAIRS(8)
BINOMIAL_PAIRS(16)

#define BINOMIAL_TABLE                                                                             \
    {                                                                                              \
        sharpen_8_16_16, sharpen_8_15, sharpen_8_32, sharpen_16_15, sharpen_16_32                  \
    }

#endif
