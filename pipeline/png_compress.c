/*
 * Pixels to compressed data in chunks. Pictures that fit are compressed at once. Big ones are cut
 * into strips, each compressed for itself, by several threads: the strips are the same for any
 * number of threads, and so are the bytes.
 */
#include "png_still.h"

#include "filters/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#define WHOLE_MAX ((uint64_t)16 << 20)
#define STRIP_BYTES ((size_t)8 << 20)
#define THREADS_MAX 64u
#define DATA_CHUNK_BYTES ((size_t)1 << 20)
#define ADLER_BYTES 4u
#define ZLIB_HEAD_BYTES 2u

/* ---- filtered rows ------------------------------------------------------------------------ */

/* Rows are counted through all passes. */
struct rows {
    const struct fw_png_writer *writer;
    const struct fw_image *image;
    uint32_t step; /* bytes to the pixel on the left; 0: no filter */
    uint8_t *spare[2];
    uint8_t *zeros;
};

/* The pass that a row lies in, and its number there. */
static uint64_t find_row(const struct fw_png_shape *shape, uint64_t index,
                         struct fw_png_pass *pass_out)
{
    for (uint32_t i = 0; i < fw_png_pass_count(shape); i++) {
        if (!fw_png_pass(shape, i, pass_out))
            continue;
        if (index < pass_out->height)
            return index;
        index -= pass_out->height;
    }
    FW_CHECK(index == 0);
    return UINT64_MAX;
}

static uint64_t count_rows(const struct fw_png_shape *shape)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < fw_png_pass_count(shape); i++) {
        struct fw_png_pass pass;
        if (fw_png_pass(shape, i, &pass))
            count += pass.height;
    }
    return count;
}

static size_t bytes_of_row(const struct fw_png_shape *shape, uint64_t index)
{
    struct fw_png_pass pass;
    (void)find_row(shape, index, &pass);
    return fw_png_row_bytes(shape, pass.width) + 1;
}

static int rows_init(struct rows *rows, const struct fw_png_writer *writer,
                     const struct fw_image *image, struct fw_error *err)
{
    const struct fw_png_shape *shape = &writer->shape;
    uint32_t bits = fw_png_pixel_bits(shape);
    size_t spare = fw_png_spare_bytes(shape->width) + (size_t)shape->width * 8;
    *rows = (struct rows){ .writer = writer, .image = image };
    /* Indices and packed bits have no neighbours that are like them. */
    if (bits >= 8 && shape->color_type != FW_PNG_PALETTE)
        rows->step = bits / 8;
    rows->spare[0] = malloc(spare);
    rows->spare[1] = malloc(spare);
    rows->zeros = calloc(1, fw_png_row_bytes(shape, shape->width));
    if (!rows->spare[0] || !rows->spare[1] || !rows->zeros)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    return FW_OK;
}

static void rows_deinit(struct rows *rows)
{
    free(rows->spare[0]);
    free(rows->spare[1]);
    free(rows->zeros);
}

static const uint8_t *get_row(const struct rows *rows, const struct fw_png_pass *pass, uint64_t y)
{
    const struct fw_png_shape *shape = &rows->writer->shape;
    uint8_t *spare = rows->spare[y & 1];
    uint32_t line = pass->y + (uint32_t)y * pass->dy;
    const uint8_t *row = fw_png_pack(rows->writer, rows->image, line, spare);
    if (pass->dx == 1)
        return row;
    uint8_t *picked = spare + fw_png_spare_bytes(shape->width);
    fw_png_pick(shape, pass, row, picked);
    return picked;
}

/* Rows [first, end) with their filter bytes; returns how many bytes they are. */
static size_t filter_rows(const struct rows *rows, uint64_t first, uint64_t end, uint8_t *out)
{
    const struct fw_png_shape *shape = &rows->writer->shape;
    const uint8_t *before = NULL;
    uint8_t *at = out;
    struct fw_png_pass pass;
    uint64_t y = find_row(shape, first, &pass);
    if (y > 0)
        before = get_row(rows, &pass, y - 1);
    for (uint64_t index = first; index < end; index++, y++) {
        if (y == pass.height)
            y = find_row(shape, index, &pass);
        size_t bytes = fw_png_row_bytes(shape, pass.width);
        const uint8_t *row = get_row(rows, &pass, y);
        fw_png_filter(at, row, y > 0 ? before : rows->zeros, bytes, rows->step);
        at += bytes + 1;
        before = row;
    }
    return (size_t)(at - out);
}

