/* Colours as samples, by the matrix of ITU-R BT.601. */
#include "paint.h"

#include "format.h"

#include <string.h>

#define BITS 10
#define HALF (1 << (BITS - 1))
#define FIX(x) ((int32_t)((x) * (1 << BITS) + 0.5))

static int32_t luma_of(int32_t r, int32_t g, int32_t b)
{
    return (FIX(0.29900 * 219.0 / 255.0) * r + FIX(0.58700 * 219.0 / 255.0) * g +
            FIX(0.11400 * 219.0 / 255.0) * b + HALF + (16 << BITS)) >>
           BITS;
}

static int32_t blue_of(int32_t r, int32_t g, int32_t b)
{
    int32_t sum = -FIX(0.16874 * 224.0 / 255.0) * r - FIX(0.33126 * 224.0 / 255.0) * g +
                  FIX(0.50000 * 224.0 / 255.0) * b;
    return ((sum + HALF - 1) >> BITS) + 128;
}

static int32_t red_of(int32_t r, int32_t g, int32_t b)
{
    int32_t sum = FIX(0.50000 * 224.0 / 255.0) * r - FIX(0.41869 * 224.0 / 255.0) * g -
                  FIX(0.08131 * 224.0 / 255.0) * b;
    return ((sum + HALF - 1) >> BITS) + 128;
}

/* Y, U and V in 0..1 (U and V: -0.5..0.5) of red, green and blue in 0..1. */
static void convert(const double *rgb, double *yuv)
{
    const double r = 0.299, g = 0.587, b = 0.114;
    const double to_blue = 0.5 / (b - 1.0), to_red = 0.5 / (r - 1.0);
    yuv[0] = r * rgb[0] + g * rgb[1] + b * rgb[2];
    yuv[1] = to_blue * r * rgb[0] + to_blue * g * rgb[1] + 0.5 * rgb[2];
    yuv[2] = 0.5 * rgb[0] + to_red * g * rgb[1] + to_red * b * rgb[2];
}

struct fw_paint fw_paint_of(const struct fw_format *format, uint32_t rgba)
{
    const double rgb[3] = { (double)(rgba >> 24) / 255, (double)(rgba >> 16 & 255) / 255,
                            (double)(rgba >> 8 & 255) / 255 };
    const double alpha = (double)(rgba & 255) / 255;
    double values[4] = { rgb[0], rgb[1], rgb[2], alpha };
    struct fw_paint paint = { { 0 } };
    if (!(format->flags & FW_FORMAT_RGB)) {
        bool full = format->flags & FW_FORMAT_FULL_RANGE;
        convert(rgb, values);
        values[0] = full ? values[0] : values[0] * (219. / 255) + 16. / 255;
        for (int i = 1; i < 3; i++)
            values[i] = full ? values[i] + 0.5 : values[i] * (224. / 255) + 128. / 255;
        if (format->component_count <= 2)
            values[1] = alpha;
    }
    for (uint32_t i = 0; i < format->component_count; i++) {
        int32_t bits = format->components[i].depth + format->components[i].shift;
        paint.samples[i] = (uint16_t)(values[i] * ((1 << bits) - 1) + 0.5);
    }
    return paint;
}

struct fw_paint fw_paint_coarse(const struct fw_format *format, uint32_t rgba)
{
    const int32_t r = (int32_t)(rgba >> 24), g = (int32_t)(rgba >> 16 & 255);
    const int32_t b = (int32_t)(rgba >> 8 & 255), a = (int32_t)(rgba & 255);
    int32_t values[4] = { r, g, b, a };
    struct fw_paint paint = { { 0 } };
    if (!(format->flags & FW_FORMAT_RGB)) {
        values[0] = luma_of(r, g, b);
        values[1] = format->component_count > 2 ? blue_of(r, g, b) : a;
        values[2] = red_of(r, g, b);
    }
    for (uint32_t i = 0; i < format->component_count; i++)
        paint.samples[i] = (uint16_t)(values[i] << (format->components[i].depth - 8));
    return paint;
}

int32_t fw_paint_pixel(const struct fw_paint *paint, const struct fw_format *format, uint32_t plane,
                       uint8_t *pixel)
{
    int32_t bytes = 0;
    memset(pixel, 0, 8);
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        if (component->plane != plane)
            continue;
        bytes = component->step;
        pixel[component->offset] = (uint8_t)paint->samples[i];
        if (component->depth > 8)
            pixel[component->offset + 1] = (uint8_t)(paint->samples[i] >> 8);
    }
    return bytes;
}

void fw_paint_fill(const struct fw_paint *paint, const struct fw_image *image, uint32_t plane,
                   int32_t x, int32_t y, int32_t width, int32_t height)
{
    uint8_t pixel[8];
    int32_t unit = fw_paint_pixel(paint, image->format, plane, pixel);
    if (width <= 0 || height <= 0)
        return;
    ptrdiff_t stride = image->stride[plane];
    uint8_t *first = image->data[plane] + y * stride + (ptrdiff_t)x * unit;
    size_t bytes = (size_t)width * (size_t)unit;
    if (unit == 1) {
        for (int32_t row = 0; row < height; row++)
            memset(first + row * stride, pixel[0], bytes);
        return;
    }
    for (int32_t i = 0; i < width; i++)
        memcpy(first + (ptrdiff_t)i * unit, pixel, (size_t)unit);
    for (int32_t row = 1; row < height; row++)
        memcpy(first + row * stride, first, bytes);
}
