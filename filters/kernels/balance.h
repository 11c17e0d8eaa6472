/* Colour balance by lightness: the arithmetic of libavfilter 5.1's colorbalance. */
#ifndef FW_FILTERS_KERNELS_BALANCE_H
#define FW_FILTERS_KERNELS_BALANCE_H

#include "cpu.h"

struct fw_balance {
    float shadows[3]; /* red, green, blue */
    float midtones[3];
    float highlights[3];
    float max; /* of a sample */
};

struct fw_balance_kernels {
    enum fw_cpu level;
    /* Rows of red, green and blue, which do not overlap. */
    void (*balance_u8)(uint8_t *const *dst, const uint8_t *const *src,
                       const struct fw_balance *balance, int32_t count);
    void (*balance_u16)(uint16_t *const *dst, const uint16_t *const *src,
                        const struct fw_balance *balance, int32_t count);
};

extern const struct fw_balance_kernels fw_balance_variants[];
const struct fw_balance_kernels *fw_balance_kernels(int level);

#define FW_BALANCE_DECLARE(level)                                                                  \
    void fw_balance_u8_##level(uint8_t *const *dst, const uint8_t *const *src,                     \
                               const struct fw_balance *balance, int32_t count);                   \
    void fw_balance_u16_##level(uint16_t *const *dst, const uint16_t *const *src,                  \
                                const struct fw_balance *balance, int32_t count);
FW_BALANCE_DECLARE(c)
FW_BALANCE_DECLARE(avx2)
FW_BALANCE_DECLARE(avx512)

/* How much shadows, midtones and highlights count at a lightness of 0..2. */
struct fw_balance_weights {
    float shadows;
    float midtones;
    float highlights;
};

static inline float fw_balance_unit(float value)
{
    value = value > 0.0f ? value : 0.0f;
    return value < 1.0f ? value : 1.0f;
}

static inline struct fw_balance_weights fw_balance_weigh(float lightness)
{
    const float steep = 4.0f;
    const float edge = 0.333f;
    const float scale = 0.7f;
    float dark = fw_balance_unit((edge - lightness) * steep + 0.5f);
    float rise = fw_balance_unit((lightness - edge) * steep + 0.5f);
    float fall = fw_balance_unit((1.0f - lightness - edge) * steep + 0.5f);
    float bright = fw_balance_unit((lightness + edge - 1.0f) * steep + 0.5f);
    return (struct fw_balance_weights){ dark * scale, rise * fall * scale, bright * scale };
}

/* One component of 0..1. */
static inline float fw_balance_component(float value, const struct fw_balance *balance, int i,
                                         struct fw_balance_weights weights)
{
    value += balance->shadows[i] * weights.shadows;
    value += balance->midtones[i] * weights.midtones;
    value += balance->highlights[i] * weights.highlights;
    return fw_balance_unit(value);
}

#endif
