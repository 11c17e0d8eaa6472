/*
 * Rows of components as sums of products of rows of components; every product is rounded to the
 * nearest integer, ties to even, as the tables of libavfilter's colorchannelmixer are.
 */
#ifndef FW_FILTERS_KERNELS_CHANNELMIX_H
#define FW_FILTERS_KERNELS_CHANNELMIX_H

#include "cpu.h"

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

#endif
