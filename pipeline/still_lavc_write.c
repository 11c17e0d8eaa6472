/* BMP, PNM, PAM and EXR: one frame into one encoder, one packet into the file. */
#include "still_lavc.h"

#include "filters/check.h"
#include "filters/format.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "avframe.h"
#include "avlog.h"
#include "still_tiff.h"

#define BMP_DENSITY_AT 38
#define BMP_HEAD_BYTES 54

static const char *const bmp_formats[] = { "pal8", "bgr24", "bgra", "gray", NULL };
static const char *const pnm_formats[] = { "gray",    "gray16le", "gray16be", "rgb24", "rgb48le",
                                           "rgb48be", "monow",    "monob",    NULL };
static const char *const pam_formats[] = { "gray",     "gray16le", "gray16be", "ya8",     "ya16le",
                                           "ya16be",   "rgb24",    "rgb48le",  "rgb48be", "rgba",
                                           "rgba64le", "rgba64be", "monob",    "monow",   NULL };
static const char *const exr_formats[] = { "grayf32le", "gbrpf32le", "gbrapf32le", NULL };

const struct fw_format *fw_lavc_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses)
{
    const bool opaque = source && !source->has_alpha;
    switch (wish->kind) {
    case FW_STILL_TIFF:
        return fw_tiff_fit(wish, have, source, losses);
    case FW_STILL_BMP:
        /* A palette of BMP has no alpha: the list without it stands behind its first word. */
        return fw_still_nearest(bmp_formats + !opaque, wish, have, source, losses);
    case FW_STILL_PNM:
        return fw_still_nearest(pnm_formats, wish, have, source, losses);
    case FW_STILL_PAM:
        return fw_still_nearest(pam_formats, wish, have, source, losses);
    default:
        return fw_still_nearest(exr_formats, wish, have, source, losses);
    }
}

int fw_lavc_writer_open(struct fw_still_writer *writer, struct fw_error *err)
{
    (void)writer;
    (void)err;
    return FW_OK;
}

static const char *encoder_name(enum fw_still_kind kind, const struct fw_format *format)
{
    if (kind == FW_STILL_BMP)
        return "bmp";
    if (kind == FW_STILL_PAM)
        return "pam";
    if (kind == FW_STILL_EXR)
        return "exr";
    if (fw_format_depth(format) == 1)
        return "pbm";
    return format->component_count == 1 ? "pgm" : "ppm";
}

/* The anymaps are big-endian; a set bit is black in PBM and white in PAM. */
static const struct fw_format *stored_format(enum fw_still_kind kind,
                                             const struct fw_format *format)
{
    static const char *const pairs[][2] = { { "gray16le", "gray16be" },
                                            { "ya16le", "ya16be" },
                                            { "rgb48le", "rgb48be" },
                                            { "rgba64le", "rgba64be" } };
    if (kind == FW_STILL_PNM && fw_format_depth(format) == 1)
        return fw_format_find("monow");
    if (kind == FW_STILL_PAM && fw_format_depth(format) == 1)
        return fw_format_find("monob");
    for (size_t i = 0; i < FW_COUNT(pairs); i++) {
        if (strcmp(format->name, pairs[i][0]) == 0)
            return fw_format_find(pairs[i][1]);
    }
    return format;
}

struct encode {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
};

static int fill_frame(struct encode *run, enum fw_still_kind kind, const struct fw_image *image,
                      struct fw_error *err)
{
    struct fw_image to;
    run->frame->format = fw_format_to_av(stored_format(kind, image->format));
    run->frame->width = image->width;
    run->frame->height = image->height;
    if (av_frame_get_buffer(run->frame, 0) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    int status = fw_lavc_view(run->frame, &to, err);
    if (status == FW_OK && fw_still_place(&to, image) < 0)
        status = fw_fail(err, FW_ERR_INTERNAL, "no way from %s to %s", image->format->name,
                         to.format->name);
    return status;
}

static int encode(struct encode *run, enum fw_still_kind kind, const struct fw_image *image,
                  struct fw_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder_name(kind, image->format));
    AVDictionary *options = NULL;
    if (!codec)
        return fw_fail(err, FW_ERR_USAGE, "libavcodec has no encoder for it here");
    fw_avlog_silence();
    run->context = avcodec_alloc_context3(codec);
    run->frame = av_frame_alloc();
    run->packet = av_packet_alloc();
    if (!run->context || !run->frame || !run->packet)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an encoder");
    int status = fill_frame(run, kind, image, err);
    if (status < 0)
        return status;
    run->context->width = image->width;
    run->context->height = image->height;
    run->context->pix_fmt = (enum AVPixelFormat)run->frame->format;
    run->context->time_base = (AVRational){ 1, 1 };
    run->context->thread_count = 1;
    run->context->flags |= AV_CODEC_FLAG_BITEXACT;
    if (kind == FW_STILL_EXR)
        (void)av_dict_set(&options, "compression", "zip16", 0);
    int result = avcodec_open2(run->context, codec, &options);
    av_dict_free(&options);
    if (result >= 0)
        result = avcodec_send_frame(run->context, run->frame);
    if (result >= 0)
        result = avcodec_receive_packet(run->context, run->packet);
    if (result < 0 || run->packet->size < 8)
        return fw_fail(err, FW_ERR_USAGE, "%dx%d %s cannot be written as %s", image->width,
                       image->height, image->format->name, fw_still_kind_name(kind));
    return FW_OK;
}

