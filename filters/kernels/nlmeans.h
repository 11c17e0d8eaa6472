/*
 * Non-local means: weights from sums of squared differences of patches (Buades, Coll, Morel), the
 * sums in integers, slid down the rows and added across.
 */
#ifndef FW_FILTERS_KERNELS_NLMEANS_H
#define FW_FILTERS_KERNELS_NLMEANS_H

#include "cpu.h"

#define FW_NLMEANS_PAD 64 /* values behind each row given to a kernel that may be touched */

struct fw_nlmeans_kernels {
    enum fw_cpu level;
    /* dst[x] = in[x] | out[x] << 16 */
    void (*combine)(uint32_t *dst, const uint8_t *in, const uint8_t *out, int32_t count);
    /* sums[x] += (a[x] - b[x])^2 */
    void (*add)(uint32_t *sums, const uint8_t *a, const uint8_t *b, int32_t count);
    /* The same of the low halves, less that of the high halves, of combined rows. */
    void (*slide)(uint32_t *sums, const uint32_t *a, const uint32_t *b, int32_t count);
    /* weights[x] = table[min(sums[x] + ... + sums[x + length - 1], most)], table[most] being 0.
     * Returns whether any is not 0. `fours` is a row of scratch. */
    int (*weigh)(float *weights, const uint32_t *sums, uint32_t *fours, int32_t length,
                 const float *table, uint32_t most, int32_t count);
    /* totals[x] += weights[x]; values[x] += weights[x] * samples[x] */
    void (*gather)(float *totals, float *values, const float *weights, const uint8_t *samples,
                   int32_t count);
    /* The mean with the sample itself at weight 1, rounded. */
    void (*finish)(uint8_t *dst, const uint8_t *src, const float *totals, const float *values,
                   int32_t count);
};

/* The best variant for a level. */
const struct fw_nlmeans_kernels *fw_nlmeans_kernels(int level);

extern const struct fw_nlmeans_kernels fw_nlmeans_avx2;
extern const struct fw_nlmeans_kernels fw_nlmeans_avx512;

#endif
