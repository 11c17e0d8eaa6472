/*
 * Pictures as a stream: one file each, asked for by number, at a fixed rate. The first one that is
 * kept decides size and format. source_sequence_read.c reads one.
 */
#include "source_sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/mathematics.h>
#include <libavutil/mem.h>

#include "avframe.h"
#include "control.h"
#include "file_wire.h"

#include "filters/format.h"

/* Comes to a picture that is kept. */
static int advance(struct fw_pictures *pictures, struct fw_error *err)
{
    while (!pictures->waiting && !pictures->ended && pictures->index < pictures->count) {
        if (pictures->proc)
            atomic_fetch_add_explicit(&pictures->proc->beat, 1, memory_order_relaxed);
        enum fw_cut_verdict verdict = fw_cut_frame(&pictures->cut,
                                                   (int64_t)pictures->index + pictures->shift);
        if (verdict == FW_CUT_END)
            break;
        int status = verdict == FW_CUT_KEEP ? fw_pictures_await(pictures, err) : FW_END;
        if (status < 0)
            return status;
        pictures->base.stats.frames_cut += verdict == FW_CUT_SKIP;
        pictures->waiting = status == FW_OK;
        pictures->index += status == FW_END;
    }
    pictures->ended = !pictures->waiting;
    return pictures->waiting ? FW_OK : FW_END;
}

static int pictures_next(struct fw_source *source, struct fw_event *event, struct fw_error *err)
{
    int status = advance((struct fw_pictures *)source, err);
    if (status == FW_OK)
        *event = (struct fw_event){ .kind = FW_EVENT_FRAME };
    return status;
}

static int pictures_fill(struct fw_source *source, void *slot, size_t bytes,
                         struct fw_frame_info *info, struct fw_error *err)
{
    struct fw_pictures *pictures = (struct fw_pictures *)source;
    const struct fw_video *video = &pictures->video;
    struct fw_image_layout layout;
    struct fw_image image;
    memset(info, 0, sizeof(*info));
    if (!pictures->waiting)
        return fw_fail(err, FW_ERR_INTERNAL, "no picture waits to be taken");
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0 ||
        layout.bytes > bytes - FW_BLOB_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "the slot is too small for the input");
    fw_image_map(&image, &layout, video->format, video->width, video->height, slot);
    int status = fw_pictures_take(pictures, &image, err);
    if (status < 0)
        return status;
    info->pts = (int64_t)pictures->index + pictures->shift;
    info->duration = 1;
    info->format = video->format->id;
    info->width = video->width;
    info->height = video->height;
    info->flags = FW_FRAME_KEY;
    info->sample_aspect = video->sample_aspect;
    info->color = video->color;
    pictures->index++;
    pictures->waiting = false;
    source->stats.frames++;
    return FW_OK;
}

/* ---- what it is --------------------------------------------------------------------------- */

static int64_t count_frames(const struct fw_pictures *pictures)
{
    const struct fw_cut *cut = &pictures->cut;
    int64_t frames = (int64_t)pictures->count + (cut->from_zero ? pictures->shift : 0);
    if (cut->length != FW_NOPTS && cut->length < frames)
        frames = cut->length;
    if (cut->frames_max && cut->frames_max < (uint64_t)frames)
        frames = (int64_t)cut->frames_max;
    return frames > 1 ? frames : 1;
}

static enum AVCodecID codec_of(enum fw_still_kind kind)
{
    static const enum AVCodecID codecs[FW_STILL_KINDS] = {
        [FW_STILL_PNG] = AV_CODEC_ID_PNG,   [FW_STILL_JPEG] = AV_CODEC_ID_MJPEG,
        [FW_STILL_WEBP] = AV_CODEC_ID_WEBP, [FW_STILL_TIFF] = AV_CODEC_ID_TIFF,
        [FW_STILL_BMP] = AV_CODEC_ID_BMP,   [FW_STILL_GIF] = AV_CODEC_ID_GIF,
        [FW_STILL_PNM] = AV_CODEC_ID_PPM,   [FW_STILL_PAM] = AV_CODEC_ID_PAM,
        [FW_STILL_EXR] = AV_CODEC_ID_EXR,   [FW_STILL_QOI] = AV_CODEC_ID_QOI,
    };
    bool known = kind < FW_STILL_KINDS && codecs[kind] != AV_CODEC_ID_NONE;
    return known ? codecs[kind] : AV_CODEC_ID_RAWVIDEO;
}

