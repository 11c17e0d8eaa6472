/* Pictures for tests of picture files: drawn, written to memory, read back. */
#ifndef FW_TESTS_STILL_PICTURES_H
#define FW_TESTS_STILL_PICTURES_H

#include "pipeline/still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH 37
#define HEIGHT 19
#define FRAMES_MAX 8

static const struct fw_still_limits limits = { 1u << 20, 16u << 20, 100, 0 };

struct picture {
    struct fw_image image;
    void *base;
};

static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline struct picture make_picture(const char *format, int32_t width, int32_t height)
{
    struct picture picture = { 0 };
    struct fw_image_layout layout;
    const struct fw_format *found = fw_format_find(format);
    cr_assert_eq(fw_image_layout(&layout, found, width, height), 0);
    picture.base = calloc(1, layout.bytes);
    fw_image_map(&picture.image, &layout, found, width, height, picture.base);
    return picture;
}

static inline void fill_row(const struct fw_format *format, uint8_t *row, size_t bytes,
                            uint32_t *state)
{
    for (size_t i = 0; i < bytes; i++)
        row[i] = (uint8_t)(next_random(state) % 7 ? row[i ? i - 1 : 0] : next_random(state));
    for (size_t i = 0; (format->flags & FW_FORMAT_FLOAT) && i + 4 <= bytes; i += 4) {
        float value = (float)next_random(state) / 65536.0f - 20.0f;
        memcpy(row + i, &value, 4);
    }
}

/* Runs and noise; bits behind the last pixel are clear, floats are numbers. */
static inline struct picture draw(const char *format, uint32_t seed)
{
    struct picture picture = make_picture(format, WIDTH, HEIGHT);
    const struct fw_format *found = picture.image.format;
    uint32_t state = seed;
    for (uint32_t plane = 0; plane < found->plane_count; plane++) {
        const size_t bytes = fw_format_row_bytes(found, plane, WIDTH);
        const int32_t rows = fw_format_plane_height(found, plane, HEIGHT);
        for (int32_t y = 0; y < rows; y++)
            fill_row(found, picture.image.data[plane] + y * picture.image.stride[plane], bytes,
                     &state);
    }
    for (int32_t y = 0; (found->flags & FW_FORMAT_BITSTREAM) && y < HEIGHT; y++)
        picture.image.data[0][y * picture.image.stride[0] + WIDTH / 8] &= 0xf8;
    for (uint32_t i = 0; (found->flags & FW_FORMAT_PALETTE) && i < 256; i++)
        picture.image.data[1][4 * i + 3] = 0xff;
    return picture;
}

static inline bool equal(const struct fw_image *a, const struct fw_image *b)
{
    if (a->format != b->format || a->width != b->width || a->height != b->height)
        return false;
    for (uint32_t plane = 0; plane < a->format->plane_count; plane++) {
        const size_t bytes = fw_format_row_bytes(a->format, plane, a->width);
        const int32_t rows = fw_format_plane_height(a->format, plane, a->height);
        for (int32_t y = 0; y < rows; y++) {
            if (memcmp(a->data[plane] + y * a->stride[plane], b->data[plane] + y * b->stride[plane],
                       bytes) != 0)
                return false;
        }
    }
    return true;
}

struct written {
    int fd;
    struct fw_losses losses;
    struct fw_still_sum sum;
};

static inline int write_all(struct written *to, const struct fw_still_writing *like,
                            const struct picture *pictures, const int64_t *delays, uint32_t count)
{
    struct fw_error err = { 0 };
    struct fw_still_writer *writer = NULL;
    struct fw_still_writing writing = *like;
    *to = (struct written){ .fd = memfd_create("still", MFD_CLOEXEC) };
    writing.fd = to->fd;
    writing.losses = &to->losses;
    writing.frame_count = count;
    writing.video.format = pictures[0].image.format;
    writing.video.width = pictures[0].image.width;
    writing.video.height = pictures[0].image.height;
    int status = fw_still_writer_open(&writer, &writing, &err);
    for (uint32_t i = 0; i < count && status == FW_OK; i++)
        status = fw_still_writer_frame(writer, &pictures[i].image, delays ? delays[i] : 0, &err);
    if (status == FW_OK)
        status = fw_still_writer_finish(writer, &to->sum, &err);
    fw_still_writer_close(writer);
    cr_assert_eq(status, FW_OK, "%s", err.text);
    return to->fd;
}

static inline void close_written(struct written *written)
{
    (void)close(written->fd);
    fw_losses_deinit(&written->losses);
}

struct read {
    int status;
    struct fw_error err;
    struct fw_still_reader *reader;
    struct picture pictures[FRAMES_MAX];
    int64_t delays[FRAMES_MAX];
    uint32_t count;
};

/* `format` NULL: the first offer. */
static inline void read_all(struct read *in, int fd, enum fw_still_kind target, const char *format)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    uint32_t chosen = 0;
    memset(in, 0, sizeof(*in));
    in->status = fw_still_reader_open(&in->reader, fd, &limits, &in->err);
    if (in->status < 0)
        return;
    uint32_t count = fw_still_reader_offers(in->reader, target, offers);
    for (uint32_t i = 0; i < count && format; i++)
        chosen = strcmp(offers[i].video.format->name, format) == 0 ? i : chosen;
    in->status = fw_still_reader_begin(in->reader, &offers[chosen], &in->err);
    const struct fw_video *video = &offers[chosen].video;
    while (in->status == FW_OK && in->count < FRAMES_MAX) {
        struct picture *to = &in->pictures[in->count];
        *to = make_picture(video->format->name, video->width, video->height);
        in->status = fw_still_reader_next(in->reader, &to->image, &in->delays[in->count], &in->err);
        if (in->status == FW_OK)
            in->count++;
        else
            free(to->base);
    }
}

static inline void close_read(struct read *in)
{
    for (uint32_t i = 0; i < in->count; i++)
        free(in->pictures[i].base);
    fw_still_reader_close(in->reader);
}

#endif
