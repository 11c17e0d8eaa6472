/* Images to stored rows: what colour type and depth a picture gets, and its bytes. What the source
 * stored in few bits, by a palette or with one transparent colour is stored so again where the
 * pixels still allow it. */
#include "png_still.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#define HERE_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static const struct fw_png_pixels pixels[] = {
    { "gray", FW_PNG_GRAY, 8, false, false, false },
    { "ya8", FW_PNG_GRAY_ALPHA, 8, false, false, false },
    { "rgb24", FW_PNG_RGB, 8, false, false, false },
    { "rgba", FW_PNG_RGB_ALPHA, 8, false, false, false },
    { "gray16be", FW_PNG_GRAY, 16, false, false, false },
    { "ya16be", FW_PNG_GRAY_ALPHA, 16, false, false, false },
    { "rgb48be", FW_PNG_RGB, 16, false, false, false },
    { "rgba64be", FW_PNG_RGB_ALPHA, 16, false, false, false },
    { "gray16le", FW_PNG_GRAY, 16, false, true, false },
    { "ya16le", FW_PNG_GRAY_ALPHA, 16, false, true, false },
    { "rgb48le", FW_PNG_RGB, 16, false, true, false },
    { "rgba64le", FW_PNG_RGB_ALPHA, 16, false, true, false },
    { "gbrp", FW_PNG_RGB, 8, true, false, false },
    { "gbrap", FW_PNG_RGB_ALPHA, 8, true, false, false },
    { "gbrp16" FW_PNG_ENDIAN, FW_PNG_RGB, 16, true, !HERE_IS_BIG, false },
    { "gbrap16" FW_PNG_ENDIAN, FW_PNG_RGB_ALPHA, 16, true, !HERE_IS_BIG, false },
    { "pal8", FW_PNG_PALETTE, 8, false, false, false },
    { "monob", FW_PNG_GRAY, 1, false, false, false },
    { "monow", FW_PNG_GRAY, 1, false, false, true },
};

const struct fw_png_pixels *fw_png_pixels_of(const struct fw_format *format)
{
    for (size_t i = 0; i < FW_COUNT(pixels); i++) {
        if (strcmp(pixels[i].name, format->name) == 0)
            return &pixels[i];
    }
    return NULL;
}

/* ---- rows --------------------------------------------------------------------------------- */

static void swap_samples(uint8_t *to, const uint8_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t sample;
        memcpy(&sample, from + 2 * i, 2);
        sample = __builtin_bswap16(sample);
        memcpy(to + 2 * i, &sample, 2);
    }
}

/* Planes of this machine's order to packed samples, big-endian. */
static void join_planes(const struct fw_image *image, uint32_t y, uint32_t depth, uint8_t *to)
{
    const struct fw_format *format = image->format;
    uint32_t channels = format->component_count;
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t plane = format->components[c].plane;
        const uint8_t *from = image->data[plane] + (ptrdiff_t)y * image->stride[plane];
        const uint16_t *from16 = (const uint16_t *)(const void *)from;
        for (int32_t x = 0; depth == 16 && x < image->width; x++)
            fw_png_put16(to + 2 * ((size_t)x * channels + c), from16[x]);
        for (int32_t x = 0; depth == 8 && x < image->width; x++)
            to[(size_t)x * channels + c] = from[x];
    }
}

/* Samples of 8 bits to fewer; `to` may be `from`. */
static void pack_bits(uint8_t *to, const uint8_t *from, uint32_t width, uint32_t depth,
                      uint32_t factor)
{
    uint32_t each = 8 / depth;
    uint32_t byte = 0;
    for (uint32_t x = 0; x < width; x++) {
        byte = byte << depth | from[x] / factor;
        if (x % each == each - 1 || x == width - 1) {
            to[x / each] = (uint8_t)(byte << depth * (each - 1 - x % each));
            byte = 0;
        }
    }
}

/* Bits as they are; those behind the last pixel are zero. */
static void copy_bits(uint8_t *to, const uint8_t *from, uint32_t width, bool invert)
{
    size_t bytes = (width + 7) / 8;
    for (size_t i = 0; i < bytes; i++)
        to[i] = invert ? (uint8_t)~from[i] : from[i];
    if (width % 8 != 0)
        to[bytes - 1] &= (uint8_t)(0xff << (8 - width % 8));
}

