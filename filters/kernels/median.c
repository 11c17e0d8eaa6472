/*
 * Medians in portable C, and the table of their variants. A window's histogram follows it along
 * the row, one column in and one out: T. Huang, "Two-dimensional Digital Signal Processing II",
 * 1981.
 */
#include "median.h"

#include <string.h>

#define BINS 256 /* coarse ones, and fine ones to each */

struct ring {
    int32_t next; /* slot of the next row */
    uint16_t coarse[BINS];
    uint16_t fine[BINS * BINS];
    uint16_t samples[]; /* 2 * radius_y + 1 rows of width + 2 * radius_x */
};

#define DEFINE_BOX(type, word, size)                                                               \
    static type middle##size##_##word(const type *const *src, int32_t x)                           \
    {                                                                                              \
        type list[(size) * (size)];                                                                \
        int count = 0;                                                                             \
        for (int row = 0; row < (size); row++) {                                                   \
            for (int column = 0; column < (size); column++) {                                      \
                type sample = src[row][x + column - (size) / 2];                                   \
                int at = count++;                                                                  \
                for (; at > 0 && list[at - 1] > sample; at--)                                      \
                    list[at] = list[at - 1];                                                       \
                list[at] = sample;                                                                 \
            }                                                                                      \
        }                                                                                          \
        return list[(size) * (size) / 2];                                                          \
    }                                                                                              \
    void fw_median_box##size##_##word##_c(type *const *dst, const type *const *src, int32_t width) \
    {                                                                                              \
        for (int row = 0; row < 2; row++)                                                          \
            for (int32_t x = 0; x < width; x++)                                                    \
                dst[row][x] = middle##size##_##word(src + row, x);                                 \
    }
DEFINE_BOX(uint8_t, u8, 3)
DEFINE_BOX(uint16_t, u16, 3)
DEFINE_BOX(uint8_t, u8, 5)
DEFINE_BOX(uint16_t, u16, 5)

static int32_t ring_width(const struct fw_median_window *window)
{
    return window->width + 2 * window->radius_x;
}

static void window_start(const struct fw_median_window *window)
{
    struct ring *ring = window->scratch;
    ring->next = 0;
}

static void window_add(const struct fw_median_window *window, const void *row)
{
    struct ring *ring = window->scratch;
    int32_t width = ring_width(window);
    uint16_t *to = ring->samples + (size_t)ring->next * (size_t)width;
    for (int32_t x = 0; x < width; x++)
        to[x] = window->bits > 8 ? ((const uint16_t *)row)[x - window->radius_x]
                                 : ((const uint8_t *)row)[x - window->radius_x];
    ring->next = (ring->next + 1) % (2 * window->radius_y + 1);
}

static void count_column(const struct fw_median_window *window, int32_t column, uint16_t by)
{
    struct ring *ring = window->scratch;
    size_t width = (size_t)ring_width(window);
    for (int32_t row = 0; row <= 2 * window->radius_y; row++) {
        uint16_t sample = ring->samples[(size_t)row * width + (size_t)column];
        ring->coarse[sample / BINS] = (uint16_t)(ring->coarse[sample / BINS] + by);
        ring->fine[sample] = (uint16_t)(ring->fine[sample] + by);
    }
}

static uint16_t sample_of_rank(const struct ring *ring, int32_t rank)
{
    int32_t coarse = 0;
    for (; rank >= ring->coarse[coarse]; coarse++)
        rank -= ring->coarse[coarse];
    int32_t fine = coarse * BINS;
    for (; rank >= ring->fine[fine]; fine++)
        rank -= ring->fine[fine];
    return (uint16_t)fine;
}

static void window_row(const struct fw_median_window *window, void *dst, const void *enter,
                       const void *leave)
{
    (void)leave; /* the next row takes its slot */
    struct ring *ring = window->scratch;
    window_add(window, enter);
    memset(ring->coarse, 0, sizeof(ring->coarse));
    memset(ring->fine, 0, sizeof(ring->fine));
    for (int32_t column = 0; column < 2 * window->radius_x; column++)
        count_column(window, column, 1);
    for (int32_t x = 0; x < window->width; x++) {
        count_column(window, x + 2 * window->radius_x, 1);
        uint16_t sample = sample_of_rank(ring, window->rank);
        if (window->bits > 8)
            ((uint16_t *)dst)[x] = sample;
        else
            ((uint8_t *)dst)[x] = (uint8_t)sample;
        count_column(window, x, (uint16_t)-1);
    }
}

int32_t fw_median_stripe(int32_t bits, int32_t radius_x)
{
    int32_t columns = bits <= 8 ? 1024 : (bits <= 10 ? 256 : (bits <= 12 ? 128 : 64));
    return columns > 2 * radius_x ? columns : 2 * radius_x;
}

size_t fw_median_scratch(int32_t bits, int32_t radius_x, int32_t radius_y, int32_t width)
{
    size_t bytes = sizeof(struct ring) +
                   sizeof(uint16_t) * (size_t)(2 * radius_y + 1) * (size_t)(width + 2 * radius_x);
#if defined(__x86_64__)
    size_t wide = fw_median_scratch_avx2(bits, radius_x, width);
    bytes = bytes > wide ? bytes : wide;
#else
    (void)bits;
#endif
    return bytes;
}

const struct fw_median_kernels fw_median_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_median_box3_u8_avx512, fw_median_box3_u16_avx512, fw_median_box5_u8_avx2,
      fw_median_box5_u16_avx2, fw_median_window_start_avx2, fw_median_window_add_avx2,
      fw_median_window_row_avx2 },
    { FW_CPU_AVX2, fw_median_box3_u8_avx2, fw_median_box3_u16_avx2, fw_median_box5_u8_avx2,
      fw_median_box5_u16_avx2, fw_median_window_start_avx2, fw_median_window_add_avx2,
      fw_median_window_row_avx2 },
#endif
    { FW_CPU_C, fw_median_box3_u8_plain, fw_median_box3_u16_plain, fw_median_box5_u8_plain,
      fw_median_box5_u16_plain, window_start, window_add, window_row },
};

const struct fw_median_kernels *fw_median_kernels(int level)
{
    const struct fw_median_kernels *row;
    FW_CPU_PICK(fw_median_variants, level, row);
    return row;
}
