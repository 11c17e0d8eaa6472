/*
 * The chunks of a PNG, walked once when it is opened: head, palette, transparency, the pictures of
 * an animation, and where the data lies. What is broken for good is refused before a pixel is
 * decoded. The data's own check sums are the decoder's.
 */
#include "png_still.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#define CHUNKS_MAX (1u << 22) /* of a file; libpng's own writer makes one of 8 KiB */
#define ANCILLARY_MAX (1u << 16)
#define DEFLATE_RATIO 1032u      /* no deflate stream grows by more */
#define CRITICAL_BYTES_MAX 1024u /* of IHDR and PLTE */

struct scan {
    struct fw_png_reader *reader;
    uint64_t at; /* of the chunk */
    char type[5];
    uint32_t count;
    uint8_t *bytes; /* the type and the payload, of a chunk that was loaded */
    size_t room;
    bool crc_good;
    bool has_head, has_palette, has_transparency, has_data, data_over, has_end;
    bool has_frame; /* a picture of the animation waits for its data */
    bool skips;     /* the file's own picture is no part of the animation */
    uint32_t pictures_said;
    uint32_t ancillary;
    uint32_t sequence;
    struct fw_png_picture still; /* the file's own picture */
};

static bool is(const struct scan *scan, const char *type)
{
    return memcmp(scan->type, type, 4) == 0;
}

static enum fw_png_place place_of(const struct scan *scan)
{
    if (scan->has_data)
        return FW_PNG_BEHIND_DATA;
    return scan->has_palette ? FW_PNG_BEFORE_DATA : FW_PNG_BEFORE_PALETTE;
}

static int make_room(struct scan *scan, size_t bytes, struct fw_error *err)
{
    if (bytes <= scan->room)
        return FW_OK;
    uint8_t *grown = realloc(scan->bytes, bytes);
    if (!grown)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a chunk");
    scan->bytes = grown;
    scan->room = bytes;
    return FW_OK;
}

/* Type, payload and check sum into memory. */
static int load(struct scan *scan, struct fw_error *err)
{
    size_t bytes = (size_t)scan->count + 8;
    int status = make_room(scan, bytes, err);
    if (status == FW_OK)
        status = fw_still_read_at(&scan->reader->common, scan->at + 4, scan->bytes, bytes, err);
    if (status == FW_OK)
        scan->crc_good = libdeflate_crc32(0, scan->bytes, bytes - 4) ==
                         fw_png_get32(scan->bytes + bytes - 4);
    return status;
}

/* A chunk without which there is no picture. */
static int load_critical(struct scan *scan, uint32_t least, uint32_t most, struct fw_error *err)
{
    if (scan->count < least || scan->count > most)
        return fw_fail(err, FW_ERR_INPUT, "a chunk %s of %u bytes", scan->type, scan->count);
    int status = load(scan, err);
    if (status == FW_OK && !scan->crc_good)
        status = fw_fail(err, FW_ERR_INPUT, "wrong check sum of %s", scan->type);
    return status;
}

/* ---- critical chunks ---------------------------------------------------------------------- */

static bool depth_fits(uint8_t color_type, uint8_t depth)
{
    switch (color_type) {
    case FW_PNG_GRAY:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case FW_PNG_PALETTE:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case FW_PNG_RGB:
    case FW_PNG_GRAY_ALPHA:
    case FW_PNG_RGB_ALPHA:
        return depth == 8 || depth == 16;
    default:
        return false;
    }
}

static int take_head(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    struct fw_png_shape *shape = &reader->shape;
    if (scan->has_head)
        return fw_fail(err, FW_ERR_INPUT, "two heads");
    int status = load_critical(scan, 13, 13, err);
    if (status < 0)
        return status;
    const uint8_t *head = scan->bytes + 4;
    scan->has_head = true;
    *shape = (struct fw_png_shape){ .width = fw_png_get32(head),
                                    .height = fw_png_get32(head + 4),
                                    .depth = head[8],
                                    .color_type = head[9],
                                    .interlaced = head[12] == 1 };
    if (!depth_fits(shape->color_type, shape->depth))
        return fw_fail(err, FW_ERR_INPUT, "colour type %u with %u bits", head[9], head[8]);
    if (head[10] != 0 || head[11] != 0 || head[12] > 1)
        return fw_fail(err, FW_ERR_INPUT, "compression %u, filter %u, interlace %u are unknown",
                       head[10], head[11], head[12]);
    if (shape->width > FW_PNG_SIDE_MAX || shape->height > FW_PNG_SIDE_MAX)
        return fw_fail(err, FW_ERR_INPUT, "a picture of %ux%u pixels", shape->width, shape->height);
    /* The widest that is offered: four samples where there could be an alpha. */
    uint32_t samples = fw_png_channels(shape->color_type);
    if (shape->color_type == FW_PNG_PALETTE)
        samples = 4;
    return fw_still_check_size(&reader->common, shape->width, shape->height,
                               samples * (shape->depth == 16 ? 2 : 1), err);
}

