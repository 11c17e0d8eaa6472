/* One packet into one decoder. Its allocator is ours: it learns the size before there is a pixel,
 * and in a first run refuses to make room for any. */
#include "still_lavc.h"

#include "filters/check.h"
#include "filters/format.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "avframe.h"
#include "avlog.h"

#define UNSET 0x7fa55aa5u /* a float that is no number */

struct decoder_row {
    enum fw_still_kind kind;
    const char *name;
};

static const struct decoder_row decoders[] = {
    { FW_STILL_TIFF, "tiff" },
    { FW_STILL_BMP, "bmp" },
    { FW_STILL_PAM, "pam" },
    { FW_STILL_EXR, "exr" },
};

struct decode {
    struct fw_avlog log; /* first: AVCodecContext.opaque is its address */
    struct fw_lavc_reader *reader;
    struct fw_error *err;
    AVFormatContext *owner; /* whom the log takes for its demuxer */
    AVCodecContext *context;
    AVPacket *packet;
    bool looking;
    bool seen;  /* a size was asked for */
    int status; /* of what the allocator found */
};

/* PNM's first two letters name one of three decoders. */
static const char *decoder_name(const struct fw_lavc_reader *self)
{
    static const char *const anymaps[] = { "pbm", "pgm", "ppm" };
    if (self->common.head.kind == FW_STILL_PNM)
        return anymaps[(self->file.bytes[1] - '1') % 3];
    for (size_t i = 0; i < FW_COUNT(decoders); i++) {
        if (decoders[i].kind == self->common.head.kind)
            return decoders[i].name;
    }
    return "";
}

static int see(struct decode *run, const AVFrame *frame)
{
    struct fw_lavc_reader *self = run->reader;
    const struct fw_format *format = fw_format_from_av((enum AVPixelFormat)frame->format);
    if (!format)
        return fw_fail(run->err, FW_ERR_INPUT, "its pixel format is not known here");
    size_t bytes = 0;
    for (uint32_t plane = 0; plane < format->plane_count; plane++)
        bytes += fw_format_row_bytes(format, plane, 16);
    int status = fw_still_check_size(&self->common, (uint64_t)frame->width, (uint64_t)frame->height,
                                     (uint32_t)(bytes < 16 ? 1 : bytes / 16), run->err);
    if (status < 0)
        return status;
    if (run->looking) {
        self->stored = format;
        self->common.head.width = frame->width;
        self->common.head.height = frame->height;
    } else if (self->stored != format || self->common.head.width != frame->width ||
               self->common.head.height != frame->height) {
        return fw_fail(run->err, FW_ERR_INPUT, "the picture is damaged: its size changes");
    }
    return FW_OK;
}

/* EXR's decoder leaves out a chunk that it cannot unpack, and says nothing. No file of halves can
 * hold this number, which is none, and no other would. */
static void mark(const AVFrame *frame)
{
    const uint32_t unset = UNSET;
    for (int plane = 0; plane < AV_NUM_DATA_POINTERS && frame->data[plane]; plane++) {
        for (int y = 0; y < frame->height; y++) {
            uint8_t *row = frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane];
            for (int x = 0; x < frame->width; x++)
                memcpy(row + (size_t)x * sizeof(unset), &unset, sizeof(unset));
        }
    }
}

static bool is_marked(const AVFrame *frame)
{
    for (int plane = 0; plane < AV_NUM_DATA_POINTERS && frame->data[plane]; plane++) {
        for (int y = 0; y < frame->height; y++) {
            const uint8_t *row = frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane];
            for (int x = 0; x < frame->width; x++) {
                uint32_t value;
                memcpy(&value, row + (size_t)x * sizeof(value), sizeof(value));
                if (value == UNSET)
                    return true;
            }
        }
    }
    return false;
}

static int take_memory(AVCodecContext *context, AVFrame *frame, int flags)
{
    struct decode *run = context->opaque;
    run->seen = true;
    run->status = see(run, frame);
    if (run->status < 0 || run->looking)
        return AVERROR(ECANCELED);
    int result = avcodec_default_get_buffer2(context, frame, flags);
    if (result >= 0 && (run->reader->stored->flags & FW_FORMAT_FLOAT))
        mark(frame);
    return result;
}

