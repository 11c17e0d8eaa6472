/*
 * PNG's row filters undone. Each pixel needs the one on its left, so a pixel's samples are what a
 * vector holds; only the filter that looks up alone takes whole blocks.
 */
#include "png_still.h"

#include <string.h>

enum { NONE, SUB, UP, AVERAGE, PAETH };

/* Samples of a pixel of up to 4 and 8 bytes, widened: differences need nine bits. */
typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int16_t words4 __attribute__((vector_size(8)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef int16_t words8 __attribute__((vector_size(16)));

struct rows {
    uint8_t *row;
    const uint8_t *filtered;
    const uint8_t *before;
    size_t count;
};

static void up(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        rows->row[i] = (uint8_t)(rows->filtered[i] + rows->before[i]);
}

/* One body for both widths. A whole vector is loaded where the row has as much, and just the pixel
 * at its end; only the pixel is stored, because rows may be undone in place. */
#define CHOOSE(mask, yes, no) (((yes) & (mask)) | ((no) & ~(mask)))
#define SIZE(value) (((value) ^ ((value) >> 15)) - ((value) >> 15))

#define DEFINE_PIXELS(name, bytes_type, words_type)                                                \
    static inline __attribute__((always_inline))                                                   \
    words_type name##_guess(words_type left, words_type above, words_type corner, int filter)      \
    {                                                                                              \
        words_type to_left = above - corner;                                                       \
        words_type to_above = left - corner;                                                       \
        words_type to_corner = SIZE(to_left + to_above);                                           \
        if (filter == SUB)                                                                         \
            return left;                                                                           \
        if (filter == AVERAGE)                                                                     \
            return (left + above) >> 1;                                                            \
        to_left = SIZE(to_left);                                                                   \
        to_above = SIZE(to_above);                                                                 \
        above = CHOOSE(to_above <= to_corner, above, corner);                                      \
        return CHOOSE((to_left <= to_above) & (to_left <= to_corner), left, above);                \
    }                                                                                              \
    static inline __attribute__((always_inline)) void name(const struct rows *rows, size_t step,   \
                                                           int filter)                             \
    {                                                                                              \
        words_type left = { 0 };                                                                   \
        words_type corner = { 0 };                                                                 \
        for (size_t at = 0; at < rows->count; at += step) {                                        \
            bytes_type now = { 0 };                                                                \
            bytes_type up_bytes = { 0 };                                                           \
            if (__builtin_expect(rows->count - at >= sizeof(now), 1)) {                            \
                memcpy(&now, rows->filtered + at, sizeof(now));                                    \
                memcpy(&up_bytes, rows->before + at, sizeof(now));                                 \
            } else {                                                                               \
                memcpy(&now, rows->filtered + at, step);                                           \
                memcpy(&up_bytes, rows->before + at, step);                                        \
            }                                                                                      \
            words_type above = __builtin_convertvector(up_bytes, words_type);                      \
            words_type rest = __builtin_convertvector(now, words_type);                            \
            left = (rest + name##_guess(left, above, corner, filter)) & 0xff;                      \
            now = __builtin_convertvector(left, bytes_type);                                       \
            memcpy(rows->row + at, &now, step);                                                    \
            corner = above;                                                                        \
        }                                                                                          \
    }
DEFINE_PIXELS(pixels_of_4, bytes4, words4)
DEFINE_PIXELS(pixels_of_8, bytes8, words8)

static inline __attribute__((always_inline)) void run(const struct rows *rows, uint32_t step,
                                                      int filter)
{
    switch (step) {
    case 1:
        pixels_of_4(rows, 1, filter);
        break;
    case 2:
        pixels_of_4(rows, 2, filter);
        break;
    case 3:
        pixels_of_4(rows, 3, filter);
        break;
    case 4:
        pixels_of_4(rows, 4, filter);
        break;
    case 6:
        pixels_of_8(rows, 6, filter);
        break;
    default:
        pixels_of_8(rows, 8, filter);
        break;
    }
}

bool fw_png_unfilter(uint8_t *row, const uint8_t *filtered, const uint8_t *before, size_t count,
                     uint32_t step)
{
    const struct rows rows = { row, filtered + 1, before, count };
    switch (filtered[0]) {
    case NONE:
        memmove(row, filtered + 1, count);
        return true;
    case SUB:
        run(&rows, step, SUB);
        return true;
    case UP:
        up(&rows);
        return true;
    case AVERAGE:
        run(&rows, step, AVERAGE);
        return true;
    case PAETH:
        run(&rows, step, PAETH);
        return true;
    default:
        return false;
    }
}
