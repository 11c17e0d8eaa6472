/*
 * Missing rows of a field, from the rows around them in three frames: the BBC's "weston3" filters
 * where the picture moves, clamped by how much it moves, as libavfilter's bwdif combines them.
 */
#ifndef FW_FILTERS_KERNELS_BWDIF_H
#define FW_FILTERS_KERNELS_BWDIF_H

#include "cpu.h"

/* Rows around the missing one. Samples are uint8_t or uint16_t. */
struct fw_bwdif_rows {
    const void *prev[2];   /* the rows above and below, one frame earlier */
    const void *next[2];   /* and one later */
    const void *cur[4];    /* this frame: 3 above, 1 above, 1 below, 3 below */
    const void *past[5];   /* the field of the missing row, before: 4 and 2 above, it, 2, 4 below */
    const void *future[5]; /* and after this frame's field */
};

enum fw_bwdif_kind {
    FW_BWDIF_LINE,  /* all rows */
    FW_BWDIF_NEAR,  /* those up to 2 rows away: near the top and the bottom */
    FW_BWDIF_EDGE,  /* those up to 1 row away: at the top and the bottom */
    FW_BWDIF_INTRA, /* cur alone */
    FW_BWDIF_KINDS
};

/* `max` is the largest sample, up to 65535. */
struct fw_bwdif_kernels {
    enum fw_cpu level;
    void (*u8[FW_BWDIF_KINDS])(void *dst, const struct fw_bwdif_rows *rows, int32_t width,
                               int32_t max);
    void (*u16[FW_BWDIF_KINDS])(void *dst, const struct fw_bwdif_rows *rows, int32_t width,
                                int32_t max);
};

extern const struct fw_bwdif_kernels fw_bwdif_variants[];
const struct fw_bwdif_kernels *fw_bwdif_kernels(int level);

/* Scalar rows, which the variants use for what is narrower than a vector. */
void fw_bwdif_line_u8_c(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max);
void fw_bwdif_line_u16_c(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max);
void fw_bwdif_line_u8_avx2(void *dst, const struct fw_bwdif_rows *rows, int32_t width, int32_t max);
void fw_bwdif_line_u16_avx2(void *dst, const struct fw_bwdif_rows *rows, int32_t width,
                            int32_t max);
void fw_bwdif_line_u8_avx512(void *dst, const struct fw_bwdif_rows *rows, int32_t width,
                             int32_t max);
void fw_bwdif_line_u16_avx512(void *dst, const struct fw_bwdif_rows *rows, int32_t width,
                              int32_t max);

#endif
