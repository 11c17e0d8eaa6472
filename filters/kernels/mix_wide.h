/*
 * Weighted means in vectors, for any width of them: the file that includes this one says what a
 * vector is. With weights of 1 the sums are integers below 2^24, which floats hold exactly.
 */
#include "mix.h"

static inline VEC finish(VECF sum, const struct fw_mix *mix)
{
    VECF value = MULF(sum, SPLATF(mix->factor));
    value = MINF(MAXF(value, SPLATF(0)), SPLATF((float)mix->max));
    return ROUND(value);
}

#define WEIGHTED(type, load)                                                                       \
    VECF sum = SPLATF(0);                                                                          \
    for (int32_t i = 0; i < mix->count; i++)                                                       \
    sum = ADDF(sum, MULF(TO_FLOAT(load((const type *)mix->rows[i] + x)), SPLATF(mix->weights[i])))

static inline void u8_at(uint8_t *dst, const struct fw_mix *mix, int32_t x)
{
    WEIGHTED(uint8_t, WIDEN_U8_32);
    STORE_32_U8(dst + x, finish(sum, mix));
}

static inline void u16_at(uint16_t *dst, const struct fw_mix *mix, int32_t x)
{
    WEIGHTED(uint16_t, WIDEN_U16_32);
    STORE_32_U16(dst + x, finish(sum, mix));
}

static inline void plain_u8_at(uint8_t *dst, const struct fw_mix *mix, int32_t x)
{
    VEC sum = ZERO;
    for (int32_t i = 0; i < mix->count; i++)
        sum = ADD16(sum, WIDEN_U8_16((const uint8_t *)mix->rows[i] + x));
    STORE_32_U8(dst + x, finish(TO_FLOAT(LOW_16_32(sum)), mix));
    STORE_32_U8(dst + x + LANES, finish(TO_FLOAT(HIGH_16_32(sum)), mix));
}

static inline void plain_u16_at(uint16_t *dst, const struct fw_mix *mix, int32_t x)
{
    VEC sum = ZERO;
    for (int32_t i = 0; i < mix->count; i++)
        sum = ADD32(sum, WIDEN_U16_32((const uint16_t *)mix->rows[i] + x));
    STORE_32_U16(dst + x, finish(TO_FLOAT(sum), mix));
}

/* The last vector of a row overlaps the one before it. */
#define ROW(step, at, part)                                                                        \
    do {                                                                                           \
        int32_t x = 0;                                                                             \
        if (width < (step)) {                                                                      \
            part(dst, mix, 0, width);                                                              \
            break;                                                                                 \
        }                                                                                          \
        for (; x + (step) <= width; x += (step))                                                   \
            at(dst, mix, x);                                                                       \
        if (x < width)                                                                             \
            at(dst, mix, width - (step));                                                          \
    } while (0)

void MIX_U8(void *dst, const struct fw_mix *mix, int32_t width)
{
    if (mix->weights)
        ROW(LANES, u8_at, fw_mix_part_u8);
    else
        ROW(2 * LANES, plain_u8_at, fw_mix_part_u8);
}

void MIX_U16(void *dst, const struct fw_mix *mix, int32_t width)
{
    if (mix->weights)
        ROW(LANES, u16_at, fw_mix_part_u16);
    else
        ROW(LANES, plain_u16_at, fw_mix_part_u16);
}
