/*
 * The loops of channelmix, compiled once for each set of instructions: they are written so that
 * the compiler's vectors take them as they are, and every operation is exact or rounded alike.
 * Included after LEVEL is defined.
 */
#include "channelmix.h"

#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, LEVEL)

/* Adding these leaves an integer in the low bits, rounded to the nearest, ties to even. */
#define SNAP_FLOAT 12582912.0f /* 1.5 * 2^23: below 2^22 */
#define SNAP_FLOAT_BITS 0x4b400000
#define SNAP_DOUBLE 6755399441055744.0 /* 1.5 * 2^52: below 2^31 in the low word */

static inline int32_t snap_float(float value)
{
    float snapped = value + SNAP_FLOAT;
    int32_t bits;
    memcpy(&bits, &snapped, sizeof(bits));
    return bits - SNAP_FLOAT_BITS;
}

static inline int32_t snap_double(double value)
{
    double snapped = value + SNAP_DOUBLE;
    int64_t bits;
    memcpy(&bits, &snapped, sizeof(bits));
    return (int32_t)bits;
}

/* The sum of both parts is the product rounded once to a float, which holds a tie exactly. */
static inline int32_t product_split(uint8_t value, float high, float low)
{
    return snap_float((float)value * high + (float)value * low);
}

static inline int32_t clip(int32_t value, int32_t max)
{
    value = value < 0 ? 0 : value;
    return value > max ? max : value;
}

#define WHOLE(i) snap_float((float)s##i[x] * mix->whole[i])
#define SPLIT(i) product_split(s##i[x], mix->high[i], mix->low[i])
#define WIDE(i) snap_double((double)s##i[x] * mix->gains[i])
#define LOOP(value)                                                                                \
    for (int32_t x = 0; x < count; x++)                                                            \
    dst[x] = value

#define ROWS(type, out, name, product, done)                                                       \
    static void name##_3(out *restrict dst, const type *restrict s0, const type *restrict s1,      \
                         const type *restrict s2, const struct fw_channelmix *mix, int32_t count)  \
    {                                                                                              \
        const struct fw_channelmix copy = *mix;                                                    \
        mix = &copy;                                                                               \
        LOOP((out)done(product(0) + product(1) + product(2)));                                     \
    }                                                                                              \
    static void name##_4(out *restrict dst, const type *restrict s0, const type *restrict s1,      \
                         const type *restrict s2, const type *restrict s3,                         \
                         const struct fw_channelmix *mix, int32_t count)                           \
    {                                                                                              \
        const struct fw_channelmix copy = *mix;                                                    \
        mix = &copy;                                                                               \
        LOOP((out)done(product(0) + product(1) + product(2) + product(3)));                        \
    }
#define CLIPPED(sum) clip(sum, mix->max)
#define CLIPPED_8(sum) clip(sum, 255)
#define AS_IT_IS(sum) (sum)
ROWS(uint8_t, uint8_t, whole, WHOLE, CLIPPED_8)
ROWS(uint8_t, uint8_t, split, SPLIT, CLIPPED_8)
ROWS(uint8_t, uint8_t, wide8, WIDE, CLIPPED_8)
ROWS(uint16_t, uint16_t, wide16, WIDE, CLIPPED)
ROWS(uint8_t, int32_t, sum8, WIDE, AS_IT_IS)
ROWS(uint16_t, int32_t, sum16, WIDE, AS_IT_IS)

#define RUN(name)                                                                                  \
    do {                                                                                           \
        if (inputs == 3)                                                                           \
            name##_3(dst, src[0], src[1], src[2], mix, count);                                     \
        else                                                                                       \
            name##_4(dst, src[0], src[1], src[2], src[3], mix, count);                             \
    } while (0)

void NAMED(fw_channelmix_u8_)(uint8_t *dst, const uint8_t *const *src, int32_t inputs,
                              const struct fw_channelmix *mix, int32_t count)
{
    if (mix->way == FW_CHANNELMIX_WHOLE)
        RUN(whole);
    else if (mix->way == FW_CHANNELMIX_SPLIT)
        RUN(split);
    else
        RUN(wide8);
}

void NAMED(fw_channelmix_u16_)(uint16_t *dst, const uint16_t *const *src, int32_t inputs,
                               const struct fw_channelmix *mix, int32_t count)
{
    RUN(wide16);
}

void NAMED(fw_channelmix_sum_)(int32_t *dst, const uint8_t *const *from, int32_t sample_bytes,
                               int32_t inputs, const struct fw_channelmix *mix, int32_t count)
{
    if (sample_bytes == 1) {
        const uint8_t *const *src = from;
        RUN(sum8);
    } else {
        const uint16_t *src[4] = { NULL };
        for (int32_t i = 0; i < inputs; i++)
            src[i] = (const uint16_t *)(const void *)from[i];
        RUN(sum16);
    }
}
