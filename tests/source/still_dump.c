/* What a picture file holds, for a script to compare:
 *   still_dump pixels FILE        raw pixels of all pictures to stdout, what they are to stderr
 *   still_dump copy FILE OUT      the same pictures and notes as another file, kind by its name */
#include "pipeline/still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dump {
    struct fw_still_reader *reader;
    struct fw_still_offer offer;
    struct fw_image image;
    void *base;
    struct fw_still_writer *writer;
    struct fw_losses losses;
    struct fw_error err;
};

static void show(const struct fw_losses *losses)
{
    for (uint32_t i = 0; i < losses->count; i++)
        fprintf(stderr, "loss %s: %s\n", losses->items[i].kind, losses->items[i].detail);
}

static void put_raw(const struct fw_image *image)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        const size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        const int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++)
            (void)fwrite(image->data[plane] + y * image->stride[plane], 1, bytes, stdout);
    }
}

/* The best offer that the writer takes as it is. */
static int open_writer(struct dump *dump, const char *name)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    const struct fw_still_head *head = fw_still_reader_head(dump->reader);
    struct fw_still_writing writing = { .wish = { .kind = fw_still_kind_of_name(name),
                                                  .lossless = 1 },
                                        .source = head,
                                        .notes = fw_still_reader_notes(dump->reader),
                                        .frame_count = head->frame_count,
                                        .loop_count = head->loop_count,
                                        .losses = &dump->losses };
    const uint32_t count = fw_still_reader_offers(dump->reader, writing.wish.kind, offers);
    for (uint32_t i = 0; i < count; i++) {
        if (fw_still_fit(&writing.wish, &offers[i].video, head, NULL) != offers[i].video.format)
            continue;
        dump->offer = offers[i];
        writing.video = offers[i].video;
        writing.fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        return fw_still_writer_open(&dump->writer, &writing, &dump->err);
    }
    return fw_fail(&dump->err, FW_ERR_USAGE, "%s is not taken as it is",
                   offers[0].video.format->name);
}

static int begin(struct dump *dump)
{
    struct fw_image_layout layout;
    const struct fw_video *video = &dump->offer.video;
    int status = fw_still_reader_begin(dump->reader, &dump->offer, &dump->err);
    if (status < 0)
        return status;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(&dump->err, FW_ERR_INPUT, "too large");
    dump->base = calloc(1, layout.bytes);
    fw_image_map(&dump->image, &layout, video->format, video->width, video->height, dump->base);
    return FW_OK;
}

static int pass_on(struct dump *dump)
{
    int64_t delay_us = 0;
    int status = fw_still_reader_next(dump->reader, &dump->image, &delay_us, &dump->err);
    while (status == FW_OK) {
        fprintf(stderr, "delay %lld\n", (long long)delay_us);
        if (dump->writer)
            status = fw_still_writer_frame(dump->writer, &dump->image, delay_us, &dump->err);
        else
            put_raw(&dump->image);
        if (status == FW_OK)
            status = fw_still_reader_next(dump->reader, &dump->image, &delay_us, &dump->err);
    }
    return status == FW_END ? FW_OK : status;
}

static int run(struct dump *dump, const char *file, const char *out)
{
    const struct fw_still_limits limits = { 64u << 20, (uint64_t)1 << 30, 1000, 0 };
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_still_sum sum;
    int status = fw_still_reader_open(&dump->reader, open(file, O_RDONLY | O_CLOEXEC), &limits,
                                      &dump->err);
    if (status < 0)
        return status;
    const struct fw_still_head *head = fw_still_reader_head(dump->reader);
    (void)fw_still_reader_offers(dump->reader, FW_STILL_NONE, offers);
    dump->offer = offers[0];
    if (out)
        status = open_writer(dump, out);
    if (status == FW_OK)
        status = begin(dump);
    if (status < 0)
        return status;
    fprintf(stderr, "picture %s %d %d %s %u %u %u %s\n", fw_still_kind_name(head->kind),
            head->width, head->height, dump->offer.video.format->name, head->frame_count,
            head->loop_count, head->orientation, head->layout);
    status = pass_on(dump);
    show(fw_still_reader_losses(dump->reader));
    if (status == FW_OK && dump->writer)
        status = fw_still_writer_finish(dump->writer, &sum, &dump->err);
    show(&dump->losses);
    return status;
}

int main(int argc, char **argv)
{
    struct dump dump = { 0 };
    if (argc < 3)
        return 2;
    int status = run(&dump, argv[2], argc > 3 ? argv[3] : NULL);
    if (status < 0)
        fprintf(stderr, "error %s\n", dump.err.text);
    fw_still_writer_close(dump.writer);
    fw_still_reader_close(dump.reader);
    fw_losses_deinit(&dump.losses);
    free(dump.base);
    return status < 0;
}
