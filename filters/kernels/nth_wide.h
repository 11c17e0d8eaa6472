/* The n-th smallest in vectors, for any width of them: the file that includes this one says what a
 * vector is. A network exchanges neighbours until all are sorted. */
#include "nth.h"

#define NETWORK(suffix, count)                                                                     \
    static inline VEC network_##count##_##suffix(const struct fw_nth *nth, size_t at)              \
    {                                                                                              \
        VEC v[count];                                                                              \
        for (int i = 0; i < (count); i++)                                                          \
            v[i] = LOAD((const uint8_t *)nth->rows[i] + at);                                       \
        _Pragma("GCC unroll 9") for (int pass = 0; pass < (count); pass++)                         \
        {                                                                                          \
            _Pragma("GCC unroll 9") for (int i = pass % 2; i + 1 < (count); i += 2)                \
            {                                                                                      \
                VEC low = MIN_##suffix(v[i], v[i + 1]);                                            \
                v[i + 1] = MAX_##suffix(v[i], v[i + 1]);                                           \
                v[i] = low;                                                                        \
            }                                                                                      \
        }                                                                                          \
        return v[nth->rank];                                                                       \
    }

#define SEARCH(suffix)                                                                             \
    static inline VEC search_##suffix(const struct fw_nth *nth, size_t at)                         \
    {                                                                                              \
        VEC value = ZERO;                                                                          \
        for (int32_t bit = nth->bits - 1; bit >= 0; bit--) {                                       \
            VEC candidate = OR(value, SPLAT_##suffix(1u << bit));                                  \
            VEC not_below = ZERO;                                                                  \
            for (int32_t i = 0; i < nth->count; i++)                                               \
                not_below = COUNT_##suffix(not_below, LOAD((const uint8_t *)nth->rows[i] + at),    \
                                           candidate);                                             \
            value = TAKE_##suffix(value, candidate, not_below, nth->count - nth->rank);            \
        }                                                                                          \
        return value;                                                                              \
    }

/* The last vector of a row overlaps the one before it. */
#define LOOP(body)                                                                                 \
    do {                                                                                           \
        size_t at = 0;                                                                             \
        for (; at + sizeof(VEC) <= bytes; at += sizeof(VEC))                                       \
            STORE((uint8_t *)dst + at, body(nth, at));                                             \
        at = bytes - sizeof(VEC);                                                                  \
        STORE((uint8_t *)dst + at, body(nth, at));                                                 \
    } while (0)

#define ROW(name, suffix, type)                                                                    \
    void name(void *dst, const struct fw_nth *nth, int32_t width)                                  \
    {                                                                                              \
        size_t bytes = (size_t)width * sizeof(type);                                               \
        if (bytes < sizeof(VEC))                                                                   \
            fw_nth_##suffix##_c(dst, nth, width);                                                  \
        else if (nth->count == 3)                                                                  \
            LOOP(network_3_##suffix);                                                              \
        else if (nth->count == 5)                                                                  \
            LOOP(network_5_##suffix);                                                              \
        else if (nth->count == 7)                                                                  \
            LOOP(network_7_##suffix);                                                              \
        else                                                                                       \
            LOOP(search_##suffix);                                                                 \
    }

NETWORK(u8, 3)
NETWORK(u8, 5)
NETWORK(u8, 7)
SEARCH(u8)
ROW(NTH_U8, u8, uint8_t)
NETWORK(u16, 3)
NETWORK(u16, 5)
NETWORK(u16, 7)
SEARCH(u16)
ROW(NTH_U16, u16, uint16_t)
