/* The loops of canny.h, of which a compiler makes vectors: compiled once per level of instructions
 * by the files that include this. All of them stay within 16 bits. */
#include "canny.h"

#include <stdlib.h>

enum { ACROSS, UPRIGHT, RISING, FALLING };

/*
 * The mask, of sum 159, by its distinct columns:
 *     2  4  5  4  2
 *     4  9 12  9  4
 *     5 12 15 12  5
 */
static void blur(uint16_t *restrict dst, const uint8_t *const *rows, int32_t width,
                 uint16_t *restrict sums)
{
    const uint8_t *restrict r0 = rows[0];
    const uint8_t *restrict r1 = rows[1];
    const uint8_t *restrict r2 = rows[2];
    const uint8_t *restrict r3 = rows[3];
    const uint8_t *restrict r4 = rows[4];
    uint16_t *restrict outer = sums;
    uint16_t *restrict inner = sums + width;
    uint16_t *restrict centre = sums + 2 * (ptrdiff_t)width;
    for (int32_t x = 0; x < width; x++) {
        uint16_t far = (uint16_t)(r0[x] + r4[x]);
        uint16_t near = (uint16_t)(r1[x] + r3[x]);
        uint16_t at = r2[x];
        outer[x] = (uint16_t)(2 * far + 4 * near + 5 * at);
        inner[x] = (uint16_t)(4 * far + 9 * near + 12 * at);
        centre[x] = (uint16_t)(5 * far + 12 * near + 15 * at);
    }
    for (int32_t x = 2; x < width - 2; x++) {
        uint16_t sum = (uint16_t)(outer[x - 2] + outer[x + 2] + inner[x - 1] + inner[x + 1]);
        sum = (uint16_t)(sum + centre[x]);
        /* A division by 159, right for all 16 bits. */
        dst[x] = (uint16_t)((uint16_t)(((uint32_t)sum * 52759u) >> 16) >> 7);
    }
    for (int32_t x = 0; x < 2 && x < width; x++) {
        dst[x] = r2[x];
        dst[width - 1 - x] = r2[width - 1 - x];
    }
}

/*
 * Directions meet at tan(pi/8) and tan(3 pi/8) = tan(pi/8) + 2, in units of 2^-16: a whole number
 * lies below 27146/65536 of another just if it does not pass the whole part, as the product is
 * never whole but for 0.
 */
static void gradient(uint16_t *restrict strength, uint16_t *restrict direction,
                     const uint16_t *const *rows, int32_t width)
{
    const uint16_t *restrict above = rows[0];
    const uint16_t *restrict at = rows[1];
    const uint16_t *restrict below = rows[2];
    strength[0] = 0;
    strength[width - 1] = 0;
    for (int32_t x = 1; x < width - 1; x++) {
        int16_t gx = (int16_t)(above[x + 1] - above[x - 1] + 2 * (at[x + 1] - at[x - 1]) +
                               below[x + 1] - below[x - 1]);
        int16_t gy = (int16_t)(below[x - 1] - above[x - 1] + 2 * (below[x] - above[x]) +
                               below[x + 1] - above[x + 1]);
        uint16_t wide = (uint16_t)(gx < 0 ? -gx : gx);
        uint16_t high = (uint16_t)(gy < 0 ? -gy : gy);
        uint16_t flat = (uint16_t)((wide * 27146u) >> 16);
        uint16_t steep = (uint16_t)(flat + 2 * wide);
        uint16_t slant = (int16_t)(gx ^ gy) < 0 ? RISING : FALLING;
        uint16_t other = high <= steep ? slant : UPRIGHT;
        strength[x] = (uint16_t)(wide + high);
        direction[x] = high <= flat ? ACROSS : other;
    }
}

static void thin(uint8_t *restrict dst, const uint16_t *const *strength,
                 const uint16_t *restrict direction, int32_t width)
{
    const uint16_t *restrict above = strength[0];
    const uint16_t *restrict at = strength[1];
    const uint16_t *restrict below = strength[2];
    dst[0] = 0;
    dst[width - 1] = 0;
    for (int32_t x = 1; x < width - 1; x++) {
        uint16_t way = direction[x];
        uint16_t before = way == FALLING ? above[x - 1] : below[x - 1];
        uint16_t behind = way == FALLING ? below[x + 1] : above[x + 1];
        before = way == ACROSS ? at[x - 1] : before;
        behind = way == ACROSS ? at[x + 1] : behind;
        before = way == UPRIGHT ? above[x] : before;
        behind = way == UPRIGHT ? below[x] : behind;
        uint16_t most = before > behind ? before : behind;
        uint16_t kept = at[x] < 255 ? at[x] : 255;
        dst[x] = (uint8_t)(at[x] > most ? kept : 0);
    }
}

static inline uint8_t greater(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

static void link_rows(uint8_t *restrict dst, const uint8_t *const *rows, int32_t width, uint8_t low,
                      uint8_t high)
{
    const uint8_t *restrict above = rows[0];
    const uint8_t *restrict at = rows[1];
    const uint8_t *restrict below = rows[2];
    for (int32_t x = 0; x < width; x++) {
        uint8_t most = greater(greater(above[x - 1], above[x]), greater(above[x + 1], at[x - 1]));
        most = greater(most,
                       greater(greater(at[x + 1], below[x - 1]), greater(below[x], below[x + 1])));
        uint8_t linked = most > high ? at[x] : 0;
        uint8_t kept = at[x] > low ? linked : 0;
        dst[x] = at[x] > high ? at[x] : kept;
    }
}

static void mix(uint8_t *restrict dst, const uint8_t *restrict src, int32_t width)
{
    for (int32_t x = 0; x < width; x++)
        dst[x] = (uint8_t)((dst[x] + src[x]) >> 1);
}

#define CANNY_KERNELS(cpu_level)                                                                   \
    {                                                                                              \
        cpu_level, blur, gradient, thin, link_rows, mix                                            \
    }
