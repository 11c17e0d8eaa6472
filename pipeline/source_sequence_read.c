/*
 * One picture of a sequence: asked for, read, turned upright, scaled.
 *
 * One that is like the first goes straight into the slot. One that has to be turned or scaled, and
 * every one where damage must not be shown, is read ahead into memory of our own.
 */
#include "source_sequence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/rational.h>
#include <libswscale/swscale.h>

#include "avframe.h"
#include "file_wire.h"
#include "turn.h"

static int take_image(struct fw_picture_block *block, const struct fw_video *video,
                      struct fw_image *image, struct fw_error *err)
{
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_INPUT, "%dx%d is more than a picture may be", video->width,
                       video->height);
    if (block->room < layout.bytes) {
        free(block->bytes);
        block->bytes = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
        block->room = block->bytes ? layout.bytes : 0;
    }
    if (!block->bytes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture of %dx%d", video->width,
                       video->height);
    fw_image_map(image, &layout, video->format, video->width, video->height, block->bytes);
    return FW_OK;
}

static void swap_blocks(struct fw_picture_block *a, struct fw_picture_block *b)
{
    struct fw_picture_block block = *a;
    *a = *b;
    *b = block;
}

/* ---- opening one -------------------------------------------------------------------------- */

static void close_picture(struct fw_pictures *pictures)
{
    fw_still_reader_close(pictures->reader);
    pictures->reader = NULL;
    if (pictures->fd >= 0)
        (void)close(pictures->fd);
    pictures->fd = -1;
}

void fw_pictures_deinit(struct fw_pictures *pictures)
{
    close_picture(pictures);
    sws_freeContext(pictures->scaler);
    free(pictures->decoded.bytes);
    free(pictures->turned.bytes);
    free(pictures->shown.bytes);
}

/* As the first picture was if that can be, else planes of YCbCr as they are stored, which encoders
 * like, else what the kind decodes to. NULL: none can be turned. */
static const struct fw_still_offer *choose_offer(const struct fw_pictures *pictures,
                                                 const struct fw_still_offer *offers,
                                                 uint32_t count)
{
    const uint32_t colours = FW_FORMAT_RGB | FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM;
    const struct fw_still_offer *stored = NULL;
    const struct fw_still_offer *usual = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct fw_still_offer *offer = &offers[i];
        const struct fw_format *format = offer->video.format;
        bool planes = !(format->flags & colours) && format->component_count >= 3;
        if (offer->shrink != 1 || !fw_turn_fits(format, pictures->orientation) ||
            (offer->raw && !planes))
            continue;
        if (format == pictures->video.format)
            return offer;
        if (offer->raw && !stored)
            stored = offer;
        if (!offer->raw && !usual)
            usual = offer;
    }
    return stored ? stored : usual;
}

static struct fw_video upright(const struct fw_pictures *pictures)
{
    struct fw_video video = pictures->offer.video;
    fw_turn_video(&video, pictures->orientation);
    return video;
}

/* The aspect of a picture's pixels. A ratio alone is what FFmpeg writes and reads as x to y; of
 * real densities the higher one has the narrower pixels. */
static struct fw_rational aspect_of(const struct fw_notes *notes)
{
    const struct fw_note *note = fw_notes_find(notes, FW_NOTE_DENSITY);
    struct fw_density density;
    int num = 0;
    int den = 1;
    if (!note || note->plain_bytes != sizeof(density))
        return (struct fw_rational){ 0, 1 };
    memcpy(&density, note->plain, sizeof(density));
    if (density.x > 0 && density.y > 0)
        (void)av_reduce(&num, &den, density.metres ? density.y : density.x,
                        density.metres ? density.x : density.y, INT32_MAX);
    return (struct fw_rational){ num, den };
}

/* What all pictures are made like. */
static void set_video(struct fw_pictures *pictures)
{
    const struct fw_rational rate = pictures->base.settings->picture_rate;
    pictures->video = upright(pictures);
    pictures->video.frame_rate = rate;
    pictures->video.time_base = (struct fw_rational){ rate.den, rate.num };
    pictures->kind = fw_still_reader_head(pictures->reader)->kind;
}

static int open_reader(struct fw_pictures *pictures, struct fw_error *err)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    int status = fw_still_reader_open(&pictures->reader, pictures->fd, &pictures->limits, err);
    if (status < 0)
        return status;
    const struct fw_still_head *head = fw_still_reader_head(pictures->reader);
    bool turns = pictures->base.settings->rotate == FW_ROTATE_AUTO;
    pictures->orientation = turns ? head->orientation : 1;
    uint32_t count = fw_still_reader_offers(pictures->reader, FW_STILL_NONE, offers);
    const struct fw_still_offer *offer = choose_offer(pictures, offers, count);
    if (!offer)
        return fw_fail(err, FW_ERR_INPUT,
                       "such a picture cannot be turned\nhint: --rotate keep leaves it as it is");
    pictures->offer = *offer;
    if (offer->video.sample_aspect.num <= 0)
        pictures->offer.video.sample_aspect = aspect_of(fw_still_reader_notes(pictures->reader));
    if (!pictures->video.format)
        set_video(pictures);
    return fw_still_reader_begin(pictures->reader, &pictures->offer, err);
}

