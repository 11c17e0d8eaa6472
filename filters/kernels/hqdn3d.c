/*
 * Recursive smoothing: the definition, and the table of variants. What is before a sample in its
 * row hangs on all of the row, so that the steps along it wait for each other; four rows side by
 * side fill the time.
 */
#include "hqdn3d.h"

static inline int32_t clip_state(int32_t value)
{
    return value < 0 ? 0 : (value > UINT16_MAX ? UINT16_MAX : value);
}

static inline int32_t near(int32_t before, int32_t here, const int16_t *steps, int32_t drop)
{
    return here + steps[(before - here) >> drop];
}

/* The number of rows, what is dropped and whether states are clipped are constants for the
 * compiler. With a shift of 4 and more all states are whole steps of a table apart, and a step that
 * is less than the difference leads to none beyond those of samples and 7; with nothing dropped it
 * leads to one between the two. So 13 to 15 bits alone are clipped. */
#define ACROSS_ROWS(type, count, dropped, clipped)                                                 \
    static void across_##type##_##count##_##dropped##_##clipped(                                   \
        uint16_t *restrict to, ptrdiff_t to_stride, const type *restrict from,                     \
        ptrdiff_t from_stride, const struct fw_hqdn3d *job, int32_t ahead, int32_t width)          \
    {                                                                                              \
        const int16_t *steps = job->space;                                                         \
        const int32_t shift = job->shift, bias = job->bias;                                        \
        int32_t state[count];                                                                      \
        for (int k = 0; k < (count); k++) {                                                        \
            int32_t here = (uint16_t)(from[k * from_stride] << shift) + bias;                      \
            state[k] = clip_state(here + ahead);                                                   \
            to[k * to_stride] = (uint16_t)state[k];                                                \
        }                                                                                          \
        for (ptrdiff_t x = 1; x < width; x++) {                                                    \
            for (int k = 0; k < (count); k++) {                                                    \
                int32_t here = (uint16_t)(from[k * from_stride + x] << shift) + bias;              \
                state[k] = near(state[k], here, steps, dropped);                                   \
                if (clipped)                                                                       \
                    state[k] = clip_state(state[k]);                                               \
                to[k * to_stride + x] = (uint16_t)state[k];                                        \
            }                                                                                      \
        }                                                                                          \
    }
ACROSS_ROWS(uint8_t, 4, 4, 0)
ACROSS_ROWS(uint8_t, 1, 4, 0)
ACROSS_ROWS(uint16_t, 4, 4, 0)
ACROSS_ROWS(uint16_t, 1, 4, 0)
ACROSS_ROWS(uint16_t, 4, 4, 1)
ACROSS_ROWS(uint16_t, 1, 4, 1)
ACROSS_ROWS(uint16_t, 4, 0, 0)
ACROSS_ROWS(uint16_t, 1, 0, 0)

#define ACROSS(type, all_rows, one_row)                                                            \
    do {                                                                                           \
        const type *row = from;                                                                    \
        const ptrdiff_t step = to_stride / (ptrdiff_t)sizeof(*to);                                 \
        const ptrdiff_t from_step = from_stride / (ptrdiff_t)sizeof(*row);                         \
        int32_t y = 0;                                                                             \
        for (; y + 4 <= rows; y += 4)                                                              \
            all_rows(to + y * step, step, row + y * from_step, from_step, job, ahead, width);      \
        for (; y < rows; y++)                                                                      \
            one_row(to + y * step, step, row + y * from_step, from_step, job, ahead, width);       \
    } while (0)

void fw_hqdn3d_across_u8_c(uint16_t *to, ptrdiff_t to_stride, const void *from,
                           ptrdiff_t from_stride, const struct fw_hqdn3d *job, int32_t ahead,
                           int32_t width, int32_t rows)
{
    ACROSS(uint8_t, across_uint8_t_4_4_0, across_uint8_t_1_4_0);
}

void fw_hqdn3d_across_u16_c(uint16_t *to, ptrdiff_t to_stride, const void *from,
                            ptrdiff_t from_stride, const struct fw_hqdn3d *job, int32_t ahead,
                            int32_t width, int32_t rows)
{
    if (!job->drop)
        ACROSS(uint16_t, across_uint16_t_4_0_0, across_uint16_t_1_0_0);
    else if (job->shift < 4)
        ACROSS(uint16_t, across_uint16_t_4_4_1, across_uint16_t_1_4_1);
    else
        ACROSS(uint16_t, across_uint16_t_4_4_0, across_uint16_t_1_4_0);
}

#define DOWN(name, type)                                                                           \
    void fw_hqdn3d_part_##name(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,    \
                               const struct fw_hqdn3d *job, int32_t first, int32_t width)          \
    {                                                                                              \
        type *to = dst;                                                                            \
        const int32_t drop = job->drop;                                                            \
        for (ptrdiff_t x = first; x < width; x++) {                                                \
            int32_t still = clip_state(near(above[x], row[x], job->space, drop));                  \
            int32_t now = clip_state(near(past[x], still, job->time, drop));                       \
            above[x] = (uint16_t)still;                                                            \
            past[x] = (uint16_t)now;                                                               \
            to[x] = (type)(now >> job->shift);                                                     \
        }                                                                                          \
    }                                                                                              \
    static void down_##name(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,       \
                            const struct fw_hqdn3d *job, int32_t width)                            \
    {                                                                                              \
        fw_hqdn3d_part_##name(dst, past, above, row, job, 0, width);                               \
    }
DOWN(u8, uint8_t)
DOWN(u16, uint16_t)

const struct fw_hqdn3d_kernels fw_hqdn3d_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_hqdn3d_across_u8_c, fw_hqdn3d_across_u16_c, fw_hqdn3d_down_u8_avx512,
      fw_hqdn3d_down_u16_avx512 },
    { FW_CPU_AVX2, fw_hqdn3d_across_u8_c, fw_hqdn3d_across_u16_c, fw_hqdn3d_down_u8_avx2,
      fw_hqdn3d_down_u16_avx2 },
#endif
    { FW_CPU_C, fw_hqdn3d_across_u8_c, fw_hqdn3d_across_u16_c, down_u8, down_u16 },
};

const struct fw_hqdn3d_kernels *fw_hqdn3d_kernels(int level)
{
    const struct fw_hqdn3d_kernels *row;
    FW_CPU_PICK(fw_hqdn3d_variants, level, row);
    return row;
}
