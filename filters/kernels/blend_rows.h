/*
 * One loop per mode and width of samples, which the compiler turns into the vectors of the file
 * that includes this one. All arithmetic is that of integers, or single operations of floats, so
 * that every variant gives the same bytes.
 */
#include "blend.h"

#include <math.h>

#define PI 3.14159265358979323846

static inline int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline int32_t distance(int32_t a, int32_t b)
{
    return a > b ? a - b : b - a;
}

static inline int32_t clip(int32_t value, int32_t max)
{
    return most(0, least(value, max));
}

/* Products of 16-bit samples need 32 bits without a sign. */
static inline int32_t product(int32_t a, int32_t b, int32_t max)
{
    return (int32_t)((uint32_t)a * (uint32_t)b / (uint32_t)max);
}

static inline int32_t screen(int32_t times, int32_t a, int32_t b, int32_t max)
{
    return max - times * product(max - a, max - b, max);
}

static inline int32_t burn(int32_t a, int32_t b, int32_t max, int32_t bits)
{
    return a == 0 ? a
                  : (int32_t)most(0, max - (int32_t)(((uint32_t)(max - b) << bits) / (uint32_t)a));
}

static inline int32_t dodge(int32_t a, int32_t b, int32_t max, int32_t bits)
{
    return a == max ? a : least(max, (int32_t)(((uint32_t)b << bits) / (uint32_t)(max - a)));
}

static inline int32_t square_over(int32_t a, int32_t b, int32_t max)
{
    return (int32_t)((uint32_t)a * (uint32_t)a / (uint32_t)b > (uint32_t)max
                         ? (uint32_t)max
                         : (uint32_t)a * (uint32_t)a / (uint32_t)b);
}

static inline float cosine(int32_t a, int32_t max)
{
    return cosf((float)(a * PI / max));
}

static inline int32_t softdifference(int32_t a, int32_t b, int32_t max)
{
    if (a > b)
        return b == max ? 0 : clip((int32_t)((int64_t)(a - b) * max / (max - b)), max);
    return b == 0 ? 0 : clip((int32_t)((int64_t)(b - a) * max / b), max);
}

static inline int32_t hardoverlay(int32_t a, int32_t b, int32_t max)
{
    int32_t half = 1 + max / 2;
    if (a == max)
        return max;
    int64_t value = a > half ? (int64_t)max * b / (2 * max - 2 * a) : (int64_t)2 * a * b / max;
    return (int32_t)(value < max ? value : max);
}

/* A whole blend needs no floats: results are integers of less than 24 bits. */
#define DEFINE(type, suffix, depth, name, expression)                                              \
    static void name##_##suffix(void *dst, const void *top, const void *bottom, int32_t width,     \
                                float opacity, int32_t bits)                                       \
    {                                                                                              \
        (void)bits;                                                                                \
        const type *above = top;                                                                   \
        const type *below = bottom;                                                                \
        const int32_t d = depth, m = (1 << d) - 1, h = 1 << (d - 1);                               \
        (void)h, (void)m;                                                                          \
        for (int32_t x = 0; opacity == 1 && x < width; x++) {                                      \
            const int32_t a = above[x], b = below[x];                                              \
            (void)b;                                                                               \
            ((type *)dst)[x] = (type)(expression);                                                 \
        }                                                                                          \
        for (int32_t x = 0; opacity != 1 && x < width; x++) {                                      \
            const int32_t a = above[x], b = below[x];                                              \
            (void)b;                                                                               \
            const float value = (float)a + (float)((expression)-a) * opacity;                      \
            ((type *)dst)[x] = (type)(int32_t)value;                                               \
        }                                                                                          \
    }

