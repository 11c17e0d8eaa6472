/*
 * y4m: a line of parameters, then frames of packed planes, each behind a line "FRAME".
 *
 * Planes are read straight into the slot and spread to its stride there. Where a cut frame must not
 * be shown (--on-error conceal or skip, from a pipe) a frame is read whole before it is announced.
 */
#include "source_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>

#include "avframe.h"
#include "y4m_header.h"

#include "filters/format.h"
#include "filters/image.h"

#define FRAME_LINE_MAX 80

struct y4m {
    struct fw_source base;
    struct fw_y4m_header header;
    struct fw_video video;
    struct fw_cut cut;
    int64_t shift;      /* added to a frame's number to make its time */
    uint64_t number;    /* of the next frame of the file */
    size_t frame_bytes; /* packed */
    int64_t header_bytes;
    uint8_t *held; /* the waiting frame, packed, when it is read ahead */
    bool waiting;
    bool ended;
};

static double seconds_of(const struct y4m *y4m, uint64_t number)
{
    return (double)((int64_t)number + y4m->shift) * y4m->video.time_base.num /
           y4m->video.time_base.den;
}

static int damage(struct y4m *y4m, const char *what, struct fw_error *err)
{
    struct fw_damage_place place = { .frame = y4m->cut.kept,
                                     .seconds = seconds_of(y4m, y4m->number) };
    y4m->ended = true;
    int status = fw_input_status(&y4m->base.input, err);
    if (status != FW_OK)
        return status;
    if (y4m->base.input.drained)
        return FW_END;
    status = fw_source_damage(&y4m->base, place, what, err);
    return status == FW_OK ? FW_END : status;
}

/* Reads up to and with the newline; `line` gets a zero instead. Returns the length, or -1 when
 * there is none within `room`. */
static int read_line(struct fw_input *input, char *line, size_t room)
{
    for (size_t used = 0; used < room; used++) {
        if (fw_input_read_all(input, line + used, 1) != 1)
            return -1;
        if (line[used] == '\n') {
            line[used] = '\0';
            return (int)used;
        }
    }
    return -1;
}

/* FW_OK when the line before a frame's pixels was read, FW_END at the end of the file. */
static int read_frame_line(struct y4m *y4m, struct fw_error *err)
{
    static const char word[5] = { 'F', 'R', 'A', 'M', 'E' };
    char line[FRAME_LINE_MAX];
    ssize_t got = fw_input_read_all(&y4m->base.input, line, sizeof(word) + 1);
    if (got == 0)
        return FW_END;
    if (got != sizeof(word) + 1 || memcmp(line, word, sizeof(word)) != 0)
        return damage(y4m, got < 0 ? "reading failed" : "the file is cut or garbled before a frame",
                      err);
    if (line[sizeof(word)] != '\n' && read_line(&y4m->base.input, line, sizeof(line)) < 0)
        return damage(y4m, "a frame's header has no end", err);
    return FW_OK;
}

/* Whether the file holds the whole frame; a pipe's is read ahead where that must be known. */
static int check_frame(struct y4m *y4m, struct fw_error *err)
{
    struct fw_input *input = &y4m->base.input;
    if (input->seekable) {
        if (input->bytes - input->position < (int64_t)y4m->frame_bytes)
            return damage(y4m, "the file ends inside a frame", err);
        return FW_OK;
    }
    if (!y4m->held)
        return FW_OK;
    if (fw_input_read_all(input, y4m->held, y4m->frame_bytes) != (ssize_t)y4m->frame_bytes)
        return damage(y4m, "the input ends inside a frame", err);
    return FW_OK;
}

static int skip_pixels(struct y4m *y4m, struct fw_error *err)
{
    struct fw_input *input = &y4m->base.input;
    if (input->seekable) {
        input->position += (int64_t)y4m->frame_bytes;
        return FW_OK;
    }
    uint8_t waste[16384];
    size_t left = y4m->held ? 0 : y4m->frame_bytes;
    while (left) {
        size_t part = left < sizeof(waste) ? left : sizeof(waste);
        if (fw_input_read_all(input, waste, part) != (ssize_t)part)
            return damage(y4m, "the input ends inside a frame", err);
        left -= part;
    }
    return FW_OK;
}

