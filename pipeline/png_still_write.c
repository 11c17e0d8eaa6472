/* A PNG from its head to its end: the order of its chunks, and the numbers of an animation. */
#include "png_still.h"

#include "filters/check.h"
#include "filters/format.h"

#include <string.h>

#include <libdeflate.h>

#define USUAL_LEVEL 6 /* of libdeflate */
#define FRAC_MAX 65535u
#define MICROSECONDS 1000000u

/* 0..9 of the user to 0..12 of libdeflate. */
static int32_t level_of(const struct fw_png_writer *writer)
{
    static const uint8_t levels[] = { 0, 1, 2, 3, 4, 5, 6, 8, 9, 12 };
    int32_t wished = writer->common.writing.wish.compression_plus1 - 1;
    if (wished < 0)
        return USUAL_LEVEL;
    return levels[wished > 9 ? 9 : wished];
}

int fw_png_write_open(struct fw_still_writer *common, struct fw_error *err)
{
    struct fw_png_writer *writer = (struct fw_png_writer *)common;
    const struct fw_format *format = common->writing.video.format;
    writer->pixels = fw_png_pixels_of(format);
    writer->animated = common->writing.frame_count != 1;
    if (!writer->pixels)
        return fw_fail(err, FW_ERR_USAGE, "PNG cannot hold %s", format->name);
    if (writer->animated && (format->flags & FW_FORMAT_PALETTE))
        return fw_fail(err, FW_ERR_USAGE, "an animated PNG cannot hold a palette for each picture");
    return FW_OK;
}

static int put_head(struct fw_png_writer *writer, struct fw_error *err)
{
    static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    uint8_t head[13] = { 0 };
    fw_png_put32(head, writer->shape.width);
    fw_png_put32(head + 4, writer->shape.height);
    head[8] = writer->shape.depth;
    head[9] = writer->shape.color_type;
    head[12] = writer->shape.interlaced;
    int status = fw_still_out_write(&writer->common.out, signature, sizeof(signature), err);
    return status < 0 ? status : fw_png_put_chunk(writer, "IHDR", head, sizeof(head), err);
}

static int put_palette(struct fw_png_writer *writer, struct fw_error *err)
{
    uint8_t bytes[768];
    uint8_t alphas[256];
    if (writer->shape.color_type != FW_PNG_PALETTE)
        return FW_OK;
    for (uint32_t i = 0; i < writer->palette_count; i++) {
        memcpy(bytes + (size_t)3 * i, writer->palette[i], 3);
        alphas[i] = writer->palette[i][3];
    }
    int status = fw_png_put_chunk(writer, "PLTE", bytes, (size_t)3 * writer->palette_count, err);
    if (status == FW_OK && writer->palette_alpha_count > 0)
        status = fw_png_put_chunk(writer, "tRNS", alphas, writer->palette_alpha_count, err);
    return status;
}

static int put_key(struct fw_png_writer *writer, struct fw_error *err)
{
    uint8_t bytes[6];
    if (!writer->has_key)
        return FW_OK;
    for (size_t i = 0; i < 3; i++)
        fw_png_put16(bytes + 2 * i, writer->key[i]);
    return fw_png_put_chunk(writer, "tRNS", bytes, writer->shape.color_type == FW_PNG_RGB ? 6 : 2,
                            err);
}

/* ---- animation ---------------------------------------------------------------------------- */

/* The nearest fraction of seconds whose parts fit 16 bits, by continued fractions. */
static void delay_to_fraction(int64_t delay_us, uint32_t *num_out, uint32_t *den_out)
{
    uint64_t num = delay_us < 0 ? 0 : (uint64_t)delay_us;
    uint64_t den = MICROSECONDS;
    uint64_t p[2] = { 1, 0 };
    uint64_t q[2] = { 0, 1 };
    if (num / den >= FRAC_MAX) {
        *num_out = FRAC_MAX;
        *den_out = 1;
        return;
    }
    while (den > 0) {
        uint64_t whole = num / den;
        uint64_t rest = num % den;
        uint64_t next_p = whole * p[0] + p[1];
        uint64_t next_q = whole * q[0] + q[1];
        if (next_p > FRAC_MAX || next_q > FRAC_MAX)
            break;
        p[1] = p[0];
        q[1] = q[0];
        p[0] = next_p;
        q[0] = next_q;
        num = den;
        den = rest;
    }
    *num_out = (uint32_t)p[0];
    *den_out = (uint32_t)q[0];
}

