/*
 * Samples multiplied by a row of factors and dithered by a linear congruential generator: the
 * arithmetic of libavfilter's vignette. The generator's state is an argument, so that any row of
 * any frame can be computed alone.
 */
#ifndef FW_FILTERS_KERNELS_SHADE_H
#define FW_FILTERS_KERNELS_SHADE_H

#include "cpu.h"

#include <stdbool.h>

#define FW_SHADE_BLOCK 512

/* state after k steps = multiply[k] * state + add[k] */
struct fw_shade_steps {
    uint32_t multiply[FW_SHADE_BLOCK + 1];
    uint32_t add[FW_SHADE_BLOCK + 1];
};

void fw_shade_steps_init(struct fw_shade_steps *steps);
/* The state `count` steps after `state`. */
uint32_t fw_shade_skip(uint32_t state, uint64_t count);

struct fw_shade {
    const struct fw_shade_steps *steps; /* NULL: no dither */
    uint32_t state;                     /* of the row's first sample */
    int32_t middle;                     /* the value that factors leave alone */
    int32_t max;                        /* of a sample */
    bool unit;                          /* no factor is below 0 or above 1 */
    ptrdiff_t ahead;                    /* bytes from src to a row that is wanted soon; or 0 */
};

struct fw_shade_kernels {
    enum fw_cpu level;
    /* dst[x] = clip(trunc(factors[x] * (src[x] - middle) + middle + dither)); 0 for what no
     * integer holds. Rows do not overlap. */
    void (*shade_u8)(uint8_t *dst, const uint8_t *src, const float *factors,
                     const struct fw_shade *shade, int32_t count);
    void (*shade_u16)(uint16_t *dst, const uint16_t *src, const float *factors,
                      const struct fw_shade *shade, int32_t count);
    /* row[x] = row[axis - x] for x in [kept, width). axis - x lies in [0, kept). */
    void (*unfold)(float *row, int32_t kept, int32_t axis, int32_t width);
};

extern const struct fw_shade_kernels fw_shade_c;
extern const struct fw_shade_kernels fw_shade_avx2;
extern const struct fw_shade_kernels fw_shade_avx512;
const struct fw_shade_kernels *fw_shade_kernels(int level);

#endif