/* Comes to a frame that is kept. */
static int advance(struct y4m *y4m, struct fw_error *err)
{
    while (!y4m->waiting && !y4m->ended) {
        if (y4m->cut.frames_max && y4m->cut.kept >= y4m->cut.frames_max)
            break;
        int status = read_frame_line(y4m, err);
        if (status == FW_OK)
            status = check_frame(y4m, err);
        if (status == FW_END)
            break;
        if (status != FW_OK)
            return status;
        y4m->base.stats.frames_decoded++;
        enum fw_cut_verdict verdict = fw_cut_frame(&y4m->cut, (int64_t)y4m->number + y4m->shift);
        if (verdict == FW_CUT_KEEP) {
            y4m->waiting = true;
            return FW_OK;
        }
        y4m->base.stats.frames_cut++;
        y4m->number++;
        if (verdict == FW_CUT_END)
            break;
        status = skip_pixels(y4m, err);
        if (status != FW_OK && status != FW_END)
            return status;
    }
    y4m->ended = y4m->ended || !y4m->waiting;
    return y4m->waiting ? FW_OK : FW_END;
}

static int y4m_next(struct fw_source *source, struct fw_event *event, struct fw_error *err)
{
    struct y4m *y4m = (struct y4m *)source;
    int status = advance(y4m, err);
    if (status != FW_OK)
        return status;
    *event = (struct fw_event){ .kind = FW_EVENT_FRAME };
    return FW_OK;
}

static void spread(uint8_t *plane, size_t row, size_t stride, int32_t rows)
{
    for (int32_t y = rows - 1; y > 0 && row != stride; y--)
        memmove(plane + (size_t)y * stride, plane + (size_t)y * row, row);
}

static int read_planes(struct y4m *y4m, void *slot, size_t bytes, struct fw_error *err)
{
    struct fw_image_layout layout;
    const struct fw_format *format = y4m->video.format;
    if (fw_image_layout(&layout, format, y4m->video.width, y4m->video.height) < 0 ||
        layout.bytes > bytes - FW_BLOB_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "the slot is too small for the input");
    const uint8_t *held = y4m->held;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        uint8_t *plane = (uint8_t *)slot + layout.offset[i];
        size_t row = fw_format_row_bytes(format, i, y4m->video.width);
        int32_t rows = fw_format_plane_height(format, i, y4m->video.height);
        size_t packed = row * (size_t)rows;
        if (held) {
            memcpy(plane, held, packed);
            held += packed;
        } else if (fw_input_read_all(&y4m->base.input, plane, packed) != (ssize_t)packed) {
            int status = damage(y4m, "the input ends inside a frame", err);
            return status == FW_END ? fw_fail(err, FW_ERR_CANCELLED, "cancelled") : status;
        }
        spread(plane, row, layout.stride[i], rows);
    }
    return FW_OK;
}

static int y4m_fill(struct fw_source *source, void *slot, size_t bytes, struct fw_frame_info *info,
                    struct fw_error *err)
{
    struct y4m *y4m = (struct y4m *)source;
    memset(info, 0, sizeof(*info));
    if (!y4m->waiting)
        return fw_fail(err, FW_ERR_INTERNAL, "no frame waits to be taken");
    int status = read_planes(y4m, slot, bytes, err);
    if (status != FW_OK)
        return status;
    info->pts = (int64_t)y4m->number + y4m->shift;
    info->duration = 1;
    info->format = y4m->video.format->id;
    info->width = y4m->video.width;
    info->height = y4m->video.height;
    info->flags = FW_FRAME_KEY | y4m->header.flags;
    info->sample_aspect = y4m->video.sample_aspect;
    info->color = y4m->video.color;
    y4m->number++;
    y4m->waiting = false;
    y4m->base.stats.frames++;
    return FW_OK;
}

static void fill_parameters(const struct y4m *y4m, AVCodecParameters *par)
{
    const struct fw_color *color = &y4m->video.color;
    par->codec_type = AVMEDIA_TYPE_VIDEO;
    par->codec_id = AV_CODEC_ID_RAWVIDEO;
    par->format = fw_format_to_av(y4m->video.format);
    par->width = y4m->video.width;
    par->height = y4m->video.height;
    par->sample_aspect_ratio = (AVRational){ y4m->video.sample_aspect.num,
                                             y4m->video.sample_aspect.den };
    par->field_order = (enum AVFieldOrder)y4m->header.field_order;
    par->color_range = color->range;
    par->chroma_location = color->chroma_location;
}

static int64_t count_frames(const struct y4m *y4m)
{
    const struct fw_input *input = &y4m->base.input;
    if (!input->seekable)
        return -1;
    int64_t frames = (input->bytes - y4m->header_bytes) / ((int64_t)y4m->frame_bytes + 6);
    frames += y4m->cut.from_zero ? y4m->shift : 0;
    if (y4m->cut.length != FW_NOPTS && y4m->cut.length < frames)
        frames = y4m->cut.length;
    if (y4m->cut.frames_max && y4m->cut.frames_max < (uint64_t)frames)
        frames = (int64_t)y4m->cut.frames_max;
    return frames > 1 ? frames : 1;
}

