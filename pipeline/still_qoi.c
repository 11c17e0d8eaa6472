/* QOI: a head of 14 bytes, chunks that each continue the picture, an end mark of 8 bytes. */
#include "still_tools.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 14
#define END_BYTES 8
#define RUN_MAX 62
#define TRANSFER_LINEAR 8

static const uint8_t end_mark[END_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 1 };

enum chunk_tags {
    TAG_INDEX = 0x00,
    TAG_DIFF = 0x40,
    TAG_LUMA = 0x80,
    TAG_RUN = 0xc0,
    TAG_RGB = 0xfe,
    TAG_RGBA = 0xff
};

struct pixel {
    uint8_t r, g, b, a;
};

/* What both directions know of the pixels so far. */
struct past {
    struct pixel last;
    struct pixel seen[64];
    uint32_t run;
};

struct qoi_reader {
    struct fw_still_reader common;
    uint8_t channels;
    bool linear;
    bool done;
};

struct qoi_writer {
    struct fw_still_writer common;
    struct past past;
    uint8_t *row; /* of chunks */
};

static struct past start(void)
{
    return (struct past){ .last = { 0, 0, 0, 255 } };
}

static uint32_t slot_of(struct pixel p)
{
    return (p.r * 3u + p.g * 5u + p.b * 7u + p.a * 11u) % 64;
}

static bool same(struct pixel p, struct pixel q)
{
    return memcmp(&p, &q, sizeof(p)) == 0;
}

static uint32_t big(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* ---- reading ------------------------------------------------------------------------------ */

static int reader_open(struct fw_still_reader *reader, struct fw_error *err)
{
    struct qoi_reader *self = (struct qoi_reader *)reader;
    uint8_t head[HEAD_BYTES];
    int status = fw_still_read_at(reader, 0, head, sizeof(head), err);
    if (status < 0)
        return status;
    uint64_t width = big(head + 4);
    uint64_t height = big(head + 8);
    self->channels = head[12];
    self->linear = head[13] == 1;
    if (self->channels < 3 || self->channels > 4 || head[13] > 1)
        return fw_fail(err, FW_ERR_INPUT, "the head is damaged");
    status = fw_still_check_size(reader, width, height, self->channels, err);
    if (status < 0)
        return status;
    /* A byte stands for 62 pixels at most. */
    if (width > INT32_MAX || height > INT32_MAX || width * height / RUN_MAX > reader->file_bytes)
        return fw_fail(err, FW_ERR_INPUT, "the file ends early");
    reader->head.width = (int32_t)width;
    reader->head.height = (int32_t)height;
    reader->head.bit_depth = 8;
    reader->head.has_alpha = self->channels == 4;
    (void)snprintf(reader->head.layout, sizeof(reader->head.layout), "%s 8 bit%s",
                   self->channels == 4 ? "RGBA" : "RGB", self->linear ? ", linear" : "");
    return FW_OK;
}

static uint32_t offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *list)
{
    const struct qoi_reader *self = (const struct qoi_reader *)reader;
    (void)target;
    uint32_t count = fw_still_offer(list, 0, reader, self->channels == 4 ? "rgba" : "rgb24", false);
    if (self->linear)
        list[0].video.color.transfer = TRANSFER_LINEAR;
    return count;
}

static int begin(struct fw_still_reader *reader, struct fw_error *err)
{
    (void)err;
    ((struct qoi_reader *)reader)->done = false;
    return FW_OK;
}

struct bytes_in {
    const uint8_t *at;
    const uint8_t *end; /* where the end mark begins */
};

static size_t chunk_bytes(uint8_t tag)
{
    if (tag == TAG_RGBA)
        return 5;
    if (tag == TAG_RGB)
        return 4;
    return (tag & 0xc0) == TAG_LUMA ? 2 : 1;
}

/* Takes the next pixel; false when the bytes are at an end. */
static bool take_pixel(struct past *past, struct bytes_in *in)
{
    if (past->run > 0) {
        past->run--;
        return true;
    }
    if (in->at >= in->end || chunk_bytes(*in->at) > (size_t)(in->end - in->at))
        return false;
    const uint8_t tag = in->at[0];
    struct pixel p = past->last;
    if (tag >= TAG_RGB) {
        p = (struct pixel){ in->at[1], in->at[2], in->at[3], p.a };
        if (tag == TAG_RGBA)
            p.a = in->at[4];
    } else if ((tag & 0xc0) == TAG_INDEX) {
        p = past->seen[tag];
    } else if ((tag & 0xc0) == TAG_DIFF) {
        p.r = (uint8_t)(p.r + (tag >> 4 & 3) - 2);
        p.g = (uint8_t)(p.g + (tag >> 2 & 3) - 2);
        p.b = (uint8_t)(p.b + (tag & 3) - 2);
    } else if ((tag & 0xc0) == TAG_LUMA) {
        const int green = (tag & 63) - 32;
        p.r = (uint8_t)(p.r + green - 8 + (in->at[1] >> 4));
        p.g = (uint8_t)(p.g + green);
        p.b = (uint8_t)(p.b + green - 8 + (in->at[1] & 15));
    } else {
        past->run = tag & 63;
    }
    in->at += chunk_bytes(tag);
    past->seen[slot_of(p)] = p;
    past->last = p;
    return true;
}

