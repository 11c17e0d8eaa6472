/* Networks for medians of 5x5 samples, for one width of vectors; goes behind median_wide.h. */
/* Two sorted lists of four made one: v[0..4) and v[4..8). */
#define MERGE_4_4(X) X(0, 4) X(2, 6) X(2, 4) X(1, 5) X(3, 7) X(3, 5) X(1, 2) X(3, 4) X(5, 6)

/*
 * Of v[0..8), v[8..12) and v[12..20), each sorted, the 8th to 13th least in order, which come to
 * lie in v[7..11) and v[16] behind v[11]: only those can be the median once five more are known.
 * Merges by Batcher's odd-even scheme, without what never swaps.
 */
#define MIDDLE_OF_20(X)                                                                            \
    X(0, 8)                                                                                        \
    X(4, 8)                                                                                        \
    X(2, 10) X(6, 10) X(2, 4) X(6, 8) X(1, 9) X(5, 9) X(3, 11) X(7, 11) X(3, 5) X(7, 9) X(1, 2)    \
        X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(0, 12) X(8, 12) X(4, 16) X(4, 8) X(16, 12) X(2, 14)     \
            X(10, 14) X(6, 18) X(6, 10) X(6, 8) X(10, 16) X(1, 13) X(9, 13) X(5, 17) X(5, 9)       \
                X(17, 13) X(3, 15) X(11, 15) X(7, 19) X(7, 11) X(7, 9) X(11, 17) X(7, 8) X(9, 10)  \
                    X(11, 16)

#define EXCHANGE_u8(a, b) EXCHANGE(u8, v[a], v[b]);
#define EXCHANGE_u16(a, b) EXCHANGE(u16, v[a], v[b]);

#define DEFINE_BOX5(word, type, lanes)                                                             \
    struct columns5_##word {                                                                       \
        type four[4][BLOCK_##word + 4];                                                            \
        type eight[8][BLOCK_##word + 3]; /* a column and the next one */                           \
    };                                                                                             \
    static inline void sort4_##word(struct columns5_##word *to, const type *const *src,            \
                                    int32_t from, int32_t x)                                       \
    {                                                                                              \
        VEC v[4];                                                                                  \
        for (int i = 0; i < 4; i++)                                                                \
            v[i] = LOAD(src[i + 1] + from + x);                                                    \
        EXCHANGE_##word(0, 1) EXCHANGE_##word(2, 3) EXCHANGE_##word(0, 2);                         \
        EXCHANGE_##word(1, 3) EXCHANGE_##word(1, 2);                                               \
        for (int i = 0; i < 4; i++)                                                                \
            STORE(to->four[i] + x, v[i]);                                                          \
    }                                                                                              \
    static inline void merge_##word(struct columns5_##word *to, int32_t x)                         \
    {                                                                                              \
        VEC v[8];                                                                                  \
        for (int i = 0; i < 4; i++) {                                                              \
            v[i] = LOAD(to->four[i] + x);                                                          \
            v[i + 4] = LOAD(to->four[i] + x + 1);                                                  \
        }                                                                                          \
        MERGE_4_4(EXCHANGE_##word);                                                                \
        for (int i = 0; i < 8; i++)                                                                \
            STORE(to->eight[i] + x, v[i]);                                                         \
    }                                                                                              \
    /* Each of five samples that comes in pushes out the least and the most of those there. */     \
    static inline void rest_##word(type *dst, const VEC *middle, const type *src)                  \
    {                                                                                              \
        VEC v[6];                                                                                  \
        for (int i = 0; i < 6; i++)                                                                \
            v[i] = middle[i];                                                                      \
        _Pragma("GCC unroll 5") for (int k = 0; k < 5; k++)                                        \
        {                                                                                          \
            VEC other = LOAD(src + k - 2);                                                         \
            _Pragma("GCC unroll 5") for (int i = 0; i < 5 - k; i++)                                \
                v[i] = MAX_##word(v[i], MIN_##word(v[i + 1], other));                              \
        }                                                                                          \
        STORE(dst, v[0]);                                                                          \
    }                                                                                              \
    static inline void pick5_##word(type *const *dst, const type *const *src, int32_t from,        \
                                    const struct columns5_##word *columns, int32_t x)              \
    {                                                                                              \
        VEC v[20];                                                                                 \
        for (int i = 0; i < 8; i++) {                                                              \
            v[i] = LOAD(columns->eight[i] + x);                                                    \
            v[i + 12] = LOAD(columns->eight[i] + x + 3);                                           \
        }                                                                                          \
        for (int i = 0; i < 4; i++)                                                                \
            v[i + 8] = LOAD(columns->four[i] + x + 2);                                             \
        MIDDLE_OF_20(EXCHANGE_##word);                                                             \
        const VEC middle[6] = { v[7], v[8], v[9], v[10], v[11], v[16] };                           \
        rest_##word(dst[0] + from + x, middle, src[0] + from + x);                                 \
        rest_##word(dst[1] + from + x, middle, src[5] + from + x);                                 \
    }                                                                                              \
    void NAME(box5, word)(type *const *dst, const type *const *src, int32_t width)                 \
    {                                                                                              \
        struct columns5_##word columns;                                                            \
        if (width < (lanes)) {                                                                     \
            fw_median_box5_##word##_c(dst, src, width);                                            \
            return;                                                                                \
        }                                                                                          \
        for (int32_t first = 0; first < width; first += BLOCK_##word) {                            \
            int32_t at = first + (lanes) <= width ? first : width - (lanes);                       \
            int32_t count = width - at < BLOCK_##word ? width - at : BLOCK_##word;                 \
            COVER(count + 4, lanes, SORT4_##word)                                                  \
            COVER(count + 3, lanes, MERGE_##word)                                                  \
            COVER(count, lanes, PICK5_##word)                                                      \
        }                                                                                          \
    }
#define SORT4_u8(x) sort4_u8(&columns, src, at - 2, x)
#define SORT4_u16(x) sort4_u16(&columns, src, at - 2, x)
#define MERGE_u8(x) merge_u8(&columns, x)
#define MERGE_u16(x) merge_u16(&columns, x)
#define PICK5_u8(x) pick5_u8(dst, src, at, &columns, x)
#define PICK5_u16(x) pick5_u16(dst, src, at, &columns, x)

DEFINE_BOX5(u8, uint8_t, LANES_U8)
DEFINE_BOX5(u16, uint16_t, LANES_U8 / 2)
