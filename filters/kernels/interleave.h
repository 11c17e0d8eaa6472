/*
 * Packed pixels of 3 or 4 components to rows of one component each, and back.
 */
#ifndef FW_FILTERS_KERNELS_INTERLEAVE_H
#define FW_FILTERS_KERNELS_INTERLEAVE_H

#include "cpu.h"

#define FW_INTERLEAVE_PARTS 4

/* What a pixel is, and the byte shuffles of 16 bytes that take it apart and put it together. */
struct fw_interleave {
    int32_t parts;                      /* 3 or 4 samples in a pixel */
    int32_t sample_bytes;               /* 1 or 2 */
    int32_t place[FW_INTERLEAVE_PARTS]; /* of component i within the pixel, in samples */
    uint8_t split[FW_INTERLEAVE_PARTS][FW_INTERLEAVE_PARTS][16]; /* component, source vector */
    uint8_t join[FW_INTERLEAVE_PARTS][FW_INTERLEAVE_PARTS][16];  /* target vector, component */
};

/* Sets the shuffles from `parts`, `sample_bytes` and `place`. */
void fw_interleave_init(struct fw_interleave *plan);

struct fw_interleave_kernels {
    enum fw_cpu level;
    /* `count` pixels of src to plan->parts rows; rows and src do not overlap. */
    void (*split)(const struct fw_interleave *plan, uint8_t *const *rows, const uint8_t *src,
                  int32_t count);
    void (*join)(const struct fw_interleave *plan, uint8_t *dst, const uint8_t *const *rows,
                 int32_t count);
};

extern const struct fw_interleave_kernels fw_interleave_variants[];
const struct fw_interleave_kernels *fw_interleave_kernels(int level);

void fw_interleave_split_c(const struct fw_interleave *plan, uint8_t *const *rows,
                           const uint8_t *src, int32_t count);
void fw_interleave_join_c(const struct fw_interleave *plan, uint8_t *dst,
                          const uint8_t *const *rows, int32_t count);
void fw_interleave_split_avx2(const struct fw_interleave *plan, uint8_t *const *rows,
                              const uint8_t *src, int32_t count);
void fw_interleave_join_avx2(const struct fw_interleave *plan, uint8_t *dst,
                             const uint8_t *const *rows, int32_t count);

#endif
