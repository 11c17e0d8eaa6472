/*
 * Pictures through the JPEG codec, for scripts.
 *
 *   jpeg_tool read FILE [SHRINK]            its pixels as PGM or PPM to the output
 *   jpeg_tool copy FILE OUT [QUALITY [rgb]] through the raw offer, or through RGB
 *   jpeg_tool time FILE OUT [QUALITY [rgb]] the same; says how long reading and writing took
 *
 * Exit 1 with a text for a picture that cannot be read or written.
 */
#include "pipeline/still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct fw_still_limits limits = { .max_pixels = 1ull << 28,
                                               .max_bytes = 1ull << 31,
                                               .max_frames = 1 };

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The first offer that shrinks so and is raw or not; without one, the first that shrinks so. */
static int pick(struct fw_still_reader *reader, uint32_t shrink, bool raw,
                struct fw_still_offer *offer_out, struct fw_error *err)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    uint32_t count = fw_still_reader_offers(reader, raw ? FW_STILL_JPEG : FW_STILL_PNM, offers);
    for (uint32_t i = 0; i < count; i++) {
        if (offers[i].shrink == shrink) {
            *offer_out = offers[i];
            return FW_OK;
        }
    }
    return fw_fail(err, FW_ERR_USAGE, "no such offer");
}

/* *block_out is to be freed. */
static int read_picture(struct fw_still_reader *reader, const struct fw_still_offer *offer,
                        struct fw_image *image, void **block_out, struct fw_error *err)
{
    struct fw_image_layout layout;
    const struct fw_video *video = &offer->video;
    int64_t delay = 0;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_INPUT, "no such size");
    *block_out = malloc(layout.bytes);
    if (!*block_out)
        return fw_fail(err, FW_ERR_MEMORY, "no memory");
    fw_image_map(image, &layout, video->format, video->width, video->height, *block_out);
    int status = fw_still_reader_begin(reader, offer, err);
    return status < 0 ? status : fw_still_reader_next(reader, image, &delay, err);
}

static int print_pnm(const struct fw_image *image)
{
    bool gray = image->format->component_count == 1;
    (void)printf("P%c\n%d %d\n255\n", gray ? '5' : '6', image->width, image->height);
    for (int32_t y = 0; y < image->height; y++)
        (void)fwrite(image->data[0] + (ptrdiff_t)y * image->stride[0], gray ? 1 : 3,
                     (size_t)image->width, stdout);
    return fflush(stdout) == 0 ? FW_OK : FW_ERR_OUTPUT;
}

static int write_picture(struct fw_still_reader *reader, const struct fw_still_offer *offer,
                         const struct fw_image *image, const char *name, uint32_t quality,
                         struct fw_error *err)
{
    struct fw_losses losses = { 0 };
    struct fw_still_sum sum;
    struct fw_still_writer *writer = NULL;
    struct fw_still_writing writing = { .wish = { .kind = FW_STILL_JPEG, .quality = quality },
                                        .video = offer->video,
                                        .source = fw_still_reader_head(reader),
                                        .notes = fw_still_reader_notes(reader),
                                        .frame_count = 1,
                                        .losses = &losses };
    writing.fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writing.fd < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "cannot create %s", name);
    int status = fw_still_writer_open(&writer, &writing, err);
    if (status == FW_OK)
        status = fw_still_writer_frame(writer, image, 0, err);
    if (status == FW_OK)
        status = fw_still_writer_finish(writer, &sum, err);
    fw_still_writer_close(writer);
    close(writing.fd);
    for (uint32_t i = 0; i < losses.count; i++)
        (void)fprintf(stderr, "%s: %s\n", losses.items[i].kind, losses.items[i].detail);
    fw_losses_deinit(&losses);
    return status;
}

static int work(struct fw_still_reader *reader, int count, char **words, struct fw_error *err)
{
    struct fw_still_offer offer;
    struct fw_image image;
    void *block = NULL;
    bool reads = strcmp(words[1], "read") == 0;
    uint32_t number = count > (reads ? 3 : 4) ? (uint32_t)atoi(words[reads ? 3 : 4]) : 0;
    bool raw = !reads && count <= 5;
    double start = now();
    int status = pick(reader, reads && number ? number : 1, raw, &offer, err);
    if (status == FW_OK)
        status = read_picture(reader, &offer, &image, &block, err);
    double middle = now();
    if (status == FW_OK && reads)
        status = print_pnm(&image);
    else if (status == FW_OK)
        status = write_picture(reader, &offer, &image, words[3], number, err);
    if (status == FW_OK && strcmp(words[1], "time") == 0)
        (void)printf("%s: read %.3f s, write %.3f s\n", offer.video.format->name, middle - start,
                     now() - middle);
    const struct fw_losses *losses = fw_still_reader_losses(reader);
    for (uint32_t i = 0; i < losses->count; i++)
        (void)fprintf(stderr, "%s: %s\n", losses->items[i].kind, losses->items[i].detail);
    free(block);
    return status;
}

int main(int count, char **words)
{
    struct fw_error err = { 0 };
    struct fw_still_reader *reader = NULL;
    if (count < 3 || (count < 4 && strcmp(words[1], "read") != 0)) {
        (void)fprintf(stderr, "jpeg_tool read FILE [SHRINK] | copy FILE OUT [QUALITY [rgb]]\n");
        return 2;
    }
    int fd = open(words[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)fprintf(stderr, "cannot open %s\n", words[2]);
        return 2;
    }
    int status = fw_still_reader_open(&reader, fd, &limits, &err);
    if (status == FW_OK)
        status = work(reader, count, words, &err);
    fw_still_reader_close(reader);
    close(fd);
    if (status < 0)
        (void)fprintf(stderr, "%s\n", err.text);
    return status < 0 ? 1 : 0;
}
