/* Sums over boxes: divisors, the portable variant, and the choice of a variant. */
#include "box.h"

#include "box_body.h"

static const struct fw_box_kernels box_c = { FW_CPU_C, BOX_TABLE };

const struct fw_box_kernels *fw_box_kernels(int level)
{
#if defined(__x86_64__)
    if (level >= FW_CPU_AVX512)
        return &fw_box_avx512;
    if (level >= FW_CPU_AVX2)
        return &fw_box_avx2;
#endif
    (void)level;
    return &box_c;
}

size_t fw_box_work_bytes(int32_t width, int32_t length)
{
    return (size_t)box_stride(width, length) * (BOX_ROWS + BOX_LEVELS) * sizeof(uint32_t);
}

enum fw_box_kind fw_box_kind(uint32_t depth, uint32_t count)
{
    uint64_t most = (uint64_t)((1u << depth) - 1) * count;
    if (depth > 8)
        return most < 65536 ? FW_BOX_16_16 : FW_BOX_16_32;
    return most < 65536 ? FW_BOX_8_16 : FW_BOX_8_32;
}

void fw_box_reciprocal(struct fw_box *box, uint32_t length)
{
    box->reciprocal = ((1u << 16) + length / 2) / length;
    /* 65535 times a reciprocal rounded up passes 2^32 for some lengths. */
    box->limit = (UINT32_MAX - (1u << 15)) / box->reciprocal;
}

int fw_box_divisor(struct fw_box *box, uint32_t divisor, uint32_t most)
{
    box->divisor = divisor;
    box->shift = 0;
    while (((uint64_t)1 << (16 + box->shift)) / divisor < 1u << 15)
        box->shift++;
    box->multiplier = (uint32_t)((((uint64_t)1 << (16 + box->shift)) + divisor - 1) / divisor);
    if (box->multiplier > 65535 || box->shift > 15 || most > 65535)
        return 0;
    uint32_t sum = 0;
    while (sum <= most && sum * box->multiplier >> 16 >> box->shift == sum / divisor)
        sum++;
    return sum > most;
}
