/*
 * Numbered pictures: a file for each frame, written through the still codecs. The files come, open
 * and without a final name, from the process that keeps them (keeper.h). A single picture is the
 * output's own file.
 */
#include "sink_pictures.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/mathematics.h>

#include "control.h"
#include "file_wire.h"
#include "publish_path.h"
#include "sink_impl.h"

#define THREADS_MAX 8

struct pictures {
    struct fw_still_wish wish;
    struct fw_notes notes; /* the aspect of the pixels */
    bool told;             /* losses of the first picture, which are those of all */
    uint64_t off_grid;
    uint8_t *read; /* --verify decode: a picture that was read back */
    size_t read_room;
    uint64_t verified;
};

/* As FFmpeg writes it: a ratio without a unit. */
static int note_aspect(struct fw_notes *notes, struct fw_rational aspect, struct fw_error *err)
{
    const struct fw_density density = { .x = (uint32_t)aspect.num, .y = (uint32_t)aspect.den };
    if (aspect.num <= 0 || aspect.den <= 0 || aspect.num == aspect.den)
        return FW_OK;
    return fw_notes_add(notes, FW_NOTE_DENSITY, "aspect", 0, NULL, 0, &density, sizeof(density),
                        err);
}

static int pictures_open(struct fw_sink *sink, struct fw_error *err)
{
    cpu_set_t set;
    struct pictures *pictures = calloc(1, sizeof(*pictures));
    sink->state = pictures;
    if (!pictures)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the output");
    if (sink->target.single && !sink->options.seekable)
        return fw_fail(err, FW_ERR_OUTPUT, "a picture needs a file, not a pipe or a device");
    fw_pictures_wish(sink->options.settings, sink->target.still, &pictures->wish);
    fw_still_keep_chroma(&pictures->wish,
                         sink->options.given ? sink->options.given : sink->video.format);
    /* The bytes are the same for any number. */
    int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    pictures->wish.threads = (uint32_t)(cores < THREADS_MAX ? cores : THREADS_MAX);
    return note_aspect(&pictures->notes, sink->video.sample_aspect, err);
}

static int fail_second(const struct fw_sink *sink, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    const char *name = fw_path_name(sink->options.settings->output);
    const char *dot = strrchr(name, '.');
    (void)fw_path_shown(name, shown, sizeof(shown));
    /* A stem that is shown otherwise than it is would be no name to copy. */
    bool plain = dot && strcmp(shown, name) == 0 && !strchr(name, '%') && !strchr(name, '{');
    return fw_fail(err, FW_ERR_OUTPUT,
                   "%s: one name holds one picture, and a second frame came\n"
                   "hint: -frames:v 1, or a pattern such as %.*s-%%05d%s",
                   shown, plain ? (int)(dot - name) : 5, plain ? name : "thumb",
                   dot ? dot : ".png");
}

static int make_file(struct fw_sink *sink, int *fd_out, struct fw_error *err)
{
    const struct fw_file_ask ask = { .kind = FW_FILE_MAKE, .number = sink->stats.packets };
    struct fw_file_answer answer;
    int status = fw_file_ask(sink->options.fd, &ask, &answer, fd_out, err);
    if (status == FW_OK && answer.err.status < 0)
        status = fw_fail(err, answer.err.status, "%s", answer.err.text);
    if (status == FW_OK && *fd_out < 0)
        status = fw_fail(err, FW_ERR_INTERNAL, "a file came without its descriptor");
    return status;
}

/* --verify decode. */
static int read_back(struct fw_sink *sink, int fd, struct fw_error *err)
{
    const struct fw_still_limits limits = { UINT64_MAX, UINT64_MAX, UINT32_MAX, 0 };
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct pictures *pictures = sink->state;
    struct fw_still_reader *reader = NULL;
    struct fw_image_layout layout;
    struct fw_image image;
    int64_t delay_us = 0;
    int status = fw_still_reader_open(&reader, fd, &limits, err);
    if (status == FW_OK) {
        (void)fw_still_reader_offers(reader, sink->target.still, offers);
        const struct fw_video *video = &offers[0].video;
        if (video->width != sink->video.width || video->height != sink->video.height ||
            fw_image_layout(&layout, video->format, video->width, video->height) < 0)
            status = fw_fail(err, FW_ERR_VERIFY, "picture %llu has another size",
                             (unsigned long long)sink->stats.packets);
    }
    if (status == FW_OK && pictures->read_room < layout.bytes) {
        free(pictures->read);
        pictures->read = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
        pictures->read_room = pictures->read ? layout.bytes : 0;
    }
    if (status == FW_OK && !pictures->read)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory to read a picture back");
    if (status == FW_OK)
        status = fw_still_reader_begin(reader, &offers[0], err);
    if (status == FW_OK) {
        const struct fw_video *video = &offers[0].video;
        fw_image_map(&image, &layout, video->format, video->width, video->height, pictures->read);
        status = fw_still_reader_next(reader, &image, &delay_us, err);
    }
    fw_still_reader_close(reader);
    pictures->verified += status == FW_OK;
    if (status != FW_ERR_INPUT)
        return status;
    err->status = FW_ERR_VERIFY;
    fw_error_prefix(err, "picture %llu, read back", (unsigned long long)sink->stats.packets);
    return FW_ERR_VERIFY;
}

