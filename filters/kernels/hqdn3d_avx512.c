/* Recursive smoothing down and through time: 16 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

/* Into zeros: else a gather waits for what its register held last. */
#define GATHER(table, index)                                                                       \
    (v32s) _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xFFFF, (__m512i)(index),           \
                                       (const void *)(table), 2)
#include "hqdn3d_body.h"

void fw_hqdn3d_down_u8_avx512(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                              const struct fw_hqdn3d *job, int32_t width)
{
    int32_t done = down_u8_4(dst, past, above, row, job, width);
    fw_hqdn3d_part_u8(dst, past, above, row, job, done, width);
}

void fw_hqdn3d_down_u16_avx512(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                               const struct fw_hqdn3d *job, int32_t width)
{
    int32_t done = (job->drop ? down_u16_4 : down_u16_0)(dst, past, above, row, job, width);
    fw_hqdn3d_part_u16(dst, past, above, row, job, done, width);
}

#endif
