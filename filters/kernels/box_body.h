/* The body of box.h's kernels, for the instruction set of the file that includes it. */
#ifndef FW_FILTERS_KERNELS_BOX_BODY_H
#define FW_FILTERS_KERNELS_BOX_BODY_H

#include "box.h"
#include "lanes.h"

#define BOX_LEVELS 8 /* windows below 4^8 */
#define BOX_ROWS 2   /* of a row's passes, in turns */

struct box_terms {
    const void *at[3 * BOX_LEVELS];
    int32_t count;
};

LANES_INLINE int32_t box_stride(int32_t width, int32_t length)
{
    return (width + length + FW_BOX_PAD + 63) / 32 * 32;
}

LANES_INLINE v16u box_mean_16(v16u sum, const struct fw_box *box)
{
    const v16u reciprocal = (v16u){ 0 } + (uint16_t)box->reciprocal;
    return mulhi_u16(sum, reciprocal) + (sum * reciprocal >> 15);
}

LANES_INLINE v32u box_mean_32(v32u sum, const struct fw_box *box)
{
    const v32u zero = { 0 };
    return (min_u32(sum, zero + box->limit) * box->reciprocal + (1u << 15)) >> 16;
}

LANES_INLINE v16u box_quotient_16(v16u sum, const struct fw_box *box)
{
    return mulhi_u16(sum, (v16u){ 0 } + (uint16_t)box->multiplier) >> (uint16_t)box->shift;
}

/* An estimate in floats is off by one at most. */
LANES_INLINE v32u box_quotient_32(v32u sum, const struct fw_box *box)
{
    v32f estimate = __builtin_convertvector((v32s)sum, v32f) * (1.0f / (float)box->divisor);
    v32s quotient = __builtin_convertvector(estimate, v32s);
    v32s rest = (v32s)sum - quotient * (int32_t)box->divisor;
    quotient += (v32s)(rest < 0);
    return (v32u)(quotient - (v32s)(rest >= (int32_t)box->divisor));
}

/* Clipped to the samples' type, where a mean can pass it. */
LANES_INLINE v16u box_top_8_16(v16u value)
{
    return min_u16(value, (v16u){ 0 } + 255);
}
LANES_INLINE v32u box_top_8_32(v32u value)
{
    return min_u32(value, (v32u){ 0 } + 255);
}
LANES_INLINE v16u box_top_16_16(v16u value)
{
    return value;
}
LANES_INLINE v32u box_top_16_32(v32u value)
{
    return value;
}

#define BOX_EACH(lanes, width, step)                                                               \
    do {                                                                                           \
        int32_t x = 0;                                                                             \
        for (; x + (lanes) <= (width); x += (lanes))                                               \
            step(x, lanes);                                                                        \
        if (x < (width))                                                                           \
            step(x, (width)-x);                                                                    \
    } while (0)

#define BOX_SUMS(bits)                                                                             \
    /* Sums of 4^n neighbours of the row, in `levels`, and where a window's terms begin. */        \
    LANES_INLINE void box_terms_##bits(struct box_terms *terms, const uint##bits##_t *row,         \
                                       uint##bits##_t *levels, const struct fw_box *box)           \
    {                                                                                              \
        int32_t stride = box_stride(box->width, box->length);                                      \
        int32_t done = 0;                                                                          \
        terms->count = 0;                                                                          \
        for (int32_t rest = box->length, n = 1; rest > 0; rest /= 4, n *= 4) {                     \
            if (n > 1) {                                                                           \
                const uint##bits##_t *from = row;                                                  \
                uint##bits##_t *to = levels;                                                       \
                for (int32_t x = 0; x < box->width + box->length - n; x += LANES_##bits) {         \
                    v##bits##u sum = load_##bits##_##bits(from + x, LANES_##bits);                 \
                    for (int32_t k = 1; k < 4; k++)                                                \
                        sum += load_##bits##_##bits(from + x + k * (n / 4), LANES_##bits);         \
                    store_##bits##_##bits(to + x, sum, LANES_##bits);                              \
                }                                                                                  \
                row = to;                                                                          \
                levels += stride;                                                                  \
            }                                                                                      \
            for (int32_t k = 0; k < rest % 4; k++, done += n)                                      \
                terms->at[terms->count++] = row + done;                                            \
        }                                                                                          \
    }                                                                                              \
    LANES_INLINE v##bits##u box_window_##bits(const struct box_terms *terms, int32_t count,        \
                                              int32_t x)                                           \
    {                                                                                              \
        v##bits##u sum = load_##bits##_##bits((const uint##bits##_t *)terms->at[0] + x,            \
                                              LANES_##bits);                                       \
        for (int32_t k = 1; k < count; k++)                                                        \
            sum += load_##bits##_##bits((const uint##bits##_t *)terms->at[k] + x, LANES_##bits);   \
        return sum;                                                                                \
    }

