/*
 * The loops of balance, compiled once for each set of instructions; the compiler's vectors take
 * them as they are. Included after LEVEL is defined.
 */
#include "balance.h"

#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, LEVEL)

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float greatest(float a, float b)
{
    return a > b ? a : b;
}

/* The nearest integer, ties to even, for values below 2^22. */
static inline int32_t snap(float value)
{
    float snapped = value + 12582912.0f; /* 1.5 * 2^23 */
    int32_t bits;
    memcpy(&bits, &snapped, sizeof(bits));
    return bits - 0x4b400000;
}

#define ROWS(type, name)                                                                           \
    static void name(type *restrict to_r, type *restrict to_g, type *restrict to_b,                \
                     const type *restrict from_r, const type *restrict from_g,                     \
                     const type *restrict from_b, const struct fw_balance balance, int32_t count)  \
    {                                                                                              \
        for (int32_t x = 0; x < count; x++) {                                                      \
            float r = (float)from_r[x] / balance.max;                                              \
            float g = (float)from_g[x] / balance.max;                                              \
            float b = (float)from_b[x] / balance.max;                                              \
            float light = greatest(greatest(r, g), b) + least(least(r, g), b);                     \
            struct fw_balance_weights weights = fw_balance_weigh(light);                           \
            r = fw_balance_component(r, &balance, 0, weights) * balance.max;                       \
            g = fw_balance_component(g, &balance, 1, weights) * balance.max;                       \
            b = fw_balance_component(b, &balance, 2, weights) * balance.max;                       \
            to_r[x] = (type)snap(r);                                                               \
            to_g[x] = (type)snap(g);                                                               \
            to_b[x] = (type)snap(b);                                                               \
        }                                                                                          \
    }
ROWS(uint8_t, balance_8)
ROWS(uint16_t, balance_16)

void NAMED(fw_balance_u8_)(uint8_t *const *dst, const uint8_t *const *src,
                           const struct fw_balance *balance, int32_t count)
{
    balance_8(dst[0], dst[1], dst[2], src[0], src[1], src[2], *balance, count);
}

void NAMED(fw_balance_u16_)(uint16_t *const *dst, const uint16_t *const *src,
                            const struct fw_balance *balance, int32_t count)
{
    balance_16(dst[0], dst[1], dst[2], src[0], src[1], src[2], *balance, count);
}
