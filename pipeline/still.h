/*
 * Picture files: what is in one, its pixels, and writing one.
 *
 * Everything works on descriptors that somebody else opened; no name is ever seen. Readers and
 * writers run in a locked process and may be fed anything. One thread each, unless a wish gives a
 * writer more.
 *
 *   reader: open -> head, notes, offers -> begin (one offer) -> next ... FW_END -> close
 *   writer: fit (the format it wants) -> open -> frame ... -> finish -> close
 */
#ifndef FW_PIPELINE_STILL_H
#define FW_PIPELINE_STILL_H

#include "losses.h"
#include "still_notes.h"

#include <stdbool.h>

enum fw_still_kind {
    FW_STILL_NONE,
    FW_STILL_PNG,
    FW_STILL_JPEG,
    FW_STILL_WEBP,
    FW_STILL_TIFF,
    FW_STILL_BMP,
    FW_STILL_GIF,
    FW_STILL_PNM, /* PBM, PGM, PPM: by the pixels */
    FW_STILL_PAM,
    FW_STILL_EXR,
    FW_STILL_FARBFELD,
    FW_STILL_QOI,
    FW_STILL_KINDS
};

#define FW_STILL_SNIFF_BYTES 64 /* of a file's start: enough to know its kind */
#define FW_STILL_OFFERS_MAX 12
#define FW_STILL_FRAMES_MAX 10000 /* pictures of an animation */

/* "PNG", "JPEG", ...; never NULL. */
const char *fw_still_kind_name(enum fw_still_kind kind);
/* By what a file starts with; NONE when it is no picture, or one that cannot be read: then
 * *foreign_out names it ("HEIF", "JPEG XL", "SVG", ...), else it is NULL. `foreign_out` may be
 * NULL. */
enum fw_still_kind fw_still_sniff(const uint8_t *bytes, size_t count, const char **foreign_out);
/* By a file name's extension, upper or lower case; NONE when there is none or it is unknown. */
enum fw_still_kind fw_still_kind_of_name(const char *name);
/* By a word: "png", "jpg", "jpeg", "tif", ...; NONE. */
enum fw_still_kind fw_still_kind_of_word(const char *word);
/* The usual extension, without the dot. */
const char *fw_still_extension(enum fw_still_kind kind);

/* How a file stored its samples: what a writer of the same kind keeps. */
struct fw_still_traits {
    /* PNG */
    uint8_t png_color_type;
    uint8_t png_bit_depth;
    bool png_interlaced;
    bool png_has_key; /* tRNS of gray and RGB: one transparent colour, at the file's depth */
    uint16_t png_key[3];
    /* PNG and GIF: entries as R, G, B, A */
    uint16_t palette_count;       /* 0: no palette */
    uint16_t palette_alpha_count; /* entries that the file gives an alpha */
    uint8_t palette[256][4];
    /* JPEG */
    bool jpeg_progressive;
    uint8_t jpeg_components; /* 1, 3, 4; 0: not a JPEG */
    uint8_t jpeg_space;      /* enum fw_jpeg_space */
    uint8_t jpeg_h[4];       /* sampling factors */
    uint8_t jpeg_v[4];
    uint8_t jpeg_table[4];      /* quantization table of each component */
    uint8_t jpeg_tables;        /* bit i: jpeg_quant[i] is there */
    uint16_t jpeg_quant[4][64]; /* in natural order */
    /* WebP */
    bool webp_lossless;
};
enum fw_jpeg_space { FW_JPEG_GRAY, FW_JPEG_YCC, FW_JPEG_RGB, FW_JPEG_CMYK, FW_JPEG_YCCK };

struct fw_still_head {
    enum fw_still_kind kind;
    int32_t width; /* as stored, before any orientation */
    int32_t height;
    uint32_t bit_depth;   /* of a stored sample; 32 for float */
    uint32_t orientation; /* EXIF's, 1 to 8; 1 when the file says nothing */
    uint32_t frame_count; /* pictures of an animation; 1; 0: known at its end */
    uint32_t loop_count;  /* of an animation; 0: for ever */
    bool has_alpha;
    char layout[64]; /* for people: "RGB 8 bit, interlaced", "YCbCr 4:2:0, progressive" */
    struct fw_still_traits traits;
};

/* One way to have the pixels. */
struct fw_still_offer {
    struct fw_video video; /* what next() gives; smaller than the file where shrink is not 1 */
    uint32_t shrink;       /* 1, 2, 4, 8: by the decoder, for free */
    bool raw; /* the stored samples (palette indices, YCbCr planes), for a writer of the
                 same kind; false: what the kind's own tools decode to */
};

struct fw_still_limits {
    uint64_t max_pixels; /* of one picture; above it FW_ERR_INPUT that names --max-pixels */
    uint64_t max_bytes;  /* of one decoded picture; names --max-slot */
    uint32_t max_frames;
    uint32_t max_time_ms; /* for one file: only told of, where the size is over a limit; 0: none */
};

struct fw_still_reader;

