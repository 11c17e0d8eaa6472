/*
 * Sums over boxes and their means.
 *
 * Rows: sums of 4, 16, 64, ... neighbours are built from each other, and a window is the sum of at
 * most three of each. Columns: sums slide from row to row. All in integers, so that the order of
 * adding does not matter.
 */
#ifndef FW_FILTERS_KERNELS_BOX_H
#define FW_FILTERS_KERNELS_BOX_H

#include "cpu.h"

#define FW_BOX_PAD 64 /* values behind a row of sums that may be read and written */

/* Bits of samples and of sums. */
enum fw_box_kind { FW_BOX_8_16, FW_BOX_8_32, FW_BOX_16_16, FW_BOX_16_32, FW_BOX_KINDS };

struct fw_box {
    int32_t width;  /* samples of a row */
    int32_t length; /* of the window of a row */
    /* Means are sum * reciprocal / 2^16, rounded, of no more than `limit`; set by
     * fw_box_reciprocal. */
    uint32_t reciprocal;
    uint32_t limit;
    uint32_t divisor; /* quotients are cut to integers; set by fw_box_divisor */
    uint32_t multiplier;
    uint32_t shift;
};

struct fw_box_kernels {
    enum fw_cpu level;
    /* sums[x] = row[x]; sums[x] += row[x]; sums[x] += in[x] - out[x]. */
    void (*widen[FW_BOX_KINDS])(void *sums, const void *row, int32_t width);
    void (*add[FW_BOX_KINDS])(void *sums, const void *row, int32_t width);
    void (*slide[FW_BOX_KINDS])(void *sums, const void *in, const void *out, int32_t width);
    /* slide, and the means of the sums. */
    void (*slide_mean[FW_BOX_KINDS])(void *dst, void *sums, const void *in, const void *out,
                                     const struct fw_box *box);
    /* Means of windows around the samples of a row, mirrored at its ends, `passes` >= 1 times;
     * dst may be the row. `work` is fw_box_work_bytes long, best at 64 bytes. */
    void (*means[FW_BOX_KINDS])(void *dst, const void *row, void *work, int64_t passes,
                                const struct fw_box *box);
    /* Quotients of windows. The first width + length - 1 values of `work` are the row, beginning
     * with the first window. */
    void (*quotient[FW_BOX_KINDS])(void *dst, void *work, const struct fw_box *box);
};

/* The best variant for a level. */
const struct fw_box_kernels *fw_box_kernels(int level);
size_t fw_box_work_bytes(int32_t width, int32_t length);
/* The kind for sums of `count` samples of `depth` bits, which must fit 32 bits (for quotients 31).
 */
enum fw_box_kind fw_box_kind(uint32_t depth, uint32_t count);
void fw_box_reciprocal(struct fw_box *box, uint32_t length);
/* 0 when quotients of kinds with sums of 16 bits cannot be had for sums up to `most`. */
int fw_box_divisor(struct fw_box *box, uint32_t divisor, uint32_t most);

extern const struct fw_box_kernels fw_box_avx2;
extern const struct fw_box_kernels fw_box_avx512;

#endif
