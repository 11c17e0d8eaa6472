/* The same samples in another order of bytes, spelt out, or freed of their alpha. */
#include "still_tools.h"

#include "filters/check.h"
#include "filters/format.h"
#include "filters/image.h"

#include <stdio.h>
#include <string.h>

static const uint8_t *row_of(const struct fw_image *image, uint32_t plane, int32_t y)
{
    return image->data[plane] + (ptrdiff_t)y * image->stride[plane];
}

static uint8_t *row_to(const struct fw_image *image, uint32_t plane, int32_t y)
{
    return image->data[plane] + (ptrdiff_t)y * image->stride[plane];
}

/* The format whose name differs in "be" and "le" alone; NULL. */
static const struct fw_format *twin(const struct fw_format *format)
{
    char name[32];
    size_t count = strlen(format->name);
    if (count < 3 || count >= sizeof(name))
        return NULL;
    (void)snprintf(name, sizeof(name), "%s", format->name);
    char *end = name + count - 2;
    if (strcmp(end, "be") != 0 && strcmp(end, "le") != 0)
        return NULL;
    end[0] = end[0] == 'b' ? 'l' : 'b';
    return fw_format_find(name);
}

const struct fw_format *fw_still_native(const struct fw_format *format)
{
    const struct fw_format *other = format->flags & FW_FORMAT_BIG_ENDIAN ? twin(format) : NULL;
    return other ? other : format;
}

static void swap_row(uint8_t *to, const uint8_t *from, size_t bytes, size_t width)
{
    for (size_t i = 0; i + width <= bytes; i += width) {
        for (size_t k = 0; k < width; k++)
            to[i + k] = from[i + width - 1 - k];
    }
}

static void swap(const struct fw_image *to, const struct fw_image *from)
{
    size_t width = fw_format_depth(from->format) > 16 ? 4 : 2;
    for (uint32_t plane = 0; plane < from->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(from->format, plane, from->width);
        int32_t rows = fw_format_plane_height(from->format, plane, from->height);
        for (int32_t y = 0; y < rows; y++)
            swap_row(row_to(to, plane, y), row_of(from, plane, y), bytes, width);
    }
}

static void spell_palette(const struct fw_image *to, const struct fw_image *from)
{
    const struct fw_format *format = to->format;
    const bool alpha = format->flags & FW_FORMAT_ALPHA;
    const size_t step = format->components[0].step;
    for (int32_t y = 0; y < from->height; y++) {
        const uint8_t *index = row_of(from, 0, y);
        uint8_t *out = row_to(to, 0, y);
        for (int32_t x = 0; x < from->width; x++, out += step) {
            uint32_t argb;
            memcpy(&argb, from->data[1] + (size_t)4 * index[x], sizeof(argb));
            out[format->components[0].offset] = (uint8_t)(argb >> 16);
            out[format->components[1].offset] = (uint8_t)(argb >> 8);
            out[format->components[2].offset] = (uint8_t)argb;
            if (alpha)
                out[format->components[3].offset] = (uint8_t)(argb >> 24);
        }
    }
}

static void spell_bits(const struct fw_image *to, const struct fw_image *from)
{
    const uint8_t invert = strcmp(from->format->name, "monow") == 0 ? 0xff : 0;
    for (int32_t y = 0; y < from->height; y++) {
        const uint8_t *bits = row_of(from, 0, y);
        uint8_t *out = row_to(to, 0, y);
        for (int32_t x = 0; x < from->width; x++)
            out[x] = (uint8_t)((bits[x / 8] >> (7 - x % 8) & 1 ? 0xff : 0) ^ invert);
    }
}

static void flip_bits(const struct fw_image *to, const struct fw_image *from)
{
    size_t bytes = fw_format_row_bytes(from->format, 0, from->width);
    for (int32_t y = 0; y < from->height; y++) {
        const uint8_t *in = row_of(from, 0, y);
        uint8_t *out = row_to(to, 0, y);
        for (size_t i = 0; i < bytes; i++)
            out[i] = (uint8_t)~in[i];
    }
}