/* Few terms by a constant: their loop goes away. */
#define BOX_COUNTS(call, terms, ...)                                                               \
    do {                                                                                           \
        if ((terms).count == 2)                                                                    \
            call(__VA_ARGS__, &(terms), 2);                                                        \
        else if ((terms).count == 3)                                                               \
            call(__VA_ARGS__, &(terms), 3);                                                        \
        else                                                                                       \
            call(__VA_ARGS__, &(terms), (terms).count);                                            \
    } while (0)

/* `radius` samples on both sides, the edge's ones repeated. */
#define BOX_MIRROR(bits)                                                                           \
    LANES_INLINE void box_mirror_##bits(uint##bits##_t *row, int32_t radius, int32_t width)        \
    {                                                                                              \
        for (int32_t i = 0; i < radius; i++) {                                                     \
            row[-1 - i] = row[i];                                                                  \
            row[width + i] = row[width - 1 - i];                                                   \
        }                                                                                          \
    }

BOX_SUMS(16)
BOX_SUMS(32)
BOX_MIRROR(16)
BOX_MIRROR(32)

#define BOX_KERNELS(sample, bits)                                                                  \
    static void box_widen_##sample##_##bits(void *sums, const void *row, int32_t width)            \
    {                                                                                              \
        uint##bits##_t *to = sums;                                                                 \
        const uint##sample##_t *from = row;                                                        \
        BOX_EACH(LANES_##bits, width, BOX_WIDEN_##sample##_##bits);                                \
    }                                                                                              \
    static void box_add_##sample##_##bits(void *sums, const void *row, int32_t width)              \
    {                                                                                              \
        uint##bits##_t *to = sums;                                                                 \
        const uint##sample##_t *from = row;                                                        \
        BOX_EACH(LANES_##bits, width, BOX_ADD_##sample##_##bits);                                  \
    }                                                                                              \
    LANES_INLINE v##bits##u box_slid_##sample##_##bits(                                            \
        uint##bits##_t *to, const uint##sample##_t *in, const uint##sample##_t *out, int32_t n)    \
    {                                                                                              \
        v##bits##u sum = load_##bits##_##bits(to, LANES_##bits) + load_##bits##_##sample(in, n) -  \
                         load_##bits##_##sample(out, n);                                           \
        store_##bits##_##bits(to, sum, LANES_##bits);                                              \
        return sum;                                                                                \
    }                                                                                              \
    static void box_slide_##sample##_##bits(void *sums, const void *in, const void *out,           \
                                            int32_t width)                                         \
    {                                                                                              \
        uint##bits##_t *to = sums;                                                                 \
        const uint##sample##_t *plus = in;                                                         \
        const uint##sample##_t *minus = out;                                                       \
        BOX_EACH(LANES_##bits, width, BOX_SLIDE_##sample##_##bits);                                \
    }                                                                                              \
    static void box_slide_mean_##sample##_##bits(void *dst, void *sums, const void *in,            \
                                                 const void *out, const struct fw_box *given)      \
    {                                                                                              \
        const struct fw_box own = *given; /* which no store can change */                          \
        const struct fw_box *box = &own;                                                           \
        uint##sample##_t *to = dst;                                                                \
        uint##bits##_t *sum = sums;                                                                \
        const uint##sample##_t *plus = in;                                                         \
        const uint##sample##_t *minus = out;                                                       \
        BOX_EACH(LANES_##bits, box->width, BOX_SLIDE_MEAN_##sample##_##bits);                      \
    }                                                                                              \
    LANES_INLINE void box_between_##sample##_##bits(uint##bits##_t *to, const struct fw_box *box,  \
                                                    const struct box_terms *terms, int32_t count)  \
    {                                                                                              \
        for (int32_t x = 0; x < box->width; x += LANES_##bits)                                     \
            store_##bits##_##bits(to + x,                                                          \
                                  box_top_##sample##_##bits(                                       \
                                      box_mean_##bits(box_window_##bits(terms, count, x), box)),   \
                                  LANES_##bits);                                                   \
    }                                                                                              \
    LANES_INLINE void box_last_##sample##_##bits(uint##sample##_t *to, const struct fw_box *box,   \
                                                 const struct box_terms *terms, int32_t count)     \
    {                                                                                              \
        BOX_EACH(LANES_##bits, box->width, BOX_MEAN_##sample##_##bits);                            \
    }                                                                                              \
    static void box_means_##sample##_##bits(void *dst, const void *row, void *work,                \
                                            int64_t passes, const struct fw_box *given)            \
    {                                                                                              \
        const struct fw_box own = *given;                                                          \
        const struct fw_box *box = &own;                                                           \
        int32_t stride = box_stride(box->width, box->length);                                      \
        int32_t radius = box->length / 2;                                                          \
        uint##sample##_t *to = dst;                                                                \
        const uint##sample##_t *samples = row;                                                     \
        uint##bits##_t *from = (uint##bits##_t *)work + (radius + 31) / 32 * 32;                   \
        uint##bits##_t *other = from + stride;                                                     \
        uint##bits##_t *levels = (uint##bits##_t *)work + (ptrdiff_t)BOX_ROWS * stride;            \
        struct box_terms terms;                                                                    \
        BOX_EACH(LANES_##bits, box->width, BOX_TAKE_##sample##_##bits);                            \
        for (; passes > 1; passes--) {                                                             \
            uint##bits##_t *last = from;                                                           \
            box_mirror_##bits(from, radius, box->width);                                           \
            box_terms_##bits(&terms, from - radius, levels, box);                                  \
            BOX_COUNTS(box_between_##sample##_##bits, terms, other, box);                          \
            from = other;                                                                          \
            other = last;                                                                          \
        }                                                                                          \
        box_mirror_##bits(from, radius, box->width);                                               \
        box_terms_##bits(&terms, from - radius, levels, box);                                      \
        BOX_COUNTS(box_last_##sample##_##bits, terms, to, box);                                    \
    }                                                                                              \
    LANES_INLINE void box_cut_##sample##_##bits(uint##sample##_t *to, const struct fw_box *box,    \
                                                const struct box_terms *terms, int32_t count)      \
    {                                                                                              \
        BOX_EACH(LANES_##bits, box->width, BOX_QUOTIENT_##sample##_##bits);                        \
    }                                                                                              \
    static void box_quotient_##sample##_##bits(void *dst, void *work, const struct fw_box *given)  \
    {                                                                                              \
        const struct fw_box own = *given;                                                          \
        const struct fw_box *box = &own;                                                           \
        uint##sample##_t *to = dst;                                                                \
        struct box_terms terms;                                                                    \
        uint##bits##_t *levels = (uint##bits##_t *)work + box_stride(box->width, box->length);     \
        box_terms_##bits(&terms, work, levels, box);                                               \
        BOX_COUNTS(box_cut_##sample##_##bits, terms, to, box);                                     \
    }

/* The steps of the loops, for BOX_EACH. */
#define BOX_WIDEN(sample, bits, x, n)                                                              \
    store_##bits##_##bits(to + (x), load_##bits##_##sample(from + (x), n), n)
#define BOX_TAKE(sample, bits, x, n)                                                               \
    store_##bits##_##bits(from + (x), load_##bits##_##sample(samples + (x), n), LANES_##bits)
#define BOX_ADD(sample, bits, x, n)                                                                \
    store_##bits##_##bits(to + (x),                                                                \
                          load_##bits##_##bits(to + (x), LANES_##bits) +                           \
                              load_##bits##_##sample(from + (x), n),                               \
                          LANES_##bits)
#define BOX_SLIDE(sample, bits, x, n)                                                              \
    (void)box_slid_##sample##_##bits(to + (x), plus + (x), minus + (x), n)
#define BOX_SLIDE_MEAN(sample, bits, x, n)                                                         \
    store_##bits##_##sample(                                                                       \
        to + (x),                                                                                  \
        box_top_##sample##_##bits(box_mean_##bits(                                                 \
            box_slid_##sample##_##bits(sum + (x), plus + (x), minus + (x), n), box)),              \
        n)
#define BOX_MEAN(sample, bits, x, n)                                                               \
    store_##bits##_##sample(                                                                       \
        to + (x),                                                                                  \
        box_top_##sample##_##bits(box_mean_##bits(box_window_##bits(terms, count, x), box)), n)
#define BOX_QUOTIENT(sample, bits, x, n)                                                           \
    store_##bits##_##sample(to + (x),                                                              \
                            box_quotient_##bits(box_window_##bits(terms, count, x), box), n)
#define BOX_WIDEN_8_16(x, n) BOX_WIDEN(8, 16, x, n)
#define BOX_TAKE_8_16(x, n) BOX_TAKE(8, 16, x, n)
#define BOX_ADD_8_16(x, n) BOX_ADD(8, 16, x, n)
#define BOX_SLIDE_8_16(x, n) BOX_SLIDE(8, 16, x, n)
#define BOX_SLIDE_MEAN_8_16(x, n) BOX_SLIDE_MEAN(8, 16, x, n)
#define BOX_MEAN_8_16(x, n) BOX_MEAN(8, 16, x, n)
#define BOX_QUOTIENT_8_16(x, n) BOX_QUOTIENT(8, 16, x, n)
#define BOX_WIDEN_8_32(x, n) BOX_WIDEN(8, 32, x, n)
#define BOX_TAKE_8_32(x, n) BOX_TAKE(8, 32, x, n)
#define BOX_ADD_8_32(x, n) BOX_ADD(8, 32, x, n)
#define BOX_SLIDE_8_32(x, n) BOX_SLIDE(8, 32, x, n)
#define BOX_SLIDE_MEAN_8_32(x, n) BOX_SLIDE_MEAN(8, 32, x, n)
#define BOX_MEAN_8_32(x, n) BOX_MEAN(8, 32, x, n)
#define BOX_QUOTIENT_8_32(x, n) BOX_QUOTIENT(8, 32, x, n)
#define BOX_WIDEN_16_16(x, n) BOX_WIDEN(16, 16, x, n)
#define BOX_TAKE_16_16(x, n) BOX_TAKE(16, 16, x, n)
#define BOX_ADD_16_16(x, n) BOX_ADD(16, 16, x, n)
#define BOX_SLIDE_16_16(x, n) BOX_SLIDE(16, 16, x, n)
#define BOX_SLIDE_MEAN_16_16(x, n) BOX_SLIDE_MEAN(16, 16, x, n)
#define BOX_MEAN_16_16(x, n) BOX_MEAN(16, 16, x, n)
#define BOX_QUOTIENT_16_16(x, n) BOX_QUOTIENT(16, 16, x, n)
#define BOX_WIDEN_16_32(x, n) BOX_WIDEN(16, 32, x, n)
#define BOX_TAKE_16_32(x, n) BOX_TAKE(16, 32, x, n)
#define BOX_ADD_16_32(x, n) BOX_ADD(16, 32, x, n)
#define BOX_SLIDE_16_32(x, n) BOX_SLIDE(16, 32, x, n)
#define BOX_SLIDE_MEAN_16_32(x, n) BOX_SLIDE_MEAN(16, 32, x, n)
#define BOX_MEAN_16_32(x, n) BOX_MEAN(16, 32, x, n)
#define BOX_QUOTIENT_16_32(x, n) BOX_QUOTIENT(16, 32, x, n)

BOX_KERNELS(8, 16)
BOX_KERNELS(8, 32)
BOX_KERNELS(16, 16)
BOX_KERNELS(16, 32)

#define BOX_ALL(name)                                                                              \
    {                                                                                              \
        name##_8_16, name##_8_32, name##_16_16, name##_16_32                                       \
    }
#define BOX_TABLE                                                                                  \
    BOX_ALL(box_widen), BOX_ALL(box_add), BOX_ALL(box_slide), BOX_ALL(box_slide_mean),             \
        BOX_ALL(box_means), BOX_ALL(box_quotient)

#endif
