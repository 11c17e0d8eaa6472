/*
 * Samples through tables: one table for a plane, or one per component of packed pixels.
 *
 * Tables of 16-bit samples have 65536 entries, so that no sample can lie outside of one. dst may be
 * src. AVX-512 looks 64 bytes up at once; AVX2 has that for one table alone, as 16 tables of 16.
 */
#ifndef FW_FILTERS_KERNELS_LUT_H
#define FW_FILTERS_KERNELS_LUT_H

#include "cpu.h"

struct fw_lut_kernels {
    enum fw_cpu level;
    /* dst[i] = table[src[i]], 256 entries. */
    void (*map_u8)(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *table);
    /* Pixels of 3 bytes: byte c of each goes through tables + 256 * c. */
    void (*map3_u8)(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables);
    void (*map4_u8)(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables);
    void (*map_u16)(uint16_t *dst, const uint16_t *src, int32_t count, const uint16_t *table);
    /* Pixels of 3 or 4 samples: sample c of each goes through tables + 65536 * c. */
    void (*map_packed_u16)(uint16_t *dst, const uint16_t *src, int32_t pixels, int32_t step,
                           const uint16_t *tables);
};

extern const struct fw_lut_kernels fw_lut_variants[];
const struct fw_lut_kernels *fw_lut_kernels(int level);

void fw_lut_map_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *table);
void fw_lut_map_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t count, const uint8_t *table);
void fw_lut_map3_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables);
void fw_lut_map4_u8_avx512(uint8_t *dst, const uint8_t *src, int32_t pixels, const uint8_t *tables);

#endif