static int put_animation(struct fw_png_writer *writer, struct fw_error *err)
{
    uint8_t bytes[8];
    if (!writer->animated)
        return FW_OK;
    writer->animation_at = writer->common.out.bytes;
    fw_png_put32(bytes, writer->common.writing.frame_count);
    fw_png_put32(bytes + 4, writer->common.writing.loop_count);
    return fw_png_put_chunk(writer, "acTL", bytes, sizeof(bytes), err);
}

static int put_frame(struct fw_png_writer *writer, int64_t delay_us, struct fw_error *err)
{
    uint8_t bytes[26] = { 0 };
    uint32_t num = 0;
    uint32_t den = 0;
    if (!writer->animated)
        return FW_OK;
    delay_to_fraction(delay_us, &num, &den);
    fw_png_put32(bytes, writer->sequence++);
    fw_png_put32(bytes + 4, writer->shape.width);
    fw_png_put32(bytes + 8, writer->shape.height);
    fw_png_put16(bytes + 20, num);
    fw_png_put16(bytes + 22, den);
    return fw_png_put_chunk(writer, "fcTL", bytes, sizeof(bytes), err);
}

/* The number of pictures, where nobody knew it before the last one. */
static int settle_animation(struct fw_png_writer *writer, struct fw_error *err)
{
    const struct fw_still_writing *writing = &writer->common.writing;
    uint8_t chunk[16] = "acTL";
    if (!writer->animated || writing->frame_count == writer->common.frames)
        return FW_OK;
    if (writing->frame_count != 0)
        return fw_fail(err, FW_ERR_VERIFY, "an animation of %u pictures got %u",
                       writing->frame_count, writer->common.frames);
    fw_png_put32(chunk + 4, writer->common.frames);
    fw_png_put32(chunk + 8, writing->loop_count);
    fw_png_put32(chunk + 12, libdeflate_crc32(0, chunk, 12));
    return fw_still_out_patch(&writer->common.out, writer->animation_at + 4, chunk, sizeof(chunk),
                              err);
}

/* ---- order -------------------------------------------------------------------------------- */

static int put_front(struct fw_png_writer *writer, const struct fw_image *image,
                     struct fw_error *err)
{
    int status = fw_png_choose(writer, image, err);
    writer->level = level_of(writer);
    if (status == FW_OK)
        status = put_head(writer, err);
    if (status == FW_OK)
        status = put_animation(writer, err);
    if (status == FW_OK)
        status = fw_png_put_notes(writer, FW_PNG_BEFORE_PALETTE, err);
    if (status == FW_OK)
        status = put_palette(writer, err);
    if (status == FW_OK)
        status = put_key(writer, err);
    if (status == FW_OK)
        status = fw_png_put_notes(writer, FW_PNG_BEFORE_DATA, err);
    return status;
}

int fw_png_write_frame(struct fw_still_writer *common, const struct fw_image *image,
                       int64_t delay_us, struct fw_error *err)
{
    struct fw_png_writer *writer = (struct fw_png_writer *)common;
    int status = FW_OK;
    if (common->frames == 0)
        status = put_front(writer, image, err);
    else if (!writer->animated)
        return fw_fail(err, FW_ERR_USAGE, "a PNG that is no animation got a second picture");
    if (status == FW_OK)
        status = put_frame(writer, delay_us, err);
    if (status == FW_OK)
        status = fw_png_put_pixels(writer, image, err);
    return status;
}

int fw_png_write_finish(struct fw_still_writer *common, struct fw_error *err)
{
    struct fw_png_writer *writer = (struct fw_png_writer *)common;
    if (common->frames == 0)
        return fw_fail(err, FW_ERR_VERIFY, "a PNG without a picture");
    int status = fw_png_put_notes(writer, FW_PNG_BEHIND_DATA, err);
    if (status == FW_OK)
        status = fw_png_put_chunk(writer, "IEND", "", 0, err);
    if (status == FW_OK)
        status = settle_animation(writer, err);
    return status;
}
