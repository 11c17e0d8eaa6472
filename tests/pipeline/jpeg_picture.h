/* Pictures, files in memory and readers for the tests of JPEG. */
#ifndef FW_TESTS_JPEG_PICTURE_H
#define FW_TESTS_JPEG_PICTURE_H

#include "pipeline/still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct fw_still_limits roomy = { .max_pixels = 1u << 26,
                                              .max_bytes = 1u << 28,
                                              .max_frames = 1 };

struct picture {
    struct fw_video video;
    struct fw_image image;
    void *block;
};

static inline void picture_init(struct picture *picture, const struct fw_format *format,
                                int32_t width, int32_t height)
{
    struct fw_image_layout layout;
    memset(picture, 0, sizeof(*picture));
    picture->video = (struct fw_video){
        .format = format, .width = width, .height = height, .color = { .range = 2, .matrix = 5 }
    };
    cr_assert_eq(fw_image_layout(&layout, format, width, height), 0);
    picture->block = malloc(layout.bytes);
    memset(picture->block, 0xa5, layout.bytes);
    fw_image_map(&picture->image, &layout, format, width, height, picture->block);
}

/* Slopes and a little noise, far from black and white: what JPEG keeps nearly as it is. */
static inline void paint(struct picture *picture)
{
    const struct fw_image *image = &picture->image;
    uint32_t state = 7;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        size_t step = bytes / (size_t)fw_format_plane_width(image->format, plane, image->width);
        for (int32_t y = 0; y < rows; y++) {
            for (size_t i = 0; i < bytes; i++) {
                state = state * 1664525u + 1013904223u;
                image->data[plane][y * image->stride[plane] + (ptrdiff_t)i] =
                    (uint8_t)(90 + (i / step + 2 * (size_t)y + 20 * plane + 9 * (i % step)) % 60 +
                              (state >> 30));
            }
        }
    }
}

/* The largest difference of a sample. */
static inline int distance(const struct fw_image *a, const struct fw_image *b)
{
    int most = 0;
    cr_assert_eq(a->format, b->format);
    for (uint32_t plane = 0; plane < a->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(a->format, plane, a->width);
        int32_t rows = fw_format_plane_height(a->format, plane, a->height);
        for (int32_t y = 0; y < rows; y++) {
            for (size_t i = 0; i < bytes; i++) {
                int off = a->data[plane][y * a->stride[plane] + (ptrdiff_t)i] -
                          b->data[plane][y * b->stride[plane] + (ptrdiff_t)i];
                most = abs(off) > most ? abs(off) : most;
            }
        }
    }
    return most;
}

/* A file in memory. The caller sets what is special; fd and video are filled in. */
static inline int write_file(struct fw_still_writing *writing, const struct picture *picture)
{
    struct fw_error err = { 0 };
    struct fw_still_writer *writer = NULL;
    struct fw_still_sum sum;
    writing->wish.kind = FW_STILL_JPEG;
    writing->video = picture->video;
    writing->frame_count = 1;
    writing->fd = memfd_create("jpeg", MFD_CLOEXEC);
    cr_assert_eq(fw_still_writer_open(&writer, writing, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_still_writer_frame(writer, &picture->image, 0, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_still_writer_finish(writer, &sum, &err), FW_OK, "%s", err.text);
    fw_still_writer_close(writer);
    return writing->fd;
}

static inline struct fw_still_reader *open_file(int fd)
{
    struct fw_error err = { 0 };
    struct fw_still_reader *reader = NULL;
    cr_assert_eq(fw_still_reader_open(&reader, fd, &roomy, &err), FW_OK, "%s", err.text);
    return reader;
}

static inline bool find_offer(struct fw_still_reader *reader, uint32_t shrink, bool raw,
                              struct fw_still_offer *offer_out)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    uint32_t count = fw_still_reader_offers(reader, FW_STILL_JPEG, offers);
    for (uint32_t i = 0; i < count; i++) {
        *offer_out = offers[i];
        if (offers[i].shrink == shrink && offers[i].raw == raw)
            return true;
    }
    return false;
}

static inline void read_offer(struct fw_still_reader *reader, const struct fw_still_offer *offer,
                              struct picture *picture)
{
    struct fw_error err = { 0 };
    int64_t delay = 1;
    picture_init(picture, offer->video.format, offer->video.width, offer->video.height);
    cr_assert_eq(fw_still_reader_begin(reader, offer, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_still_reader_next(reader, &picture->image, &delay, &err), FW_OK, "%s",
                 err.text);
    cr_assert_eq(delay, 0);
    cr_assert_eq(fw_still_reader_next(reader, &picture->image, &delay, &err), FW_END);
}

#endif