/* ---- chunks ------------------------------------------------------------------------------- */

int fw_png_put_chunk(struct fw_png_writer *writer, const char *type, const void *bytes,
                     size_t count, struct fw_error *err)
{
    struct fw_still_out *out = &writer->common.out;
    uint8_t head[8];
    uint8_t tail[4];
    if (count > FW_PNG_SIDE_MAX)
        return fw_fail(err, FW_ERR_OUTPUT, "a chunk %s of %zu bytes", type, count);
    fw_png_put32(head, (uint32_t)count);
    memcpy(head + 4, type, 4);
    fw_png_put32(tail, libdeflate_crc32(libdeflate_crc32(0, head + 4, 4), bytes, count));
    int status = fw_still_out_write(out, head, sizeof(head), err);
    if (status == FW_OK && count > 0)
        status = fw_still_out_write(out, bytes, count, err);
    if (status == FW_OK)
        status = fw_still_out_write(out, tail, sizeof(tail), err);
    return status;
}

/* Data behind an animation's first picture has a number before it: four bytes before `bytes` are
 * the caller's to give. */
static int put_data(struct fw_png_writer *writer, uint8_t *bytes, size_t count,
                    struct fw_error *err)
{
    bool first = writer->common.frames == 0;
    int status = FW_OK;
    for (size_t at = 0; at < count && status == FW_OK;) {
        size_t part = count - at < DATA_CHUNK_BYTES ? count - at : DATA_CHUNK_BYTES;
        if (first) {
            status = fw_png_put_chunk(writer, "IDAT", bytes + at, part, err);
        } else {
            fw_png_put32(bytes + at - 4, writer->sequence++);
            status = fw_png_put_chunk(writer, "fdAT", bytes + at - 4, part + 4, err);
        }
        at += part;
    }
    return status;
}

#define NUMBER_BYTES 4u

/* ---- at once ------------------------------------------------------------------------------ */

static int compress_whole(struct fw_png_writer *writer, const struct rows *rows, size_t raw_bytes,
                          struct fw_error *err)
{
    int status = FW_OK;
    size_t count = 0;
    uint8_t *raw = malloc(raw_bytes);
    uint8_t *packed = malloc(NUMBER_BYTES + fw_png_deflate_bound(raw_bytes));
    if (!raw || !packed) {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    } else {
        const struct fw_png_piece piece = { .raw = raw,
                                            .count = raw_bytes,
                                            .level = writer->level };
        (void)filter_rows(rows, 0, count_rows(&writer->shape), raw);
        status = fw_png_deflate(&piece, packed + NUMBER_BYTES, &count, err);
    }
    if (status == FW_OK)
        status = put_data(writer, packed + NUMBER_BYTES, count, err);
    free(packed);
    free(raw);
    return status;
}

/* ---- in strips ---------------------------------------------------------------------------- */

struct strip {
    const struct fw_png_writer *writer;
    const struct fw_image *image;
    uint64_t first, end; /* rows */
    bool last;
    uint8_t *packed; /* room for a number before and the sum behind */
    size_t packed_count;
    size_t raw_count;
    uint32_t adler;
    struct fw_error err;
    pthread_t thread;
    bool threaded;
};

static size_t bytes_of_rows(const struct fw_png_shape *shape, uint64_t first, uint64_t end)
{
    size_t bytes = 0;
    for (uint64_t i = first; i < end; i++)
        bytes += bytes_of_row(shape, i);
    return bytes;
}

/* 32 KiB window, default level; a multiple of 31. */
static const uint8_t zlib_head[ZLIB_HEAD_BYTES] = { 0x78, 0x9c };

