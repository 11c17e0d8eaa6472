/*
 * Rows of components as sums of products of rows of components; every product is rounded to the
 * nearest integer, ties to even, as the tables of libavfilter's colorchannelmixer are.
 */
#ifndef FW_FILTERS_KERNELS_CHANNELMIX_H
#define FW_FILTERS_KERNELS_CHANNELMIX_H

#include "cpu.h"

#include <stdbool.h>

/* What gives 8-bit samples the same products as double precision. */
enum fw_channelmix_way {
    FW_CHANNELMIX_WHOLE, /* a float */
    FW_CHANNELMIX_SPLIT, /* two floats */
    FW_CHANNELMIX_WIDE   /* nothing less */
};

struct fw_channelmix {
    double gains[4];
    float whole[4];
    float high[4]; /* the part whose products with 8 bits are exact */
    float low[4];  /* the rest */
    enum fw_channelmix_way way;
    int32_t max; /* of a sample */
};

/* From `gains` and `max`. */
void fw_channelmix_init(struct fw_channelmix *mix);

/* Three outputs of three 8-bit inputs: a product is (value * 8 * slope) >> 16, and 1 more where
 * that lacks it. */
#define FW_CHANNELMIX_TRIO_SHIFT 3
struct fw_channelmix_trio {
    int16_t slopes[3][3];  /* output, input */
    uint8_t lacks[3][256]; /* of an input's value; 2 bits for each output, from the lowest */
    /* How 64 packed pixels are taken apart and put together: bytes of the first two of three
     * vectors, or, for the lanes of a bit in `last`, of the third. */
    uint8_t split[3][64];
    uint8_t join[3][64];
    uint64_t split_last[3];
    uint64_t join_last[3];
};

/* From the first three inputs of three mixes. False: these gains cannot be had so. */
bool fw_channelmix_trio_init(struct fw_channelmix_trio *trio,
                             const struct fw_channelmix *const *outputs);

struct fw_channelmix_kernels {
    enum fw_cpu level;
    /* dst[x] = clip(sum over i < inputs of lrint(src[i][x] * gains[i])); inputs is 3 or 4. Rows do
     * not overlap. */
    void (*mix_u8)(uint8_t *dst, const uint8_t *const *src, int32_t inputs,
                   const struct fw_channelmix *mix, int32_t count);
    void (*mix_u16)(uint16_t *dst, const uint16_t *const *src, int32_t inputs,
                    const struct fw_channelmix *mix, int32_t count);
    /* The same unclipped, of rows of either size of sample. */
    void (*sum)(int32_t *dst, const uint8_t *const *src, int32_t sample_bytes, int32_t inputs,
                const struct fw_channelmix *mix, int32_t count);
    /* Both NULL where they would gain nothing. Rows do not overlap; pixels of 3 bytes. */
    void (*mix_trio)(uint8_t *const *dst, const uint8_t *const *src,
                     const struct fw_channelmix_trio *trio, int32_t count);
    void (*mix_packed)(uint8_t *dst, const uint8_t *src, const struct fw_channelmix_trio *trio,
                       int32_t count);
};

extern const struct fw_channelmix_kernels fw_channelmix_variants[];
const struct fw_channelmix_kernels *fw_channelmix_kernels(int level);

#define FW_CHANNELMIX_DECLARE(level)                                                               \
    void fw_channelmix_u8_##level(uint8_t *dst, const uint8_t *const *src, int32_t inputs,         \
                                  const struct fw_channelmix *mix, int32_t count);                 \
    void fw_channelmix_u16_##level(uint16_t *dst, const uint16_t *const *src, int32_t inputs,      \
                                   const struct fw_channelmix *mix, int32_t count);                \
    void fw_channelmix_sum_##level(int32_t *dst, const uint8_t *const *src, int32_t sample_bytes,  \
                                   int32_t inputs, const struct fw_channelmix *mix,                \
                                   int32_t count);
FW_CHANNELMIX_DECLARE(c)
FW_CHANNELMIX_DECLARE(avx2)
FW_CHANNELMIX_DECLARE(avx512)
void fw_channelmix_trio_avx512(uint8_t *const *dst, const uint8_t *const *src,
                               const struct fw_channelmix_trio *trio, int32_t count);
void fw_channelmix_packed_avx512(uint8_t *dst, const uint8_t *src,
                                 const struct fw_channelmix_trio *trio, int32_t count);

#endif