static int take_palette(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    struct fw_still_traits *traits = &reader->common.head.traits;
    const struct fw_png_shape *shape = &reader->shape;
    bool needed = shape->color_type == FW_PNG_PALETTE;
    if (scan->has_palette || scan->has_data)
        return needed ? fw_fail(err, FW_ERR_INPUT, "a palette where none may be")
                      : (fw_png_lose(reader, "PLTE", "out of place"), FW_OK);
    if (!needed && (scan->count > CRITICAL_BYTES_MAX || scan->count % 3 != 0 ||
                    !(shape->color_type & FW_PNG_RGB))) {
        fw_png_lose(reader, "PLTE", "broken");
        return FW_OK;
    }
    int status = load_critical(scan, 3, CRITICAL_BYTES_MAX, err);
    if (status < 0)
        return status;
    if (scan->count % 3 != 0)
        return fw_fail(err, FW_ERR_INPUT, "a chunk PLTE of %u bytes", scan->count);
    const struct fw_png_chunk chunk = { "PLTE", scan->bytes, (size_t)scan->count + 4,
                                        FW_PNG_BEFORE_DATA };
    scan->has_palette = true;
    if (!needed)
        return fw_png_keep(reader, &chunk, err);
    uint32_t most = 1u << shape->depth;
    traits->palette_count = (uint16_t)(scan->count / 3 < most ? scan->count / 3 : most);
    for (uint32_t i = 0; i < traits->palette_count; i++) {
        memcpy(traits->palette[i], scan->bytes + 4 + (size_t)3 * i, 3);
        traits->palette[i][3] = 255;
    }
    return FW_OK;
}

/* tRNS is read as far as it makes sense; broken, everything is opaque, and that is listed. */
static int take_transparency(struct scan *scan, struct fw_error *err)
{
    struct fw_still_traits *traits = &scan->reader->common.head.traits;
    uint8_t color_type = scan->reader->shape.color_type;
    uint32_t most = color_type == FW_PNG_PALETTE ? traits->palette_count
                    : color_type == FW_PNG_GRAY  ? 2
                    : color_type == FW_PNG_RGB   ? 6
                                                 : 0;
    bool exact = color_type != FW_PNG_PALETTE;
    if (scan->has_data || scan->has_transparency || scan->count == 0 || scan->count > most ||
        (exact && scan->count != most)) {
        fw_png_lose(scan->reader, "tRNS", "broken or out of place");
        return FW_OK;
    }
    int status = load(scan, err);
    if (status < 0)
        return status;
    if (!scan->crc_good) {
        fw_png_lose(scan->reader, "tRNS", "wrong check sum");
        return FW_OK;
    }
    scan->has_transparency = true;
    if (color_type == FW_PNG_PALETTE) {
        traits->palette_alpha_count = (uint16_t)scan->count;
        for (uint32_t i = 0; i < scan->count; i++)
            traits->palette[i][3] = scan->bytes[4 + i];
        return FW_OK;
    }
    uint32_t mask = (1u << scan->reader->shape.depth) - 1;
    traits->png_has_key = true;
    for (uint32_t i = 0; i < 3; i++) {
        const uint8_t *value = scan->bytes + 4 + (color_type == FW_PNG_RGB ? (size_t)2 * i : 0);
        traits->png_key[i] = (uint16_t)(fw_png_get16(value) & mask);
    }
    return FW_OK;
}

/* ---- data and animation ------------------------------------------------------------------- */

