/*
 * The loops of grain, compiled once for each set of instructions; the compiler's vectors take them
 * as they are. Included after LEVEL, the variant's name, and CPU, its level, are defined.
 */
#include "grain.h"

#define HALF (1 << 15)

/* The sum of four even bytes is close to a bell of deviation 147.8 about 510. */
static inline int32_t bell(uint32_t bits, int32_t scale)
{
    int32_t sum = (int32_t)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));
    return ((sum - 510) * scale + HALF / 4) >> 14;
}

/* Evenly from -scale / 2 on, below scale / 2. */
static inline int32_t even(uint32_t bits, int32_t scale)
{
    return (((int32_t)(bits >> 16) - 32768) * scale + HALF) >> 16;
}

#define ADD(name, type, value)                                                                     \
    static void name(type *restrict dst, const type *restrict src, uint32_t key, int32_t scale,    \
                     const int16_t *restrict pattern, int32_t max, int32_t count)                  \
    {                                                                                              \
        (void)pattern;                                                                             \
        for (int32_t x = 0; x < count; x++) {                                                      \
            uint32_t bits = fw_grain_mix(key + (uint32_t)x);                                       \
            int32_t sum = src[x] + (value);                                                        \
            sum = sum < 0 ? 0 : sum;                                                               \
            dst[x] = (type)(sum > max ? max : sum);                                                \
        }                                                                                          \
    }
#define SET(type, size)                                                                            \
    ADD(bell_##size, type, bell(bits, scale))                                                      \
    ADD(even_##size, type, even(bits, scale))                                                      \
    ADD(bell_pattern_##size, type, bell(bits, scale) + pattern[x])                                 \
    ADD(even_pattern_##size, type, even(bits, scale) + pattern[x])
SET(uint8_t, 8)
SET(uint16_t, 16)

#define CALL(name) name(dst, src, grain->key, grain->scale, grain->pattern, grain->max, count)
#define CHOOSE(size)                                                                               \
    do {                                                                                           \
        if (grain->uniform && grain->pattern)                                                      \
            CALL(even_pattern_##size);                                                             \
        else if (grain->uniform)                                                                   \
            CALL(even_##size);                                                                     \
        else if (grain->pattern)                                                                   \
            CALL(bell_pattern_##size);                                                             \
        else                                                                                       \
            CALL(bell_##size);                                                                     \
    } while (0)

static void add_u8(uint8_t *dst, const uint8_t *src, const struct fw_grain *grain, int32_t count)
{
    CHOOSE(8);
}

static void add_u16(uint16_t *dst, const uint16_t *src, const struct fw_grain *grain, int32_t count)
{
    CHOOSE(16);
}

const struct fw_grain_kernels LEVEL = { CPU, add_u8, add_u16 };
