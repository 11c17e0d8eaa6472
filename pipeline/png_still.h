/*
 * What the files of the PNG codec share: the shape of the stored samples, reader and writer.
 *
 *   reading: png_scan.c finds the chunks, png_notes.c keeps the ancillary ones, png_still_read.c
 *   and png_decode.c make pixels, png_unpack.c turns rows into formats, png_animation.c pictures of
 *   an animation into whole canvases
 *   writing: png_still_write.c chooses the shape, png_pack.c turns formats into rows, png_filter.c
 *   and png_compress.c make bytes of them, png_notes_write.c says what belongs beside them
 */
#ifndef FW_PIPELINE_PNG_STILL_H
#define FW_PIPELINE_PNG_STILL_H

#include "still_impl.h"

/* IHDR's numbers. */
enum fw_png_color_type {
    FW_PNG_GRAY = 0,
    FW_PNG_RGB = 2,
    FW_PNG_PALETTE = 3,
    FW_PNG_GRAY_ALPHA = 4,
    FW_PNG_RGB_ALPHA = 6
};

#define FW_PNG_CHUNK_MAX ((uint32_t)8 << 20) /* an ancillary chunk above it is not kept */
#define FW_PNG_ICC_MAX ((size_t)16 << 20)    /* unpacked */
#define FW_PNG_SIDE_MAX 0x7fffffffu

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FW_PNG_ENDIAN "be"
#else
#define FW_PNG_ENDIAN "le"
#endif

/* Where a chunk stood: fw_note.place. */
enum fw_png_place { FW_PNG_BEFORE_PALETTE, FW_PNG_BEFORE_DATA, FW_PNG_BEHIND_DATA };

/* Stored samples. */
struct fw_png_shape {
    uint32_t width;
    uint32_t height;
    uint8_t color_type;
    uint8_t depth;
    bool interlaced;
};

/* One of the pictures that interlaced rows make up; the whole one when they are not. */
struct fw_png_pass {
    uint32_t width;
    uint32_t height;
    uint32_t x, y;   /* of its first pixel */
    uint32_t dx, dy; /* to the next */
};
#define FW_PNG_PASSES 7u

uint32_t fw_png_channels(uint8_t color_type);
uint32_t fw_png_pixel_bits(const struct fw_png_shape *shape);
size_t fw_png_row_bytes(const struct fw_png_shape *shape, uint32_t width);
/* 1, or 7 for interlaced ones. */
uint32_t fw_png_pass_count(const struct fw_png_shape *shape);
/* False for a pass without pixels. */
bool fw_png_pass(const struct fw_png_shape *shape, uint32_t index, struct fw_png_pass *pass_out);
/* Of all rows with their filter bytes; UINT64_MAX when it does not fit. */
uint64_t fw_png_raw_bytes(const struct fw_png_shape *shape);

static inline uint32_t fw_png_get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint16_t fw_png_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline void fw_png_put32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

static inline void fw_png_put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* ---- colour ------------------------------------------------------------------------------- */

/* What the colour chunks say. */
struct fw_png_color {
    bool has_cicp, has_icc, has_srgb, has_gamma, has_chroma;
    uint8_t cicp[4];
    uint32_t gamma;
    uint32_t chroma[8]; /* white, red, green, blue; x and y in 1/100000 */
};
/* Takes the payload of a chunk of any type whose length was checked. */
void fw_png_color_take(struct fw_png_color *color, const char *type, const uint8_t *bytes);
/* Code points where they say the same exactly, else unspecified. Always full range. */
struct fw_color fw_png_color_points(const struct fw_png_color *color, bool rgb);

struct fw_png_color_chunk {
    const char *type;
    uint32_t count;
    uint8_t bytes[32];
};
#define FW_PNG_COLOR_CHUNKS 3
/* The chunks that say it; 0 for what PNG has no word for. */
uint32_t fw_png_color_chunks(const struct fw_color *color,
                             struct fw_png_color_chunk chunks[FW_PNG_COLOR_CHUNKS]);