static void drop_alpha(uint8_t *to, const uint8_t *from, uint32_t width, size_t pixel_bytes,
                       size_t kept_bytes)
{
    for (uint32_t x = 0; x < width; x++)
        memmove(to + x * kept_bytes, from + x * pixel_bytes, kept_bytes);
}

const uint8_t *fw_png_pack(const struct fw_png_writer *writer, const struct fw_image *image,
                           uint32_t y, uint8_t *spare)
{
    const struct fw_png_pixels *from = writer->pixels;
    const struct fw_png_shape *shape = &writer->shape;
    const uint8_t *row = image->data[0] + (ptrdiff_t)y * image->stride[0];
    uint32_t channels = fw_png_channels(from->color_type);
    if (from->depth == 1) {
        copy_bits(spare, row, shape->width, from->invert);
        return spare;
    }
    if (from->planar) {
        join_planes(image, y, from->depth, spare);
        row = spare;
    } else if (from->swap) {
        swap_samples(spare, row, (size_t)shape->width * channels);
        row = spare;
    }
    if (writer->has_key) {
        size_t sample_bytes = from->depth / 8;
        drop_alpha(spare, row, shape->width, channels * sample_bytes,
                   (channels - 1) * sample_bytes);
        row = spare;
    }
    if (shape->depth < from->depth) {
        bool gray = shape->color_type == FW_PNG_GRAY;
        pack_bits(spare, row, shape->width, shape->depth,
                  gray ? 255 / ((1u << shape->depth) - 1) : 1);
        row = spare;
    }
    return row;
}

void fw_png_pick(const struct fw_png_shape *shape, const struct fw_png_pass *pass,
                 const uint8_t *row, uint8_t *picked)
{
    uint32_t bits = fw_png_pixel_bits(shape);
    size_t bytes = bits / 8;
    if (bits < 8)
        memset(picked, 0, fw_png_row_bytes(shape, pass->width));
    for (uint32_t i = 0; i < pass->width; i++) {
        size_t x = pass->x + (size_t)i * pass->dx;
        if (bits >= 8) {
            memcpy(picked + i * bytes, row + x * bytes, bytes);
            continue;
        }
        uint32_t value = (uint32_t)row[x * bits / 8] >> (8 - bits - x * bits % 8) &
                         ((1u << bits) - 1);
        picked[(size_t)i * bits / 8] |= (uint8_t)(value << (8 - bits - i * bits % 8));
    }
}

/* ---- palette ------------------------------------------------------------------------------ */

static uint32_t highest_index(const struct fw_image *image)
{
    uint32_t highest = 0;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data[0] + y * image->stride[0];
        for (int32_t x = 0; x < image->width; x++)
            highest = row[x] > highest ? row[x] : highest;
    }
    return highest;
}

static void take_palette(struct fw_png_writer *writer, const struct fw_image *image,
                         uint32_t highest)
{
    writer->palette_count = (uint16_t)(highest + 1);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t color = 0;
        memcpy(&color, image->data[1] + (size_t)4 * i, sizeof(color));
        writer->palette[i][0] = (uint8_t)(color >> 16);
        writer->palette[i][1] = (uint8_t)(color >> 8);
        writer->palette[i][2] = (uint8_t)color;
        writer->palette[i][3] = (uint8_t)(color >> 24);
        if (i <= highest && writer->palette[i][3] != 255)
            writer->palette_alpha_count = (uint16_t)(i + 1);
    }
}

/* Whether the image's palette is still the source's, entry by entry. */
static bool same_palette(const struct fw_png_writer *writer, const struct fw_still_traits *source)
{
    static const uint8_t black[4] = { 0, 0, 0, 255 };
    for (uint32_t i = 0; i < 256; i++) {
        const uint8_t *entry = i < source->palette_count ? source->palette[i] : black;
        if (memcmp(entry, writer->palette[i], 4) != 0)
            return false;
    }
    return source->palette_count > 0;
}

