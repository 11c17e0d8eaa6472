/*
 * Picture files of any kind: an input is a file. Reading gives whole pictures or a message; what
 * was read can be written as a PNG with all its notes.
 */
#include "pipeline/still.h"

#include "filters/check.h"
#include "filters/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES_MAX 6
#define PIXELS_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last picture that was read, written with what the file says beside its pixels. */
static void write_picture(const struct fw_still_reader *reader, const struct fw_image *image,
                          const struct fw_video *video, enum fw_still_kind kind)
{
    struct fw_still_writer *writer = NULL;
    struct fw_losses losses = { 0 };
    struct fw_error err = { 0 };
    struct fw_still_sum sum;
    const struct fw_still_wish wish = { .kind = kind };
    const struct fw_still_head *head = fw_still_reader_head(reader);
    struct fw_still_head still = *head;
    int fd = memfd_create("out", MFD_CLOEXEC);
    FW_CHECK(fd >= 0);
    still.frame_count = 1;
    if (fw_still_fit(&wish, video, &still, &losses) == video->format) {
        const struct fw_still_writing writing = { .fd = fd,
                                                  .wish = wish,
                                                  .video = *video,
                                                  .source = &still,
                                                  .notes = fw_still_reader_notes(reader),
                                                  .upright = true,
                                                  .resized = true,
                                                  .frame_count = 1,
                                                  .losses = &losses };
        int status = fw_still_writer_open(&writer, &writing, &err);
        if (status == FW_OK)
            status = fw_still_writer_frame(writer, image, 0, &err);
        if (status == FW_OK)
            status = fw_still_writer_finish(writer, &sum, &err);
        FW_CHECK(status == FW_OK || err.text[0]);
        FW_CHECK(status < 0 || sum.bytes == (uint64_t)lseek(fd, 0, SEEK_END));
        fw_still_writer_close(writer);
    }
    fw_losses_deinit(&losses);
    (void)close(fd);
}

static void read_offer(struct fw_still_reader *reader, const struct fw_still_offer *offer)
{
    struct fw_error err = { 0 };
    struct fw_image_layout layout;
    struct fw_image image;
    int64_t delay_us = 0;
    const struct fw_video *video = &offer->video;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    FW_CHECK(block);
    memset(block, 0x5a, layout.bytes);
    fw_image_map(&image, &layout, video->format, video->width, video->height, block);
    int status = fw_still_reader_begin(reader, offer, &err);
    for (int i = 0; i < FRAMES_MAX && status == FW_OK; i++) {
        status = fw_still_reader_next(reader, &image, &delay_us, &err);
        FW_CHECK(delay_us >= 0);
        if (status == FW_OK && i == 0)
            write_picture(reader, &image, video, FW_STILL_PNG);
        if (status == FW_OK && i == 0)
            write_picture(reader, &image, video, FW_STILL_JPEG);
    }
    FW_CHECK(status == FW_OK || status == FW_END || (err.status == status && err.text[0]));
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fw_still_limits limits = { PIXELS_MAX, 4 * PIXELS_MAX, FRAMES_MAX, 0 };
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_still_reader *reader = NULL;
    struct fw_error err = { 0 };
    int fd = memfd_create("in", MFD_CLOEXEC);
    FW_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    int status = fw_still_reader_open(&reader, fd, &limits, &err);
    FW_CHECK(status == FW_OK || (err.status == status && err.text[0] && !reader));
    if (status == FW_OK) {
        uint32_t count = fw_still_reader_offers(reader, FW_STILL_PNG, offers);
        read_offer(reader, &offers[size > 0 ? data[size - 1] % count : 0]);
        fw_still_reader_close(reader);
    }
    (void)close(fd);
    return 0;
}
