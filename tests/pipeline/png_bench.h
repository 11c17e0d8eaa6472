/* PNG files in memory for tests: made and expanded by libpng, read and written by the codec. */
#ifndef FW_TESTS_PIPELINE_PNG_BENCH_H
#define FW_TESTS_PIPELINE_PNG_BENCH_H

#include "pipeline/png_still.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <png.h>
#include <zlib.h>

static const struct fw_still_limits limits = { 1u << 28, 1u << 30, 10000, 0 };

/* ---- bytes -------------------------------------------------------------------------------- */

struct file {
    uint8_t *bytes;
    size_t count;
};

static uint32_t seed = 1;

static inline uint32_t next_random(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static inline void append(struct file *file, const void *bytes, size_t count)
{
    file->bytes = realloc(file->bytes, file->count + count + 1);
    cr_assert(file->bytes);
    memcpy(file->bytes + file->count, bytes, count);
    file->count += count;
}

static inline void append_chunk(struct file *file, const char *type, const void *bytes,
                                size_t count)
{
    uint8_t number[4];
    uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)type, 4);
    if (count > 0)
        crc = (uint32_t)crc32(crc, bytes, (uInt)count);
    fw_png_put32(number, (uint32_t)count);
    append(file, number, 4);
    append(file, type, 4);
    append(file, bytes, count);
    fw_png_put32(number, crc);
    append(file, number, 4);
}

static inline int fd_of(const struct file *file)
{
    int fd = memfd_create("png", MFD_CLOEXEC);
    cr_assert_eq(write(fd, file->bytes, file->count), (ssize_t)file->count);
    return fd;
}

static inline struct file file_of(int fd)
{
    struct file file = { 0 };
    file.count = (size_t)lseek(fd, 0, SEEK_END);
    file.bytes = malloc(file.count + 1);
    cr_assert_eq(pread(fd, file.bytes, file.count, 0), (ssize_t)file.count);
    return file;
}

/* The payload of the first chunk of a type; NULL. */
static inline const uint8_t *find_chunk(const struct file *file, const char *type,
                                        size_t *count_out)
{
    for (size_t at = 8; at + 12 <= file->count;) {
        size_t count = fw_png_get32(file->bytes + at);
        *count_out = count;
        if (memcmp(file->bytes + at + 4, type, 4) == 0)
            return file->bytes + at + 8;
        at += count + 12;
    }
    return NULL;
}

/* ---- libpng as the other side ------------------------------------------------------------- */

struct sample_picture {
    uint32_t width, height;
    int color_type, depth;
    bool interlaced, transparent;
};

static inline void on_bytes(png_structp png, png_bytep bytes, size_t count)
{
    append(png_get_io_ptr(png), bytes, count);
}

static inline void on_flush(png_structp png)
{
    (void)png;
}

static inline struct file make(const struct sample_picture *picture)
{
    struct file file = { 0 };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color colors[256];
    uint8_t alphas[256];
    png_color_16 key = { 1, 1, 1, 1, 1 };
    int palette = picture->depth < 8 ? 1 << picture->depth : 200;
    png_set_write_fn(png, &file, on_bytes, on_flush);
    png_set_IHDR(png, info, picture->width, picture->height, picture->depth, picture->color_type,
                 picture->interlaced, 0, 0);
    for (int i = 0; i < 256; i++) {
        colors[i] = (png_color){ (uint8_t)next_random(), (uint8_t)next_random(),
                                 (uint8_t)next_random() };
        alphas[i] = (uint8_t)next_random();
    }
    if (picture->color_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, colors, palette);
    if (picture->transparent)
        png_set_tRNS(png, info, alphas, palette - 1, &key);
    png_write_info(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    uint8_t **rows = malloc(picture->height * sizeof(*rows));
    for (uint32_t y = 0; y < picture->height; y++) {
        rows[y] = malloc(row_bytes);
        for (size_t i = 0; i < row_bytes; i++)
            rows[y][i] = (uint8_t)next_random();
        /* Values that meet the key, and indices that have a colour. */
        for (size_t i = 0; i < row_bytes && y % 2; i++)
            rows[y][i] = (uint8_t)(i % 2 || picture->depth < 16);
        for (size_t i = 0; i < row_bytes && picture->depth == 8 && picture->color_type == 3; i++)
            rows[y][i] = (uint8_t)(rows[y][i] % palette);
    }
    png_write_image(png, rows);
    png_write_end(png, NULL);
    for (uint32_t y = 0; y < picture->height; y++)
        free(rows[y]);
    free(rows);
    png_destroy_write_struct(&png, &info);
    return file;
}

struct other {
    const struct file *file;
    size_t at;
};

static inline void give(png_structp png, png_bytep bytes, size_t count)
{
    struct other *other = png_get_io_ptr(png);
    if (count > other->file->count - other->at)
        png_error(png, "end");
    memcpy(bytes, other->file->bytes + other->at, count);
    other->at += count;
}

static inline void on_other_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static inline void on_other_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

/* Pixels as libpng expands them, in this machine's order; NULL when it refuses. */
static inline uint8_t *expand(const struct file *file, size_t *row_bytes_out,
                              png_uint_32 *height_out)
{
    struct other other = { file, 0 };
    static uint8_t *pixels;
    static png_byte **rows;
    pixels = NULL;
    rows = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_other_error,
                                             on_other_warning);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png))) {
        free(pixels);
        free(rows);
        png_destroy_read_struct(&png, &info, NULL);
        return NULL;
    }
    png_set_read_fn(png, &other, give);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_swap(png);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
    *row_bytes_out = png_get_rowbytes(png, info);
    *height_out = png_get_image_height(png, info);
    pixels = calloc(*height_out, *row_bytes_out);
    rows = malloc(*height_out * sizeof(*rows));
    for (png_uint_32 y = 0; y < *height_out; y++)
        rows[y] = pixels + y * *row_bytes_out;
    png_read_image(png, rows);
    png_read_end(png, NULL);
    free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    return pixels;
}

