/* Writing GIF: pictures of at most 256 colours each, only what changed of opaque ones. */
#include "still_gif.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#define CENTISECOND_US 10000
#define HAIR_US 500
#define ALPHA_SEEN 128

const struct fw_format *fw_gif_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses)
{
    static const char *const names[] = { "pal8", "rgb24", "rgba", "gray", NULL };
    return fw_still_nearest(names, wish, have, source, losses);
}

int fw_gif_writer_open(struct fw_still_writer *writer, struct fw_error *err)
{
    struct fw_gif_writer *self = (struct fw_gif_writer *)writer;
    const struct fw_video *video = &writer->writing.video;
    const size_t pixels = (size_t)video->width * (size_t)video->height;
    if (video->width > UINT16_MAX || video->height > UINT16_MAX)
        return fw_fail(err, FW_ERR_USAGE, "GIF holds no more than 65535 pixels a side");
    self->pixels = malloc(pixels * 4);
    self->before = malloc(pixels * 4);
    self->indices = malloc(pixels);
    if (!self->pixels || !self->before || !self->indices)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    return FW_OK;
}

/* ---- blocks ------------------------------------------------------------------------------- */

static int write_chain(struct fw_still_out *out, const uint8_t *bytes, size_t count,
                       struct fw_error *err)
{
    static const uint8_t end = 0;
    int status = FW_OK;
    while (count > 0 && status == FW_OK) {
        const uint8_t part = (uint8_t)(count < 255 ? count : 255);
        status = fw_still_out_write(out, &part, 1, err);
        if (status == FW_OK)
            status = fw_still_out_write(out, bytes, part, err);
        bytes += part;
        count -= part;
    }
    return status == FW_OK ? fw_still_out_write(out, &end, 1, err) : status;
}

static int write_icc(struct fw_still_writer *writer, struct fw_error *err)
{
    struct fw_still_bytes icc;
    int status = fw_still_carry(&writer->writing, FW_NOTE_ICC, &icc, err);
    if (status == FW_OK && icc.bytes)
        status = fw_still_out_write(&writer->out, "\x21\xff\x0bICCRGBG1012", 14, err);
    if (status == FW_OK && icc.bytes)
        status = write_chain(&writer->out, icc.bytes, icc.count, err);
    free(icc.bytes);
    return status;
}

/* XMP stands there bare; the trailer leads a reader of blocks to the end from any byte of it. */
static int write_xmp(struct fw_still_writer *writer, struct fw_error *err)
{
    uint8_t trailer[258] = { 1 };
    struct fw_still_bytes xmp;
    for (uint32_t i = 0; i < 256; i++)
        trailer[1 + i] = (uint8_t)(255 - i);
    int status = fw_still_carry(&writer->writing, FW_NOTE_XMP, &xmp, err);
    /* A zero byte would end it. */
    if (status == FW_OK && xmp.bytes && memchr(xmp.bytes, 0, xmp.count)) {
        fw_losses_add(writer->writing.losses, "metadata", -1, "XMP with zero bytes");
    } else if (status == FW_OK && xmp.bytes) {
        status = fw_still_out_write(&writer->out, "\x21\xff\x0bXMP DataXMP", 14, err);
        if (status == FW_OK)
            status = fw_still_out_write(&writer->out, xmp.bytes, xmp.count, err);
        if (status == FW_OK)
            status = fw_still_out_write(&writer->out, trailer, sizeof(trailer), err);
    }
    free(xmp.bytes);
    return status;
}

static int write_comments(struct fw_still_writer *writer, struct fw_error *err)
{
    const struct fw_notes *notes = writer->writing.wish.strip ? NULL : writer->writing.notes;
    int status = FW_OK;
    for (uint32_t i = 0; notes && i < notes->count && status == FW_OK; i++) {
        const struct fw_note *note = &notes->items[i];
        if (note->kind != FW_NOTE_TEXT || !note->plain)
            continue;
        if (strcmp(note->name, "Comment") != 0) {
            fw_losses_add(writer->writing.losses, "metadata", -1, "%s: GIF holds comments alone",
                          note->name);
            continue;
        }
        status = fw_still_out_write(&writer->out, "\x21\xfe", 2, err);
        if (status == FW_OK)
            status = write_chain(&writer->out, note->plain, note->plain_bytes, err);
    }
    return status;
}

static int write_loop(struct fw_still_writer *writer, struct fw_error *err)
{
    uint8_t block[19] = "\x21\xff\x0bNETSCAPE2.0\x03\x01";
    uint32_t plays = writer->writing.loop_count;
    if (writer->writing.frame_count == 1 || plays == 1)
        return FW_OK;
    uint32_t again = plays ? plays - 1 : 0;
    if (again > UINT16_MAX)
        again = UINT16_MAX;
    block[16] = (uint8_t)again;
    block[17] = (uint8_t)(again >> 8);
    return fw_still_out_write(&writer->out, block, sizeof(block), err);
}

static uint32_t bits_of(const struct fw_palette *palette)
{
    uint32_t bits = 1;
    while (1u << bits < palette->count)
        bits++;
    return bits;
}

