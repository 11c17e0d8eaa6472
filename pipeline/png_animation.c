/* Pictures of an animation that are parts of a canvas: put on it, shown, and taken off again, as
 * the APNG specification says. */
#include "png_still.h"

#include "filters/format.h"

#include <string.h>

/* Where a picture's rows begin on the canvas. */
static uint8_t *place(uint8_t *canvas, const struct fw_png_reader *reader,
                      const struct fw_png_picture *picture, uint32_t y, uint32_t pixel_bytes)
{
    size_t pixel = (size_t)(picture->y + y) * reader->shape.width + picture->x;
    return canvas + pixel * pixel_bytes;
}

/* Straight alpha over straight alpha, as the specification's own reference text computes it. */
static void blend8(uint8_t *to, const uint8_t *from, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, to += 4, from += 4) {
        uint32_t top = from[3] * 255u;
        uint32_t below = (255u - from[3]) * to[3];
        uint32_t sum = top + below;
        if (from[3] == 255 || to[3] == 0) {
            memcpy(to, from, 4);
            continue;
        }
        if (from[3] == 0)
            continue;
        for (uint32_t c = 0; c < 3; c++)
            to[c] = (uint8_t)((from[c] * top + to[c] * below) / sum);
        to[3] = (uint8_t)(sum / 255);
    }
}

static void blend16(uint16_t *to, const uint16_t *from, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, to += 4, from += 4) {
        uint64_t top = (uint64_t)from[3] * 65535u;
        uint64_t below = (uint64_t)(65535u - from[3]) * to[3];
        uint64_t sum = top + below;
        if (from[3] == 65535 || to[3] == 0) {
            memcpy(to, from, 8);
            continue;
        }
        if (from[3] == 0)
            continue;
        for (uint32_t c = 0; c < 3; c++)
            to[c] = (uint16_t)((from[c] * top + to[c] * below) / sum);
        to[3] = (uint16_t)(sum / 65535);
    }
}

static void put_on(struct fw_png_reader *reader, const struct fw_png_picture *picture,
                   uint32_t pixel_bytes)
{
    size_t row_bytes = (size_t)picture->width * pixel_bytes;
    for (uint32_t y = 0; y < picture->height; y++) {
        uint8_t *to = place(reader->canvas, reader, picture, y, pixel_bytes);
        const uint8_t *from = reader->part + y * row_bytes;
        if (!picture->over)
            memcpy(to, from, row_bytes);
        else if (pixel_bytes == 4)
            blend8(to, from, picture->width);
        else
            blend16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from, picture->width);
    }
}

static void take_off(struct fw_png_reader *reader, const struct fw_png_picture *picture,
                     uint32_t pixel_bytes, uint8_t dispose)
{
    size_t row_bytes = (size_t)picture->width * pixel_bytes;
    for (uint32_t y = 0; y < picture->height; y++) {
        uint8_t *to = place(reader->canvas, reader, picture, y, pixel_bytes);
        if (dispose == FW_PNG_DISPOSE_BACKGROUND)
            memset(to, 0, row_bytes);
        else if (dispose == FW_PNG_DISPOSE_PREVIOUS)
            memcpy(to, place(reader->before, reader, picture, y, pixel_bytes), row_bytes);
    }
}

int fw_png_compose(struct fw_png_reader *reader, const struct fw_png_picture *picture,
                   const struct fw_image *image, struct fw_error *err)
{
    uint32_t pixel_bytes = fw_png_is_wide(reader) ? 8 : 4;
    size_t row_bytes = (size_t)reader->shape.width * pixel_bytes;
    const struct fw_image part = { .format = image->format,
                                   .width = (int32_t)picture->width,
                                   .height = (int32_t)picture->height,
                                   .data = { reader->part },
                                   .stride = { (ptrdiff_t)picture->width * pixel_bytes } };
    /* Nothing lies before the first one: it leaves an empty canvas. */
    uint8_t dispose = picture == reader->pictures && picture->dispose == FW_PNG_DISPOSE_PREVIOUS
                          ? FW_PNG_DISPOSE_BACKGROUND
                          : picture->dispose;
    int status = fw_png_decode(reader, picture, &part, err);
    if (status < 0)
        return status;
    if (dispose == FW_PNG_DISPOSE_PREVIOUS)
        memcpy(reader->before, reader->canvas, row_bytes * reader->shape.height);
    put_on(reader, picture, pixel_bytes);
    for (uint32_t y = 0; y < reader->shape.height; y++)
        memcpy(image->data[0] + (ptrdiff_t)y * image->stride[0], reader->canvas + y * row_bytes,
               row_bytes);
    take_off(reader, picture, pixel_bytes, dispose);
    return FW_OK;
}
