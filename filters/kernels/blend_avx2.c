/* Rows of two pictures blended, by the compiler's AVX2 vectors. */
#if defined(__x86_64__)

#define STORAGE
#define BLEND_U8 fw_blend_u8_avx2
#define BLEND_U16 fw_blend_u16_avx2
#include "blend_rows.h"

#endif