static int write_colors(struct fw_still_writer *writer, const struct fw_palette *palette,
                        struct fw_error *err)
{
    return fw_still_out_write(&writer->out, palette->rgb, (size_t)3 << bits_of(palette), err);
}

/* The first picture's colours are the file's. */
static int write_head(struct fw_still_writer *writer, const struct fw_palette *palette,
                      struct fw_error *err)
{
    const struct fw_video *video = &writer->writing.video;
    uint8_t head[13] = "GIF89a";
    head[6] = (uint8_t)video->width;
    head[7] = (uint8_t)(video->width >> 8);
    head[8] = (uint8_t)video->height;
    head[9] = (uint8_t)(video->height >> 8);
    head[10] = (uint8_t)(0xf0 | (bits_of(palette) - 1));
    int status = fw_still_out_write(&writer->out, head, sizeof(head), err);
    if (status == FW_OK)
        status = write_colors(writer, palette, err);
    if (status == FW_OK)
        status = write_loop(writer, err);
    if (status == FW_OK)
        status = write_icc(writer, err);
    if (status == FW_OK)
        status = write_xmp(writer, err);
    return status == FW_OK ? write_comments(writer, err) : status;
}

/* ---- pictures ----------------------------------------------------------------------------- */

struct part {
    int32_t left, top, width, height;
};

static void put_pixel(struct fw_gif_writer *self, const struct fw_image *image, const uint8_t *in,
                      uint8_t *out)
{
    const struct fw_format *format = image->format;
    if (format->flags & FW_FORMAT_PALETTE) {
        uint32_t argb;
        memcpy(&argb, image->data[1] + (size_t)4 * in[0], sizeof(argb));
        const uint8_t rgba[4] = { (uint8_t)(argb >> 16), (uint8_t)(argb >> 8), (uint8_t)argb,
                                  (uint8_t)(argb >> 24) };
        memcpy(out, rgba, 4);
    } else if (format->component_count == 1) {
        memset(out, in[0], 3);
        out[3] = 255;
    } else {
        memcpy(out, in, 3);
        out[3] = format->component_count == 4 ? in[3] : 255;
    }
    self->lost_alpha = self->lost_alpha || (out[3] != 0 && out[3] != 255);
    out[3] = out[3] < ALPHA_SEEN ? 0 : 255;
}

static void take_pixels(struct fw_gif_writer *self, const struct fw_image *image)
{
    const size_t step = image->format->components[0].step;
    uint8_t *out = self->pixels;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *in = image->data[0] + (ptrdiff_t)y * image->stride[0];
        for (int32_t x = 0; x < image->width; x++, in += step, out += 4)
            put_pixel(self, image, in, out);
    }
}

/* The part that differs from the picture before; one pixel when nothing does. */
static struct part changed(const struct fw_gif_writer *self, int32_t width, int32_t height)
{
    int32_t left = width, right = -1, top = height, bottom = -1;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            const size_t at = ((size_t)y * (size_t)width + (size_t)x) * 4;
            if (memcmp(self->pixels + at, self->before + at, 4) == 0)
                continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y;
        }
    }
    if (right < 0)
        return (struct part){ 0, 0, 1, 1 };
    return (struct part){ left, top, right - left + 1, bottom - top + 1 };
}

/* Moves the part to the front of `before`, what did not change made transparent; `pixels` are the
 * next picture's past. */
static void cut_out(struct fw_gif_writer *self, int32_t width, const struct part *part,
                    bool differs)
{
    uint8_t *out = self->before;
    for (int32_t y = part->top; y < part->top + part->height; y++) {
        for (int32_t x = part->left; x < part->left + part->width; x++, out += 4) {
            const size_t at = ((size_t)y * (size_t)width + (size_t)x) * 4;
            const bool same = differs && memcmp(self->pixels + at, self->before + at, 4) == 0;
            memcpy(out, self->pixels + at, 4);
            if (same)
                out[3] = 0;
        }
    }
}

static uint16_t delay_of(struct fw_gif_writer *self, int64_t delay_us)
{
    self->total_us += delay_us;
    int64_t until = (self->total_us + CENTISECOND_US / 2) / CENTISECOND_US;
    int64_t delay = until - self->total_cs;
    delay = delay < 0 ? 0 : delay > UINT16_MAX ? UINT16_MAX : delay;
    self->total_cs += delay;
    const int64_t off = delay_us - delay * CENTISECOND_US;
    self->lost_time = self->lost_time || off > HAIR_US || off < -HAIR_US;
    return (uint16_t)delay;
}

