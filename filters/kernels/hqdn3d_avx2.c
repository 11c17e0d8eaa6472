/* Recursive smoothing down and through time: 8 samples at a time. */
#if defined(__x86_64__)

#include <immintrin.h>

/* Into a register that is zeroed each time: a gather waits for what its target held before, and
 * the compiler, who knows that all lanes are replaced, leaves there what it likes. */
static inline __m256i gather(const int16_t *table, __m256i index)
{
    __m256i lanes = _mm256_set1_epi32(-1);
    __m256i target = _mm256_setzero_si256();
    __asm__("" : "+x"(lanes), "+x"(target));
    return _mm256_mask_i32gather_epi32(target, (const void *)table, index, lanes, 2);
}

#define GATHER(table, index) ((v32s)gather(table, (__m256i)(index)))
#include "hqdn3d_body.h"

void fw_hqdn3d_down_u8_avx2(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                            const struct fw_hqdn3d *job, int32_t width)
{
    int32_t done = down_u8_4(dst, past, above, row, job, width);
    fw_hqdn3d_part_u8(dst, past, above, row, job, done, width);
}

void fw_hqdn3d_down_u16_avx2(void *dst, uint16_t *past, uint16_t *above, const uint16_t *row,
                             const struct fw_hqdn3d *job, int32_t width)
{
    int32_t done = (job->drop ? down_u16_4 : down_u16_0)(dst, past, above, row, job, width);
    fw_hqdn3d_part_u16(dst, past, above, row, job, done, width);
}

#endif
