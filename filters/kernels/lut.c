/* Samples through tables: the definition, and the table of variants. */
#include "lut.h"

#include <string.h>

static void map_u8(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *table)
{
    for (int32_t i = 0; i < count; i++)
        dst[i] = table[src[i]];
}

static void map3_u8(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables)
{
    for (int32_t i = 0; i < pixels; i++, dst += 3, src += 3) {
        uint8_t a = tables[src[0]];
        uint8_t b = tables[256 + src[1]];
        uint8_t c = tables[512 + src[2]];
        dst[0] = a;
        dst[1] = b;
        dst[2] = c;
    }
}

static void map4_u8(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables)
{
    for (int32_t i = 0; i < pixels; i++, dst += 4, src += 4) {
        uint8_t a = tables[src[0]];
        uint8_t b = tables[256 + src[1]];
        uint8_t c = tables[512 + src[2]];
        uint8_t d = tables[768 + src[3]];
        dst[0] = a;
        dst[1] = b;
        dst[2] = c;
        dst[3] = d;
    }
}

/* Four samples a load and a store: the tables are what the load ports are needed for. What is a
 * page further on is asked for, as the processor's own prefetching stops where a page ends. */
static void map_u16(uint16_t *dst, const uint16_t *src, int32_t count, const uint16_t *table)
{
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint64_t four;
        __builtin_prefetch(src + i + 2048);
        memcpy(&four, src + i, sizeof(four));
        uint16_t out[4] = { table[(uint16_t)four], table[(uint16_t)(four >> 16)],
                            table[(uint16_t)(four >> 32)], table[four >> 48] };
        memcpy(dst + i, out, sizeof(out));
    }
    for (; i < count; i++)
        dst[i] = table[src[i]];
}

static void map_packed_u16(uint16_t *dst, const uint16_t *src, int32_t pixels, int32_t step,
                           const uint16_t *tables)
{
    for (int32_t i = 0; i < pixels; i++, dst += step, src += step) {
        uint16_t a = tables[src[0]];
        uint16_t b = tables[65536 + src[1]];
        uint16_t c = tables[2 * 65536 + src[2]];
        if (step == 4)
            dst[3] = tables[3 * 65536 + src[3]];
        dst[0] = a;
        dst[1] = b;
        dst[2] = c;
    }
}

const struct fw_lut_kernels fw_lut_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_lut_map_u8_avx512, fw_lut_map3_u8_avx512, fw_lut_map4_u8_avx512, map_u16,
      map_packed_u16 },
    { FW_CPU_AVX2, fw_lut_map_u8_avx2, map3_u8, map4_u8, map_u16, map_packed_u16 },
#endif
    { FW_CPU_C, map_u8, map3_u8, map4_u8, map_u16, map_packed_u16 },
};

const struct fw_lut_kernels *fw_lut_kernels(int level)
{
    const struct fw_lut_kernels *row;
    FW_CPU_PICK(fw_lut_variants, level, row);
    return row;
}
