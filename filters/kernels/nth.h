/*
 * The n-th smallest of the samples that lie above each other in several rows: by a sorting network
 * for few rows, else bit by bit, counting the samples that are not below a candidate.
 */
#ifndef FW_FILTERS_KERNELS_NTH_H
#define FW_FILTERS_KERNELS_NTH_H

#include "cpu.h"

/* dst[x] is number `rank`, from 0, of the sorted rows[0..count)[x]; count is 1..255. `bits` is that
 * of the samples. No row overlaps dst. */
struct fw_nth {
    const void *const *rows;
    int32_t count;
    int32_t rank;
    int32_t bits;
};

struct fw_nth_kernels {
    enum fw_cpu level;
    void (*u8)(void *dst, const struct fw_nth *nth, int32_t width);
    void (*u16)(void *dst, const struct fw_nth *nth, int32_t width);
};

extern const struct fw_nth_kernels fw_nth_variants[];
const struct fw_nth_kernels *fw_nth_kernels(int level);

void fw_nth_u8_c(void *dst, const struct fw_nth *nth, int32_t width);
void fw_nth_u16_c(void *dst, const struct fw_nth *nth, int32_t width);
void fw_nth_u8_avx2(void *dst, const struct fw_nth *nth, int32_t width);
void fw_nth_u16_avx2(void *dst, const struct fw_nth *nth, int32_t width);
void fw_nth_u8_avx512(void *dst, const struct fw_nth *nth, int32_t width);
void fw_nth_u16_avx512(void *dst, const struct fw_nth *nth, int32_t width);

#endif