#define MODES(type, suffix, depth)                                                                 \
    DEFINE(type, suffix, depth, addition, least(m, a + b))                                         \
    DEFINE(type, suffix, depth, and, a &b)                                                         \
    DEFINE(type, suffix, depth, average, (a + b) / 2)                                              \
    DEFINE(type, suffix, depth, burn, burn(a, b, m, d))                                            \
    DEFINE(type, suffix, depth, darken, least(a, b))                                               \
    DEFINE(type, suffix, depth, difference, distance(a, b))                                        \
    DEFINE(type, suffix, depth, grainextract, clip(h + a - b, m))                                  \
    DEFINE(type, suffix, depth, divide, b == 0 ? m : least(product(m, a, b), m))                   \
    DEFINE(type, suffix, depth, dodge, dodge(a, b, m, d))                                          \
    DEFINE(type, suffix, depth, exclusion, (int32_t)(a + b - (int64_t)2 * a * b / m))              \
    DEFINE(type, suffix, depth, hardlight, b < h ? 2 * product(b, a, m) : screen(2, b, a, m))      \
    DEFINE(type, suffix, depth, lighten, most(a, b))                                               \
    DEFINE(type, suffix, depth, multiply, product(a, b, m))                                        \
    DEFINE(type, suffix, depth, negation, m - distance(m - a, b))                                  \
    DEFINE(type, suffix, depth, or, a | b)                                                         \
    DEFINE(type, suffix, depth, overlay, a < h ? 2 * product(a, b, m) : screen(2, a, b, m))        \
    DEFINE(type, suffix, depth, phoenix, least(a, b) - most(a, b) + m)                             \
    DEFINE(type, suffix, depth, pinlight, b < h ? least(a, 2 * b) : most(a, 2 * (b - h)))          \
    DEFINE(type, suffix, depth, reflect, b == m ? b : square_over(a, m - b, m))                    \
    DEFINE(type, suffix, depth, screen, screen(1, a, b, m))                                        \
    DEFINE(type, suffix, depth, softlight,                                                         \
           clip(product(a, a, m) + 2 * product(b, product(a, m - a, m), m), m))                    \
    DEFINE(type, suffix, depth, subtract, most(0, a - b))                                          \
    DEFINE(type, suffix, depth, vividlight,                                                        \
           a < h ? burn(2 * a, b, m, d) : dodge(2 * (a - h), b, m, d))                             \
    DEFINE(type, suffix, depth, xor, a ^ b)                                                        \
    DEFINE(type, suffix, depth, hardmix, a < m - b ? 0 : m)                                        \
    DEFINE(type, suffix, depth, linearlight, clip(b < h ? b + 2 * a - m : b + 2 * (a - h), m))     \
    DEFINE(type, suffix, depth, glow, a == m ? a : square_over(b, m - a, m))                       \
    DEFINE(type, suffix, depth, grainmerge, clip(a + b - h, m))                                    \
    DEFINE(type, suffix, depth, multiply128,                                                       \
           clip((int32_t)((float)((a - h) * b) / (0.125f * (float)(1 << d)) + (float)h), m))       \
    DEFINE(type, suffix, depth, heat, a == 0 ? 0 : m - square_over(m - b, a, m))                   \
    DEFINE(type, suffix, depth, freeze, b == 0 ? 0 : m - square_over(m - a, b, m))                 \
    DEFINE(type, suffix, depth, extremity, distance(m - a, b))                                     \
    DEFINE(type, suffix, depth, softdifference, softdifference(a, b, m))                           \
    DEFINE(type, suffix, depth, geometric,                                                         \
           (int32_t)lrintf(sqrtf((float)((uint32_t)a * (uint32_t)b))))                             \
    DEFINE(type, suffix, depth, harmonic,                                                          \
           a == 0 && b == 0 ? 0 : (int32_t)((int64_t)2 * a * b / (a + b)))                         \
    DEFINE(type, suffix, depth, bleach, m - b + m - a - m)                                         \
    DEFINE(type, suffix, depth, stain, 2 * m - a - b)                                              \
    DEFINE(type, suffix, depth, interpolate,                                                       \
           (int32_t)lrintf((float)m *(2 - cosine(a, m) - cosine(b, m)) * 0.25f))                   \
    DEFINE(type, suffix, depth, hardoverlay, hardoverlay(a, b, m))                                 \
    static void normal_##suffix(void *dst, const void *top, const void *bottom, int32_t width,     \
                                float opacity, int32_t bits)                                       \
    {                                                                                              \
        (void)bits;                                                                                \
        const float rest = 1 - opacity;                                                            \
        for (int32_t x = 0; x < width; x++) {                                                      \
            const float a = (float)((const type *)top)[x], b = (float)((const type *)bottom)[x];   \
            ((type *)dst)[x] = (type)(int32_t)(a * opacity + b * rest);                            \
        }                                                                                          \
    }

MODES(uint8_t, u8, 8)
MODES(uint16_t, u16, bits)

#define ROW_U8(name) name##_u8,
#define ROW_U16(name) name##_u16,
STORAGE fw_blend_row *const BLEND_U8[FW_BLEND_COUNT] = { FW_BLEND_MODES(ROW_U8) };
STORAGE fw_blend_row *const BLEND_U16[FW_BLEND_COUNT] = { FW_BLEND_MODES(ROW_U16) };
