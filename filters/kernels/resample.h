/*
 * Separable resampling of rows: first several rows into one row of 16-bit samples, then that row to
 * another width. Weights are integers of 14 bits that sum to 16384; sums are of 32 bits, so every
 * variant gives the same bytes.
 *
 * Between the two steps a sample of `depth` bits (8 to 12) is scaled to 14 bits, which leaves room
 * for overshoot in 16.
 */
#ifndef FW_FILTERS_KERNELS_RESAMPLE_H
#define FW_FILTERS_KERNELS_RESAMPLE_H

#include "cpu.h"

#define FW_RESAMPLE_BITS 14
#define FW_RESAMPLE_BLOCK 16 /* outputs that share a block of weights */
#define FW_RESAMPLE_GROUP 4  /* outputs of a block that AVX2 takes from one register */
#define FW_RESAMPLE_SPARE 64 /* samples that may be read behind the last one that is used */

/* How one row becomes another. Output i is the sum over k < taps of weights[i][k] * src[first[i] +
 * k]; `first` does not fall, and may be negative: the row is readable from first[0], and up to
 * FW_RESAMPLE_SPARE samples beyond what the last output reads. */
struct fw_resample_line {
    int32_t count; /* outputs */
    int32_t taps;  /* even */
    int32_t row;   /* weights of one output: taps, filled with zeros to a multiple of 16 */
    const int32_t *first;
    const int16_t *weights; /* [count][row] */
    /* The same for FW_RESAMPLE_BLOCK outputs at a time: pairs of weights [block][taps /
     * 2][output][2], and where in a register each output's first pair lies. The last block is
     * filled with zeros. */
    const int16_t *blocks;
    const uint16_t *places;  /* [block][output][2]: samples from the block's first one */
    const uint8_t *shuffles; /* [block][output][4]: bytes from the group's first sample */
    int32_t block_span;      /* samples that the first pairs of a block spread over, at most */
    int32_t group_span;
};

struct fw_resample_kernels {
    enum fw_cpu level;
    /* dst[x] = sum of weights[k] * rows[k][x], scaled to 14 bits and clipped to 16; `taps` is even.
     */
    void (*blend_u8)(int16_t *dst, const uint8_t *const *rows, const int16_t *weights, int32_t taps,
                     int32_t width);
    void (*blend_u16)(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                      int32_t taps, int32_t width, int32_t depth);
    /* dst gets line->count samples, rounded and clipped to `depth` bits. */
    void (*stretch_u8)(uint8_t *dst, const int16_t *src, const struct fw_resample_line *line);
    void (*stretch_u16)(uint16_t *dst, const int16_t *src, const struct fw_resample_line *line,
                        int32_t depth);
};

extern const struct fw_resample_kernels fw_resample_variants[];
const struct fw_resample_kernels *fw_resample_kernels(int level);

void fw_resample_blend_u8_avx2(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                               int32_t taps, int32_t width);
void fw_resample_blend_u16_avx2(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                                int32_t taps, int32_t width, int32_t depth);
void fw_resample_stretch_u8_avx2(uint8_t *dst, const int16_t *src,
                                 const struct fw_resample_line *line);
void fw_resample_stretch_u16_avx2(uint16_t *dst, const int16_t *src,
                                  const struct fw_resample_line *line, int32_t depth);
void fw_resample_blend_u8_avx512(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                                 int32_t taps, int32_t width);
void fw_resample_blend_u16_avx512(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                                  int32_t taps, int32_t width, int32_t depth);
void fw_resample_stretch_u8_avx512(uint8_t *dst, const int16_t *src,
                                   const struct fw_resample_line *line);
void fw_resample_stretch_u16_avx512(uint16_t *dst, const int16_t *src,
                                    const struct fw_resample_line *line, int32_t depth);

/* Scalar pieces, for what is left of a row. */
void fw_resample_blend_u8_c(int16_t *dst, const uint8_t *const *rows, const int16_t *weights,
                            int32_t taps, int32_t first, int32_t end);
void fw_resample_blend_u16_c(int16_t *dst, const uint16_t *const *rows, const int16_t *weights,
                             int32_t taps, int32_t first, int32_t end, int32_t depth);

#endif
