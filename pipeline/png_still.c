/* The PNG codec: its table, the formats it offers and takes, and the shape of stored samples. */
#include "png_still.h"

#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

/* ---- shape -------------------------------------------------------------------------------- */

uint32_t fw_png_channels(uint8_t color_type)
{
    static const uint8_t channels[] = { 1, 0, 3, 1, 2, 0, 4 };
    return channels[color_type];
}

uint32_t fw_png_pixel_bits(const struct fw_png_shape *shape)
{
    return fw_png_channels(shape->color_type) * shape->depth;
}

size_t fw_png_row_bytes(const struct fw_png_shape *shape, uint32_t width)
{
    return ((size_t)width * fw_png_pixel_bits(shape) + 7) / 8;
}

uint32_t fw_png_pass_count(const struct fw_png_shape *shape)
{
    return shape->interlaced ? FW_PNG_PASSES : 1;
}

bool fw_png_pass(const struct fw_png_shape *shape, uint32_t index, struct fw_png_pass *pass_out)
{
    static const struct fw_png_pass steps[FW_PNG_PASSES] = {
        { .x = 0, .y = 0, .dx = 8, .dy = 8 }, { .x = 4, .y = 0, .dx = 8, .dy = 8 },
        { .x = 0, .y = 4, .dx = 4, .dy = 8 }, { .x = 2, .y = 0, .dx = 4, .dy = 4 },
        { .x = 0, .y = 2, .dx = 2, .dy = 4 }, { .x = 1, .y = 0, .dx = 2, .dy = 2 },
        { .x = 0, .y = 1, .dx = 1, .dy = 2 },
    };
    static const struct fw_png_pass whole = { .dx = 1, .dy = 1 };
    struct fw_png_pass pass = shape->interlaced ? steps[index] : whole;
    if (shape->width > pass.x)
        pass.width = (shape->width - pass.x + pass.dx - 1) / pass.dx;
    if (shape->height > pass.y)
        pass.height = (shape->height - pass.y + pass.dy - 1) / pass.dy;
    *pass_out = pass;
    return pass.width > 0 && pass.height > 0;
}

uint64_t fw_png_raw_bytes(const struct fw_png_shape *shape)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < fw_png_pass_count(shape); i++) {
        struct fw_png_pass pass;
        uint64_t bytes = 0;
        if (!fw_png_pass(shape, i, &pass))
            continue;
        if (__builtin_mul_overflow((uint64_t)fw_png_row_bytes(shape, pass.width) + 1,
                                   (uint64_t)pass.height, &bytes) ||
            __builtin_add_overflow(sum, bytes, &sum))
            return UINT64_MAX;
    }
    return sum;
}

/* ---- what a reader offers ----------------------------------------------------------------- */

static void offer(const struct fw_png_reader *reader, const char *name, bool raw,
                  struct fw_still_offer *offer_out)
{
    const struct fw_format *format = fw_format_find(name);
    *offer_out = (struct fw_still_offer){
        .video = { .format = format,
                   .width = (int32_t)reader->shape.width,
                   .height = (int32_t)reader->shape.height,
                   .sample_aspect = { 0, 1 },
                   .time_base = { 1, 1000000 },
                   .frame_rate = { 0, 1 },
                   .color = fw_png_color_points(&reader->color,
                                                (format->flags & FW_FORMAT_RGB) ||
                                                    (format->flags & FW_FORMAT_PALETTE)) },
        .shrink = 1,
        .raw = raw,
    };
}

static uint32_t offers(const struct fw_still_reader *common, enum fw_still_kind target,
                       struct fw_still_offer *offers_out)
{
    const struct fw_png_reader *reader = (const struct fw_png_reader *)common;
    uint32_t count = 0;
    if (reader->composed) {
        bool wide = fw_png_is_wide(reader);
        offer(reader, wide ? "rgba64" FW_PNG_ENDIAN : "rgba", false, &offers_out[count++]);
        return count;
    }
    if (reader->shape.color_type == FW_PNG_PALETTE && target == FW_STILL_PNG && !reader->animated)
        offer(reader, "pal8", true, &offers_out[count++]);
    offer(reader, fw_png_natural(reader, false), false, &offers_out[count++]);
    if (fw_png_natural(reader, true))
        offer(reader, fw_png_natural(reader, true), false, &offers_out[count++]);
    return count;
}

/* ---- what a writer takes ------------------------------------------------------------------ */

/* In the order of enum fw_png_color_type, 8 and 16 bits. */
static const char *nearest(const struct fw_format *have)
{
    bool wide = fw_format_depth(have) > 8 || (have->flags & FW_FORMAT_FLOAT);
    bool alpha = have->flags & FW_FORMAT_ALPHA;
    bool gray = have->component_count <= 2 && !(have->flags & (FW_FORMAT_RGB | FW_FORMAT_PALETTE));
    if (gray && alpha)
        return wide ? "ya16" FW_PNG_ENDIAN : "ya8";
    if (gray)
        return wide ? "gray16" FW_PNG_ENDIAN : "gray";
    if (alpha)
        return wide ? "rgba64" FW_PNG_ENDIAN : "rgba";
    return wide ? "rgb48" FW_PNG_ENDIAN : "rgb24";
}

static const struct fw_format *fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses)
{
    const struct fw_format *format = have->format;
    bool moves = source && source->frame_count != 1;
    (void)wish;
    if (fw_png_pixels_of(format) && !(moves && (format->flags & FW_FORMAT_PALETTE)))
        return format;
    const struct fw_format *near = fw_format_find(nearest(format));
    bool gray = format->component_count <= 2;
    if (format->flags & FW_FORMAT_FLOAT)
        fw_losses_add(losses, "converted", -1, "%s to %s: PNG has no floating point", format->name,
                      near->name);
    else if (!gray && !(format->flags & (FW_FORMAT_RGB | FW_FORMAT_PALETTE)))
        fw_losses_add(losses, "converted", -1, "%s to %s: PNG has no YCbCr", format->name,
                      near->name);
    else if (format->flags & (FW_FORMAT_BAYER | FW_FORMAT_XYZ))
        fw_losses_add(losses, "converted", -1, "%s to %s", format->name, near->name);
    return near;
}

/* ---- table -------------------------------------------------------------------------------- */

static int reader_open(struct fw_still_reader *common, struct fw_error *err)
{
    int status = fw_png_scan((struct fw_png_reader *)common, err);
    if (status < 0)
        fw_error_prefix(err, "PNG");
    return status;
}

static void reader_deinit(struct fw_still_reader *common)
{
    struct fw_png_reader *reader = (struct fw_png_reader *)common;
    free(reader->pictures);
    free(reader->canvas);
    free(reader->before);
    free(reader->part);
}

static void writer_deinit(struct fw_still_writer *common)
{
    (void)common;
}

const struct fw_still_codec fw_still_codec_png = {
    .reader_bytes = sizeof(struct fw_png_reader),
    .writer_bytes = sizeof(struct fw_png_writer),
    .animates = true,
    .reader_open = reader_open,
    .offers = offers,
    .begin = fw_png_begin,
    .next = fw_png_next,
    .reader_deinit = reader_deinit,
    .fit = fit,
    .writer_open = fw_png_write_open,
    .frame = fw_png_write_frame,
    .finish = fw_png_write_finish,
    .writer_deinit = writer_deinit,
};