static int decode(struct qoi_reader *self, const struct fw_still_bytes *file,
                  const struct fw_image *image, struct fw_error *err)
{
    const size_t step = self->channels;
    struct past past = start();
    struct bytes_in in = { file->bytes + HEAD_BYTES, file->bytes + file->count - END_BYTES };
    if (file->count < HEAD_BYTES + END_BYTES)
        return fw_fail(err, FW_ERR_INPUT, "the file ends early");
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *row = image->data[0] + (ptrdiff_t)y * image->stride[0];
        for (int32_t x = 0; x < image->width; x++, row += step) {
            if (!take_pixel(&past, &in))
                return fw_fail(err, FW_ERR_INPUT, "the file ends early, in row %d", y);
            memcpy(row, &past.last, step);
        }
    }
    if (past.run > 0 || memcmp(in.at, end_mark, END_BYTES) != 0)
        return fw_fail(err, FW_ERR_INPUT, "the picture is damaged: no end mark behind it");
    return FW_OK;
}

static int next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct qoi_reader *self = (struct qoi_reader *)reader;
    struct fw_still_bytes file = { 0 };
    (void)delay_us_out;
    if (self->done)
        return FW_END;
    int status = fw_still_load(reader, 0, &file, err);
    if (status == FW_OK)
        status = decode(self, &file, image, err);
    free(file.bytes);
    self->done = true;
    return status;
}

/* ---- writing ------------------------------------------------------------------------------ */

static const struct fw_format *fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses)
{
    static const char *const names[] = { "rgb24", "rgba", NULL };
    return fw_still_nearest(names, wish, have, source, losses);
}

static int writer_open(struct fw_still_writer *writer, struct fw_error *err)
{
    struct qoi_writer *self = (struct qoi_writer *)writer;
    const struct fw_video *video = &writer->writing.video;
    uint8_t head[HEAD_BYTES] = "qoif";
    for (uint32_t i = 0; i < 4; i++) {
        head[4 + i] = (uint8_t)((uint32_t)video->width >> (24 - 8 * i));
        head[8 + i] = (uint8_t)((uint32_t)video->height >> (24 - 8 * i));
    }
    head[12] = video->format->component_count;
    head[13] = video->color.transfer == TRANSFER_LINEAR;
    self->past = start();
    self->row = malloc((size_t)video->width * 5 + 1);
    if (!self->row)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a row of pixels");
    return fw_still_out_write(&writer->out, head, sizeof(head), err);
}

static uint8_t *end_run(struct past *past, uint8_t *out)
{
    if (past->run > 0)
        *out++ = (uint8_t)(TAG_RUN | (past->run - 1));
    past->run = 0;
    return out;
}

/* A colour of the same alpha, as a difference where it is small. */
static uint8_t *put_color(struct pixel p, struct pixel last, uint8_t *out)
{
    const int r = (int8_t)(p.r - last.r);
    const int g = (int8_t)(p.g - last.g);
    const int b = (int8_t)(p.b - last.b);
    const int rg = (int8_t)(r - g);
    const int bg = (int8_t)(b - g);
    if (r >= -2 && r <= 1 && g >= -2 && g <= 1 && b >= -2 && b <= 1) {
        *out++ = (uint8_t)(TAG_DIFF | (r + 2) << 4 | (g + 2) << 2 | (b + 2));
    } else if (g >= -32 && g <= 31 && rg >= -8 && rg <= 7 && bg >= -8 && bg <= 7) {
        *out++ = (uint8_t)(TAG_LUMA | (g + 32));
        *out++ = (uint8_t)((rg + 8) << 4 | (bg + 8));
    } else {
        const uint8_t chunk[4] = { TAG_RGB, p.r, p.g, p.b };
        memcpy(out, chunk, sizeof(chunk));
        out += sizeof(chunk);
    }
    return out;
}

static uint8_t *put_pixel(struct past *past, struct pixel p, uint8_t *out)
{
    if (same(p, past->last)) {
        past->run++;
        return past->run == RUN_MAX ? end_run(past, out) : out;
    }
    out = end_run(past, out);
    const uint32_t slot = slot_of(p);
    if (same(past->seen[slot], p)) {
        *out++ = (uint8_t)(TAG_INDEX | slot);
    } else if (p.a == past->last.a) {
        out = put_color(p, past->last, out);
    } else {
        const uint8_t chunk[5] = { TAG_RGBA, p.r, p.g, p.b, p.a };
        memcpy(out, chunk, sizeof(chunk));
        out += sizeof(chunk);
    }
    past->seen[slot] = p;
    past->last = p;
    return out;
}

static int frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                 struct fw_error *err)
{
    struct qoi_writer *self = (struct qoi_writer *)writer;
    const size_t step = image->format->component_count;
    (void)delay_us;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *in = image->data[0] + (ptrdiff_t)y * image->stride[0];
        uint8_t *out = self->row;
        for (int32_t x = 0; x < image->width; x++, in += step) {
            struct pixel p = { .a = 255 };
            memcpy(&p, in, step);
            out = put_pixel(&self->past, p, out);
        }
        int status = fw_still_out_write(&writer->out, self->row, (size_t)(out - self->row), err);
        if (status < 0)
            return status;
    }
    uint8_t *out = end_run(&self->past, self->row);
    return fw_still_out_write(&writer->out, self->row, (size_t)(out - self->row), err);
}

static int finish(struct fw_still_writer *writer, struct fw_error *err)
{
    fw_still_list_lost(&writer->writing, 0);
    return fw_still_out_write(&writer->out, end_mark, sizeof(end_mark), err);
}

static void writer_deinit(struct fw_still_writer *writer)
{
    free(((struct qoi_writer *)writer)->row);
}

const struct fw_still_codec fw_still_codec_qoi = {
    .reader_bytes = sizeof(struct qoi_reader),
    .writer_bytes = sizeof(struct qoi_writer),
    .reader_open = reader_open,
    .offers = offers,
    .begin = begin,
    .next = next,
    .fit = fit,
    .writer_open = writer_open,
    .frame = frame,
    .finish = finish,
    .writer_deinit = writer_deinit,
};
