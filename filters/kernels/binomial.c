/* Binomial sharpening: weights, the portable variant, and the table of variants. */
#include "binomial.h"

#include "binomial_body.h"

#include <stdbool.h>

enum fw_binomial_kind fw_binomial_kind(uint32_t depth, int32_t steps_x, int32_t steps_y)
{
    uint32_t sum_bits = depth + 2 * (uint32_t)steps_y;
    bool pairs = sum_bits <= 15 && steps_x <= 8;
    if (depth > 8)
        return pairs ? FW_BINOMIAL_16_15 : FW_BINOMIAL_16_32;
    if (sum_bits + 2 * (uint32_t)steps_x <= 16)
        return FW_BINOMIAL_8_16_16;
    return pairs ? FW_BINOMIAL_8_15 : FW_BINOMIAL_8_32;
}

static void weigh(uint32_t *weights, int32_t steps)
{
    weights[0] = 1;
    for (int32_t n = 1; n <= 2 * steps; n++) {
        weights[n] = 1;
        for (int32_t k = n - 1; k > 0; k--)
            weights[k] += weights[k - 1];
    }
}

void fw_binomial_weigh(struct fw_binomial *binomial)
{
    weigh(binomial->weights_x, binomial->steps_x);
    weigh(binomial->weights_y, binomial->steps_y);
    for (int32_t k = 0; k <= binomial->steps_x; k++) {
        uint32_t next = k < binomial->steps_x ? binomial->weights_x[2 * k + 1] : 0;
        binomial->pairs_x[k] = (binomial->weights_x[2 * k] & 0xffff) | next << 16;
    }
}

static const struct fw_binomial_kernels binomial_c = { FW_CPU_C, BINOMIAL_TABLE };

const struct fw_binomial_kernels *fw_binomial_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_binomial_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_binomial_avx2;
#endif
    (void)level;
    return &binomial_c;
}
