/* Components out of and into packed rows. */
#include "pack.h"

#include "format.h"

#include <string.h>

int32_t fw_samples_width(const struct fw_format *format, uint32_t component, int32_t width)
{
    bool chroma = (component == 1 || component == 2) && format->component_count >= 3 &&
                  !(format->flags & FW_FORMAT_RGB);
    uint32_t shift = chroma ? format->log2_chroma_w : 0;
    return (width + (1 << shift) - 1) >> shift;
}

int32_t fw_samples_height(const struct fw_format *format, uint32_t component, int32_t height)
{
    bool chroma = (component == 1 || component == 2) && format->component_count >= 3 &&
                  !(format->flags & FW_FORMAT_RGB);
    uint32_t shift = chroma ? format->log2_chroma_h : 0;
    return (height + (1 << shift) - 1) >> shift;
}

static void take_row(uint8_t *restrict dst, const uint8_t *restrict src,
                     const struct fw_component *component, int32_t count)
{
    uint32_t step = component->step;
    if (component->depth == 8) {
        if (step == 1)
            memcpy(dst, src, (size_t)count);
        else
            for (int32_t x = 0; x < count; x++)
                dst[x] = src[(size_t)x * step];
        return;
    }
    uint16_t *to = (uint16_t *)(void *)dst;
    const uint16_t *from = (const uint16_t *)(const void *)src;
    for (int32_t x = 0; x < count; x++)
        to[x] = (uint16_t)(from[(size_t)x * (step / 2)] >> component->shift);
}

static void put_row(uint8_t *restrict dst, const uint8_t *restrict src,
                    const struct fw_component *component, int32_t count)
{
    uint32_t step = component->step;
    if (component->depth == 8) {
        if (step == 1)
            memcpy(dst, src, (size_t)count);
        else
            for (int32_t x = 0; x < count; x++)
                dst[(size_t)x * step] = src[x];
        return;
    }
    uint16_t *to = (uint16_t *)(void *)dst;
    const uint16_t *from = (const uint16_t *)(const void *)src;
    for (int32_t x = 0; x < count; x++)
        to[(size_t)x * (step / 2)] = (uint16_t)(from[x] << component->shift);
}

void fw_samples_take(const struct fw_samples *samples, const struct fw_image *image, uint32_t index)
{
    const struct fw_component *component = &image->format->components[index];
    int32_t width = fw_samples_width(image->format, index, image->width);
    int32_t height = fw_samples_height(image->format, index, image->height);
    size_t unit = component->depth > 8 ? 2 : 1;
    for (int32_t y = 0; y < samples->height; y++) {
        int32_t from = y < height ? y : height - 1;
        uint8_t *row = samples->data + y * samples->stride;
        take_row(row,
                 image->data[component->plane] + from * image->stride[component->plane] +
                     component->offset,
                 component, width);
        for (int32_t x = width; x < samples->width; x++)
            memcpy(row + (size_t)x * unit, row + (size_t)(width - 1) * unit, unit);
    }
}

void fw_samples_put(const struct fw_samples *samples, const struct fw_image *image, uint32_t index)
{
    const struct fw_component *component = &image->format->components[index];
    int32_t width = fw_samples_width(image->format, index, image->width);
    int32_t height = fw_samples_height(image->format, index, image->height);
    for (int32_t y = 0; y < height; y++)
        put_row(image->data[component->plane] + y * image->stride[component->plane] +
                    component->offset,
                samples->data + y * samples->stride, component, width);
}
