/* The loops of cas.h, of which a compiler makes vectors: compiled once per level of instructions by
 * the files that include this. */
#include "cas.h"

#include <math.h>

#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define GREATER(a, b) ((a) > (b) ? (a) : (b))
#define LEAST_3(a, b, c) LESSER(LESSER(a, b), c)
#define MOST_3(a, b, c) GREATER(GREATER(a, b), c)

/* amp / strength. Where products are fused the reciprocal gives it too: the residue of a quotient
 * is exact, and added through a correctly rounded reciprocal it rounds as the division does (P.
 * Markstein, 1990). */
static inline float divide(float amp, float strength, float reciprocal)
{
#if defined(__FMA__)
    float near = amp * reciprocal;
    return __builtin_fmaf(__builtin_fmaf(-near, strength, amp), reciprocal, near);
#else
    (void)reciprocal;
    return amp / strength;
#endif
}

/* `sum_type` holds two samples' sum. */
#define DEFINE_ROW(word, type, sum_type)                                                           \
    static void row_##word(type *restrict dst, const struct fw_cas_rows *from)                     \
    {                                                                                              \
        const uint16_t *restrict above = from->rows[0];                                            \
        const uint16_t *restrict at = from->rows[1];                                               \
        const uint16_t *restrict below = from->rows[2];                                            \
        const float strength = from->strength;                                                     \
        const float reciprocal = 1.0f / strength;                                                  \
        const int32_t peak = from->peak;                                                           \
        const sum_type most_sum = (sum_type)(2 * peak + 1);                                        \
        for (int32_t x = 0; x < from->width; x++) {                                                \
            uint16_t least = LEAST_3(LEAST_3(at[x - 1], at[x], at[x + 1]), above[x], below[x]);    \
            uint16_t most = MOST_3(MOST_3(at[x - 1], at[x], at[x + 1]), above[x], below[x]);       \
            uint16_t least_9 = LEAST_3(LEAST_3(least, above[x - 1], above[x + 1]), below[x - 1],   \
                                       below[x + 1]);                                              \
            uint16_t most_9 = MOST_3(MOST_3(most, above[x - 1], above[x + 1]), below[x - 1],       \
                                     below[x + 1]);                                                \
            sum_type low = (sum_type)(least + least_9);                                            \
            sum_type high = (sum_type)(most + most_9);                                             \
            sum_type room = (sum_type)(most_sum - high);                                           \
            int32_t contrast = LESSER(low, room);                                                  \
            float ratio = (float)contrast / (float)high;                                           \
            float amp = sqrtf(ratio < 1.0f ? ratio : 1.0f);                                        \
            float weight = divide(amp, strength, reciprocal);                                      \
            int32_t sum = above[x] + at[x - 1] + at[x + 1] + below[x];                             \
            float value = ((float)sum * weight + (float)at[x]) / (1.0f + 4.0f * weight);           \
            int32_t whole = (int32_t)value;                                                        \
            whole = GREATER(whole, 0);                                                             \
            dst[x] = (type)LESSER(whole, peak);                                                    \
        }                                                                                          \
    }
DEFINE_ROW(u8, uint8_t, int16_t)
DEFINE_ROW(u16, uint16_t, int32_t)

#define CAS_KERNELS(cpu_level)                                                                     \
    {                                                                                              \
        cpu_level, row_u8, row_u16                                                                 \
    }