/* ---- reading ------------------------------------------------------------------------------ */

/* A picture: the file's own, or one of an animation. */
struct fw_png_picture {
    uint64_t at;    /* of the first chunk with its data */
    uint64_t bytes; /* of compressed data */
    bool in_fdat;   /* fdAT, else IDAT */
    uint32_t width, height;
    uint32_t x, y;
    uint16_t delay_num, delay_den;
    uint8_t dispose; /* enum fw_png_dispose */
    bool over;       /* blended, else replaced */
};
enum fw_png_dispose { FW_PNG_DISPOSE_NONE, FW_PNG_DISPOSE_BACKGROUND, FW_PNG_DISPOSE_PREVIOUS };

struct fw_png_reader {
    struct fw_still_reader common;
    struct fw_png_shape shape;
    struct fw_png_color color;
    struct fw_png_picture *pictures;
    uint32_t picture_count;
    uint32_t picture_room;
    uint32_t next;
    bool animated;
    bool composed; /* pictures are parts of a canvas, else whole */
    /* Of composed animations: rgba or rgba64, tightly packed. */
    uint8_t *canvas;
    uint8_t *before; /* what FW_PNG_DISPOSE_PREVIOUS brings back */
    uint8_t *part;
};

/* A chunk as png_scan.c found it; `bytes` starts with the type. */
struct fw_png_chunk {
    const char *type;
    const uint8_t *bytes;
    size_t count; /* with the type's four */
    enum fw_png_place place;
};

int fw_png_scan(struct fw_png_reader *reader, struct fw_error *err) FW_MUST_CHECK;
/* Keeps an ancillary chunk, or lists it as lost. */
int fw_png_keep(struct fw_png_reader *reader, const struct fw_png_chunk *chunk,
                struct fw_error *err) FW_MUST_CHECK;
/* Orientation and colour, once all chunks are known. */
int fw_png_keep_end(struct fw_png_reader *reader, struct fw_error *err) FW_MUST_CHECK;
void fw_png_lose(struct fw_png_reader *reader, const char *type, const char *why);

/* The next chunk with data of a picture: where its bytes lie, without fdAT's sequence number.
 * *at is moved behind it. FW_END behind the last. */
struct fw_png_extent {
    uint64_t at;
    uint32_t count;
    uint32_t crc;    /* as stored */
    uint8_t lead[8]; /* what the check sum covers before `at`: the type, fdAT's number */
    uint32_t lead_count;
};
int fw_png_next_extent(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                       uint64_t *at, struct fw_png_extent *extent_out,
                       struct fw_error *err) FW_MUST_CHECK;

/* Decodes a whole picture into `image`, whose format is one that fw_png_unpack takes. */
int fw_png_decode(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                  const struct fw_image *image, struct fw_error *err) FW_MUST_CHECK;
/* The same by libdeflate, for what fits in memory at once. FW_DROP when libpng shall say. */
int fw_png_decode_fast(const struct fw_png_reader *reader, const struct fw_png_picture *picture,
                       const struct fw_image *image, struct fw_error *err) FW_MUST_CHECK;

/* Row `y` of `image` from an unfiltered row. `spare`: fw_png_spare_bytes(width). */
void fw_png_unpack(const struct fw_png_reader *reader, const uint8_t *row,
                   const struct fw_image *image, int32_t y, uint8_t *spare);
size_t fw_png_spare_bytes(uint32_t width);
/* The palette's plane of pal8; nothing for other formats. */
void fw_png_unpack_palette(const struct fw_png_reader *reader, const struct fw_image *image);
/* Whether rows are the image's own bytes. */
bool fw_png_is_plain(const struct fw_png_reader *reader, const struct fw_format *format);
/* The packed format without loss, "rgb24"; `planar`: its planar kin or NULL. */
const char *fw_png_natural(const struct fw_png_reader *reader, bool planar);
/* The file's samples are 16 bits wide. */
bool fw_png_is_wide(const struct fw_png_reader *reader);
bool fw_png_has_alpha(const struct fw_png_reader *reader);
/* One row's filter undone; `before` NULL for the first. False for an unknown filter. */
bool fw_png_unfilter(uint8_t *row, const uint8_t *filtered, const uint8_t *before, size_t count,
                     uint32_t step);

