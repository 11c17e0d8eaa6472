/*
 * Pixels through libpng. It is given a small file made of IHDR, the palette and the data's chunks
 * alone, so that it sees nothing but pixels; rows come out as they are stored. An animation's
 * picture is such a file too. Check sums of the data are compared here.
 */
#include "png_still.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <png.h>

#define WINDOW_BYTES ((size_t)64 << 10)
#define FRONT_BYTES (8 + 25 + 12 + 768)

/* What libpng reads. */
struct feed {
    const struct fw_png_reader *reader;
    const struct fw_png_picture *picture;
    uint8_t front[FRONT_BYTES]; /* small things that come next: head, chunk heads, check sums */
    size_t front_at, front_end;
    struct fw_png_extent extent; /* the rest of the chunk that is being given */
    uint32_t crc;
    uint64_t next; /* chunk */
    bool at_end;
    uint8_t *window;
    size_t window_at, window_end;
    uint8_t *row;
    uint8_t *all; /* of interlaced pictures: every row */
    uint8_t *spare;
    bool damaged;
    struct fw_error *err;
};

static void put_front(struct feed *feed, const void *bytes, size_t count)
{
    memcpy(feed->front + feed->front_end, bytes, count);
    feed->front_end += count;
}

/* libpng is told to believe every check sum. */
static void put_front_chunk(struct feed *feed, const char *type, const void *bytes, uint32_t count)
{
    uint8_t head[8];
    static const uint8_t no_crc[4];
    fw_png_put32(head, count);
    memcpy(head + 4, type, 4);
    put_front(feed, head, sizeof(head));
    put_front(feed, bytes, count);
    put_front(feed, no_crc, sizeof(no_crc));
}

static void fill_front(struct feed *feed)
{
    static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    const struct fw_png_shape *shape = &feed->reader->shape;
    const struct fw_still_traits *traits = &feed->reader->common.head.traits;
    uint8_t bytes[768] = { 0 };
    put_front(feed, signature, sizeof(signature));
    fw_png_put32(bytes, feed->picture->width);
    fw_png_put32(bytes + 4, feed->picture->height);
    bytes[8] = shape->depth;
    bytes[9] = shape->color_type;
    bytes[12] = shape->interlaced;
    put_front_chunk(feed, "IHDR", bytes, 13);
    if (shape->color_type != FW_PNG_PALETTE)
        return;
    for (uint32_t i = 0; i < traits->palette_count; i++)
        memcpy(bytes + (size_t)3 * i, traits->palette[i], 3);
    put_front_chunk(feed, "PLTE", bytes, traits->palette_count * 3u);
}

/* More of the data's chunk into the window. */
static int fill_window(struct feed *feed)
{
    size_t count = feed->extent.count < WINDOW_BYTES ? feed->extent.count : WINDOW_BYTES;
    int status = fw_still_read_at(&feed->reader->common, feed->extent.at, feed->window, count,
                                  feed->err);
    if (status < 0)
        return status;
    feed->crc = libdeflate_crc32(feed->crc, feed->window, count);
    feed->extent.at += count;
    feed->extent.count -= (uint32_t)count;
    feed->window_at = 0;
    feed->window_end = count;
    if (feed->extent.count == 0 && feed->crc != feed->extent.crc)
        return fw_fail(feed->err, FW_ERR_INPUT, "wrong check sum of the picture's data");
    return FW_OK;
}

/* The head of the next chunk, or the end, in front. */
static int fill_chunk(struct feed *feed)
{
    uint8_t head[8] = { 0, 0, 0, 0, 'I', 'D', 'A', 'T' };
    static const uint8_t no_crc[4];
    feed->front_at = 0;
    feed->front_end = 0;
    if (feed->at_end)
        return fw_fail(feed->err, FW_ERR_INPUT, "the picture's data ends early");
    if (feed->extent.lead_count > 0)
        put_front(feed, no_crc, sizeof(no_crc));
    int status = fw_png_next_extent(feed->reader, feed->picture, &feed->next, &feed->extent,
                                    feed->err);
    if (status < 0)
        return status;
    if (status == FW_END) {
        feed->at_end = true;
        put_front_chunk(feed, "IEND", "", 0);
        return FW_OK;
    }
    feed->crc = libdeflate_crc32(0, feed->extent.lead, feed->extent.lead_count);
    if (feed->extent.count == 0 && feed->crc != feed->extent.crc)
        return fw_fail(feed->err, FW_ERR_INPUT, "wrong check sum of the picture's data");
    fw_png_put32(head, feed->extent.count);
    put_front(feed, head, sizeof(head));
    return FW_OK;
}

