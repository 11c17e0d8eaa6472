/* Stored rows to images: few bits to bytes, 16 bits to this machine's order, palettes to colours, a
 * transparent colour to an alpha, and what is packed to planes. As libpng's own expansion. */
#include "png_still.h"

#include "filters/format.h"

#include <string.h>

bool fw_png_is_wide(const struct fw_png_reader *reader)
{
    return reader->shape.depth == 16;
}

bool fw_png_has_alpha(const struct fw_png_reader *reader)
{
    const struct fw_still_traits *traits = &reader->common.head.traits;
    if (reader->shape.color_type == FW_PNG_PALETTE)
        return traits->palette_alpha_count > 0;
    return (reader->shape.color_type & 4) || traits->png_has_key;
}

const char *fw_png_natural(const struct fw_png_reader *reader, bool planar)
{
    static const char *const packed[2][2][2] = {
        { { "gray", "ya8" }, { "rgb24", "rgba" } },
        { { "gray16" FW_PNG_ENDIAN, "ya16" FW_PNG_ENDIAN },
          { "rgb48" FW_PNG_ENDIAN, "rgba64" FW_PNG_ENDIAN } },
    };
    static const char *const planes[2][2] = {
        { "gbrp", "gbrap" },
        { "gbrp16" FW_PNG_ENDIAN, "gbrap16" FW_PNG_ENDIAN },
    };
    bool rgb = reader->shape.color_type & FW_PNG_RGB;
    bool wide = fw_png_is_wide(reader);
    bool alpha = fw_png_has_alpha(reader);
    if (planar)
        return rgb ? planes[wide][alpha] : NULL;
    return packed[wide][rgb][alpha];
}

bool fw_png_is_plain(const struct fw_png_reader *reader, const struct fw_format *format)
{
    const struct fw_png_shape *shape = &reader->shape;
    return shape->depth == 8 && shape->color_type != FW_PNG_PALETTE &&
           !reader->common.head.traits.png_has_key && format->plane_count == 1 &&
           format->component_count == fw_png_channels(shape->color_type);
}

/* The widest pixel twice: packed samples, and those with an alpha. */
size_t fw_png_spare_bytes(uint32_t width)
{
    return (size_t)width * 8 * 2;
}

/* ---- to whole samples --------------------------------------------------------------------- */

static void unpack_bits(uint8_t *to, const uint8_t *row, uint32_t width, uint32_t depth)
{
    uint32_t mask = (1u << depth) - 1;
    uint32_t each = 8 / depth;
    for (uint32_t x = 0; x < width; x++)
        to[x] = (uint8_t)((uint32_t)row[x / each] >> (8 - depth - x % each * depth) & mask);
}

static void swap_samples(uint16_t *to, const uint8_t *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = fw_png_get16(row + 2 * i);
}

static void add_key8(uint8_t *to, const uint8_t *from, uint32_t width, uint32_t channels,
                     const uint16_t *key)
{
    for (uint32_t x = 0; x < width; x++) {
        bool same = true;
        for (uint32_t c = 0; c < channels; c++) {
            same = same && from[c] == key[c];
            *to++ = from[c];
        }
        *to++ = same ? 0 : 255;
        from += channels;
    }
}

static void add_key16(uint16_t *to, const uint16_t *from, uint32_t width, uint32_t channels,
                      const uint16_t *key)
{
    for (uint32_t x = 0; x < width; x++) {
        bool same = true;
        for (uint32_t c = 0; c < channels; c++) {
            same = same && from[c] == key[c];
            *to++ = from[c];
        }
        *to++ = same ? 0 : UINT16_MAX;
        from += channels;
    }
}

static void scale_bits(uint8_t *samples, uint32_t width, uint32_t step, uint32_t depth)
{
    uint32_t factor = 255 / ((1u << depth) - 1);
    for (uint32_t x = 0; x < width; x++)
        samples[(size_t)x * step] = (uint8_t)(samples[(size_t)x * step] * factor);
}

/* Indices to R, G, B and, where the file has one, A. Those without an entry are black. */
static void look_up(uint8_t *to, const uint8_t *indices, uint32_t width,
                    const struct fw_still_traits *traits)
{
    static const uint8_t black[4] = { 0, 0, 0, 255 };
    size_t bytes = traits->palette_alpha_count > 0 ? 4 : 3;
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *entry = indices[x] < traits->palette_count ? traits->palette[indices[x]]
                                                                  : black;
        memcpy(to + x * bytes, entry, bytes);
    }
}

