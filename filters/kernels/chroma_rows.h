/*
 * The loops of chroma, compiled once for each set of instructions; the compiler's vectors take
 * them as they are. Included after LEVEL, the variant's name, and CPU, its level, are defined.
 */
#include "chroma.h"

#define HALF (1 << 15)

static inline int32_t clip(int32_t value, int32_t max)
{
    value = value < 0 ? 0 : value;
    return value > max ? max : value;
}

/* `wide` holds a product of a sample and a gain; sums of samples beyond the depth wrap around. */
#define TURN(name, type, wide, word)                                                               \
    static void name(type *restrict u_to, type *restrict v_to, const type *restrict u_from,        \
                     const type *restrict v_from, const struct fw_chroma chroma, int32_t count)    \
    {                                                                                              \
        int32_t middle = (chroma.max + 1) / 2;                                                     \
        for (int32_t x = 0; x < count; x++) {                                                      \
            word u = (word)(wide)(u_from[x] - middle);                                             \
            word v = (word)(wide)(v_from[x] - middle);                                             \
            int32_t u_new = (int32_t)((wide)((word)chroma.uu * u + (word)chroma.uv * v + HALF) >>  \
                                      16);                                                         \
            int32_t v_new = (int32_t)((wide)((word)chroma.vu * u + (word)chroma.vv * v + HALF) >>  \
                                      16);                                                         \
            u_to[x] = (type)clip(u_new + middle, chroma.max);                                      \
            v_to[x] = (type)clip(v_new + middle, chroma.max);                                      \
        }                                                                                          \
    }
#define TERMS(name, type, wide, word)                                                              \
    static void name(int32_t *restrict terms, const type *restrict u_from,                         \
                     const type *restrict v_from, const struct fw_chroma chroma, int32_t count)    \
    {                                                                                              \
        int32_t middle = (chroma.max + 1) / 2;                                                     \
        for (int32_t x = 0; x < count; x++) {                                                      \
            word u = (word)(wide)(u_from[x] - middle);                                             \
            word v = (word)(wide)(v_from[x] - middle);                                             \
            terms[x] = (int32_t)((wide)((word)chroma.uu * u + (word)chroma.uv * v + HALF) >> 16);  \
        }                                                                                          \
    }
TURN(turn_8, uint8_t, int32_t, uint32_t)
TURN(turn_10, uint16_t, int32_t, uint32_t)
TURN(turn_16, uint16_t, int64_t, uint64_t)
TERMS(terms_8, uint8_t, int32_t, uint32_t)
TERMS(terms_10, uint16_t, int32_t, uint32_t)
TERMS(terms_16, uint16_t, int64_t, uint64_t)

static void turn_u8(uint8_t *u_to, uint8_t *v_to, const uint8_t *u, const uint8_t *v,
                    const struct fw_chroma *chroma, int32_t count)
{
    turn_8(u_to, v_to, u, v, *chroma, count);
}

static void turn_u16(uint16_t *u_to, uint16_t *v_to, const uint16_t *u, const uint16_t *v,
                     const struct fw_chroma *chroma, int32_t count)
{
    if (chroma->max < 1024)
        turn_10(u_to, v_to, u, v, *chroma, count);
    else
        turn_16(u_to, v_to, u, v, *chroma, count);
}

static void terms_u8(int32_t *terms, const uint8_t *u, const uint8_t *v,
                     const struct fw_chroma *chroma, int32_t count)
{
    terms_8(terms, u, v, *chroma, count);
}

static void terms_u16(int32_t *terms, const uint16_t *u, const uint16_t *v,
                      const struct fw_chroma *chroma, int32_t count)
{
    if (chroma->max < 1024)
        terms_10(terms, u, v, *chroma, count);
    else
        terms_16(terms, u, v, *chroma, count);
}

static void lift_u8(uint8_t *restrict to, const uint8_t *restrict from, int32_t offset,
                    int32_t count)
{
    int16_t add = (int16_t)(offset < -255 ? -255 : (offset > 255 ? 255 : offset));
    for (int32_t x = 0; x < count; x++) {
        int16_t value = (int16_t)(from[x] + add);
        value = value < 0 ? 0 : value;
        to[x] = (uint8_t)(value > 255 ? 255 : value);
    }
}

static void lift_u16(uint16_t *restrict to, const uint16_t *restrict from, int32_t offset,
                     int32_t max, int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        to[x] = (uint16_t)clip(from[x] + offset, max);
}

#define FOLLOW(name, type)                                                                         \
    static void name##_0(type *restrict to, const type *restrict from,                             \
                         const int32_t *restrict terms, int32_t max, int32_t count)                \
    {                                                                                              \
        for (int32_t x = 0; x < count; x++)                                                        \
            to[x] = (type)clip(from[x] + terms[x], max);                                           \
    }                                                                                              \
    static void name##_1(type *restrict to, const type *restrict from,                             \
                         const int32_t *restrict terms, int32_t max, int32_t count)                \
    {                                                                                              \
        for (int32_t x = 0; x < count / 2; x++) {                                                  \
            to[2 * x] = (type)clip(from[2 * x] + terms[x], max);                                   \
            to[2 * x + 1] = (type)clip(from[2 * x + 1] + terms[x], max);                           \
        }                                                                                          \
        if (count % 2)                                                                             \
            to[count - 1] = (type)clip(from[count - 1] + terms[count / 2], max);                   \
    }                                                                                              \
    static void name##_2(type *restrict to, const type *restrict from,                             \
                         const int32_t *restrict terms, int32_t max, int32_t count)                \
    {                                                                                              \
        for (int32_t x = 0; x < count; x++)                                                        \
            to[x] = (type)clip(from[x] + terms[x >> 2], max);                                      \
    }
FOLLOW(follow_8, uint8_t)
FOLLOW(follow_16, uint16_t)

static void follow_u8(uint8_t *to, const uint8_t *from, const int32_t *terms, int32_t shift,
                      int32_t count)
{
    if (shift == 0)
        follow_8_0(to, from, terms, 255, count);
    else if (shift == 1)
        follow_8_1(to, from, terms, 255, count);
    else
        follow_8_2(to, from, terms, 255, count);
}

static void follow_u16(uint16_t *to, const uint16_t *from, const int32_t *terms, int32_t shift,
                       int32_t max, int32_t count)
{
    if (shift == 0)
        follow_16_0(to, from, terms, max, count);
    else if (shift == 1)
        follow_16_1(to, from, terms, max, count);
    else
        follow_16_2(to, from, terms, max, count);
}

const struct fw_chroma_kernels LEVEL = {
    CPU, turn_u8, turn_u16, lift_u8, lift_u16, terms_u8, terms_u16, follow_u8, follow_u16,
};
