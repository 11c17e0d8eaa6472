/* Medians of 3x3 and 5x5 samples by networks in portable C, over vectors of 16 bytes. */
#include "median.h"

#include <string.h>

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint16_t words __attribute__((vector_size(16)));

static inline bytes load(const void *from)
{
    bytes values;
    memcpy(&values, from, sizeof(values));
    return values;
}

static inline void store(void *to, bytes values)
{
    memcpy(to, &values, sizeof(values));
}

#define VEC bytes
#define LANES_U8 16
#define LOAD(p) load(p)
#define STORE(p, v) store(p, v)
#define MIN_u8(a, b) least_u8(a, b)
#define MAX_u8(a, b) most_u8(a, b)
#define MIN_u16(a, b) least_u16(a, b)
#define MAX_u16(a, b) most_u16(a, b)

static inline bytes least_u8(bytes a, bytes b)
{
    const bytes less = (bytes)(a < b);
    return (a & less) | (b & ~less);
}

static inline bytes most_u8(bytes a, bytes b)
{
    const bytes more = (bytes)(a > b);
    return (a & more) | (b & ~more);
}

static inline bytes least_u16(bytes a, bytes b)
{
    words x = (words)a;
    words y = (words)b;
    const words less = (words)(x < y);
    return (bytes)((x & less) | (y & ~less));
}

static inline bytes most_u16(bytes a, bytes b)
{
    words x = (words)a;
    words y = (words)b;
    const words more = (words)(x > y);
    return (bytes)((x & more) | (y & ~more));
}

#define NAME(size, word) fw_median_##size##_##word##_plain
#include "median_wide.h"
#include "median_wide5.h"