static void on_read(png_structp png, png_bytep bytes, size_t count)
{
    struct feed *feed = png_get_io_ptr(png);
    while (count > 0) {
        bool small = feed->front_at < feed->front_end;
        const uint8_t *from = small ? feed->front + feed->front_at : feed->window + feed->window_at;
        size_t *at = small ? &feed->front_at : &feed->window_at;
        size_t there = (small ? feed->front_end : feed->window_end) - *at;
        size_t part = there < count ? there : count;
        memcpy(bytes, from, part);
        *at += part;
        bytes += part;
        count -= part;
        if (part > 0)
            continue;
        if ((feed->extent.count > 0 ? fill_window(feed) : fill_chunk(feed)) < 0)
            png_error(png, "damaged");
    }
}

static void on_error(png_structp png, png_const_charp text)
{
    struct feed *feed = png_get_error_ptr(png);
    (void)fw_fail(feed->err, FW_ERR_INPUT, "damaged data: %s", text);
    png_longjmp(png, 1);
}

/* libpng only warns of wrong check sums behind the last row. What is harmless: more data than
 * pixels, and indices without a colour, which are black. */
static void on_warning(png_structp png, png_const_charp text)
{
    struct feed *feed = png_get_error_ptr(png);
    if (strstr(text, "Too m") || strstr(text, "Extra compressed") || strstr(text, "palette index"))
        return;
    feed->damaged = true;
    (void)fw_fail(feed->err, FW_ERR_INPUT, "damaged data: %s", text);
}

static void set_up(png_structp png, struct feed *feed)
{
    png_set_read_fn(png, feed, on_read);
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_user_limits(png, FW_PNG_SIDE_MAX, FW_PNG_SIDE_MAX);
    png_set_chunk_malloc_max(png, FW_PNG_CHUNK_MAX);
}

/* The longjmp lands here; all that it may leave behind is the feed's. */
static int read_rows(png_structp png, png_infop info, struct feed *feed,
                     const struct fw_image *image)
{
    const struct fw_png_reader *reader = feed->reader;
    if (setjmp(png_jmpbuf(png)))
        return -1;
    set_up(png, feed);
    png_read_info(png, info);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < image->height; y++) {
            uint8_t *row = feed->all ? feed->all + (size_t)y * row_bytes : feed->row;
            png_read_row(png, row, NULL);
            if (pass == passes - 1)
                fw_png_unpack(reader, row, image, y, feed->spare);
        }
    }
    png_read_end(png, NULL);
    return feed->damaged ? -1 : 0;
}

static int take_memory(struct feed *feed, struct fw_error *err)
{
    const struct fw_png_shape *shape = &feed->reader->shape;
    size_t row_bytes = fw_png_row_bytes(shape, feed->picture->width);
    feed->window = malloc(WINDOW_BYTES);
    feed->row = malloc(row_bytes);
    feed->spare = malloc(fw_png_spare_bytes(feed->picture->width));
    if (shape->interlaced)
        feed->all = calloc(feed->picture->height, row_bytes);
    if (!feed->window || !feed->row || !feed->spare || (shape->interlaced && !feed->all))
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    return FW_OK;
}

static int decode(struct feed *feed, const struct fw_image *image, struct fw_error *err)
{
    int status = take_memory(feed, err);
    if (status < 0)
        return status;
    fill_front(feed);
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, feed, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for a PNG");
    else if (read_rows(png, info, feed, image) < 0)
        status = err->status;
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}

int fw_png_decode(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                  const struct fw_image *image, struct fw_error *err)
{
    struct fw_error own = { 0 };
    struct feed feed = {
        .reader = reader, .picture = picture, .next = picture->at, .err = err ? err : &own
    };
    int status = fw_png_decode_fast(reader, picture, image, feed.err);
    if (status != FW_DROP)
        return status;
    status = decode(&feed, image, feed.err);
    free(feed.window);
    free(feed.row);
    free(feed.all);
    free(feed.spare);
    return status;
}