static void fill_alpha(const struct fw_image *to, const struct fw_image *from)
{
    for (int32_t y = 0; y < from->height; y++) {
        const uint8_t *in = row_of(from, 0, y);
        uint8_t *out = row_to(to, 0, y);
        for (int32_t x = 0; x < from->width; x++, in += 4, out += 4) {
            memcpy(out, in, 3);
            out[3] = 0xff;
        }
    }
}

static bool is_bits(const struct fw_format *format)
{
    return strcmp(format->name, "monow") == 0 || strcmp(format->name, "monob") == 0;
}

static bool is_packed_rgb8(const struct fw_format *format)
{
    return (format->flags & FW_FORMAT_RGB) && !(format->flags & FW_FORMAT_PLANAR) &&
           format->component_count >= 3 && format->components[0].depth == 8 &&
           format->components[0].step >= 3;
}

/* The byte that "rgb0" and "bgr0" leave unused is alpha in "rgba" and "bgra". */
static bool only_adds_alpha(const struct fw_format *to, const struct fw_format *from)
{
    return strlen(to->name) == 4 && strlen(from->name) == 4 &&
           strncmp(to->name, from->name, 3) == 0 && from->name[3] == '0' && to->name[3] == 'a';
}

int fw_still_place(const struct fw_image *to, const struct fw_image *from)
{
    FW_CHECK(to->width == from->width && to->height == from->height);
    if (to->format == from->format)
        fw_image_copy(to, from);
    else if (twin(from->format) == to->format)
        swap(to, from);
    else if ((from->format->flags & FW_FORMAT_PALETTE) && is_packed_rgb8(to->format))
        spell_palette(to, from);
    else if (is_bits(from->format) && strcmp(to->format->name, "gray") == 0)
        spell_bits(to, from);
    else if (is_bits(from->format) && is_bits(to->format))
        flip_bits(to, from);
    else if (only_adds_alpha(to->format, from->format))
        fill_alpha(to, from);
    else
        return -1;
    return 0;
}

static uint32_t divided(uint32_t value, uint32_t alpha, uint32_t most)
{
    if (alpha == 0)
        return 0;
    uint64_t straight = ((uint64_t)value * most + alpha / 2) / alpha;
    return straight > most ? most : (uint32_t)straight;
}

static uint32_t sample_at(const uint8_t *at, bool wide)
{
    uint16_t value = at[0];
    if (wide)
        memcpy(&value, at, sizeof(value));
    return value;
}

static void set_sample(uint8_t *at, bool wide, uint32_t value)
{
    const uint16_t narrow = (uint16_t)value;
    if (wide)
        memcpy(at, &narrow, sizeof(narrow));
    else
        at[0] = (uint8_t)value;
}

void fw_still_unmultiply(const struct fw_image *image)
{
    const struct fw_format *format = image->format;
    const uint32_t last = format->component_count - 1u;
    const uint32_t depth = fw_format_depth(format);
    if (!(format->flags & FW_FORMAT_ALPHA) || depth > 16 || (format->flags & FW_FORMAT_PALETTE))
        return;
    const uint32_t most = (1u << depth) - 1;
    for (int32_t y = 0; y < image->height; y++) {
        for (int32_t x = 0; x < image->width; x++) {
            const struct fw_component *a = &format->components[last];
            uint32_t alpha = sample_at(row_of(image, a->plane, y) + (size_t)x * a->step + a->offset,
                                       depth > 8);
            for (uint32_t i = 0; i < last; i++) {
                const struct fw_component *c = &format->components[i];
                uint8_t *at = row_to(image, c->plane, y) + (size_t)x * c->step + c->offset;
                set_sample(at, depth > 8, divided(sample_at(at, depth > 8), alpha, most));
            }
        }
    }
}
