/*
 * Noise from a counter: every sample has its own number, so that rows come out alike in whichever
 * order and by whatever process they are made.
 */
#ifndef FW_FILTERS_KERNELS_GRAIN_H
#define FW_FILTERS_KERNELS_GRAIN_H

#include "cpu.h"

struct fw_grain {
    uint32_t key;           /* of the row; sample x has the number key + x */
    int32_t uniform;        /* 0: bell-shaped */
    int32_t scale;          /* of the noise: fw_grain_scale */
    const int16_t *pattern; /* added to the noise of each sample; or NULL */
    int32_t max;            /* of a sample */
};

/* An even mix of all bits (Wellons' lowbias32). */
static inline uint32_t fw_grain_mix(uint32_t value)
{
    value = (value ^ (value >> 16)) * 0x7feb352du;
    value = (value ^ (value >> 15)) * 0x846ca68bu;
    return value ^ (value >> 16);
}

/* `scale` for a range of values (uniform) or a standard deviation (bell), up to 65535. */
int32_t fw_grain_scale(double size, int32_t uniform);

struct fw_grain_kernels {
    enum fw_cpu level;
    /* dst[x] = clip(src[x] + noise(x) + pattern[x]); rows do not overlap. */
    void (*add_u8)(uint8_t *dst, const uint8_t *src, const struct fw_grain *grain, int32_t count);
    void (*add_u16)(uint16_t *dst, const uint16_t *src, const struct fw_grain *grain,
                    int32_t count);
};

extern const struct fw_grain_kernels fw_grain_c;
extern const struct fw_grain_kernels fw_grain_avx2;
extern const struct fw_grain_kernels fw_grain_avx512;
const struct fw_grain_kernels *fw_grain_kernels(int level);

#endif
