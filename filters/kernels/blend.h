/*
 * Rows of two pictures blended: the modes of libavfilter 5.1's blend and tblend, with their integer
 * divisions and their order of operations in single precision.
 */
#ifndef FW_FILTERS_KERNELS_BLEND_H
#define FW_FILTERS_KERNELS_BLEND_H

#include "cpu.h"

/* FW_BLEND_MODE(name): in the order of their numbers. */
#define FW_BLEND_MODES(FW_BLEND_MODE)                                                              \
    FW_BLEND_MODE(normal)                                                                          \
    FW_BLEND_MODE(addition)                                                                        \
    FW_BLEND_MODE(and)                                                                             \
    FW_BLEND_MODE(average)                                                                         \
    FW_BLEND_MODE(burn)                                                                            \
    FW_BLEND_MODE(darken)                                                                          \
    FW_BLEND_MODE(difference)                                                                      \
    FW_BLEND_MODE(grainextract)                                                                    \
    FW_BLEND_MODE(divide)                                                                          \
    FW_BLEND_MODE(dodge)                                                                           \
    FW_BLEND_MODE(exclusion)                                                                       \
    FW_BLEND_MODE(hardlight)                                                                       \
    FW_BLEND_MODE(lighten)                                                                         \
    FW_BLEND_MODE(multiply)                                                                        \
    FW_BLEND_MODE(negation)                                                                        \
    FW_BLEND_MODE(or)                                                                              \
    FW_BLEND_MODE(overlay)                                                                         \
    FW_BLEND_MODE(phoenix)                                                                         \
    FW_BLEND_MODE(pinlight)                                                                        \
    FW_BLEND_MODE(reflect)                                                                         \
    FW_BLEND_MODE(screen)                                                                          \
    FW_BLEND_MODE(softlight)                                                                       \
    FW_BLEND_MODE(subtract)                                                                        \
    FW_BLEND_MODE(vividlight)                                                                      \
    FW_BLEND_MODE(xor)                                                                             \
    FW_BLEND_MODE(hardmix)                                                                         \
    FW_BLEND_MODE(linearlight)                                                                     \
    FW_BLEND_MODE(glow)                                                                            \
    FW_BLEND_MODE(grainmerge)                                                                      \
    FW_BLEND_MODE(multiply128)                                                                     \
    FW_BLEND_MODE(heat)                                                                            \
    FW_BLEND_MODE(freeze)                                                                          \
    FW_BLEND_MODE(extremity)                                                                       \
    FW_BLEND_MODE(softdifference)                                                                  \
    FW_BLEND_MODE(geometric)                                                                       \
    FW_BLEND_MODE(harmonic)                                                                        \
    FW_BLEND_MODE(bleach)                                                                          \
    FW_BLEND_MODE(stain)                                                                           \
    FW_BLEND_MODE(interpolate)                                                                     \
    FW_BLEND_MODE(hardoverlay)

#define FW_BLEND_NUMBER(name) FW_BLEND_##name,
enum fw_blend_mode { FW_BLEND_MODES(FW_BLEND_NUMBER) FW_BLEND_COUNT };
#undef FW_BLEND_NUMBER

/* dst = top + (mode(top, bottom) - top) * opacity. `bits` is the depth of the samples, 8 for
 * uint8_t. dst may be one of the inputs. */
typedef void fw_blend_row(void *dst, const void *top, const void *bottom, int32_t width,
                          float opacity, int32_t bits);

struct fw_blend_kernels {
    enum fw_cpu level;
    fw_blend_row *const *u8; /* FW_BLEND_COUNT of them */
    fw_blend_row *const *u16;
};

extern const struct fw_blend_kernels fw_blend_variants[];
const struct fw_blend_kernels *fw_blend_kernels(int level);

extern fw_blend_row *const fw_blend_u8_avx2[FW_BLEND_COUNT];
extern fw_blend_row *const fw_blend_u16_avx2[FW_BLEND_COUNT];
extern fw_blend_row *const fw_blend_u8_avx512[FW_BLEND_COUNT];
extern fw_blend_row *const fw_blend_u16_avx512[FW_BLEND_COUNT];

#endif