static void keep(void *opaque, uint8_t *data)
{
    (void)opaque;
    (void)data;
}

static int open_decoder(struct decode *run)
{
    struct fw_lavc_reader *self = run->reader;
    const AVCodec *codec = avcodec_find_decoder_by_name(decoder_name(self));
    if (!codec)
        return fw_fail(run->err, FW_ERR_INPUT, "libavcodec has no decoder for it here");
    run->owner = avformat_alloc_context();
    run->context = avcodec_alloc_context3(codec);
    run->packet = av_packet_alloc();
    if (!run->owner || !run->context || !run->packet)
        return fw_fail(run->err, FW_ERR_MEMORY, "no memory for a decoder");
    fw_avlog_init(&run->log, run->owner);
    run->packet->buf = av_buffer_create(self->file.bytes,
                                        self->file.count + AV_INPUT_BUFFER_PADDING_SIZE, keep, NULL,
                                        AV_BUFFER_FLAG_READONLY);
    if (!run->packet->buf)
        return fw_fail(run->err, FW_ERR_MEMORY, "no memory for a decoder");
    run->packet->data = self->file.bytes;
    run->packet->size = (int)self->file.count;
    run->packet->flags = AV_PKT_FLAG_KEY;
    run->context->opaque = run;
    run->context->get_buffer2 = take_memory;
    run->context->thread_count = 1;
    run->context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
    if (avcodec_open2(run->context, codec, NULL) < 0)
        return fw_fail(run->err, FW_ERR_INPUT, "the decoder cannot be started");
    return FW_OK;
}

static int fail_damaged(struct decode *run)
{
    char text[FW_AVLOG_TEXT];
    (void)fw_avlog_take_rest(&run->log, text);
    return fw_fail(run->err, FW_ERR_INPUT, "the picture is damaged%s%s", text[0] ? ": " : "", text);
}

static int run_decoder(struct decode *run, AVFrame *frame)
{
    char text[FW_AVLOG_TEXT];
    int result = avcodec_send_packet(run->context, run->packet);
    if (result >= 0)
        result = avcodec_receive_frame(run->context, frame);
    if (run->status < 0)
        return run->status;
    if (run->looking && run->seen)
        return FW_OK;
    if (result < 0 || run->looking)
        return fail_damaged(run);
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) || frame->decode_error_flags)
        return fail_damaged(run);
    if (fw_avlog_take_rest(&run->log, text) > 0)
        return fw_fail(run->err, FW_ERR_INPUT, "the picture is damaged: %s", text);
    if ((run->reader->stored->flags & FW_FORMAT_FLOAT) && is_marked(frame))
        return fw_fail(run->err, FW_ERR_INPUT, "the picture is damaged: a part is not there");
    return FW_OK;
}

static int decode(struct fw_lavc_reader *self, AVFrame *frame, bool looking, struct fw_error *err)
{
    struct decode run = { .reader = self, .err = err, .looking = looking };
    int status = open_decoder(&run);
    if (status == FW_OK)
        status = run_decoder(&run, frame);
    av_packet_free(&run.packet);
    avcodec_free_context(&run.context);
    fw_avlog_deinit(&run.log);
    avformat_free_context(run.owner);
    return status;
}

int fw_lavc_look(struct fw_lavc_reader *self, struct fw_error *err)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    int status = decode(self, frame, true, err);
    av_frame_free(&frame);
    return status;
}

int fw_lavc_decode(struct fw_lavc_reader *self, AVFrame *frame, struct fw_error *err)
{
    return decode(self, frame, false, err);
}

int fw_lavc_view(const AVFrame *frame, struct fw_image *image, struct fw_error *err)
{
    const struct fw_format *format = fw_format_from_av((enum AVPixelFormat)frame->format);
    if (!format)
        return fw_fail(err, FW_ERR_INPUT, "its pixel format is not known here");
    *image = (struct fw_image){ .format = format, .width = frame->width, .height = frame->height };
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        if (!frame->data[plane])
            return fw_fail(err, FW_ERR_INPUT, "the decoder gave a picture without plane %u", plane);
        image->data[plane] = frame->data[plane];
        image->stride[plane] = frame->linesize[plane];
    }
    return FW_OK;
}
