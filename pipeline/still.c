/* Picture files: which codec, and what all of them share. */
#include "still_impl.h"

#include "limits.h"

#include "filters/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRANSFER_UNKNOWN 2
#define TRANSFER_LINEAR 8

static const struct fw_still_codec *codec_of(enum fw_still_kind kind)
{
    switch (kind) {
    case FW_STILL_NONE:
    case FW_STILL_KINDS:
        break;
    case FW_STILL_PNG:
        return &fw_still_codec_png;
    case FW_STILL_JPEG:
        return &fw_still_codec_jpeg;
    case FW_STILL_WEBP:
        return &fw_still_codec_webp;
    case FW_STILL_GIF:
        return &fw_still_codec_gif;
    case FW_STILL_FARBFELD:
        return &fw_still_codec_farbfeld;
    case FW_STILL_QOI:
        return &fw_still_codec_qoi;
    case FW_STILL_TIFF:
    case FW_STILL_BMP:
    case FW_STILL_PNM:
    case FW_STILL_PAM:
    case FW_STILL_EXR:
        return &fw_still_codec_lavc;
    }
    return NULL;
}

bool fw_still_animates(enum fw_still_kind kind)
{
    return kind == FW_STILL_GIF || kind == FW_STILL_WEBP || kind == FW_STILL_PNG;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* What a second of one core does to pixels that are read, filtered and packed, on a slow day. */
#define PIXELS_PER_MS 8000u

/* All limits that such a picture needs raised, so that nobody meets them one by one. */
static int fail_size(const struct fw_still_reader *reader, uint64_t width, uint64_t height,
                     uint64_t bytes, struct fw_error *err)
{
    char time[48] = "";
    char slot[48] = "";
    char pixels[64] = "";
    const struct fw_still_limits *limits = &reader->limits;
    uint64_t count = 0;
    if (__builtin_mul_overflow(width, height, &count))
        count = UINT64_MAX;
    if (count > limits->max_pixels)
        (void)snprintf(pixels, sizeof(pixels), " --max-pixels %llux%llu", (unsigned long long)width,
                       (unsigned long long)height);
    if (bytes > limits->max_bytes)
        (void)snprintf(slot, sizeof(slot), " --max-slot %lluM",
                       (unsigned long long)(bytes >> 20) + 1);
    if (limits->max_time_ms > 0 && count / PIXELS_PER_MS > limits->max_time_ms)
        (void)snprintf(time, sizeof(time), " --max-image-time %llu",
                       (unsigned long long)(count / PIXELS_PER_MS / 1000) + 1);
    return fw_fail(err, FW_ERR_INPUT, "%llux%llu pixels, %llu MiB: over a limit\nhint:%s%s%s",
                   (unsigned long long)width, (unsigned long long)height,
                   (unsigned long long)(bytes >> 20), pixels, slot, time);
}

int fw_still_check_size(const struct fw_still_reader *reader, uint64_t width, uint64_t height,
                        uint32_t bytes_per_pixel, struct fw_error *err)
{
    uint64_t pixels = 0;
    uint64_t bytes = 0;
    if (width == 0 || height == 0)
        return fw_fail(err, FW_ERR_INPUT, "a picture of %llux%llu pixels",
                       (unsigned long long)width, (unsigned long long)height);
    if (width > FW_DIMENSION_MAX || height > FW_DIMENSION_MAX)
        return fw_fail(err, FW_ERR_INPUT, "%llux%llu pixels: a side may have %d",
                       (unsigned long long)width, (unsigned long long)height, FW_DIMENSION_MAX);
    bool fits = !__builtin_mul_overflow(width, height, &pixels) &&
                !__builtin_mul_overflow(pixels, bytes_per_pixel, &bytes);
    if (!fits || pixels > reader->limits.max_pixels || bytes > reader->limits.max_bytes)
        return fail_size(reader, width, height, fits ? bytes : UINT64_MAX, err);
    return FW_OK;
}

int fw_still_read_at(const struct fw_still_reader *reader, uint64_t offset, void *bytes,
                     size_t count, struct fw_error *err)
{
    uint8_t *next = bytes;
    while (count > 0) {
        ssize_t got = pread(reader->fd, next, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fw_fail(err, FW_ERR_INPUT, "cannot read: %s", strerrordesc_np(errno));
        if (got == 0)
            return fw_fail(err, FW_ERR_INPUT, "the file ends early");
        next += got;
        count -= (size_t)got;
        offset += (uint64_t)got;
    }
    return FW_OK;
}

static int open_reader(struct fw_still_reader **reader_out, int fd,
                       const struct fw_still_limits *limits, struct fw_error *err)
{
    uint8_t start[FW_STILL_SNIFF_BYTES];
    struct stat status;
    const char *foreign = NULL;
    ssize_t got = pread(fd, start, sizeof(start), 0);
    if (got < 0 || fstat(fd, &status) < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot read: %s", strerrordesc_np(errno));
    enum fw_still_kind kind = fw_still_sniff(start, (size_t)got, &foreign);
    const struct fw_still_codec *codec = codec_of(kind);
    if (!codec)
        return fw_fail(err, FW_ERR_INPUT, "%s%s", foreign ? foreign : "no picture",
                       foreign ? " cannot be read" : "");
    struct fw_still_reader *reader = calloc(1, codec->reader_bytes);
    if (!reader)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a reader");
    *reader_out = reader;
    reader->codec = codec;
    reader->fd = fd;
    reader->file_bytes = (uint64_t)status.st_size;
    reader->limits = *limits;
    reader->head.kind = kind;
    reader->head.orientation = 1;
    reader->head.frame_count = 1;
    reader->notes.origin = kind;
    return codec->reader_open(reader, err);
}

int fw_still_reader_open(struct fw_still_reader **reader_out, int fd,
                         const struct fw_still_limits *limits, struct fw_error *err)
{
    *reader_out = NULL;
    int status = open_reader(reader_out, fd, limits, err);
    if (status < 0) {
        fw_still_reader_close(*reader_out);
        *reader_out = NULL;
    }
    return status;
}

const struct fw_still_head *fw_still_reader_head(const struct fw_still_reader *reader)
{
    return &reader->head;
}

const struct fw_notes *fw_still_reader_notes(const struct fw_still_reader *reader)
{
    return &reader->notes;
}

const struct fw_losses *fw_still_reader_losses(const struct fw_still_reader *reader)
{
    return &reader->losses;
}

uint32_t fw_still_reader_offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                                struct fw_still_offer offers[FW_STILL_OFFERS_MAX])
{
    uint32_t count = reader->codec->offers(reader, target, offers);
    FW_CHECK(count > 0 && count <= FW_STILL_OFFERS_MAX);
    return count;
}

int fw_still_reader_begin(struct fw_still_reader *reader, const struct fw_still_offer *offer,
                          struct fw_error *err)
{
    reader->offer = *offer;
    return reader->codec->begin(reader, err);
}

int fw_still_reader_next(struct fw_still_reader *reader, struct fw_image *image,
                         int64_t *delay_us_out, struct fw_error *err)
{
    *delay_us_out = 0;
    FW_CHECK(image->format == reader->offer.video.format &&
             image->width == reader->offer.video.width &&
             image->height == reader->offer.video.height);
    return reader->codec->next(reader, image, delay_us_out, err);
}

void fw_still_reader_close(struct fw_still_reader *reader)
{
    if (!reader)
        return;
    if (reader->codec->reader_deinit)
        reader->codec->reader_deinit(reader);
    fw_notes_deinit(&reader->notes);
    fw_losses_deinit(&reader->losses);
    free(reader);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool is_linear(const struct fw_video *have, const struct fw_still_head *source)
{
    uint8_t transfer = have->color.transfer;
    bool told = transfer != 0 && transfer != TRANSFER_UNKNOWN;
    return transfer == TRANSFER_LINEAR || (!told && source && source->kind == FW_STILL_EXR);
}

/* EXR's samples mean linear light and those of all other kinds codes of sRGB, float ones aside; no
 * sample is changed for that. */
static void list_transfer(const struct fw_still_wish *wish, const struct fw_video *have,
                          const struct fw_still_head *source, const struct fw_format *to,
                          struct fw_losses *losses)
{
    const char *name = fw_still_kind_name(wish->kind);
    bool linear = is_linear(have, source);
    bool from_float = source ? source->bit_depth == 32 : have->format->flags & FW_FORMAT_FLOAT;
    bool tells = wish->kind == FW_STILL_PNG || wish->kind == FW_STILL_QOI;
    bool from_exr = !source || source->kind == FW_STILL_EXR;
    if (wish->kind == FW_STILL_EXR && !linear && !from_float)
        fw_losses_add(losses, "transfer", -1,
                      "codes of sRGB are written as they are, and EXR means linear light by them");
    if (wish->kind != FW_STILL_EXR && linear && from_exr && !(to->flags & FW_FORMAT_FLOAT))
        fw_losses_add(losses, "transfer", -1,
                      "linear light is written as it is, cut at 1, %s %s %s", tells ? "as" : "and",
                      name, tells ? "says; not all programs look" : "means codes of sRGB");
}

const struct fw_format *fw_still_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                     const struct fw_still_head *source, struct fw_losses *losses)
{
    const struct fw_still_codec *codec = codec_of(wish->kind);
    FW_CHECK(codec);
    const struct fw_format *to = codec->fit(wish, have, source, losses);
    if (losses)
        list_transfer(wish, have, source, to, losses);
    return to;
}

static int open_writer(struct fw_still_writer **writer_out, const struct fw_still_writing *writing,
                       struct fw_error *err)
{
    const struct fw_still_codec *codec = codec_of(writing->wish.kind);
    FW_CHECK(codec);
    struct fw_still_writer *writer = calloc(1, codec->writer_bytes);
    if (!writer)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a writer");
    *writer_out = writer;
    writer->codec = codec;
    writer->writing = *writing;
    int status = fw_still_out_init(&writer->out, writing->fd, err);
    return status < 0 ? status : codec->writer_open(writer, err);
}

int fw_still_writer_open(struct fw_still_writer **writer_out,
                         const struct fw_still_writing *writing, struct fw_error *err)
{
    *writer_out = NULL;
    int status = open_writer(writer_out, writing, err);
    if (status < 0) {
        fw_still_writer_close(*writer_out);
        *writer_out = NULL;
    }
    return status;
}

int fw_still_writer_frame(struct fw_still_writer *writer, const struct fw_image *image,
                          int64_t delay_us, struct fw_error *err)
{
    FW_CHECK(image->format == writer->writing.video.format);
    FW_CHECK(writer->frames == 0 || fw_still_animates(writer->writing.wish.kind));
    int status = writer->codec->frame(writer, image, delay_us, err);
    writer->frames++;
    return status;
}

int fw_still_writer_finish(struct fw_still_writer *writer, struct fw_still_sum *sum_out,
                           struct fw_error *err)
{
    int status = writer->codec->finish(writer, err);
    return status < 0 ? status : fw_still_out_finish(&writer->out, sum_out, err);
}

void fw_still_writer_close(struct fw_still_writer *writer)
{
    if (!writer)
        return;
    writer->codec->writer_deinit(writer);
    fw_still_out_deinit(&writer->out);
    free(writer);
}
