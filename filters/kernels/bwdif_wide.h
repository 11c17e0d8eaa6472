/*
 * Missing rows of a field in vectors, for any width of them: the file that includes this one says
 * what a vector is and how it is loaded, stored, added and so on.
 *
 * Samples of up to 12 bits are worked on in 16-bit lanes, pairs of them multiplied into 32 bits;
 * deeper ones in 32-bit lanes.
 */
#include "bwdif.h"

/* The pair (near, far) weighted in both halves of a vector of 32-bit sums. */
struct halves {
    VEC low;
    VEC high;
};

static inline struct halves weigh(VEC a, VEC b, int32_t weight_a, int32_t weight_b)
{
    VEC weights = SPLAT32((int32_t)((uint32_t)weight_b << 16 | (uint16_t)weight_a));
    struct halves sum = { MADD(UNPACK_LOW(a, b), weights), MADD(UNPACK_HIGH(a, b), weights) };
    return sum;
}

static inline VEC narrow(struct halves sum)
{
    return PACK32(SHIFT32(sum.low, 13), SHIFT32(sum.high, 13));
}

static inline VEC average_of(VEC a, VEC b)
{
    return SHIFT16(ADD16(a, b), 1);
}

static inline VEC both_16(VEC near, VEC far, VEC pair_0, VEC pair_2, VEC pair_4)
{
    struct halves inner = weigh(pair_0, pair_2, 5570, -3801);
    struct halves outer = weigh(pair_4, ZERO, 1016, 0);
    struct halves low = weigh(near, far, 4309, -213);
    low.low = ADD32(low.low, SHIFT32(ADD32(inner.low, outer.low), 2));
    low.high = ADD32(low.high, SHIFT32(ADD32(inner.high, outer.high), 2));
    return narrow(low);
}

#define LINE_16(LOAD)                                                                              \
    const VEC above = LOAD(rows->cur[1], x), below = LOAD(rows->cur[2], x);                        \
    const VEC past = LOAD(rows->past[2], x), future = LOAD(rows->future[2], x);                    \
    const VEC pair = ADD16(past, future), middle = SHIFT16(pair, 1);                               \
    const VEC own = ABS16(SUB16(past, future));                                                    \
    const VEC before = average_of(ABS16(SUB16(LOAD(rows->prev[0], x), above)),                     \
                                  ABS16(SUB16(LOAD(rows->prev[1], x), below)));                    \
    const VEC after = average_of(ABS16(SUB16(LOAD(rows->next[0], x), above)),                      \
                                 ABS16(SUB16(LOAD(rows->next[1], x), below)));                     \
    const VEC motion = MAX16(SHIFT16(own, 1), MAX16(before, after));                               \
    const VEC pair_above = ADD16(LOAD(rows->past[1], x), LOAD(rows->future[1], x));                \
    const VEC pair_below = ADD16(LOAD(rows->past[3], x), LOAD(rows->future[3], x));                \
    const VEC far_pair = ADD16(ADD16(LOAD(rows->past[0], x), LOAD(rows->future[0], x)),            \
                               ADD16(LOAD(rows->past[4], x), LOAD(rows->future[4], x)));           \
    const VEC far = ADD16(LOAD(rows->cur[0], x), LOAD(rows->cur[3], x));                           \
    VEC value = line_16(above, below, middle, own, motion, pair, pair_above, pair_below, far_pair, \
                        far)

static inline VEC line_16(VEC above, VEC below, VEC middle, VEC own, VEC motion, VEC pair,
                          VEC pair_above, VEC pair_below, VEC far_pair, VEC far)
{
    VEC up = SUB16(SHIFT16(pair_above, 1), above);
    VEC down = SUB16(SHIFT16(pair_below, 1), below);
    VEC from_above = SUB16(middle, above);
    VEC from_below = SUB16(middle, below);
    VEC high = MAX16(MAX16(from_above, from_below), MIN16(up, down));
    VEC low = MIN16(MIN16(from_above, from_below), MAX16(up, down));
    VEC range = MAX16(MAX16(motion, low), SUB16(ZERO, high));
    VEC near = ADD16(above, below);
    VEC moving = both_16(near, far, pair, ADD16(pair_above, pair_below), far_pair);
    VEC still = narrow(weigh(near, far, 5077, -981));
    VEC value = SELECT_GREATER16(ABS16(SUB16(above, below)), own, moving, still);
    value = MAX16(MIN16(value, ADD16(middle, range)), SUB16(middle, range));
    return SELECT_GREATER16(motion, ZERO, value, middle);
}

