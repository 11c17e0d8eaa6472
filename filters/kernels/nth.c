/* The n-th smallest of samples: scalar, and the table of variants. */
#include "nth.h"

/* The largest value that no more than `rank` samples are below. */
#define ROW(name, type)                                                                            \
    void name(void *dst, const struct fw_nth *nth, int32_t width)                                  \
    {                                                                                              \
        const type *const *rows = (const type *const *)nth->rows;                                  \
        for (int32_t x = 0; x < width; x++) {                                                      \
            int32_t value = 0;                                                                     \
            for (int32_t bit = nth->bits - 1; bit >= 0; bit--) {                                   \
                int32_t candidate = value | 1 << bit;                                              \
                int32_t below = 0;                                                                 \
                for (int32_t i = 0; i < nth->count; i++)                                           \
                    below += rows[i][x] < candidate;                                               \
                if (below <= nth->rank)                                                            \
                    value = candidate;                                                             \
            }                                                                                      \
            ((type *)dst)[x] = (type)value;                                                        \
        }                                                                                          \
    }
ROW(fw_nth_u8_c, uint8_t)
ROW(fw_nth_u16_c, uint16_t)

const struct fw_nth_kernels fw_nth_variants[] = {
#if defined(__x86_64__)
    { FW_CPU_AVX512, fw_nth_u8_avx512, fw_nth_u16_avx512 },
    { FW_CPU_AVX2, fw_nth_u8_avx2, fw_nth_u16_avx2 },
#endif
    { FW_CPU_C, fw_nth_u8_c, fw_nth_u16_c },
};

const struct fw_nth_kernels *fw_nth_kernels(int level)
{
    const struct fw_nth_kernels *kernels;
    FW_CPU_PICK(fw_nth_variants, level, kernels);
    return kernels;
}
