/* GIF's pictures, one drawn over the other. */
#include "still_gif.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#define CENTISECOND_US 10000

int fw_gif_begin(struct fw_still_reader *reader, struct fw_error *err)
{
    struct fw_gif_reader *self = (struct fw_gif_reader *)reader;
    const size_t pixels = (size_t)reader->head.width * (size_t)reader->head.height;
    free(self->canvas);
    free(self->saved);
    self->canvas = calloc(pixels, 4);
    self->saved = calloc(pixels, 4);
    self->next = 0;
    if (!self->canvas || !self->saved)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    return FW_OK;
}

/* The row of the picture that is stored as the n-th. */
static uint32_t row_of(const struct fw_gif_picture *picture, uint32_t stored)
{
    static const uint8_t first[4] = { 0, 4, 2, 1 };
    static const uint8_t step[4] = { 8, 8, 4, 2 };
    if (!picture->interlaced)
        return stored;
    for (uint32_t pass = 0; pass < 4; pass++) {
        const uint32_t start = first[pass];
        const uint32_t by = step[pass];
        const uint32_t rows = picture->height > start ? (picture->height - start + by - 1) / by : 0;
        if (stored < rows)
            return start + stored * by;
        stored -= rows;
    }
    return picture->height - 1u;
}

static int unpack(struct fw_gif_reader *self, const struct fw_gif_picture *picture,
                  struct fw_error *err)
{
    const size_t count = (size_t)picture->width * picture->height;
    const uint8_t *data = self->file.bytes + picture->at + 9 + (size_t)3 * picture->colors;
    int status = fw_still_check_size(&self->common, picture->width, picture->height, 1, err);
    if (status < 0)
        return status;
    uint8_t *indices = realloc(self->indices, count);
    if (!indices)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    self->indices = indices;
    if (!fw_gif_unpack(data, self->file.bytes + self->file.count, indices, count))
        return fw_fail(err, FW_ERR_INPUT, "picture %u is damaged", self->next);
    return FW_OK;
}

struct colors {
    const uint8_t *rgb;
    uint32_t count;
    int32_t transparent;
};

static struct colors colors_of(const struct fw_gif_reader *self,
                               const struct fw_gif_picture *picture)
{
    if (picture->colors)
        return (struct colors){ self->file.bytes + picture->at + 9, picture->colors,
                                picture->transparent };
    return (struct colors){ self->table, self->table_colors, picture->transparent };
}

/* The part of the canvas that a picture covers. */
struct part {
    uint32_t left, top, width, height;
};

static struct part part_of(const struct fw_gif_reader *self, const struct fw_gif_picture *picture)
{
    const uint32_t canvas_w = (uint32_t)self->common.head.width;
    const uint32_t canvas_h = (uint32_t)self->common.head.height;
    struct part part = { .left = picture->left, .top = picture->top };
    if (part.left < canvas_w)
        part.width = picture->width < canvas_w - part.left ? picture->width : canvas_w - part.left;
    if (part.top < canvas_h)
        part.height = picture->height < canvas_h - part.top ? picture->height : canvas_h - part.top;
    return part;
}

static uint8_t *pixel_at(const struct fw_gif_reader *self, uint8_t *canvas, uint32_t x, uint32_t y)
{
    return canvas + ((size_t)y * (size_t)self->common.head.width + x) * 4;
}

static void draw(struct fw_gif_reader *self, const struct fw_gif_picture *picture)
{
    const struct colors colors = colors_of(self, picture);
    const struct part part = part_of(self, picture);
    for (uint32_t stored = 0; stored < picture->height; stored++) {
        const uint8_t *index = self->indices + (size_t)stored * picture->width;
        const uint32_t y = row_of(picture, stored);
        uint8_t *out = y < part.height ? pixel_at(self, self->canvas, part.left, part.top + y)
                                       : NULL;
        for (uint32_t x = 0; out && x < part.width; x++, out += 4) {
            if (index[x] == colors.transparent)
                continue;
            memset(out, 0, 3);
            if (index[x] < colors.count)
                memcpy(out, colors.rgb + (size_t)3 * index[x], 3);
            out[3] = 255;
        }
    }
}

/* What the picture before asked for. */
static void dispose(struct fw_gif_reader *self, const struct fw_gif_picture *picture)
{
    const struct part part = part_of(self, picture);
    for (uint32_t y = 0; y < part.height && part.width > 0; y++) {
        uint8_t *to = pixel_at(self, self->canvas, part.left, part.top + y);
        if (picture->disposal == FW_GIF_CLEAR)
            memset(to, 0, (size_t)part.width * 4);
        else if (picture->disposal == FW_GIF_RESTORE)
            memcpy(to, pixel_at(self, self->saved, part.left, part.top + y),
                   (size_t)part.width * 4);
    }
}

static void give_indices(const struct fw_gif_reader *self, const struct fw_gif_picture *picture,
                         const struct fw_image *image)
{
    const struct colors colors = colors_of(self, picture);
    for (uint32_t stored = 0; stored < picture->height; stored++) {
        const uint32_t y = row_of(picture, stored);
        if (y < (uint32_t)image->height)
            memcpy(image->data[0] + (ptrdiff_t)y * image->stride[0],
                   self->indices + (size_t)stored * picture->width, (size_t)image->width);
    }
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t argb = 0xff000000u;
        if (i < colors.count)
            argb |= (uint32_t)colors.rgb[3 * i] << 16 | (uint32_t)colors.rgb[3 * i + 1] << 8 |
                    colors.rgb[3 * i + 2];
        if ((int32_t)i == colors.transparent)
            argb &= 0xffffff;
        memcpy(image->data[1] + (size_t)4 * i, &argb, sizeof(argb));
    }
}

static void give_canvas(const struct fw_gif_reader *self, const struct fw_image *image)
{
    const bool alpha = image->format->flags & FW_FORMAT_ALPHA;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *in = pixel_at(self, self->canvas, 0, (uint32_t)y);
        uint8_t *out = image->data[0] + (ptrdiff_t)y * image->stride[0];
        if (alpha) {
            memcpy(out, in, (size_t)image->width * 4);
            continue;
        }
        for (int32_t x = 0; x < image->width; x++, in += 4, out += 3)
            memcpy(out, in, 3);
    }
}

int fw_gif_next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct fw_gif_reader *self = (struct fw_gif_reader *)reader;
    if (self->next == self->count)
        return FW_END;
    const struct fw_gif_picture *picture = &self->pictures[self->next];
    int status = unpack(self, picture, err);
    if (status < 0)
        return status;
    *delay_us_out = self->count > 1 ? (int64_t)picture->delay_cs * CENTISECOND_US : 0;
    if (image->format->flags & FW_FORMAT_PALETTE) {
        give_indices(self, picture, image);
        self->next++;
        return FW_OK;
    }
    if (self->next > 0)
        dispose(self, picture - 1);
    if (picture->disposal == FW_GIF_RESTORE)
        memcpy(self->saved, self->canvas,
               (size_t)reader->head.width * (size_t)reader->head.height * 4);
    draw(self, picture);
    give_canvas(self, image);
    self->next++;
    return FW_OK;
}
