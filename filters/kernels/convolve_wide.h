/*
 * Weighted sums for one width of vectors: an including file defines VEC, VEC_PS, LANES (16-bit),
 * OP(name) and OP_SI(name) for intrinsics, STORE_U8(p, v) of LANES samples in 16 bits, and
 * NAME(word). Taps go in pairs, whose samples are interleaved for a multiplication that adds.
 */
#define LOAD(p) OP_SI(loadu)((const void *)(p))

struct constants {
    VEC_PS factor;
    VEC_PS bias;
    VEC peak;
    VEC flip;  /* makes samples signed */
    VEC start; /* what that takes from the sums */
};

/* Whether two weights make a pair of 16 bits. */
static inline bool is_narrow(const struct fw_convolve *op)
{
    bool narrow = true;
    for (int32_t i = 0; i < op->count; i++)
        narrow = narrow && op->weights[i] >= INT16_MIN && op->weights[i] <= INT16_MAX;
    return narrow;
}

static inline struct constants constants_of(const struct fw_convolve *op)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < op->count; i++)
        sum += (uint32_t)op->weights[i];
    bool deep = op->peak > INT16_MAX;
    return (struct constants){
        .factor = OP(set1_ps)(op->factor),
        .bias = OP(set1_ps)(op->bias),
        .peak = OP(set1_epi32)(op->peak),
        .flip = OP(set1_epi16)(deep ? INT16_MIN : 0),
        .start = OP(set1_epi32)(deep ? (int32_t)(sum << 15) : 0),
    };
}

static inline VEC finish(VEC sum, const struct constants *k)
{
    VEC_PS value = OP(mul_ps)(OP(cvtepi32_ps)(sum), k->factor);
    value = OP(add_ps)(OP(add_ps)(value, k->bias), OP(set1_ps)(0.5f));
    VEC whole = OP(max_epi32)(OP(cvttps_epi32)(value), OP_SI(setzero)());
    return OP(min_epi32)(whole, k->peak);
}

/* LANES samples from x on, in 16 bits. */
static inline VEC sum_block(const struct fw_convolve *op, const struct constants *k,
                            const uint16_t *const *taps, int32_t x, bool deep)
{
    VEC low = k->start;
    VEC high = k->start;
    for (int32_t i = 0; i < op->count; i += 2) {
        uint32_t pair = (uint16_t)op->weights[i] | (uint32_t)op->weights[i + 1] << 16;
        VEC weights = OP(set1_epi32)((int32_t)pair);
        VEC a = LOAD(taps[i] + x);
        VEC b = LOAD(taps[i + 1] + x);
        if (deep) {
            a = OP_SI(xor)(a, k->flip);
            b = OP_SI(xor)(b, k->flip);
        }
        low = OP(add_epi32)(low, OP(madd_epi16)(OP(unpacklo_epi16)(a, b), weights));
        high = OP(add_epi32)(high, OP(madd_epi16)(OP(unpackhi_epi16)(a, b), weights));
    }
    return OP(packus_epi32)(finish(low, k), finish(high, k));
}

#define DEFINE_ROW(word, type, STORE)                                                              \
    void NAME(word)(type * dst, const struct fw_convolve *op, const uint16_t *const *taps,         \
                    int32_t width)                                                                 \
    {                                                                                              \
        if (width < LANES || !is_narrow(op)) {                                                     \
            fw_convolve_row_##word##_c(dst, op, taps, width);                                      \
            return;                                                                                \
        }                                                                                          \
        struct constants k = constants_of(op);                                                     \
        bool deep = op->peak > INT16_MAX;                                                          \
        for (int32_t next = 0; next < width; next += LANES) {                                      \
            int32_t x = next + LANES <= width ? next : width - LANES;                              \
            STORE(dst + x, sum_block(op, &k, taps, x, deep));                                      \
        }                                                                                          \
    }
#define STORE_U16(p, v) OP_SI(storeu)((void *)(p), v)
DEFINE_ROW(u8, uint8_t, STORE_U8)
DEFINE_ROW(u16, uint16_t, STORE_U16)
