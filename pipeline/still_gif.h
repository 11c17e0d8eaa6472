/* GIF: what its files share. */
#ifndef FW_PIPELINE_STILL_GIF_H
#define FW_PIPELINE_STILL_GIF_H

#include "still_tools.h"

enum fw_gif_disposal { FW_GIF_KEEP = 1, FW_GIF_CLEAR = 2, FW_GIF_RESTORE = 3 };

/* One picture of a file: where its descriptor stands, and what was said of it before. */
struct fw_gif_picture {
    size_t at; /* of the byte behind 0x2c */
    uint16_t left, top, width, height;
    uint16_t delay_cs;
    uint8_t disposal;
    bool interlaced;
    int16_t transparent; /* index, or -1 */
    uint16_t colors;     /* of its own table; 0: the file's */
};

struct fw_gif_reader {
    struct fw_still_reader common;
    struct fw_still_bytes file;
    struct fw_gif_picture *pictures;
    uint32_t count;
    uint32_t room;
    const uint8_t *table; /* the file's; NULL: none */
    uint32_t table_colors;
    bool opaque;      /* every canvas is */
    uint32_t next;    /* picture */
    uint8_t *canvas;  /* RGBA */
    uint8_t *saved;   /* of it, for FW_GIF_RESTORE */
    uint8_t *indices; /* of one picture */
};

/* All blocks, checked to lie in the file, and what is said beside the pictures. */
int fw_gif_walk(struct fw_gif_reader *self, struct fw_error *err) FW_MUST_CHECK;
int fw_gif_begin(struct fw_still_reader *reader, struct fw_error *err) FW_MUST_CHECK;
int fw_gif_next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err) FW_MUST_CHECK;

/* `count` indices from the code size and blocks at `at`; false when they are cut or damaged. */
bool fw_gif_unpack(const uint8_t *at, const uint8_t *end, uint8_t *indices,
                   size_t count) FW_MUST_CHECK;
/* The code size, blocks and their end. */
int fw_gif_pack(struct fw_still_out *out, const uint8_t *indices, size_t count, uint32_t bits,
                struct fw_error *err) FW_MUST_CHECK;

const struct fw_format *fw_gif_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses);
int fw_gif_writer_open(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
int fw_gif_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                 struct fw_error *err) FW_MUST_CHECK;
int fw_gif_finish(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
void fw_gif_writer_deinit(struct fw_still_writer *writer);

/* A picture of up to 256 colours. */
struct fw_palette {
    uint32_t count;
    uint8_t rgb[256][3];
    int32_t transparent; /* index, or -1 */
    bool exact;          /* every colour is there */
};
struct fw_gif_writer {
    struct fw_still_writer common;
    uint8_t *pixels;  /* RGBA of the frame: alpha 0 or 255 */
    uint8_t *before;  /* of the frame before */
    uint8_t *indices; /* of the part that is written */
    int64_t total_us;
    int64_t total_cs;
    bool lost_colors;
    bool lost_alpha;
    bool lost_time;
};
/* Of RGBA pixels whose alpha is 0 or 255; all of alpha 0 have one index. Median cut where there are
 * too many colours. -1 without memory. */
int fw_palette_make(struct fw_palette *palette, const uint8_t *rgba, size_t count,
                    uint8_t *indices) FW_MUST_CHECK;

#endif
