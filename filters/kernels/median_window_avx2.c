/*
 * Medians of any window in time that hardly depends on its size, with AVX2.
 *
 * After S. Perreault and P. Hebert, "Median Filtering in Constant Time", 2007: each column keeps a
 * histogram of its samples, and the window's is a sum of columns, coarse bins always and fine ones
 * where they are looked at. Here all histograms are cumulative: the bin sought is the number of
 * bins that hold no more than `rank` samples up to their end, counted by a compare.
 */
#if defined(__x86_64__)
#include "median.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

/* Where things lie in the scratch memory. A column's counts fit bytes, a window's 16 bits. */
struct layout {
    int32_t shift; /* low half of a sample's bits */
    int32_t bins;
    int32_t columns;
    uint8_t *steps;        /* `bins` zeros and as many ones */
    uint8_t *coarse;       /* [column][bin] */
    uint8_t *fine;         /* [coarse bin][column][bin] */
    uint16_t *window;      /* [bin] */
    uint16_t *window_fine; /* [coarse bin][bin] */
    int32_t *end;          /* [coarse bin]: first column that its fine bins lack */
};

static int32_t bins_of(int32_t bits)
{
    return 1 << ((bits + 1) / 2);
}

static struct layout layout_of(const struct fw_median_window *window)
{
    size_t bins = (size_t)bins_of(window->bits);
    size_t columns = (size_t)(window->width + 2 * window->radius_x);
    struct layout layout = { .shift = (window->bits + 1) / 2,
                             .bins = (int32_t)bins,
                             .columns = (int32_t)columns };
    layout.window = window->scratch;
    layout.window_fine = layout.window + bins;
    layout.end = (int32_t *)(void *)(layout.window_fine + bins * bins);
    layout.steps = (uint8_t *)(layout.end + bins);
    layout.coarse = layout.steps + 2 * bins;
    layout.fine = layout.coarse + bins * columns;
    return layout;
}

size_t fw_median_scratch_avx2(int32_t bits, int32_t radius_x, int32_t width)
{
    size_t bins = (size_t)bins_of(bits);
    size_t columns = (size_t)(width + 2 * radius_x);
    return (bins + bins * bins) * (sizeof(uint16_t) + columns) + bins * (sizeof(int32_t) + 2);
}

void fw_median_window_start_avx2(const struct fw_median_window *window)
{
    struct layout layout = layout_of(window);
    size_t bins = (size_t)layout.bins;
    memset(layout.steps, 0, bins);
    memset(layout.steps + bins, 1, bins);
    memset(layout.coarse, 0, bins * (bins + 1) * (size_t)layout.columns);
}

#define LOAD_128(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define LOAD_256(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE_128(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)
#define STORE_256(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)

/* One sample more, or less, in the bins from `first` on. */
static inline void step(uint8_t *counts, const uint8_t *steps, int32_t bins, int32_t first,
                        bool take)
{
    const uint8_t *from = steps + bins - first;
    for (int32_t i = 0; i < bins; i += 16) {
        __m128i old = LOAD_128(counts + i);
        __m128i by = LOAD_128(from + i);
        STORE_128(counts + i, take ? _mm_add_epi8(old, by) : _mm_sub_epi8(old, by));
    }
}

static inline void count_row(const struct layout *layout, const void *row, int32_t radius_x,
                             bool wide, int32_t bins, bool take)
{
    const uint8_t *bytes = (const uint8_t *)row - radius_x;
    const uint16_t *words = (const uint16_t *)row - radius_x;
    size_t plane = (size_t)layout->columns * (size_t)bins;
    for (int32_t column = 0; column < layout->columns; column++) {
        /* Raw input may hold samples beyond its depth: the mask keeps them within the bins. */
        int32_t sample = wide ? words[column] & (bins * bins - 1) : bytes[column];
        int32_t high = sample >> layout->shift;
        size_t at = (size_t)column * (size_t)bins;
        step(layout->coarse + at, layout->steps, bins, high, take);
        step(layout->fine + (size_t)high * plane + at, layout->steps, bins, sample & (bins - 1),
             take);
    }
}

static inline void add_column(uint16_t *window, const uint8_t *column, int32_t bins)
{
    for (int32_t i = 0; i < bins; i += 16)
        STORE_256(window + i, _mm256_add_epi16(LOAD_256(window + i),
                                               _mm256_cvtepu8_epi16(LOAD_128(column + i))));
}

