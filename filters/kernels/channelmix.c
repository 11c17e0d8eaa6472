/* Sums of rounded products: the portable loops, and the table of variants. */
#define LEVEL c
#include "channelmix_rows.h"

#include <math.h>

static void split_gain(struct fw_channelmix *mix, int i)
{
    /* 12 bits, so that a product with 8 bits fits a float's 24. */
    int exponent = 0;
    double fraction = frexp(mix->gains[i], &exponent);
    double high = ldexp(rint(ldexp(fraction, 12)), exponent - 12);
    mix->whole[i] = (float)mix->gains[i];
    mix->high[i] = (float)high;
    mix->low[i] = (float)(mix->gains[i] - high);
}

/* The least that gives every product of one gain. */
static enum fw_channelmix_way way_of(const struct fw_channelmix *mix, int i)
{
    enum fw_channelmix_way way = FW_CHANNELMIX_WHOLE;
    for (int32_t value = 0; value < 256; value++) {
        int32_t product = snap_double((double)value * mix->gains[i]);
        if (snap_float((float)value * mix->whole[i]) != product && way == FW_CHANNELMIX_WHOLE)
            way = FW_CHANNELMIX_SPLIT;
        if (product_split((uint8_t)value, mix->high[i], mix->low[i]) != product)
            return FW_CHANNELMIX_WIDE;
    }
    return way;
}

void fw_channelmix_init(struct fw_channelmix *mix)
{
    mix->way = FW_CHANNELMIX_WHOLE;
    for (int i = 0; i < 4; i++) {
        split_gain(mix, i);
        enum fw_channelmix_way way = way_of(mix, i);
        mix->way = way > mix->way ? way : mix->way;
    }
}

static void fill_places(struct fw_channelmix_trio *trio)
{
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 64; i++) {
            int at = 64 * k + i;
            trio->split[k][i] = (uint8_t)(3 * i + k);
            trio->join[k][i] = (uint8_t)(at / 3 + (at % 3 == 1 ? 64 : 0));
            trio->split_last[k] |= (uint64_t)(3 * i + k >= 128) << i;
            trio->join_last[k] |= (uint64_t)(at % 3 == 2) << i;
        }
    }
}

bool fw_channelmix_trio_init(struct fw_channelmix_trio *trio,
                             const struct fw_channelmix *const *outputs)
{
    memset(trio, 0, sizeof(*trio));
    fill_places(trio);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) {
            double slope = rint(ldexp(outputs[k]->gains[i], 16 - FW_CHANNELMIX_TRIO_SHIFT));
            if (!(fabs(slope) <= INT16_MAX))
                return false;
            trio->slopes[k][i] = (int16_t)slope;
            for (int32_t value = 0; value < 256; value++) {
                int32_t whole = (value * (1 << FW_CHANNELMIX_TRIO_SHIFT) * (int32_t)slope) >> 16;
                int32_t lack = snap_double((double)value * outputs[k]->gains[i]) - whole;
                if (lack < 0 || lack > 1)
                    return false;
                trio->lacks[i][value] |= (uint8_t)(lack << (2 * k));
            }
        }
    }
    return true;
}

const struct fw_channelmix_kernels fw_channelmix_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_channelmix_u8_avx512, fw_channelmix_u16_avx512, fw_channelmix_sum_avx512,
      fw_channelmix_trio_avx512, fw_channelmix_packed_avx512 },
    { FW_CPU_AVX2, fw_channelmix_u8_avx2, fw_channelmix_u16_avx2, fw_channelmix_sum_avx2, NULL,
      NULL },
#endif
    { FW_CPU_C, fw_channelmix_u8_c, fw_channelmix_u16_c, fw_channelmix_sum_c, NULL, NULL },
};

const struct fw_channelmix_kernels *fw_channelmix_kernels(int level)
{
    const struct fw_channelmix_kernels *row;
    FW_CPU_PICK(fw_channelmix_variants, level, row);
    return row;
}