/* The natural packed format: the row itself where it is that already, else made in `spare`. */
static const uint8_t *to_natural(const struct fw_png_reader *reader, const uint8_t *row,
                                 uint32_t width, uint8_t *spare)
{
    const struct fw_png_shape *shape = &reader->shape;
    const struct fw_still_traits *traits = &reader->common.head.traits;
    uint32_t channels = fw_png_channels(shape->color_type);
    uint8_t *more = spare + (size_t)width * 8;
    if (shape->depth == 16) {
        swap_samples((uint16_t *)(void *)spare, row, (size_t)width * channels);
        if (!traits->png_has_key)
            return spare;
        add_key16((uint16_t *)(void *)more, (uint16_t *)(void *)spare, width, channels,
                  traits->png_key);
        return more;
    }
    if (shape->depth < 8) {
        unpack_bits(spare, row, width, shape->depth);
        row = spare;
    }
    if (shape->color_type == FW_PNG_PALETTE) {
        look_up(more, row, width, traits);
        return more;
    }
    if (traits->png_has_key) {
        add_key8(more, row, width, channels, traits->png_key);
        row = more;
    }
    if (shape->depth < 8)
        scale_bits(traits->png_has_key ? more : spare, width, traits->png_has_key ? 2 : 1,
                   shape->depth);
    return row;
}

/* ---- to the format that was asked for ----------------------------------------------------- */

/* Packed R, G, B and A to planes, in any order that the format has. */
static void to_planes(const struct fw_image *image, int32_t y, const uint8_t *from, bool wide)
{
    const struct fw_format *format = image->format;
    uint32_t channels = format->component_count;
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t plane = format->components[c].plane;
        uint8_t *to = image->data[plane] + y * image->stride[plane];
        uint16_t *to16 = (uint16_t *)(void *)to;
        const uint16_t *from16 = (const uint16_t *)(const void *)from;
        for (int32_t x = 0; wide && x < image->width; x++)
            to16[x] = from16[(uint32_t)x * channels + c];
        for (int32_t x = 0; !wide && x < image->width; x++)
            to[x] = from[(uint32_t)x * channels + c];
    }
}

/* Gray or RGB with or without alpha to four samples. */
static void to_four8(uint8_t *to, const uint8_t *from, int32_t width, uint32_t channels)
{
    uint32_t green = channels >= 3 ? 1 : 0;
    bool alpha = channels == 2 || channels == 4;
    for (int32_t x = 0; x < width; x++, from += channels, to += 4) {
        to[0] = from[0];
        to[1] = from[green];
        to[2] = from[2 * green];
        to[3] = alpha ? from[channels - 1] : UINT8_MAX;
    }
}

static void to_four16(uint16_t *to, const uint16_t *from, int32_t width, uint32_t channels)
{
    uint32_t green = channels >= 3 ? 1 : 0;
    bool alpha = channels == 2 || channels == 4;
    for (int32_t x = 0; x < width; x++, from += channels, to += 4) {
        to[0] = from[0];
        to[1] = from[green];
        to[2] = from[2 * green];
        to[3] = alpha ? from[channels - 1] : UINT16_MAX;
    }
}

void fw_png_unpack(const struct fw_png_reader *reader, const uint8_t *row,
                   const struct fw_image *image, int32_t y, uint8_t *spare)
{
    uint8_t *to = image->data[0] + y * image->stride[0];
    uint32_t width = (uint32_t)image->width;
    bool wide = fw_png_is_wide(reader);
    if (image->format->flags & FW_FORMAT_PALETTE) {
        if (reader->shape.depth < 8)
            unpack_bits(to, row, width, reader->shape.depth);
        else
            memcpy(to, row, width);
        return;
    }
    uint32_t channels = (reader->shape.color_type & FW_PNG_RGB ? 3u : 1u) +
                        (fw_png_has_alpha(reader) ? 1u : 0u);
    const uint8_t *natural = to_natural(reader, row, width, spare);
    if (image->format->plane_count > 1)
        to_planes(image, y, natural, wide);
    else if (image->format->component_count == channels)
        memcpy(to, natural, (size_t)width * channels * (wide ? 2 : 1));
    else if (wide)
        to_four16((uint16_t *)(void *)to, (const uint16_t *)(const void *)natural, image->width,
                  channels);
    else
        to_four8(to, natural, image->width, channels);
}

void fw_png_unpack_palette(const struct fw_png_reader *reader, const struct fw_image *image)
{
    const struct fw_still_traits *traits = &reader->common.head.traits;
    if (!(image->format->flags & FW_FORMAT_PALETTE))
        return;
    for (uint32_t i = 0; i < 256; i++) {
        const uint8_t *entry = traits->palette[i];
        uint32_t color = i < traits->palette_count
                             ? (uint32_t)entry[3] << 24 | (uint32_t)entry[0] << 16 |
                                   (uint32_t)entry[1] << 8 | entry[2]
                             : 0xff000000u;
        memcpy(image->data[1] + (size_t)4 * i, &color, sizeof(color));
    }
}