static void fill_stream(const struct fw_pictures *pictures, struct fw_media_stream *stream,
                        AVCodecParameters *par)
{
    const struct fw_video *video = &pictures->video;
    const AVRational rate = { video->frame_rate.num, video->frame_rate.den };
    par->codec_type = AVMEDIA_TYPE_VIDEO;
    par->codec_id = codec_of(pictures->kind);
    par->format = fw_format_to_av(video->format);
    par->width = video->width;
    par->height = video->height;
    par->sample_aspect_ratio = (AVRational){ video->sample_aspect.num, video->sample_aspect.den };
    par->color_range = video->color.range;
    par->color_space = video->color.matrix;
    par->color_primaries = video->color.primaries;
    par->color_trc = video->color.transfer;
    par->chroma_location = video->color.chroma_location;
    stream->par = par;
    stream->time_base = av_inv_q(rate);
    stream->avg_frame_rate = rate;
    stream->r_frame_rate = rate;
    stream->sample_aspect_ratio = par->sample_aspect_ratio;
    stream->duration = (int64_t)pictures->count;
    stream->disposition = AV_DISPOSITION_DEFAULT;
    stream->usable = true;
}

static void fill_media(const struct fw_pictures *pictures, struct fw_media *media,
                       AVCodecParameters *par)
{
    const struct fw_settings *settings = pictures->base.settings;
    fill_stream(pictures, &media->streams[0], par);
    (void)snprintf(media->format_name, sizeof(media->format_name), "image2");
    media->duration = av_rescale_q((int64_t)pictures->count, media->streams[0].time_base,
                                   AV_TIME_BASE_Q);
    media->input_bytes = -1;
    media->stream_count = 1;
    media->files_left_out = pictures->left_out;
    media->video_params = pictures->video;
    media->first_flags = FW_FRAME_KEY;
    media->field_order = AV_FIELD_PROGRESSIVE;
    media->frames_estimate = count_frames(pictures);
    media->frames_exact = settings->on_error != FW_ON_ERROR_SKIP;
    if (settings->seek_us != FW_NOPTS)
        media->time_offset_us = settings->seek_us;
}

static int pictures_media(struct fw_source *source, struct fw_buffer *out, struct fw_error *err)
{
    struct fw_media *media = av_mallocz(sizeof(*media));
    AVCodecParameters *par = avcodec_parameters_alloc();
    int status = FW_OK;
    if (!media || !par) {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory to describe the input");
    } else {
        fill_media((struct fw_pictures *)source, media, par);
        status = fw_media_pack(media, out, err);
    }
    avcodec_parameters_free(&par);
    av_free(media);
    return status;
}

static int pictures_plan(struct fw_source *source, const struct fw_stream_plan *streams,
                         struct fw_error *err)
{
    (void)source;
    (void)streams;
    (void)err;
    return FW_OK;
}

static void pictures_close(struct fw_source *source)
{
    fw_pictures_deinit((struct fw_pictures *)source);
    free(source);
}

static const struct fw_source_ops pictures_ops = {
    .close = pictures_close,
    .media = pictures_media,
    .plan = pictures_plan,
    .next = pictures_next,
    .fill = pictures_fill,
};

/* ---- the start ---------------------------------------------------------------------------- */

static int ask_count(struct fw_pictures *pictures, struct fw_error *err)
{
    const struct fw_file_ask ask = { .kind = FW_FILE_COUNT };
    struct fw_file_answer answer;
    int fd = -1;
    int status = fw_file_ask(pictures->socket, &ask, &answer, &fd, err);
    if (fd >= 0)
        (void)close(fd);
    if (status < 0)
        return status;
    pictures->count = answer.count;
    pictures->left_out = answer.left_out;
    return FW_OK;
}

static int begin(struct fw_pictures *pictures, struct fw_error *err)
{
    const struct fw_settings *settings = pictures->base.settings;
    const struct fw_rational base = { settings->picture_rate.den, settings->picture_rate.num };
    pictures->limits = (struct fw_still_limits){ .max_pixels = settings->max_pixels,
                                                 .max_bytes = settings->max_slot,
                                                 .max_frames = FW_STILL_FRAMES_MAX };
    pictures->ahead = settings->on_error != FW_ON_ERROR_STOP;
    if (settings->seek_us != FW_NOPTS)
        pictures->shift = av_rescale_q(-settings->seek_us, AV_TIME_BASE_Q,
                                       (AVRational){ base.num, base.den });
    int status = fw_cut_init(&pictures->cut, settings, base, err);
    if (status == FW_OK)
        status = ask_count(pictures, err);
    if (status == FW_OK)
        status = advance(pictures, err);
    return status == FW_END ? fw_fail(err, FW_ERR_INPUT, "no picture is left") : status;
}

int fw_source_open_pictures(struct fw_source **source_out, const struct fw_source_options *options,
                            struct fw_error *err)
{
    struct fw_pictures *pictures = calloc(1, sizeof(*pictures));
    if (!pictures)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to read the input");
    pictures->base.ops = &pictures_ops;
    pictures->base.settings = options->settings;
    pictures->socket = options->fd;
    pictures->proc = options->proc;
    pictures->fd = -1;
    int status = begin(pictures, err);
    if (status == FW_OK)
        *source_out = &pictures->base;
    else
        pictures_close(&pictures->base);
    return status;
}