static void choose_palette(struct fw_png_writer *writer, const struct fw_image *image,
                           const struct fw_still_traits *source)
{
    uint32_t highest = highest_index(image);
    uint8_t depth = highest < 2 ? 1 : highest < 4 ? 2 : highest < 16 ? 4 : 8;
    take_palette(writer, image, highest);
    if (source && source->png_color_type == FW_PNG_PALETTE && same_palette(writer, source) &&
        source->png_bit_depth >= depth) {
        writer->palette_count = source->palette_count;
        writer->palette_alpha_count = source->palette_alpha_count;
        depth = source->png_bit_depth;
    }
    writer->shape.depth = depth;
}

/* ---- few bits, and one transparent colour ------------------------------------------------- */

/* Whether a stored row with its alpha says the same with `key` and at `depth` bits. */
static bool row_fits(const uint8_t *row, const struct fw_png_shape *shape, uint32_t depth,
                     const uint16_t *key)
{
    uint32_t channels = fw_png_channels(shape->color_type);
    uint32_t opaque = shape->depth == 16 ? UINT16_MAX : UINT8_MAX;
    uint32_t factor = depth < 8 ? 255 / ((1u << depth) - 1) : 1;
    for (uint32_t x = 0; x < shape->width; x++) {
        uint32_t samples[4] = { 0 };
        bool is_key = key != NULL;
        for (uint32_t c = 0; c < channels; c++) {
            size_t at = (size_t)x * channels + c;
            samples[c] = shape->depth == 16 ? fw_png_get16(row + 2 * at) : row[at];
        }
        uint32_t colors = key ? channels - 1 : channels;
        for (uint32_t c = 0; c < colors; c++) {
            if (samples[c] % factor != 0)
                return false;
            is_key = is_key && samples[c] / factor == key[c];
        }
        if (key && samples[colors] != (is_key ? 0 : opaque))
            return false;
    }
    return true;
}

static bool image_fits(const struct fw_png_writer *writer, const struct fw_image *image,
                       uint32_t depth, const uint16_t *key, uint8_t *spare)
{
    for (uint32_t y = 0; y < writer->shape.height; y++) {
        if (!row_fits(fw_png_pack(writer, image, y, spare), &writer->shape, depth, key))
            return false;
    }
    return true;
}

/* The source's depth and transparent colour, where the pixels allow both. */
static int choose_lean(struct fw_png_writer *writer, const struct fw_image *image,
                       const struct fw_still_traits *source, struct fw_error *err)
{
    struct fw_png_shape *shape = &writer->shape;
    bool alpha = shape->color_type & 4;
    uint8_t plain_type = shape->color_type & (uint8_t)~4;
    uint32_t depth = source->png_bit_depth;
    bool lean = plain_type == FW_PNG_GRAY && depth < 8 && shape->depth == 8;
    if (source->png_color_type != plain_type || alpha != source->png_has_key ||
        (!lean && (!alpha || depth != shape->depth)))
        return FW_OK;
    uint8_t *spare = malloc(fw_png_spare_bytes(shape->width));
    if (!spare)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    if (image_fits(writer, image, depth, alpha ? source->png_key : NULL, spare)) {
        shape->color_type = plain_type;
        shape->depth = (uint8_t)depth;
        writer->has_key = alpha;
        memcpy(writer->key, source->png_key, sizeof(writer->key));
    }
    free(spare);
    return FW_OK;
}

int fw_png_choose(struct fw_png_writer *writer, const struct fw_image *image, struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    bool from_png = writing->source && writing->source->kind == FW_STILL_PNG;
    const struct fw_still_traits *source = from_png ? &writing->source->traits : NULL;
    bool interlaced = writing->wish.progressive > 0 ||
                      (writing->wish.progressive == 0 && source && source->png_interlaced);
    writer->shape = (struct fw_png_shape){ .width = (uint32_t)image->width,
                                           .height = (uint32_t)image->height,
                                           .color_type = writer->pixels->color_type,
                                           .depth = writer->pixels->depth,
                                           .interlaced = interlaced };
    if (writer->shape.color_type == FW_PNG_PALETTE) {
        choose_palette(writer, image, source);
        return FW_OK;
    }
    /* Of an animation the later pictures are not known yet. */
    if (source && !writer->animated && writer->shape.depth > 1)
        return choose_lean(writer, image, source, err);
    return FW_OK;
}