static int write_picture(struct fw_gif_writer *self, const struct part *part,
                         const struct fw_palette *palette, const uint8_t control[8],
                         struct fw_error *err)
{
    struct fw_still_writer *writer = &self->common;
    const uint16_t sides[4] = { (uint16_t)part->left, (uint16_t)part->top, (uint16_t)part->width,
                                (uint16_t)part->height };
    const uint32_t bits = bits_of(palette);
    const bool own = writer->frames > 0;
    uint8_t block[10] = { 0x2c };
    for (uint32_t i = 0; i < 4; i++) {
        block[1 + 2 * i] = (uint8_t)sides[i];
        block[2 + 2 * i] = (uint8_t)(sides[i] >> 8);
    }
    block[9] = (uint8_t)(own ? 0x80 | (bits - 1) : 0);
    int status = own ? FW_OK : write_head(writer, palette, err);
    if (status == FW_OK)
        status = fw_still_out_write(&writer->out, control, 8, err);
    if (status == FW_OK)
        status = fw_still_out_write(&writer->out, block, sizeof(block), err);
    if (status == FW_OK && own)
        status = write_colors(writer, palette, err);
    if (status != FW_OK)
        return status;
    return fw_gif_pack(&writer->out, self->indices, (size_t)part->width * (size_t)part->height,
                       bits < 2 ? 2 : bits, err);
}

/* Indices as they are: the palette's first transparent entry stands for all of them. */
static void keep_palette(struct fw_gif_writer *self, const struct fw_image *image,
                         struct fw_palette *palette)
{
    uint8_t map[256];
    memset(palette, 0, sizeof(*palette));
    palette->transparent = -1;
    palette->exact = true;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t argb;
        memcpy(&argb, image->data[1] + (size_t)4 * i, sizeof(argb));
        palette->rgb[i][0] = (uint8_t)(argb >> 16);
        palette->rgb[i][1] = (uint8_t)(argb >> 8);
        palette->rgb[i][2] = (uint8_t)argb;
        map[i] = (uint8_t)i;
        if (argb >> 24 >= ALPHA_SEEN)
            continue;
        if (palette->transparent < 0)
            palette->transparent = (int32_t)i;
        map[i] = (uint8_t)palette->transparent;
    }
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *in = image->data[0] + (ptrdiff_t)y * image->stride[0];
        uint8_t *out = self->indices + (size_t)y * (size_t)image->width;
        for (int32_t x = 0; x < image->width; x++) {
            out[x] = map[in[x]];
            palette->count = out[x] >= palette->count ? out[x] + 1u : palette->count;
        }
    }
    const struct fw_still_head *source = self->common.writing.source;
    if (source && source->traits.palette_count > palette->count)
        palette->count = source->traits.palette_count;
    if (palette->transparent >= (int32_t)palette->count)
        palette->transparent = -1;
}

int fw_gif_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                 struct fw_error *err)
{
    struct fw_gif_writer *self = (struct fw_gif_writer *)writer;
    const bool open = (image->format->flags & FW_FORMAT_ALPHA) != 0;
    const bool differs = !open && writer->frames > 0;
    struct part part = { 0, 0, image->width, image->height };
    struct fw_palette palette;
    take_pixels(self, image);
    if (differs)
        part = changed(self, image->width, image->height);
    if (image->format->flags & FW_FORMAT_PALETTE) {
        keep_palette(self, image, &palette);
    } else {
        const size_t count = (size_t)part.width * (size_t)part.height;
        cut_out(self, image->width, &part, differs);
        if (fw_palette_make(&palette, self->before, count, self->indices) < 0)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a palette");
    }
    self->lost_colors = self->lost_colors || !palette.exact;
    uint8_t *past = self->before;
    self->before = self->pixels;
    self->pixels = past;
    const uint32_t disposal = writer->writing.frame_count == 1 ? 0
                              : open                           ? FW_GIF_CLEAR
                                                               : FW_GIF_KEEP;
    const uint16_t delay = delay_of(self, delay_us);
    const uint8_t control[8] = { 0x21,
                                 0xf9,
                                 4,
                                 (uint8_t)(disposal << 2 | (palette.transparent >= 0)),
                                 (uint8_t)delay,
                                 (uint8_t)(delay >> 8),
                                 (uint8_t)(palette.transparent >= 0 ? palette.transparent : 0),
                                 0 };
    return write_picture(self, &part, &palette, control, err);
}

int fw_gif_finish(struct fw_still_writer *writer, struct fw_error *err)
{
    const struct fw_gif_writer *self = (const struct fw_gif_writer *)writer;
    struct fw_losses *losses = writer->writing.losses;
    if (writer->frames == 0)
        return fw_fail(err, FW_ERR_USAGE, "GIF holds one picture at least");
    if (self->lost_colors)
        fw_losses_add(losses, "converted", -1, "256 colours");
    if (self->lost_alpha)
        fw_losses_add(losses, "converted", -1, "alpha to transparent or not");
    if (self->lost_time)
        fw_losses_add(losses, "timestamps", -1, "delays to hundredths of a second");
    fw_still_list_lost(&writer->writing,
                       1u << FW_NOTE_ICC | 1u << FW_NOTE_XMP | 1u << FW_NOTE_TEXT);
    return fw_still_out_write(&writer->out, "\x3b", 1, err);
}

void fw_gif_writer_deinit(struct fw_still_writer *writer)
{
    struct fw_gif_writer *self = (struct fw_gif_writer *)writer;
    free(self->pixels);
    free(self->before);
    free(self->indices);
}
