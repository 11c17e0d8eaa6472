/* TIFF, BMP, PNM, PAM and EXR: read through libavcodec, from memory, by decoders of known names. */
#include "still_lavc.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/defs.h>

#include "still_tiff.h"

#define RANGE_FULL 2
#define MATRIX_BT601 5
#define TRANSFER_LINEAR 8

static void describe(struct fw_lavc_reader *self)
{
    struct fw_still_head *head = &self->common.head;
    const struct fw_format *format = self->stored;
    const bool palette = format->flags & FW_FORMAT_PALETTE;
    const char *model = palette                         ? "palette"
                        : format->component_count < 3   ? "gray"
                        : format->flags & FW_FORMAT_RGB ? "RGB"
                                                        : "YCbCr";
    head->has_alpha = !palette && (format->flags & FW_FORMAT_ALPHA);
    head->bit_depth = fw_format_depth(format);
    (void)snprintf(head->layout, sizeof(head->layout), "%s%s %u bit%s", model,
                   head->has_alpha ? " with alpha" : "", head->bit_depth,
                   format->flags & FW_FORMAT_FLOAT ? " float" : "");
}

static int reader_open(struct fw_still_reader *reader, struct fw_error *err)
{
    struct fw_lavc_reader *self = (struct fw_lavc_reader *)reader;
    int status = fw_still_load(reader, AV_INPUT_BUFFER_PADDING_SIZE, &self->file, err);
    if (status == FW_OK && reader->head.kind == FW_STILL_TIFF)
        status = fw_tiff_prepare(reader, &self->file, &self->multiplied, err);
    else if (status == FW_OK)
        status = fw_lavc_check_file(self, err);
    if (status == FW_OK)
        status = fw_lavc_look(self, err);
    if (status == FW_OK)
        describe(self);
    return status;
}

static bool is_bits(const struct fw_format *format)
{
    return strcmp(format->name, "monow") == 0 || strcmp(format->name, "monob") == 0;
}

static uint32_t offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *list)
{
    const struct fw_lavc_reader *self = (const struct fw_lavc_reader *)reader;
    const struct fw_format *format = fw_still_native(self->stored);
    uint32_t count = 0;
    if (format->flags & FW_FORMAT_PALETTE) {
        if (fw_still_holds_palette(target))
            count = fw_still_offer(list, count, reader, format->name, true);
        return fw_still_offer(list, count, reader, "rgb24", false);
    }
    if (is_bits(format)) {
        if (target == FW_STILL_PNM || target == FW_STILL_TIFF || target == FW_STILL_PAM)
            count = fw_still_offer(list, count, reader, format->name, true);
        return fw_still_offer(list, count, reader, "gray", false);
    }
    count = fw_still_offer(list, count, reader, format->name, false);
    if (!(format->flags & FW_FORMAT_RGB) && format->component_count >= 3)
        list[0].video.color.matrix = MATRIX_BT601;
    if (reader->head.kind == FW_STILL_EXR)
        list[0].video.color.transfer = TRANSFER_LINEAR;
    return count;
}

static int begin(struct fw_still_reader *reader, struct fw_error *err)
{
    (void)err;
    ((struct fw_lavc_reader *)reader)->done = false;
    return FW_OK;
}

static int give(struct fw_lavc_reader *self, const AVFrame *frame, const struct fw_image *image,
                struct fw_error *err)
{
    struct fw_image from;
    int status = fw_lavc_view(frame, &from, err);
    if (status < 0)
        return status;
    if (from.width != image->width || from.height != image->height ||
        fw_still_place(image, &from) < 0)
        return fw_fail(err, FW_ERR_INPUT, "the picture is damaged: it decodes to %dx%d %s",
                       from.width, from.height, from.format->name);
    if (self->multiplied)
        fw_still_unmultiply(image);
    return FW_OK;
}

static int next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err)
{
    struct fw_lavc_reader *self = (struct fw_lavc_reader *)reader;
    (void)delay_us_out;
    if (self->done)
        return FW_END;
    self->done = true;
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    int status = fw_lavc_decode(self, frame, err);
    if (status == FW_OK)
        status = give(self, frame, image, err);
    av_frame_free(&frame);
    return status;
}

static void reader_deinit(struct fw_still_reader *reader)
{
    free(((struct fw_lavc_reader *)reader)->file.bytes);
}

static void writer_deinit(struct fw_still_writer *writer)
{
    (void)writer;
}

const struct fw_still_codec fw_still_codec_lavc = {
    .reader_bytes = sizeof(struct fw_lavc_reader),
    .writer_bytes = sizeof(struct fw_still_writer),
    .reader_open = reader_open,
    .offers = offers,
    .begin = begin,
    .next = next,
    .reader_deinit = reader_deinit,
    .fit = fw_lavc_fit,
    .writer_open = fw_lavc_writer_open,
    .frame = fw_lavc_frame,
    .finish = fw_lavc_finish,
    .writer_deinit = writer_deinit,
};