static int write_picture(struct fw_sink *sink, int fd, const struct fw_image *image,
                         struct fw_error *err)
{
    struct pictures *pictures = sink->state;
    struct fw_still_writer *writer = NULL;
    struct fw_still_sum sum = { 0 };
    const struct fw_still_writing writing = { .fd = fd,
                                              .wish = pictures->wish,
                                              .video = sink->video,
                                              .frame_count = 1,
                                              .notes = &pictures->notes,
                                              .losses = pictures->told ? NULL : &sink->losses };
    int status = fw_still_writer_open(&writer, &writing, err);
    if (status == FW_OK)
        status = fw_still_writer_frame(writer, image, 0, err);
    if (status == FW_OK)
        status = fw_still_writer_finish(writer, &sum, err);
    fw_still_writer_close(writer);
    pictures->told = true;
    sink->output.bytes += sum.bytes;
    if (status == FW_OK && sink->options.settings->verify == FW_VERIFY_DECODE)
        status = read_back(sink, fd, err);
    return status;
}

/* Numbers have no times: one that is not the count's is lost. */
static void watch_time(struct fw_sink *sink, int64_t pts)
{
    struct pictures *pictures = sink->state;
    const struct fw_video *video = &sink->video;
    AVRational base = { video->time_base.num, video->time_base.den };
    AVRational tick = { video->frame_rate.den, video->frame_rate.num };
    bool known = video->frame_rate.num > 0 && video->frame_rate.den > 0;
    if (!known || av_rescale_q(pts, base, tick) != (int64_t)sink->stats.frames)
        pictures->off_grid++;
}

static int write_single(struct fw_sink *sink, const struct fw_image *image, struct fw_error *err)
{
    int status = write_picture(sink, sink->options.fd, image, err);
    if (status == FW_OK)
        fw_sink_count_packet(sink);
    return status;
}

static int pictures_frame(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                          const void *blob, struct fw_error *err)
{
    (void)blob;
    struct fw_image_layout layout;
    struct fw_image image;
    int fd = -1;
    if (fw_image_layout(&layout, sink->video.format, info->width, info->height) < 0)
        return fw_fail(err, FW_ERR_INTERNAL, "a frame that cannot be");
    /* Only read through. */
    fw_image_map(&image, &layout, sink->video.format, info->width, info->height,
                 (void *)(uintptr_t)base);
    if (sink->target.single && sink->stats.packets > 0)
        return fail_second(sink, err);
    if (sink->target.single)
        return write_single(sink, &image, err);
    int status = make_file(sink, &fd, err);
    if (status == FW_OK)
        status = write_picture(sink, fd, &image, err);
    if (fd >= 0 && close(fd) < 0 && status == FW_OK)
        status = fw_fail(err, FW_ERR_OUTPUT, "cannot finish a picture");
    if (status < 0)
        return status;
    watch_time(sink, info->pts);
    fw_sink_count_packet(sink);
    return FW_OK;
}

static int pictures_commit(struct fw_sink *sink, struct fw_error *err)
{
    const struct pictures *pictures = sink->state;
    if (sink->target.single && sink->stats.packets == 0)
        return fw_fail(err, FW_ERR_INPUT, "no frame came, so there is no picture");
    fw_sink_side_tell(sink, NULL, NULL);
    if (pictures->off_grid)
        fw_losses_add(&sink->losses, "timestamps",
                      sink->options.media ? sink->options.media->video : -1,
                      "pictures have no time stamps: %llu frames stand elsewhere than at a fixed "
                      "rate",
                      (unsigned long long)pictures->off_grid);
    return FW_OK;
}

/* Every file's size was compared when it was finished; that there is one for each frame is seen
 * when they get their names. */
static int pictures_verify(struct fw_sink *sink, char what[32], struct fw_error *err)
{
    const struct pictures *pictures = sink->state;
    bool decoded = sink->options.settings->verify == FW_VERIFY_DECODE;
    uint64_t count = decoded ? pictures->verified : sink->stats.packets;
    if (count != sink->stats.frames)
        return fw_fail(err, FW_ERR_VERIFY, "%llu frames came, and %llu pictures were written",
                       (unsigned long long)sink->stats.frames, (unsigned long long)count);
    (void)snprintf(what, 32, decoded ? "decode" : "count");
    return FW_OK;
}

static void pictures_close(struct fw_sink *sink)
{
    struct pictures *pictures = sink->state;
    fw_notes_deinit(&pictures->notes);
    free(pictures->read);
    free(pictures);
}

const struct fw_sink_kind fw_sink_pictures = {
    .open = pictures_open,
    .frame = pictures_frame,
    .commit = pictures_commit,
    .verify = pictures_verify,
    .close = pictures_close,
};