/* ---- what is said beside the pixels --------------------------------------------------------- */

static void put_density(struct fw_still_writer *writer, AVPacket *packet)
{
    const struct fw_note *note = fw_notes_find(writer->writing.notes, FW_NOTE_DENSITY);
    struct fw_density density;
    if (writer->writing.wish.strip || !note || note->plain_bytes != sizeof(density) ||
        packet->size < BMP_HEAD_BYTES || av_packet_make_writable(packet) < 0)
        return;
    memcpy(&density, note->plain, sizeof(density));
    if (!density.metres)
        return;
    fw_tiff_put(false, packet->data + BMP_DENSITY_AT, 4, density.x);
    fw_tiff_put(false, packet->data + BMP_DENSITY_AT + 4, 4, density.y);
}

/* A comment is a line: line ends in it begin another. */
static int write_comment(struct fw_still_writer *writer, const struct fw_note *note,
                         struct fw_error *err)
{
    const uint8_t *at = note->plain;
    const uint8_t *end = at + note->plain_bytes;
    int status = FW_OK;
    do {
        const uint8_t *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        status = fw_still_out_write(&writer->out, "# ", 2, err);
        if (status == FW_OK)
            status = fw_still_out_write(&writer->out, at, (size_t)(stop - at), err);
        if (status == FW_OK)
            status = fw_still_out_write(&writer->out, "\n", 1, err);
        at = stop + 1;
    } while (status == FW_OK && at < end);
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
        if (strcmp(note->name, "Comment") == 0)
            status = write_comment(writer, note, err);
        else
            fw_losses_add(writer->writing.losses, "metadata", -1, "%s: %s holds comments alone",
                          note->name, fw_still_kind_name(writer->writing.wish.kind));
    }
    return status;
}

static int write_packet(struct fw_still_writer *writer, AVPacket *packet, struct fw_error *err)
{
    const enum fw_still_kind kind = writer->writing.wish.kind;
    size_t start = 0;
    int status = FW_OK;
    if (kind == FW_STILL_BMP)
        put_density(writer, packet);
    if (kind == FW_STILL_PNM || kind == FW_STILL_PAM) {
        start = 3; /* behind "P6\n" */
        status = fw_still_out_write(&writer->out, packet->data, start, err);
        if (status == FW_OK)
            status = write_comments(writer, err);
    }
    if (status == FW_OK)
        status = fw_still_out_write(&writer->out, packet->data + start,
                                    (size_t)packet->size - start, err);
    return status;
}

int fw_lavc_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err)
{
    const enum fw_still_kind kind = writer->writing.wish.kind;
    struct encode run = { 0 };
    (void)delay_us;
    if (kind == FW_STILL_TIFF)
        return fw_tiff_write(writer, image, err);
    int status = encode(&run, kind, image, err);
    if (status == FW_OK)
        status = write_packet(writer, run.packet, err);
    av_packet_free(&run.packet);
    av_frame_free(&run.frame);
    avcodec_free_context(&run.context);
    return status;
}

int fw_lavc_finish(struct fw_still_writer *writer, struct fw_error *err)
{
    uint32_t held = 0;
    (void)err;
    switch (writer->writing.wish.kind) {
    case FW_STILL_TIFF:
        held = 1u << FW_NOTE_EXIF | 1u << FW_NOTE_XMP | 1u << FW_NOTE_ICC | 1u << FW_NOTE_IPTC |
               1u << FW_NOTE_DENSITY;
        break;
    case FW_STILL_BMP:
        held = 1u << FW_NOTE_DENSITY;
        break;
    case FW_STILL_PNM:
    case FW_STILL_PAM:
        held = 1u << FW_NOTE_TEXT;
        break;
    default:
        break;
    }
    fw_still_list_lost(&writer->writing, held);
    return FW_OK;
}
