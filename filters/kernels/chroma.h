/*
 * Chroma as a vector turned and stretched by a 2x2 matrix, and luma moved by a constant or by its
 * chroma: what hue and colormatrix are made of. Fixed point with 16 bits of fraction.
 */
#ifndef FW_FILTERS_KERNELS_CHROMA_H
#define FW_FILTERS_KERNELS_CHROMA_H

#include "cpu.h"

struct fw_chroma {
    int32_t uu; /* u = uu * u + uv * v, v = vu * u + vv * v, about the middle; 20 bits at most */
    int32_t uv;
    int32_t vu;
    int32_t vv;
    int32_t max; /* of a sample; the middle is half of max + 1 */
};

struct fw_chroma_kernels {
    enum fw_cpu level;
    /* Rows do not overlap. Results are rounded to the nearest and clipped. */
    void (*turn_u8)(uint8_t *u_to, uint8_t *v_to, const uint8_t *u, const uint8_t *v,
                    const struct fw_chroma *chroma, int32_t count);
    void (*turn_u16)(uint16_t *u_to, uint16_t *v_to, const uint16_t *u, const uint16_t *v,
                     const struct fw_chroma *chroma, int32_t count);
    /* to[x] = clip(from[x] + offset) */
    void (*lift_u8)(uint8_t *to, const uint8_t *from, int32_t offset, int32_t count);
    void (*lift_u16)(uint16_t *to, const uint16_t *from, int32_t offset, int32_t max,
                     int32_t count);
    /* terms[x] = round(uu * u + uv * v) about the middle. */
    void (*terms_u8)(int32_t *terms, const uint8_t *u, const uint8_t *v,
                     const struct fw_chroma *chroma, int32_t count);
    void (*terms_u16)(int32_t *terms, const uint16_t *u, const uint16_t *v,
                      const struct fw_chroma *chroma, int32_t count);
    /* to[x] = clip(from[x] + terms[x >> shift]), shift 0 to 2. */
    void (*follow_u8)(uint8_t *to, const uint8_t *from, const int32_t *terms, int32_t shift,
                      int32_t count);
    void (*follow_u16)(uint16_t *to, const uint16_t *from, const int32_t *terms, int32_t shift,
                       int32_t max, int32_t count);
};

const struct fw_chroma_kernels *fw_chroma_kernels(int level);

extern const struct fw_chroma_kernels fw_chroma_c;
extern const struct fw_chroma_kernels fw_chroma_avx2;
extern const struct fw_chroma_kernels fw_chroma_avx512;

#endif
