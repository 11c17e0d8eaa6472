/* Farbfeld: sixteen bytes, then RGBA of 16 bits, big-endian. */
#include "still_tools.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 16
#define PIXEL_BYTES 8u

struct farbfeld_reader {
    struct fw_still_reader common;
    bool done;
};

struct farbfeld_writer {
    struct fw_still_writer common;
    uint8_t *row;
};

static uint32_t big(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_big(uint8_t *bytes, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void swap_pairs(uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        uint8_t first = bytes[i];
        bytes[i] = bytes[i + 1];
        bytes[i + 1] = first;
    }
}

static int reader_open(struct fw_still_reader *reader, struct fw_error *err)
{
    uint8_t head[HEAD_BYTES];
    int status = fw_still_read_at(reader, 0, head, sizeof(head), err);
    if (status < 0)
        return status;
    uint64_t width = big(head + 8);
    uint64_t height = big(head + 12);
    status = fw_still_check_size(reader, width, height, PIXEL_BYTES, err);
    if (status < 0)
        return status;
    /* The limits keep the product within 64 bits. */
    if (width > INT32_MAX || height > INT32_MAX ||
        reader->file_bytes - HEAD_BYTES < width * height * PIXEL_BYTES)
        return fw_fail(err, FW_ERR_INPUT, "the file ends early");
    reader->head.width = (int32_t)width;
    reader->head.height = (int32_t)height;
    reader->head.bit_depth = 16;
    reader->head.has_alpha = true;
    (void)snprintf(reader->head.layout, sizeof(reader->head.layout), "RGBA 16 bit");
    return FW_OK;
}

static uint32_t offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *list)
{
    (void)target;
    return fw_still_offer(list, 0, reader, "rgba64le", false);
}

static int begin(struct fw_still_reader *reader, struct fw_error *err)
{
    (void)err;
    ((struct farbfeld_reader *)reader)->done = false;
    return FW_OK;
}

static int next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct farbfeld_reader *self = (struct farbfeld_reader *)reader;
    const size_t row_bytes = (size_t)image->width * PIXEL_BYTES;
    (void)delay_us_out;
    if (self->done)
        return FW_END;
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *row = image->data[0] + (ptrdiff_t)y * image->stride[0];
        int status = fw_still_read_at(reader, HEAD_BYTES + (uint64_t)y * row_bytes, row, row_bytes,
                                      err);
        if (status < 0)
            return status;
        swap_pairs(row, row_bytes);
    }
    self->done = true;
    return FW_OK;
}

static const struct fw_format *fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses)
{
    static const char *const names[] = { "rgba64le", "rgba64be", NULL };
    return fw_still_nearest(names, wish, have, source, losses);
}

static int writer_open(struct fw_still_writer *writer, struct fw_error *err)
{
    struct farbfeld_writer *self = (struct farbfeld_writer *)writer;
    const struct fw_video *video = &writer->writing.video;
    uint8_t head[HEAD_BYTES] = "farbfeld";
    self->row = malloc((size_t)video->width * PIXEL_BYTES);
    if (!self->row)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a row of pixels");
    put_big(head + 8, (uint32_t)video->width);
    put_big(head + 12, (uint32_t)video->height);
    return fw_still_out_write(&writer->out, head, sizeof(head), err);
}

static int frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                 struct fw_error *err)
{
    struct farbfeld_writer *self = (struct farbfeld_writer *)writer;
    const size_t row_bytes = (size_t)image->width * PIXEL_BYTES;
    (void)delay_us;
    for (int32_t y = 0; y < image->height; y++) {
        memcpy(self->row, image->data[0] + (ptrdiff_t)y * image->stride[0], row_bytes);
        if (!(image->format->flags & FW_FORMAT_BIG_ENDIAN))
            swap_pairs(self->row, row_bytes);
        int status = fw_still_out_write(&writer->out, self->row, row_bytes, err);
        if (status < 0)
            return status;
    }
    return FW_OK;
}

static int finish(struct fw_still_writer *writer, struct fw_error *err)
{
    (void)err;
    fw_still_list_lost(&writer->writing, 0);
    return FW_OK;
}

static void writer_deinit(struct fw_still_writer *writer)
{
    free(((struct farbfeld_writer *)writer)->row);
}

const struct fw_still_codec fw_still_codec_farbfeld = {
    .reader_bytes = sizeof(struct farbfeld_reader),
    .writer_bytes = sizeof(struct farbfeld_writer),
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