static inline void move_column(uint16_t *window, const uint8_t *enter, const uint8_t *leave,
                               int32_t bins)
{
    for (int32_t i = 0; i < bins; i += 16) {
        __m256i by = _mm256_sub_epi16(_mm256_cvtepu8_epi16(LOAD_128(enter + i)),
                                      _mm256_cvtepu8_epi16(LOAD_128(leave + i)));
        STORE_256(window + i, _mm256_add_epi16(LOAD_256(window + i), by));
    }
}

/* How many of the counts are `rank` or less. */
static inline int32_t find_bin(const uint16_t *counts, int32_t rank, int32_t bins)
{
    __m256i limit = _mm256_set1_epi16((int16_t)rank);
    int32_t found = 0;
    for (int32_t i = 0; i < bins; i += 16) {
        __m256i within = _mm256_cmpeq_epi16(_mm256_max_epu16(LOAD_256(counts + i), limit), limit);
        found += _mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(within));
    }
    return found / 2;
}

/* Brings the fine bins of a coarse one to the window that starts at `first`. */
static inline uint16_t *fine_bins(const struct layout *layout, int32_t bin, int32_t first,
                                  int32_t size, int32_t bins)
{
    uint16_t *counts = layout->window_fine + (ptrdiff_t)bin * bins;
    const uint8_t *columns = layout->fine + (size_t)bin * (size_t)layout->columns * (size_t)bins;
    int32_t column = layout->end[bin];
    if (2 * (first + size - column) > size) {
        memset(counts, 0, (size_t)bins * sizeof(*counts));
        for (column = first; column < first + size; column++)
            add_column(counts, columns + (ptrdiff_t)column * bins, bins);
    }
    for (; column < first + size; column++)
        move_column(counts, columns + (ptrdiff_t)column * bins,
                    columns + (ptrdiff_t)(column - size) * bins, bins);
    layout->end[bin] = column;
    return counts;
}

static inline void pick_row(const struct fw_median_window *window, const struct layout *layout,
                            void *dst, bool wide, int32_t bins)
{
    int32_t size = 2 * window->radius_x + 1;
    memset(layout->window, 0, (size_t)bins * sizeof(uint16_t));
    for (int32_t i = 0; i < bins; i++)
        layout->end[i] = -2 * size;
    for (int32_t column = 0; column < size - 1; column++)
        add_column(layout->window, layout->coarse + (ptrdiff_t)column * bins, bins);
    for (int32_t x = 0; x < window->width; x++) {
        const uint8_t *enter = layout->coarse + (ptrdiff_t)(x + size - 1) * bins;
        if (x == 0)
            add_column(layout->window, enter, bins);
        else
            move_column(layout->window, enter, enter - (ptrdiff_t)size * bins, bins);
        int32_t high = find_bin(layout->window, window->rank, bins);
        int32_t below = high > 0 ? layout->window[high - 1] : 0;
        const uint16_t *fine = fine_bins(layout, high, x, size, bins);
        int32_t sample = (high << layout->shift) + find_bin(fine, window->rank - below, bins);
        if (wide)
            ((uint16_t *)dst)[x] = (uint16_t)sample;
        else
            ((uint8_t *)dst)[x] = (uint8_t)sample;
    }
}

/* Loops over a known number of bins unroll. */
#define FOR_BINS(layout, CALL)                                                                     \
    switch ((layout).bins) {                                                                       \
    case 16:                                                                                       \
        CALL(16);                                                                                  \
        break;                                                                                     \
    case 32:                                                                                       \
        CALL(32);                                                                                  \
        break;                                                                                     \
    case 64:                                                                                       \
        CALL(64);                                                                                  \
        break;                                                                                     \
    default:                                                                                       \
        CALL((layout).bins);                                                                       \
    }

void fw_median_window_add_avx2(const struct fw_median_window *window, const void *row)
{
    struct layout layout = layout_of(window);
#define ADD(bins) count_row(&layout, row, window->radius_x, (bins) > 16, bins, true)
    FOR_BINS(layout, ADD)
}

void fw_median_window_row_avx2(const struct fw_median_window *window, void *dst, const void *enter,
                               const void *leave)
{
    struct layout layout = layout_of(window);
#define NEXT(bins)                                                                                 \
    do {                                                                                           \
        count_row(&layout, enter, window->radius_x, (bins) > 16, bins, true);                      \
        pick_row(window, &layout, dst, (bins) > 16, bins);                                         \
        count_row(&layout, leave, window->radius_x, (bins) > 16, bins, false);                     \
    } while (0)
    FOR_BINS(layout, NEXT)
}
#endif