static int add_picture(struct scan *scan, const struct fw_png_picture *picture,
                       struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    uint32_t most = reader->common.limits.max_frames < FW_STILL_FRAMES_MAX
                        ? reader->common.limits.max_frames
                        : FW_STILL_FRAMES_MAX;
    if (reader->animated && reader->picture_count >= most)
        return fw_fail(err, FW_ERR_INPUT, "an animation of more than %u pictures", most);
    if (reader->picture_count == reader->picture_room) {
        uint32_t room = reader->picture_room ? reader->picture_room * 2 : 8;
        void *grown = reallocarray(reader->pictures, room, sizeof(*reader->pictures));
        if (!grown)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for %u pictures", room);
        reader->pictures = grown;
        reader->picture_room = room;
    }
    reader->pictures[reader->picture_count++] = *picture;
    return FW_OK;
}

static int take_data(struct scan *scan, struct fw_error *err)
{
    if (scan->data_over)
        return fw_fail(err, FW_ERR_INPUT, "other chunks within the picture's data");
    if (scan->reader->shape.color_type == FW_PNG_PALETTE && !scan->has_palette)
        return fw_fail(err, FW_ERR_INPUT, "no palette before the picture's data");
    if (!scan->has_data) {
        scan->has_data = true;
        scan->skips = scan->reader->animated && !scan->has_frame;
        scan->still.at = scan->at;
    }
    scan->still.bytes += scan->count;
    return FW_OK;
}

static int count_on(struct scan *scan, struct fw_error *err)
{
    uint32_t number = fw_png_get32(scan->bytes + 4);
    if (number != scan->sequence++)
        return fw_fail(err, FW_ERR_INPUT, "the animation's chunk %u stands in place %u", number,
                       scan->sequence - 1);
    return FW_OK;
}

static int take_animation(struct scan *scan, struct fw_error *err)
{
    struct fw_still_head *head = &scan->reader->common.head;
    if (scan->has_data || scan->reader->animated) {
        fw_png_lose(scan->reader, "acTL", "out of place");
        return FW_OK;
    }
    int status = load_critical(scan, 8, 8, err);
    if (status < 0)
        return status;
    scan->reader->animated = true;
    scan->pictures_said = fw_png_get32(scan->bytes + 4);
    head->loop_count = fw_png_get32(scan->bytes + 8);
    return FW_OK;
}

static int take_frame(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    const struct fw_png_shape *shape = &reader->shape;
    int status = load_critical(scan, 26, 26, err);
    if (status == FW_OK)
        status = count_on(scan, err);
    if (status < 0)
        return status;
    const uint8_t *at = scan->bytes + 8;
    struct fw_png_picture picture = { .in_fdat = scan->has_data,
                                      .width = fw_png_get32(at),
                                      .height = fw_png_get32(at + 4),
                                      .x = fw_png_get32(at + 8),
                                      .y = fw_png_get32(at + 12),
                                      .delay_num = fw_png_get16(at + 16),
                                      .delay_den = fw_png_get16(at + 18),
                                      .dispose = at[20],
                                      .over = at[21] == 1 };
    bool whole = picture.width == shape->width && picture.height == shape->height;
    if (scan->has_frame)
        return fw_fail(err, FW_ERR_INPUT, "picture %u of the animation has no data",
                       reader->picture_count - 1);
    if (picture.width == 0 || picture.height == 0 ||
        (uint64_t)picture.x + picture.width > shape->width ||
        (uint64_t)picture.y + picture.height > shape->height || at[20] > 2 || at[21] > 1 ||
        (!picture.in_fdat && !whole))
        return fw_fail(err, FW_ERR_INPUT, "picture %u of the animation lies beyond the canvas",
                       reader->picture_count);
    scan->has_frame = true;
    return add_picture(scan, &picture, err);
}

