/* Down and through time, a vector of samples at a time: the lanes ask the tables for their steps.
 * A file that includes this defines GATHER(table, index), the 32 bits at table + index * 2. */
#include "hqdn3d.h"
#include "lanes.h"

/* The step lies in the upper half of what begins one entry before it. */
LANES_INLINE v32s near(v32s before, v32s here, const int16_t *steps, int32_t drop)
{
    v32s step = GATHER(steps - 1, (before - here) >> drop) >> 16;
    return min_s32(max_s32(here + step, (v32s){ 0 }), (v32s){ 0 } + UINT16_MAX);
}

#define DOWN(name, bits, drop)                                                                     \
    LANES_INLINE int32_t down_##name##_##drop(void *restrict dst, uint16_t *restrict past,         \
                                              uint16_t *restrict above, const uint16_t *row,       \
                                              const struct fw_hqdn3d *job, int32_t width)          \
    {                                                                                              \
        const int16_t *const space = job->space, *const time = job->time;                          \
        const int32_t shift = job->shift;                                                          \
        int32_t x = 0;                                                                             \
        for (; x + LANES_32 <= width; x += LANES_32) {                                             \
            v32s still = near((v32s)load_32_16(above + x, LANES_32),                               \
                              (v32s)load_32_16(row + x, LANES_32), space, drop);                   \
            v32s now = near((v32s)load_32_16(past + x, LANES_32), still, time, drop);              \
            store_32_16(above + x, (v32u)still, LANES_32);                                         \
            store_32_16(past + x, (v32u)now, LANES_32);                                            \
            store_32_##bits((uint8_t *)dst + x * ((bits) / 8), (v32u)now >> shift, LANES_32);      \
        }                                                                                          \
        return x;                                                                                  \
    }
DOWN(u8, 8, 4)
DOWN(u16, 16, 4)
DOWN(u16, 16, 0)
