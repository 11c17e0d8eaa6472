/*
 * The loops of shade, compiled once for each set of instructions; the compiler's vectors take them
 * as they are. Included after LEVEL, the variant's name, and CPU, its level, are defined, and
 * SHADE_U8 where something else than the loop takes bytes.
 */
#include "shade.h"

#define HUGE_VALUE 2147483648.0f

/* The integer part of `value` plus the carry of its fraction, in units of 2^-32, and the dither:
 * all exact. */
static inline int32_t dithered(float value, uint32_t state)
{
    int32_t whole = (int32_t)value;
    float fraction = (value - (float)whole) * 65536.0f;
    int32_t upper = (int32_t)fraction;
    int32_t lower = (int32_t)((fraction - (float)upper) * 65536.0f);
    uint32_t bits = (uint32_t)upper << 16 | (uint32_t)lower;
    return whole + (bits + state < bits);
}

/* What cannot be an integer comes out as 0, what is negative too. */
static inline float bounded(float value, float limit)
{
    value = value > 0.0f ? value : 0.0f;
    value = value < HUGE_VALUE ? value : 0.0f;
    return value < limit ? value : limit;
}

#define SHADE(name, type)                                                                          \
    static void name##_plain(type *restrict dst, const type *restrict src,                         \
                             const float *restrict factors, int32_t middle, int32_t max,           \
                             int32_t count)                                                        \
    {                                                                                              \
        float limit = (float)max;                                                                  \
        for (int32_t x = 0; x < count; x++) {                                                      \
            float value = factors[x] * (float)(src[x] - middle) + (float)middle;                   \
            dst[x] = (type)(int32_t)bounded(value, limit);                                         \
        }                                                                                          \
    }                                                                                              \
    static void name##_dither(type *restrict dst, const type *restrict src,                        \
                              const float *restrict factors, const uint32_t *restrict multiply,    \
                              const uint32_t *restrict add, uint32_t state, int32_t middle,        \
                              int32_t max, int32_t count)                                          \
    {                                                                                              \
        float limit = (float)max;                                                                  \
        for (int32_t x = 0; x < count; x++) {                                                      \
            float value = factors[x] * (float)(src[x] - middle) + (float)middle;                   \
            int32_t sum = dithered(bounded(value, limit), multiply[x] * state + add[x]);           \
            dst[x] = (type)(sum > max ? max : sum);                                                \
        }                                                                                          \
    }                                                                                              \
    static void name(type *dst, const type *src, const float *factors,                             \
                     const struct fw_shade *shade, int32_t count)                                  \
    {                                                                                              \
        const struct fw_shade_steps *steps = shade->steps;                                         \
        uint32_t state = shade->state;                                                             \
        if (!steps) {                                                                              \
            name##_plain(dst, src, factors, shade->middle, shade->max, count);                     \
            return;                                                                                \
        }                                                                                          \
        for (int32_t x = 0; x < count; x += FW_SHADE_BLOCK) {                                      \
            int32_t some = count - x < FW_SHADE_BLOCK ? count - x : FW_SHADE_BLOCK;                \
            name##_dither(dst + x, src + x, factors + x, steps->multiply, steps->add, state,       \
                          shade->middle, shade->max, some);                                        \
            state = steps->multiply[FW_SHADE_BLOCK] * state + steps->add[FW_SHADE_BLOCK];          \
        }                                                                                          \
    }
SHADE(shade_u8, uint8_t)
SHADE(shade_u16, uint16_t)

static void mirror(float *restrict to, const float *restrict last, int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        to[x] = last[-x];
}

static void unfold(float *row, int32_t kept, int32_t axis, int32_t width)
{
    mirror(row + kept, row + axis - kept, width - kept);
}

#ifndef SHADE_U8
#define SHADE_U8 shade_u8
#endif
const struct fw_shade_kernels LEVEL = { CPU, SHADE_U8, shade_u16, unfold };
