/*
 * Contrast adaptive sharpening of rows, after AMD's FidelityFX CAS: a negative weight for the four
 * neighbours that shrinks where the 3x3 samples around leave little room or contrast.
 */
#ifndef FW_FILTERS_KERNELS_CAS_H
#define FW_FILTERS_KERNELS_CAS_H

#include "cpu.h"

struct fw_cas_rows {
    const uint16_t *rows[3]; /* above, at and below; each has a sample more at both ends */
    int32_t width;
    int32_t peak;   /* of a sample: 2^bits - 1 */
    float strength; /* -16 to -4.01: what the weight is divided by */
};

/* Single precision, in the order that cas_rows.h has. */
struct fw_cas_kernels {
    enum fw_cpu level;
    void (*row_u8)(uint8_t *dst, const struct fw_cas_rows *from);
    void (*row_u16)(uint16_t *dst, const struct fw_cas_rows *from);
};

const struct fw_cas_kernels *fw_cas_kernels(int level);

extern const struct fw_cas_kernels fw_cas_avx2;
extern const struct fw_cas_kernels fw_cas_avx512;

#endif