/* Asks for the next picture. FW_END: the one before it is shown again. */
static int open_picture(struct fw_pictures *pictures, struct fw_error *err)
{
    const struct fw_file_ask ask = { .kind = FW_FILE_OPEN, .number = pictures->index };
    struct fw_file_answer answer;
    int status = fw_file_ask(pictures->socket, &ask, &answer, &pictures->fd, err);
    if (status < 0)
        return status;
    (void)snprintf(pictures->name, sizeof(pictures->name), "%s", answer.name);
    if (answer.err.status < 0)
        return fw_fail(err, answer.err.status, "%s", answer.err.text);
    if (answer.flags & FW_FILE_REPEAT)
        return FW_END;
    if (pictures->fd < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a picture came without its descriptor");
    status = open_reader(pictures, err);
    if (status < 0)
        fw_error_prefix(err, "%s", pictures->name);
    return status;
}

/* ---- reading one -------------------------------------------------------------------------- */

static bool like_first(const struct fw_pictures *pictures)
{
    const struct fw_video video = upright(pictures);
    return video.format == pictures->video.format && video.width == pictures->video.width &&
           video.height == pictures->video.height;
}

static struct fw_damage_place place_of(const struct fw_pictures *pictures)
{
    const struct fw_rational base = pictures->video.time_base;
    double ticks = (double)((int64_t)pictures->index + pictures->shift);
    return (struct fw_damage_place){ .frame = pictures->base.stats.frames,
                                     .seconds = base.den > 0 ? ticks * base.num / base.den : NAN };
}

/* Notes that mean something to people, and that frames do not carry. */
static uint64_t count_notes(const struct fw_notes *notes)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < notes->count; i++) {
        enum fw_note_kind kind = notes->items[i].kind;
        count += kind == FW_NOTE_EXIF || kind == FW_NOTE_XMP || kind == FW_NOTE_ICC ||
                 kind == FW_NOTE_IPTC || kind == FW_NOTE_TEXT;
    }
    return count;
}

static void note_losses(struct fw_pictures *pictures)
{
    struct fw_source_stats *stats = &pictures->base.stats;
    const struct fw_losses *losses = fw_still_reader_losses(pictures->reader);
    stats->notes_lost += count_notes(fw_still_reader_notes(pictures->reader));
    stats->animations += fw_still_reader_head(pictures->reader)->frame_count > 1;
    stats->read_losses += losses->count;
    if (losses->count > 0 && !stats->first_read_loss[0])
        (void)snprintf(stats->first_read_loss, sizeof(stats->first_read_loss), "%.60s: %.120s",
                       pictures->name, losses->items[0].detail);
}

static int decode(struct fw_pictures *pictures, struct fw_image *image, struct fw_error *err)
{
    int64_t delay_us = 0;
    int status = fw_still_reader_next(pictures->reader, image, &delay_us, err);
    if (status == FW_END)
        status = fw_fail(err, FW_ERR_INPUT, "there is no picture in it");
    if (status < 0) {
        fw_error_prefix(err, "%s", pictures->name);
        return status;
    }
    off_t bytes = lseek(pictures->fd, 0, SEEK_END);
    pictures->base.input.bytes_read += bytes > 0 ? (uint64_t)bytes : 0;
    pictures->base.stats.frames_decoded++;
    note_losses(pictures);
    return FW_OK;
}

/* The ffmpeg command's own scaler settings, so that what it would make comes out. */
static int scale(struct fw_pictures *pictures, const struct fw_image *from,
                 const struct fw_image *to, struct fw_error *err)
{
    int strides_in[FW_PLANES_MAX];
    int strides_out[FW_PLANES_MAX];
    for (uint32_t i = 0; i < FW_PLANES_MAX; i++) {
        strides_in[i] = (int)from->stride[i];
        strides_out[i] = (int)to->stride[i];
    }
    pictures->scaler = sws_getCachedContext(
        pictures->scaler, from->width, from->height, fw_format_to_av(from->format), to->width,
        to->height, fw_format_to_av(to->format), SWS_BICUBIC, NULL, NULL, NULL);
    if (!pictures->scaler || sws_scale(pictures->scaler, (const uint8_t *const *)from->data,
                                       strides_in, 0, from->height, to->data, strides_out) < 0)
        return fw_fail(err, FW_ERR_INPUT,
                       "a picture cannot be converted to the first one's format");
    return FW_OK;
}