static int deflate_strip(struct strip *strip, const uint8_t *raw)
{
    size_t head = strip->first == 0 ? ZLIB_HEAD_BYTES : 0;
    const struct fw_png_piece piece = { .raw = raw,
                                        .count = strip->raw_count,
                                        .level = strip->writer->level,
                                        .strip = true,
                                        .open = !strip->last };
    size_t count = 0;
    strip->packed = malloc(NUMBER_BYTES + head + fw_png_deflate_bound(piece.count) + ADLER_BYTES);
    if (!strip->packed)
        return fw_fail(&strip->err, FW_ERR_MEMORY, "no memory for a PNG");
    memcpy(strip->packed + NUMBER_BYTES, zlib_head, head);
    int status = fw_png_deflate(&piece, strip->packed + NUMBER_BYTES + head, &count, &strip->err);
    strip->packed_count = head + count;
    return status;
}

static void *run_strip(void *user)
{
    struct strip *strip = user;
    struct rows rows;
    strip->raw_count = bytes_of_rows(&strip->writer->shape, strip->first, strip->end);
    int status = rows_init(&rows, strip->writer, strip->image, &strip->err);
    uint8_t *raw = status == FW_OK ? malloc(strip->raw_count) : NULL;
    if (raw) {
        (void)filter_rows(&rows, strip->first, strip->end, raw);
        strip->adler = libdeflate_adler32(1, raw, strip->raw_count);
        (void)deflate_strip(strip, raw);
    } else {
        (void)fw_fail(&strip->err, FW_ERR_MEMORY, "no memory for a PNG");
    }
    free(raw);
    rows_deinit(&rows);
    return NULL;
}

/* The strips of one round: the last one here, the others in threads where there are some. */
static void run_round(struct strip *strips, uint32_t count)
{
    for (uint32_t i = 0; i + 1 < count; i++)
        strips[i].threaded = pthread_create(&strips[i].thread, NULL, run_strip, &strips[i]) == 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!strips[i].threaded)
            (void)run_strip(&strips[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (strips[i].threaded)
            (void)pthread_join(strips[i].thread, NULL);
    }
}

static int put_round(struct fw_png_writer *writer, struct strip *strips, uint32_t count,
                     uint32_t *adler, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < count; i++) {
        struct strip *strip = &strips[i];
        if (status == FW_OK && strip->err.status < 0)
            status = fw_fail(err, strip->err.status, "%s", strip->err.text);
        if (status == FW_OK) {
            *adler = (uint32_t)adler32_combine(*adler, strip->adler, (z_off_t)strip->raw_count);
            if (strip->last) {
                fw_png_put32(strip->packed + NUMBER_BYTES + strip->packed_count, *adler);
                strip->packed_count += ADLER_BYTES;
            }
            status = put_data(writer, strip->packed + NUMBER_BYTES, strip->packed_count, err);
        }
        free(strip->packed);
    }
    return status;
}

static uint64_t strip_end(const struct fw_png_shape *shape, uint64_t first, uint64_t rows)
{
    size_t bytes = 0;
    while (first < rows && bytes < STRIP_BYTES)
        bytes += bytes_of_row(shape, first++);
    return first;
}

static int compress_strips(struct fw_png_writer *writer, const struct fw_image *image,
                           struct fw_error *err)
{
    const struct fw_png_shape *shape = &writer->shape;
    uint32_t threads = writer->common.writing.wish.threads;
    uint64_t rows = count_rows(shape);
    uint32_t adler = 1;
    int status = FW_OK;
    threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    struct strip *strips = calloc(threads, sizeof(*strips));
    if (!strips)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    for (uint64_t next = 0; next < rows && status == FW_OK;) {
        uint32_t count = 0;
        memset(strips, 0, threads * sizeof(*strips));
        for (; count < threads && next < rows; count++) {
            strips[count].writer = writer;
            strips[count].image = image;
            strips[count].first = next;
            next = strip_end(shape, next, rows);
            strips[count].end = next;
            strips[count].last = next == rows;
        }
        run_round(strips, count);
        status = put_round(writer, strips, count, &adler, err);
    }
    free(strips);
    return status;
}

int fw_png_put_pixels(struct fw_png_writer *writer, const struct fw_image *image,
                      struct fw_error *err)
{
    uint64_t raw_bytes = fw_png_raw_bytes(&writer->shape);
    struct rows rows;
    if (raw_bytes > WHOLE_MAX)
        return compress_strips(writer, image, err);
    int status = rows_init(&rows, writer, image, err);
    if (status == FW_OK)
        status = compress_whole(writer, &rows, (size_t)raw_bytes, err);
    rows_deinit(&rows);
    return status;
}
