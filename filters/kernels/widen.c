/* A plain loop: compilers make vectors of it at every level. */
#include "widen.h"

void fw_widen_u8(uint16_t *restrict dst, const uint8_t *restrict src, int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        dst[x] = src[x];
}
