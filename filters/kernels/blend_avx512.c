/* Rows of two pictures blended, by the compiler's AVX512 vectors. */
#if defined(__x86_64__)

#define STORAGE
#define BLEND_U8 fw_blend_u8_avx512
#define BLEND_U16 fw_blend_u16_avx512
#include "blend_rows.h"

#endif