static int take_frame_data(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    if (scan->count < 4 || !scan->has_data || reader->picture_count == 0 ||
        !reader->pictures[reader->picture_count - 1].in_fdat)
        return fw_fail(err, FW_ERR_INPUT, "data of the animation where none may be");
    struct fw_png_picture *picture = &reader->pictures[reader->picture_count - 1];
    int status = make_room(scan, 8, err);
    if (status == FW_OK)
        status = fw_still_read_at(&reader->common, scan->at + 4, scan->bytes, 8, err);
    if (status == FW_OK)
        status = count_on(scan, err);
    if (scan->has_frame)
        picture->at = scan->at;
    scan->has_frame = false;
    picture->bytes += scan->count - 4;
    return status;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static int take_ancillary(struct scan *scan, struct fw_error *err)
{
    if (++scan->ancillary > ANCILLARY_MAX)
        return fw_fail(err, FW_ERR_INPUT, "more than %u ancillary chunks", ANCILLARY_MAX);
    if (scan->count > FW_PNG_CHUNK_MAX) {
        fw_png_lose(scan->reader, scan->type, "too big");
        return FW_OK;
    }
    int status = load(scan, err);
    if (status < 0)
        return status;
    if (!scan->crc_good) {
        fw_png_lose(scan->reader, scan->type, "wrong check sum");
        return FW_OK;
    }
    const struct fw_png_chunk chunk = { scan->type, scan->bytes, (size_t)scan->count + 4,
                                        place_of(scan) };
    return fw_png_keep(scan->reader, &chunk, err);
}

static int take_chunk(struct scan *scan, struct fw_error *err)
{
    bool animated = scan->reader->animated;
    if (!scan->has_head && !is(scan, "IHDR"))
        return fw_fail(err, FW_ERR_INPUT, "no head");
    if (is(scan, "IDAT"))
        return take_data(scan, err);
    scan->data_over = scan->has_data;
    /* The file's own picture took the waiting frame. */
    if (scan->has_data && scan->has_frame &&
        !scan->reader->pictures[scan->reader->picture_count - 1].in_fdat)
        scan->has_frame = false;
    if (is(scan, "IHDR"))
        return take_head(scan, err);
    if (is(scan, "PLTE"))
        return take_palette(scan, err);
    if (is(scan, "tRNS"))
        return take_transparency(scan, err);
    if (is(scan, "acTL"))
        return take_animation(scan, err);
    if (animated && is(scan, "fcTL"))
        return take_frame(scan, err);
    if (animated && is(scan, "fdAT"))
        return take_frame_data(scan, err);
    if (is(scan, "IEND")) {
        scan->has_end = true;
        return load_critical(scan, 0, 0, err);
    }
    if (!(scan->type[0] & 0x20))
        return fw_fail(err, FW_ERR_INPUT, "an unknown chunk %s that may not be left out",
                       scan->type);
    return take_ancillary(scan, err);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int walk(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    uint8_t start[8];
    scan->at = 8;
    for (uint32_t chunks = 0; !scan->has_end; chunks++) {
        int status = fw_still_read_at(&reader->common, scan->at, start, sizeof(start), err);
        if (status < 0)
            return status;
        scan->count = fw_png_get32(start);
        memcpy(scan->type, start + 4, 4);
        for (uint32_t i = 0; i < 4; i++) {
            if (!is_letter(scan->type[i]))
                return fw_fail(err, FW_ERR_INPUT, "no chunk at byte %llu",
                               (unsigned long long)scan->at);
        }
        if (scan->at + 12 + scan->count > reader->common.file_bytes)
            return fw_fail(err, FW_ERR_INPUT, "the file ends early, within %s", scan->type);
        if (chunks >= CHUNKS_MAX)
            return fw_fail(err, FW_ERR_INPUT, "more than %u chunks", CHUNKS_MAX);
        status = take_chunk(scan, err);
        if (status < 0)
            return status;
        scan->at += 12 + (uint64_t)scan->count;
    }
    if (scan->at < reader->common.file_bytes)
        fw_png_lose(reader, "IEND", "what follows it");
    return FW_OK;
}

/* Whether so many bytes could unpack to the picture at all. */
static int check_bulk(const struct fw_png_reader *reader, struct fw_error *err)
{
    for (uint32_t i = 0; i < reader->picture_count; i++) {
        const struct fw_png_picture *picture = &reader->pictures[i];
        struct fw_png_shape shape = reader->shape;
        shape.width = picture->width;
        shape.height = picture->height;
        if (fw_png_raw_bytes(&shape) / DEFLATE_RATIO > picture->bytes)
            return fw_fail(err, FW_ERR_INPUT, "%llu bytes of data cannot hold %ux%u pixels",
                           (unsigned long long)picture->bytes, picture->width, picture->height);
    }
    return FW_OK;
}

static int settle_pictures(struct scan *scan, struct fw_error *err)
{
    struct fw_png_reader *reader = scan->reader;
    if (!scan->has_data)
        return fw_fail(err, FW_ERR_INPUT, "no picture in it");
    if (!reader->animated) {
        scan->still.width = reader->shape.width;
        scan->still.height = reader->shape.height;
        return add_picture(scan, &scan->still, err);
    }
    if (scan->has_frame || reader->picture_count != scan->pictures_said ||
        reader->picture_count == 0)
        return fw_fail(err, FW_ERR_INPUT, "the animation has %u pictures, and should have %u",
                       reader->picture_count - scan->has_frame, scan->pictures_said);
    if (!reader->pictures[0].in_fdat) {
        reader->pictures[0].at = scan->still.at;
        reader->pictures[0].bytes = scan->still.bytes;
    }
    if (scan->skips)
        fw_png_lose(reader, "IDAT", "the picture for readers without animation");
    for (uint32_t i = 0; i < reader->picture_count; i++) {
        const struct fw_png_picture *picture = &reader->pictures[i];
        if (picture->width != reader->shape.width || picture->height != reader->shape.height ||
            (picture->over && fw_png_has_alpha(reader)))
            reader->composed = true;
    }
    if (reader->composed)
        return fw_still_check_size(&reader->common, reader->shape.width, reader->shape.height,
                                   fw_png_is_wide(reader) ? 8 : 4, err);
    return FW_OK;
}

static void tell(struct fw_png_reader *reader)
{
    static const char *const names[] = {
        "gray", "", "RGB", "palette", "gray with alpha", "", "RGB with alpha"
    };
    struct fw_still_head *head = &reader->common.head;
    const struct fw_png_shape *shape = &reader->shape;
    head->width = (int32_t)shape->width;
    head->height = (int32_t)shape->height;
    head->bit_depth = shape->depth;
    head->has_alpha = fw_png_has_alpha(reader);
    head->frame_count = reader->picture_count;
    head->traits.png_color_type = shape->color_type;
    head->traits.png_bit_depth = shape->depth;
    head->traits.png_interlaced = shape->interlaced;
    (void)snprintf(head->layout, sizeof(head->layout), "%s, %u bit%s%s", names[shape->color_type],
                   shape->depth, shape->interlaced ? ", interlaced" : "",
                   reader->animated ? ", animated" : "");
}

int fw_png_scan(struct fw_png_reader *reader, struct fw_error *err)
{
    struct scan scan = { .reader = reader };
    int status = walk(&scan, err);
    free(scan.bytes);
    if (status == FW_OK)
        status = settle_pictures(&scan, err);
    if (status == FW_OK)
        status = check_bulk(reader, err);
    if (status == FW_OK)
        status = fw_png_keep_end(reader, err);
    if (status == FW_OK)
        tell(reader);
    return status;
}

int fw_png_next_extent(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                       uint64_t *at, struct fw_png_extent *extent_out, struct fw_error *err)
{
    uint8_t start[12];
    uint8_t crc[4];
    bool found = false;
    while (!found) {
        /* IEND is 12 bytes long and ends every walk. */
        int status = fw_still_read_at(&reader->common, *at, start, sizeof(start), err);
        if (status < 0)
            return status;
        uint32_t count = fw_png_get32(start);
        found = memcmp(start + 4, picture->in_fdat ? "fdAT" : "IDAT", 4) == 0;
        if (!found && (!picture->in_fdat || memcmp(start + 4, "fcTL", 4) == 0 ||
                       memcmp(start + 4, "IEND", 4) == 0))
            return FW_END;
        uint32_t lead = picture->in_fdat ? 4 : 0;
        if (found && count < lead)
            return fw_fail(err, FW_ERR_INPUT, "a chunk fdAT of %u bytes", count);
        *extent_out = (struct fw_png_extent){ .at = *at + 8 + lead,
                                              .count = found ? count - lead : 0,
                                              .lead_count = 4 + lead };
        memcpy(extent_out->lead, start + 4, 8);
        *at += 12 + (uint64_t)count;
    }
    int status = fw_still_read_at(&reader->common, *at - 4, crc, sizeof(crc), err);
    extent_out->crc = fw_png_get32(crc);
    return status;
}
