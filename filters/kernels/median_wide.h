/*
 * Networks for medians of 3x3 and 5x5 samples, for one width of vectors: an including file defines
 * VEC, LANES_U8, LOAD(p), STORE(p, v), MIN and MAX of u8 and u16,
 * and NAME(size, word), the name of a function.
 *
 * Columns are sorted first, once for the windows that share them; both rows of a pair share what
 * lies between them. See A. Adams, "Fast Median Filters using Separable Sorting Networks", 2021.
 */
#define BLOCK_u8 2048 /* columns; the sorted ones stay in the first-level cache */
#define BLOCK_u16 1024

#define EXCHANGE(word, a, b)                                                                       \
    do {                                                                                           \
        VEC least = MIN_##word(a, b);                                                              \
        (b) = MAX_##word(a, b);                                                                    \
        (a) = least;                                                                               \
    } while (0)

/* Calls STEP(x) for x in steps that cover [0, count), the last one over the one before it. */
#define COVER(count, lanes, STEP)                                                                  \
    for (int32_t next = 0; next < (count); next += (lanes)) {                                      \
        int32_t x = next + (lanes) <= (count) ? next : (count) - (lanes);                          \
        STEP(x);                                                                                   \
    }

#define MEDIAN_3(word, a, b, c) MAX_##word(MIN_##word(a, b), MIN_##word(MAX_##word(a, b), c))

#define DEFINE_BOX3(word, type, lanes)                                                             \
    struct columns3_##word {                                                                       \
        type least[2][BLOCK_##word + 2];                                                           \
        type middle[2][BLOCK_##word + 2];                                                          \
        type most[2][BLOCK_##word + 2];                                                            \
    };                                                                                             \
    static inline void sort3_##word(struct columns3_##word *to, const type *const *src,            \
                                    int32_t from, int32_t x)                                       \
    {                                                                                              \
        VEC low = LOAD(src[1] + from + x);                                                         \
        VEC high = LOAD(src[2] + from + x);                                                        \
        EXCHANGE(word, low, high);                                                                 \
        for (int i = 0; i < 2; i++) {                                                              \
            VEC other = LOAD(src[3 * i] + from + x);                                               \
            VEC above = MAX_##word(low, other);                                                    \
            STORE(to->least[i] + x, MIN_##word(low, other));                                       \
            STORE(to->middle[i] + x, MIN_##word(above, high));                                     \
            STORE(to->most[i] + x, MAX_##word(above, high));                                       \
        }                                                                                          \
    }                                                                                              \
    static inline void pick3_##word(type *dst, const struct columns3_##word *from, int row,        \
                                    int32_t x)                                                     \
    {                                                                                              \
        const type *least = from->least[row] + x;                                                  \
        const type *middle = from->middle[row] + x;                                                \
        const type *most = from->most[row] + x;                                                    \
        VEC a = MAX_##word(MAX_##word(LOAD(least), LOAD(least + 1)), LOAD(least + 2));             \
        VEC b = MEDIAN_3(word, LOAD(middle), LOAD(middle + 1), LOAD(middle + 2));                  \
        VEC c = MIN_##word(MIN_##word(LOAD(most), LOAD(most + 1)), LOAD(most + 2));                \
        STORE(dst + x, MEDIAN_3(word, a, b, c));                                                   \
    }                                                                                              \
    void NAME(box3, word)(type *const *dst, const type *const *src, int32_t width)                 \
    {                                                                                              \
        struct columns3_##word columns;                                                            \
        if (width < (lanes)) {                                                                     \
            fw_median_box3_##word##_c(dst, src, width);                                            \
            return;                                                                                \
        }                                                                                          \
        for (int32_t first = 0; first < width; first += BLOCK_##word) {                            \
            int32_t at = first + (lanes) <= width ? first : width - (lanes);                       \
            int32_t count = width - at < BLOCK_##word ? width - at : BLOCK_##word;                 \
            COVER(count + 2, lanes, SORT3_##word)                                                  \
            COVER(count, lanes, PICK3_##word)                                                      \
        }                                                                                          \
    }
#define SORT3_u8(x) sort3_u8(&columns, src, at - 1, x)
#define SORT3_u16(x) sort3_u16(&columns, src, at - 1, x)
#define PICK3_u8(x)                                                                                \
    pick3_u8(dst[0] + at, &columns, 0, x);                                                         \
    pick3_u8(dst[1] + at, &columns, 1, x)
#define PICK3_u16(x)                                                                               \
    pick3_u16(dst[0] + at, &columns, 0, x);                                                        \
    pick3_u16(dst[1] + at, &columns, 1, x)

DEFINE_BOX3(u8, uint8_t, LANES_U8)
DEFINE_BOX3(u16, uint16_t, LANES_U8 / 2)