static int y4m_media(struct fw_source *source, struct fw_buffer *out, struct fw_error *err)
{
    struct y4m *y4m = (struct y4m *)source;
    const AVRational rate = { y4m->video.frame_rate.num, y4m->video.frame_rate.den };
    struct fw_media *media = av_mallocz(sizeof(*media));
    AVCodecParameters *par = avcodec_parameters_alloc();
    int status = FW_OK;
    if (!media || !par) {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory to describe the input");
    } else {
        fill_parameters(y4m, par);
        struct fw_media_stream *stream = &media->streams[0];
        (void)snprintf(media->format_name, sizeof(media->format_name), "yuv4mpegpipe");
        media->duration = AV_NOPTS_VALUE;
        media->input_bytes = source->input.bytes;
        media->stream_count = 1;
        stream->par = par;
        stream->time_base = av_inv_q(rate);
        stream->avg_frame_rate = rate;
        stream->r_frame_rate = rate;
        stream->sample_aspect_ratio = par->sample_aspect_ratio;
        stream->duration = AV_NOPTS_VALUE;
        stream->disposition = AV_DISPOSITION_DEFAULT;
        stream->usable = true;
        media->video_params = y4m->video;
        media->first_flags = FW_FRAME_KEY | y4m->header.flags;
        media->field_order = y4m->header.field_order;
        media->frames_estimate = count_frames(y4m);
        if (source->settings->seek_us != FW_NOPTS)
            media->time_offset_us = source->settings->seek_us;
        status = fw_media_pack(media, out, err);
    }
    avcodec_parameters_free(&par);
    av_free(media);
    return status;
}

static int y4m_plan(struct fw_source *source, const struct fw_stream_plan *streams,
                    struct fw_error *err)
{
    (void)source;
    (void)streams;
    (void)err;
    return FW_OK;
}

static void y4m_close(struct fw_source *source)
{
    struct y4m *y4m = (struct y4m *)source;
    free(y4m->held);
    free(y4m);
}

static const struct fw_source_ops y4m_ops = {
    .close = y4m_close,
    .media = y4m_media,
    .plan = y4m_plan,
    .next = y4m_next,
    .fill = y4m_fill,
};

static int read_header(struct y4m *y4m, struct fw_error *err)
{
    char line[FW_Y4M_LINE_MAX];
    struct fw_source *source = &y4m->base;
    int length = read_line(&source->input, line, sizeof(line));
    int status = fw_input_status(&source->input, err);
    if (status != FW_OK)
        return status;
    if (length < 0)
        return fw_fail(err, FW_ERR_INPUT, "the y4m header has no end");
    status = fw_y4m_header_parse(&y4m->header, line, &y4m->video, err);
    if (status != FW_OK)
        return status;
    uint64_t pixels = (uint64_t)y4m->video.width * (uint64_t)y4m->video.height;
    if (source->settings->max_pixels && pixels > source->settings->max_pixels)
        return fw_fail(err, FW_ERR_INPUT, "%dx%d is more than --max-pixels allows",
                       y4m->video.width, y4m->video.height);
    const struct fw_format *format = y4m->video.format;
    for (uint32_t i = 0; i < format->plane_count; i++)
        y4m->frame_bytes += fw_format_row_bytes(format, i, y4m->video.width) *
                            (size_t)fw_format_plane_height(format, i, y4m->video.height);
    y4m->header_bytes = length + 1;
    if (!source->input.seekable && source->settings->on_error != FW_ON_ERROR_STOP) {
        y4m->held = malloc(y4m->frame_bytes);
        if (!y4m->held)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    }
    if (source->settings->seek_us != FW_NOPTS)
        y4m->shift = av_rescale_q(
            -source->settings->seek_us, AV_TIME_BASE_Q,
            (AVRational){ y4m->video.time_base.num, y4m->video.time_base.den });
    return fw_cut_init(&y4m->cut, source->settings, y4m->video.time_base, err);
}

int fw_source_open_y4m(struct fw_source **source_out, const struct fw_settings *settings,
                       const struct fw_input *input, struct fw_error *err)
{
    struct y4m *y4m = calloc(1, sizeof(*y4m));
    if (!y4m)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to read the input");
    y4m->base.ops = &y4m_ops;
    y4m->base.settings = settings;
    y4m->base.input = *input;
    int status = read_header(y4m, err);
    if (status == FW_OK) {
        status = advance(y4m, err);
        if (status == FW_END)
            status = fw_fail(err, FW_ERR_INPUT, "no video frame");
    }
    if (status == FW_OK)
        *source_out = &y4m->base;
    else
        y4m_close(&y4m->base);
    return status;
}