/* Reads the head of a regular file and all that lies before its pixels. `fd` is borrowed until
 * close and read by position. FW_ERR_INPUT when it is damaged or over a limit. */
int fw_still_reader_open(struct fw_still_reader **reader_out, int fd,
                         const struct fw_still_limits *limits, struct fw_error *err) FW_MUST_CHECK;
const struct fw_still_head *fw_still_reader_head(const struct fw_still_reader *reader);
/* Complete only after the last next(): some kinds keep notes behind the pixels. */
const struct fw_notes *fw_still_reader_notes(const struct fw_still_reader *reader);
/* What reading found that cannot be kept (damage that was tolerated is an error, never a loss). */
const struct fw_losses *fw_still_reader_losses(const struct fw_still_reader *reader);
/* Ways to have the pixels, best first for a writer of `target`; at least one that is not raw. */
uint32_t fw_still_reader_offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                                struct fw_still_offer offers[FW_STILL_OFFERS_MAX]);
int fw_still_reader_begin(struct fw_still_reader *reader, const struct fw_still_offer *offer,
                          struct fw_error *err) FW_MUST_CHECK;
/* The next picture into an image that the caller laid out for offer->video. *delay_us_out: how long
 * an animation shows it; 0 for a still. FW_END behind the last one; FW_ERR_INPUT for damage: a
 * picture that is cut or whose check sums are wrong is no picture. */
int fw_still_reader_next(struct fw_still_reader *reader, struct fw_image *image,
                         int64_t *delay_us_out, struct fw_error *err) FW_MUST_CHECK;
void fw_still_reader_close(struct fw_still_reader *reader); /* NULL ok */

/* How a file is to be written. Zeroed but kind: like the source, or the kind's usual way. */
struct fw_still_wish {
    enum fw_still_kind kind;
    uint32_t quality;           /* 1 to 100; 0: the source's, else 90 (JPEG), 80 (WebP) */
    int32_t compression_plus1;  /* 1 + level 0..9 of PNG and TIFF; 0: default */
    uint8_t chroma_h, chroma_v; /* JPEG: 1x1, 2x1, 1x2, 2x2, 4x1; 0: the source's, else all of
                                   it from quality 90 on, and 2x2 below */
    int8_t progressive;         /* JPEG, PNG interlace: 1 yes, -1 no, 0 as the source */
    int8_t lossless;            /* WebP: 1 yes, -1 no, 0 as the source, else no */
    bool strip;                 /* no notes at all; asked for, so no loss */
    uint32_t threads;           /* a writer may compress in so many; the same bytes for any; 0: 1 */
};

/* The format in which a writer takes what a chain gives: `have` itself, or the nearest without
 * loss; what a kind cannot hold (alpha, depth, float) is added to `losses` as "converted". `source`
 * and `losses` may be NULL. Never NULL. */
const struct fw_format *fw_still_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                     const struct fw_still_head *source, struct fw_losses *losses);

/* YCbCr that comes to a JPEG as RGB, of another matrix: its share of chroma becomes the wish of
 * whoever has none. `given`: what the chain gives, before fw_still_fit. */
void fw_still_keep_chroma(struct fw_still_wish *wish, const struct fw_format *given);

/* What a finished file is. */
struct fw_still_sum {
    uint64_t bytes;
    uint64_t xxh3; /* of all of them */
};

struct fw_still_writer;
struct fw_still_writing {
    int fd; /* read-write, empty, ours alone */
    struct fw_still_wish wish;
    struct fw_video video;              /* of all frames; format from fw_still_fit */
    const struct fw_still_head *source; /* borrowed; NULL: none */
    const struct fw_notes *notes; /* borrowed until finish; NULL: none. Translated as needed */
    bool upright;                 /* an orientation was applied: the notes' is reset to 1 */
    bool resized;                 /* notes that tell the size are brought up to date */
    uint32_t frame_count;         /* 1, or those of an animation; 0: not known */
    uint32_t loop_count;
    struct fw_losses *losses; /* what the file cannot hold is added; NULL: nobody asks */
};
/* FW_ERR_USAGE when the kind cannot hold such a picture at all, FW_ERR_OUTPUT. */
int fw_still_writer_open(struct fw_still_writer **writer_out,
                         const struct fw_still_writing *writing,
                         struct fw_error *err) FW_MUST_CHECK;
/* A kind without animation takes one frame; the caller does not give it more. */
int fw_still_writer_frame(struct fw_still_writer *writer, const struct fw_image *image,
                          int64_t delay_us, struct fw_error *err) FW_MUST_CHECK;
/* Whether a kind can hold more than one picture. */
bool fw_still_animates(enum fw_still_kind kind);
/* Writes what is left, checks every write, and that the file has as many bytes as were written. */
int fw_still_writer_finish(struct fw_still_writer *writer, struct fw_still_sum *sum_out,
                           struct fw_error *err) FW_MUST_CHECK;
void fw_still_writer_close(struct fw_still_writer *writer); /* NULL ok */

#endif