static inline void line_u8_at(void *dst, const struct fw_bwdif_rows *rows, int32_t x)
{
    LINE_16(LOAD_U8);
    STORE_U8((uint8_t *)dst + x, value);
}

static inline void line_u12_at(void *dst, const struct fw_bwdif_rows *rows, int32_t x, int32_t max)
{
    LINE_16(LOAD_U16);
    STORE_U16((uint16_t *)dst + x, MAX16(ZERO, MIN16(value, SPLAT16((int16_t)max))));
}

static inline VEC both_32(VEC near, VEC far, VEC pair, VEC pairs_2, VEC pairs_4)
{
    VEC high = SUB32(MUL32(pair, SPLAT32(5570)), MUL32(pairs_2, SPLAT32(3801)));
    high = SHIFT32(ADD32(high, MUL32(pairs_4, SPLAT32(1016))), 2);
    VEC low = SUB32(MUL32(near, SPLAT32(4309)), MUL32(far, SPLAT32(213)));
    return SHIFT32(ADD32(high, low), 13);
}

static inline VEC motion_32(const struct fw_bwdif_rows *rows, int32_t x, VEC above, VEC below,
                            VEC own)
{
    VEC before = ADD32(ABS32(SUB32(LOAD_32(rows->prev[0], x), above)),
                       ABS32(SUB32(LOAD_32(rows->prev[1], x), below)));
    VEC after = ADD32(ABS32(SUB32(LOAD_32(rows->next[0], x), above)),
                      ABS32(SUB32(LOAD_32(rows->next[1], x), below)));
    return SHIFT32(MAX32(own, MAX32(before, after)), 1);
}

static inline void line_u16_at(void *dst, const struct fw_bwdif_rows *rows, int32_t x, int32_t max)
{
    VEC pairs[5];
    for (int i = 0; i < 5; i++)
        pairs[i] = ADD32(LOAD_32(rows->past[i], x), LOAD_32(rows->future[i], x));
    VEC above = LOAD_32(rows->cur[1], x);
    VEC below = LOAD_32(rows->cur[2], x);
    VEC own = ABS32(SUB32(LOAD_32(rows->past[2], x), LOAD_32(rows->future[2], x)));
    VEC middle = SHIFT32(pairs[2], 1);
    VEC motion = motion_32(rows, x, above, below, own);
    VEC up = SUB32(SHIFT32(pairs[1], 1), above);
    VEC down = SUB32(SHIFT32(pairs[3], 1), below);
    VEC from_above = SUB32(middle, above);
    VEC from_below = SUB32(middle, below);
    VEC high = MAX32(MAX32(from_above, from_below), MIN32(up, down));
    VEC low = MIN32(MIN32(from_above, from_below), MAX32(up, down));
    VEC range = MAX32(MAX32(motion, low), SUB32(ZERO, high));
    VEC near = ADD32(above, below);
    VEC far = ADD32(LOAD_32(rows->cur[0], x), LOAD_32(rows->cur[3], x));
    VEC moving = both_32(near, far, pairs[2], ADD32(pairs[1], pairs[3]), ADD32(pairs[0], pairs[4]));
    VEC still = SHIFT32(SUB32(MUL32(near, SPLAT32(5077)), MUL32(far, SPLAT32(981))), 13);
    VEC value = SELECT_GREATER32(ABS32(SUB32(above, below)), own, moving, still);
    value = MAX32(MIN32(value, ADD32(middle, range)), SUB32(middle, range));
    value = SELECT_GREATER32(motion, ZERO, value, middle);
    STORE_32((uint16_t *)dst + x, MAX32(ZERO, MIN32(value, SPLAT32(max))));
}

/* The last vector of a row overlaps the one before it. */
#define ROW(step, at)                                                                              \
    do {                                                                                           \
        int32_t x = 0;                                                                             \
        for (; x + (step) <= width; x += (step))                                                   \
            at;                                                                                    \
        if (x < width) {                                                                           \
            x = width - (step);                                                                    \
            at;                                                                                    \
        }                                                                                          \
    } while (0)

void LINE_U8(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max)
{
    if (width < LANES)
        fw_bwdif_line_u8_c(dst, rows, width, max);
    else
        ROW(LANES, line_u8_at(dst, rows, x));
}

void LINE_U16(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max)
{
    if (width < LANES)
        fw_bwdif_line_u16_c(dst, rows, width, max);
    else if (max <= 4095)
        ROW(LANES, line_u12_at(dst, rows, x, max));
    else
        ROW(LANES / 2, line_u16_at(dst, rows, x, max));
}
