/* Packed pixels to rows of components and back: the definition, and the table of variants. */
#include "interleave.h"

#include <string.h>

#define UNUSED 0x80 /* pshufb writes zero */

void fw_interleave_init(struct fw_interleave *plan)
{
    memset(plan->split, UNUSED, sizeof(plan->split));
    memset(plan->join, UNUSED, sizeof(plan->join));
    for (int32_t part = 0; part < plan->parts; part++) {
        for (int32_t i = 0; i < 16; i++) { /* byte i of 16 of a component */
            int32_t pixel = i / plan->sample_bytes;
            int32_t at = (pixel * plan->parts + plan->place[part]) * plan->sample_bytes +
                         i % plan->sample_bytes;
            plan->split[part][at / 16][i] = (uint8_t)(at % 16);
            plan->join[at / 16][part][at % 16] = (uint8_t)i;
        }
    }
}

void fw_interleave_split_c(const struct fw_interleave *plan, uint8_t *const *rows,
                           const uint8_t *src, int32_t count)
{
    for (int32_t part = 0; part < plan->parts; part++) {
        if (plan->sample_bytes == 1) {
            uint8_t *to = rows[part];
            const uint8_t *from = src + plan->place[part];
            for (int32_t x = 0; x < count; x++)
                to[x] = from[x * plan->parts];
        } else {
            uint16_t *to = (uint16_t *)(void *)rows[part];
            const uint16_t *from = (const uint16_t *)(const void *)src + plan->place[part];
            for (int32_t x = 0; x < count; x++)
                to[x] = from[x * plan->parts];
        }
    }
}

void fw_interleave_join_c(const struct fw_interleave *plan, uint8_t *dst,
                          const uint8_t *const *rows, int32_t count)
{
    for (int32_t part = 0; part < plan->parts; part++) {
        if (plan->sample_bytes == 1) {
            uint8_t *to = dst + plan->place[part];
            const uint8_t *from = rows[part];
            for (int32_t x = 0; x < count; x++)
                to[x * plan->parts] = from[x];
        } else {
            uint16_t *to = (uint16_t *)(void *)dst + plan->place[part];
            const uint16_t *from = (const uint16_t *)(const void *)rows[part];
            for (int32_t x = 0; x < count; x++)
                to[x * plan->parts] = from[x];
        }
    }
}

const struct fw_interleave_kernels fw_interleave_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX2, fw_interleave_split_avx2, fw_interleave_join_avx2 },
#endif
    { FW_CPU_C, fw_interleave_split_c, fw_interleave_join_c },
};

const struct fw_interleave_kernels *fw_interleave_kernels(int level)
{
    const struct fw_interleave_kernels *row;
    FW_CPU_PICK(fw_interleave_variants, level, row);
    return row;
}
