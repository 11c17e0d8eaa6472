#include "image_linear.h"

#include "filters/check.h"
#include "filters/format.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TOP16 65535

struct fw_linear {
    uint16_t light_of_8[256];
    uint16_t light_of_16[TOP16 + 1];
    uint8_t stored_8[TOP16 + 1];
    uint16_t stored_16[TOP16 + 1];
};

struct layout {
    const char *name;
    const char *light;
    uint32_t components;
    bool wide;
};

static const struct layout layouts[] = {
    { "gray", "gray16le", 1, false },    { "ya8", "ya16le", 2, false },
    { "rgb24", "rgb48le", 3, false },    { "rgba", "rgba64le", 4, false },
    { "gray16le", "gray16le", 1, true }, { "ya16le", "ya16le", 2, true },
    { "rgb48le", "rgb48le", 3, true },   { "rgba64le", "rgba64le", 4, true },
    { "bgr24", "bgr48le", 3, false },    { "bgra", "bgra64le", 4, false },
};

static double light_of(double stored)
{
    return stored <= 0.04045 ? stored / 12.92 : pow((stored + 0.055) / 1.055, 2.4);
}

static double stored_of(double light)
{
    return light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;
}

int fw_linear_create(struct fw_linear **linear_out, struct fw_error *err)
{
    struct fw_linear *linear = calloc(1, sizeof(*linear));
    if (!linear)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for tables of linear light");
    for (int i = 0; i < 256; i++)
        linear->light_of_8[i] = (uint16_t)lrint(TOP16 * light_of(i / 255.0));
    for (int i = 0; i <= TOP16; i++) {
        linear->light_of_16[i] = (uint16_t)lrint(TOP16 * light_of(i / (double)TOP16));
        linear->stored_8[i] = (uint8_t)lrint(255 * stored_of(i / (double)TOP16));
        linear->stored_16[i] = (uint16_t)lrint(TOP16 * stored_of(i / (double)TOP16));
    }
    *linear_out = linear;
    return FW_OK;
}

void fw_linear_destroy(struct fw_linear *linear)
{
    free(linear);
}

static const struct layout *layout_of(const struct fw_format *format)
{
    for (size_t i = 0; i < FW_COUNT(layouts); i++) {
        if (strcmp(layouts[i].name, format->name) == 0)
            return &layouts[i];
    }
    return NULL;
}

const struct fw_format *fw_linear_format(const struct fw_format *stored)
{
    const struct layout *layout = layout_of(stored);
    return layout ? fw_format_find(layout->light) : NULL;
}

const struct fw_format *fw_linear_stored(const struct fw_format *given, uint32_t depth)
{
    bool gray = given->component_count <= 2 && !(given->flags & FW_FORMAT_PALETTE);
    bool alpha = (given->flags & FW_FORMAT_ALPHA) != 0;
    uint32_t components = (gray ? 1u : 3u) + (alpha ? 1u : 0u);
    for (size_t i = 0; i < FW_COUNT(layouts); i++) {
        if (layouts[i].components == components && layouts[i].wide == (depth > 8))
            return fw_format_find(layouts[i].name);
    }
    return fw_format_find("rgb24");
}

/* Of an alpha plane's samples, 8 bits and 16 of the same share of the whole. */
static uint16_t widen(uint8_t value)
{
    return (uint16_t)(value * 257u);
}

static uint8_t narrow(uint16_t value)
{
    return (uint8_t)((value * 255u + TOP16 / 2) / TOP16);
}

void fw_linear_expand(const struct fw_linear *linear, const struct fw_image *stored,
                      struct fw_image *light)
{
    const struct layout *layout = layout_of(stored->format);
    FW_CHECK(layout && light->width == stored->width && light->height == stored->height);
    const uint32_t n = layout->components;
    for (int32_t y = 0; y < stored->height; y++) {
        const uint8_t *in8 = stored->data[0] + y * stored->stride[0];
        const uint16_t *in16 = (const uint16_t *)(const void *)in8;
        uint16_t *out = (uint16_t *)(void *)(light->data[0] + y * light->stride[0]);
        for (size_t i = 0; i < (size_t)stored->width * n; i++) {
            bool alpha = n % 2 == 0 && i % n == n - 1;
            if (layout->wide)
                out[i] = alpha ? in16[i] : linear->light_of_16[in16[i]];
            else
                out[i] = alpha ? widen(in8[i]) : linear->light_of_8[in8[i]];
        }
    }
}

void fw_linear_compress(const struct fw_linear *linear, const struct fw_image *light,
                        struct fw_image *stored)
{
    const struct layout *layout = layout_of(stored->format);
    FW_CHECK(layout && light->width == stored->width && light->height == stored->height);
    const uint32_t n = layout->components;
    for (int32_t y = 0; y < stored->height; y++) {
        const uint16_t *in = (const uint16_t *)(const void *)(light->data[0] +
                                                              y * light->stride[0]);
        uint8_t *out8 = stored->data[0] + y * stored->stride[0];
        uint16_t *out16 = (uint16_t *)(void *)out8;
        for (size_t i = 0; i < (size_t)stored->width * n; i++) {
            bool alpha = n % 2 == 0 && i % n == n - 1;
            if (layout->wide)
                out16[i] = alpha ? in[i] : linear->stored_16[in[i]];
            else
                out8[i] = alpha ? narrow(in[i]) : linear->stored_8[in[i]];
        }
    }
}