static int note_change(struct fw_pictures *pictures, const struct fw_video *video,
                       struct fw_error *err)
{
    char from[64];
    char to[64];
    const struct fw_video *first = &pictures->video;
    (void)snprintf(from, sizeof(from), "%dx%d %s", first->width, first->height,
                   first->format->name);
    (void)snprintf(to, sizeof(to), "%dx%d %s", video->width, video->height, video->format->name);
    int status = fw_source_changed(&pictures->base, place_of(pictures), from, to, err);
    if (status < 0)
        fw_error_prefix(err, "%s", pictures->name);
    return status;
}

static int turn_decoded(struct fw_pictures *pictures, struct fw_image *image, struct fw_error *err)
{
    const struct fw_video video = upright(pictures);
    struct fw_image target;
    int status = take_image(&pictures->turned, &video, &target, err);
    if (status < 0)
        return status;
    fw_turn_image(image, &target, pictures->orientation);
    swap_blocks(&pictures->turned, &pictures->decoded);
    *image = target;
    return FW_OK;
}

/* The waiting picture into `shown`, which keeps the one before it until nothing can fail. */
static int read_ahead(struct fw_pictures *pictures, struct fw_error *err)
{
    const struct fw_video turned = upright(pictures);
    struct fw_image image;
    struct fw_image shown;
    bool scaled = !like_first(pictures);
    int status = scaled ? note_change(pictures, &turned, err) : FW_OK;
    if (status < 0)
        return status;
    status = take_image(&pictures->decoded, &pictures->offer.video, &image, err);
    if (status == FW_OK)
        status = decode(pictures, &image, err);
    if (status == FW_OK && pictures->orientation > 1)
        status = turn_decoded(pictures, &image, err);
    if (status == FW_OK && scaled) {
        status = take_image(&pictures->shown, &pictures->video, &shown, err);
        if (status == FW_OK)
            status = scale(pictures, &image, &shown, err);
    } else if (status == FW_OK) {
        swap_blocks(&pictures->decoded, &pictures->shown);
    }
    return status;
}

/* ---- one after the other ------------------------------------------------------------------ */

/* Where a failure is the picture's own, --on-error decides. FW_OK: the picture before is shown in
 * its place; FW_END: it is left out. */
static int tolerate(struct fw_pictures *pictures, int failure, struct fw_error *err)
{
    struct fw_source *source = &pictures->base;
    if (failure != FW_ERR_INPUT || source->settings->on_error == FW_ON_ERROR_STOP || !err)
        return failure;
    /* A change that --on-change forbids is no damage. */
    if (source->settings->on_change == FW_ON_CHANGE_ERROR && pictures->reader &&
        !like_first(pictures))
        return failure;
    const struct fw_error own = *err;
    *err = (struct fw_error){ 0 };
    int status = fw_source_damage(source, place_of(pictures), own.text, err);
    if (status < 0)
        return status;
    if (source->settings->on_error == FW_ON_ERROR_CONCEAL && pictures->shown_before)
        return FW_OK;
    source->stats.skipped++;
    if (!pictures->shown_before)
        pictures->video.format = NULL;
    return FW_END;
}

int fw_pictures_await(struct fw_pictures *pictures, struct fw_error *err)
{
    int status = open_picture(pictures, err);
    pictures->held = true;
    if (status == FW_END)
        /* What would be repeated may have been left out itself. */
        return pictures->shown_before ? FW_OK : FW_END;
    bool direct = status == FW_OK && !pictures->ahead && pictures->orientation == 1 &&
                  like_first(pictures);
    if (direct) {
        pictures->held = false;
        return FW_OK;
    }
    if (status == FW_OK)
        status = read_ahead(pictures, err);
    if (status == FW_OK)
        pictures->shown_before = true;
    else
        status = tolerate(pictures, status, err);
    close_picture(pictures);
    return status;
}

/* --gaps hold may want what goes into a slot once more. */
static int keep(struct fw_pictures *pictures, const struct fw_image *image, struct fw_error *err)
{
    struct fw_image shown;
    if (pictures->base.settings->gaps != FW_GAPS_HOLD)
        return FW_OK;
    int status = take_image(&pictures->shown, &pictures->video, &shown, err);
    if (status < 0)
        return status;
    fw_image_copy(&shown, image);
    pictures->shown_before = true;
    return FW_OK;
}

int fw_pictures_take(struct fw_pictures *pictures, struct fw_image *image, struct fw_error *err)
{
    struct fw_image shown;
    int status;
    if (pictures->held) {
        status = take_image(&pictures->shown, &pictures->video, &shown, err);
        if (status == FW_OK)
            fw_image_copy(image, &shown);
        return status;
    }
    status = decode(pictures, image, err);
    close_picture(pictures);
    return status < 0 ? status : keep(pictures, image, err);
}