/* ---- our side ----------------------------------------------------------------------------- */

struct read {
    struct fw_still_reader *reader;
    struct fw_still_offer offer;
    struct fw_image image;
    void *block;
    int fd;
    struct fw_error err;
};

/* Opens and begins with the first offer that is raw, or is not. */
static inline int read_open(struct read *read, const struct file *file, bool raw)
{
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX];
    struct fw_image_layout layout;
    memset(read, 0, sizeof(*read));
    read->fd = fd_of(file);
    int status = fw_still_reader_open(&read->reader, read->fd, &limits, &read->err);
    if (status < 0)
        return status;
    uint32_t count = fw_still_reader_offers(read->reader, FW_STILL_PNG, offers);
    read->offer = offers[!raw && count > 1 && offers[0].raw ? 1 : 0];
    const struct fw_video *video = &read->offer.video;
    cr_assert_eq(fw_image_layout(&layout, video->format, video->width, video->height), 0);
    read->block = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    fw_image_map(&read->image, &layout, video->format, video->width, video->height, read->block);
    return fw_still_reader_begin(read->reader, &read->offer, &read->err);
}

static inline int read_next(struct read *read, int64_t *delay_us)
{
    return fw_still_reader_next(read->reader, &read->image, delay_us, &read->err);
}

static inline void read_close(struct read *read)
{
    fw_still_reader_close(read->reader);
    free(read->block);
    (void)close(read->fd);
}

/* Whole read of a file of one picture. */
static inline int read_whole(struct read *read, const struct file *file, bool raw)
{
    int64_t delay = 0;
    int status = read_open(read, file, raw);
    if (status == FW_OK)
        status = read_next(read, &delay);
    if (status == FW_OK)
        cr_assert_eq(read_next(read, &delay), FW_END);
    return status;
}

static inline struct fw_still_writing writing_of(const struct read *read)
{
    return (struct fw_still_writing){ .wish = { .kind = FW_STILL_PNG },
                                      .video = read->offer.video,
                                      .source = fw_still_reader_head(read->reader),
                                      .notes = fw_still_reader_notes(read->reader),
                                      .frame_count = 1 };
}

static inline struct file write_images(struct fw_still_writing *writing,
                                       const struct fw_image *images, uint32_t count,
                                       int64_t delay_us)
{
    struct fw_error err = { 0 };
    struct fw_still_writer *writer = NULL;
    struct fw_still_sum sum = { 0 };
    writing->fd = memfd_create("png", MFD_CLOEXEC);
    cr_assert_eq(fw_still_writer_open(&writer, writing, &err), FW_OK, "%s", err.text);
    for (uint32_t i = 0; i < count; i++)
        cr_assert_eq(fw_still_writer_frame(writer, &images[i], delay_us, &err), FW_OK, "%s",
                     err.text);
    cr_assert_eq(fw_still_writer_finish(writer, &sum, &err), FW_OK, "%s", err.text);
    fw_still_writer_close(writer);
    struct file file = file_of(writing->fd);
    cr_assert_eq(sum.bytes, file.count);
    (void)close(writing->fd);
    return file;
}

static inline bool same_pixels(const struct fw_image *a, const struct fw_image *b)
{
    if (a->format != b->format || a->width != b->width || a->height != b->height)
        return false;
    for (uint32_t plane = 0; plane < a->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(a->format, plane, a->width);
        for (int32_t y = 0; y < fw_format_plane_height(a->format, plane, a->height); y++) {
            if (memcmp(a->data[plane] + y * a->stride[plane], b->data[plane] + y * b->stride[plane],
                       bytes) != 0)
                return false;
        }
    }
    return true;
}

static inline void expect_expanded(const struct read *read, const struct file *file,
                                   const char *what)
{
    size_t row_bytes = 0;
    png_uint_32 height = 0;
    uint8_t *pixels = expand(file, &row_bytes, &height);
    cr_assert(pixels, "%s", what);
    cr_assert_eq(fw_format_row_bytes(read->image.format, 0, read->image.width), row_bytes, "%s %s",
                 what, read->image.format->name);
    for (png_uint_32 y = 0; y < height; y++)
        cr_assert(memcmp(read->image.data[0] + (ptrdiff_t)y * read->image.stride[0],
                         pixels + y * row_bytes, row_bytes) == 0,
                  "%s, row %u", what, y);
    free(pixels);
}

/* All pictures of a file; every failure has a text. */
static inline int read_bytes(const uint8_t *bytes, size_t count)
{
    struct read read;
    struct file file = { (uint8_t *)(uintptr_t)bytes, count };
    int64_t delay = 0;
    int status = read_open(&read, &file, false);
    while (status == FW_OK)
        status = read_next(&read, &delay);
    cr_assert(status == FW_END || (status < 0 && read.err.text[0]));
    read_close(&read);
    return status;
}

#endif