int fw_png_compose(struct fw_png_reader *reader, const struct fw_png_picture *picture,
                   const struct fw_image *image, struct fw_error *err) FW_MUST_CHECK;

int fw_png_begin(struct fw_still_reader *common, struct fw_error *err);
int fw_png_next(struct fw_still_reader *common, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err);

/* ---- writing ------------------------------------------------------------------------------ */

/* How an image's pixels lie. */
struct fw_png_pixels {
    const char *name;
    uint8_t color_type;
    uint8_t depth; /* of a sample in memory: 1, 8, 16 */
    bool planar;
    bool swap;   /* 16 bits that are not big-endian */
    bool invert; /* monow */
};
/* NULL when PNG cannot hold the format as it is. */
const struct fw_png_pixels *fw_png_pixels_of(const struct fw_format *format);

struct fw_png_writer {
    struct fw_still_writer common;
    const struct fw_png_pixels *pixels;
    struct fw_png_shape shape;
    bool has_key; /* the alpha is said by one colour, and not stored */
    uint16_t key[3];
    uint16_t palette_count;
    uint16_t palette_alpha_count;
    uint8_t palette[256][4];
    bool animated;
    uint64_t animation_at; /* of acTL */
    uint32_t sequence;
    int32_t level; /* libdeflate's */
};

/* Chooses shape, key and palette by the first picture. */
int fw_png_choose(struct fw_png_writer *writer, const struct fw_image *image,
                  struct fw_error *err) FW_MUST_CHECK;
/* A row as PNG stores it, without a filter byte: the image's own bytes, or made in `spare`. */
const uint8_t *fw_png_pack(const struct fw_png_writer *writer, const struct fw_image *image,
                           uint32_t y, uint8_t *spare);
/* The pixels of a row that belong to a pass. */
void fw_png_pick(const struct fw_png_shape *shape, const struct fw_png_pass *pass,
                 const uint8_t *row, uint8_t *picked);
/* The filter byte and the filtered row; `before` is a row of zeros at the top. */
void fw_png_filter(uint8_t *filtered, const uint8_t *row, const uint8_t *before, size_t count,
                   uint32_t step);
/* Filtered rows, or a strip of them. */
struct fw_png_piece {
    const uint8_t *raw;
    size_t count;
    int32_t level; /* libdeflate's */
    bool strip;    /* without zlib's head and sum */
    bool open;     /* a strip that others follow: it ends with a whole byte */
};
/* Room that any way of compressing fits in. */
size_t fw_png_deflate_bound(size_t count);
int fw_png_deflate(const struct fw_png_piece *piece, uint8_t *to, size_t *count_out,
                   struct fw_error *err) FW_MUST_CHECK;
/* All pixels as IDAT, or fdAT behind an animation's first picture. */
int fw_png_put_pixels(struct fw_png_writer *writer, const struct fw_image *image,
                      struct fw_error *err) FW_MUST_CHECK;
int fw_png_put_chunk(struct fw_png_writer *writer, const char *type, const void *bytes,
                     size_t count, struct fw_error *err) FW_MUST_CHECK;
/* Of all notes those that belong there. */
int fw_png_put_notes(struct fw_png_writer *writer, enum fw_png_place place,
                     struct fw_error *err) FW_MUST_CHECK;

int fw_png_write_open(struct fw_still_writer *common, struct fw_error *err);
int fw_png_write_frame(struct fw_still_writer *common, const struct fw_image *image,
                       int64_t delay_us, struct fw_error *err);
int fw_png_write_finish(struct fw_still_writer *common, struct fw_error *err);

#endif
