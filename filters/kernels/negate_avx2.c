/* Samples turned over, 32 bytes at a time. */
#if defined(__x86_64__)
#include "negate.h"

#include "negate_rows.h"

void fw_negate_u8_avx2(uint8_t *dst, const uint8_t *src, int32_t count)
{
    negate_row_u8(dst, src, count);
}

void fw_negate_u16_avx2(uint16_t *dst, const uint16_t *src, int32_t count, uint16_t maximum)
{
    negate_row_u16(dst, src, count, maximum);
}

void fw_negate_flip_avx2(uint8_t *dst, const uint8_t *src, const uint8_t *mask, int32_t count)
{
    negate_row_flip(dst, src, mask, count);
}
#endif
