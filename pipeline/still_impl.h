/* What still.c asks of the file that knows a kind of picture, and the bytes that both share. */
#ifndef FW_PIPELINE_STILL_IMPL_H
#define FW_PIPELINE_STILL_IMPL_H

#include "still.h"

struct fw_still_codec;

/* The common part of a reader; a kind's own struct begins with it. */
struct fw_still_reader {
    const struct fw_still_codec *codec;
    int fd;
    uint64_t file_bytes;
    struct fw_still_limits limits;
    struct fw_still_head head;
    struct fw_notes notes;
    struct fw_losses losses;
    struct fw_still_offer offer; /* the one that was begun */
};

/* A stream of bytes into a file: gathered, counted, hashed. */
struct fw_still_out {
    int fd;
    uint8_t *buffer;
    size_t used;
    uint64_t bytes;
    void *hash; /* XXH3 state */
};
int fw_still_out_init(struct fw_still_out *out, int fd, struct fw_error *err) FW_MUST_CHECK;
/* FW_ERR_OUTPUT with errno in words, also for a full disk. */
int fw_still_out_write(struct fw_still_out *out, const void *bytes, size_t count,
                       struct fw_error *err) FW_MUST_CHECK;
/* Writes over bytes that were written before, and hashes the whole file again. */
int fw_still_out_patch(struct fw_still_out *out, uint64_t offset, const void *bytes, size_t count,
                       struct fw_error *err) FW_MUST_CHECK;
/* Everything is written, and the file's size is the count. */
int fw_still_out_finish(struct fw_still_out *out, struct fw_still_sum *sum_out,
                        struct fw_error *err) FW_MUST_CHECK;
void fw_still_out_deinit(struct fw_still_out *out); /* accepts zeroed */

/* The common part of a writer. */
struct fw_still_writer {
    const struct fw_still_codec *codec;
    struct fw_still_writing writing;
    struct fw_still_out out;
    uint32_t frames;
};

/* All functions as those of still.h without the prefix. still.c allocates the structs zeroed, with
 * the common part filled; deinit functions release what a kind added, also after a failure. */
struct fw_still_codec {
    size_t reader_bytes;
    size_t writer_bytes;
    bool animates;
    int (*reader_open)(struct fw_still_reader *reader, struct fw_error *err);
    uint32_t (*offers)(const struct fw_still_reader *reader, enum fw_still_kind target,
                       struct fw_still_offer *offers);
    int (*begin)(struct fw_still_reader *reader, struct fw_error *err);
    int (*next)(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                struct fw_error *err);
    void (*reader_deinit)(struct fw_still_reader *reader); /* NULL: nothing of its own */
    const struct fw_format *(*fit)(const struct fw_still_wish *wish, const struct fw_video *have,
                                   const struct fw_still_head *source, struct fw_losses *losses);
    int (*writer_open)(struct fw_still_writer *writer, struct fw_error *err);
    int (*frame)(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                 struct fw_error *err);
    int (*finish)(struct fw_still_writer *writer, struct fw_error *err);
    void (*writer_deinit)(struct fw_still_writer *writer);
};

/* One for each file: png_still.c, jpeg_still.c, still_webp.c, still_gif.c, still_farbfeld.c,
 * still_qoi.c, and still_lavc.c for all other kinds. */
extern const struct fw_still_codec fw_still_codec_png;
extern const struct fw_still_codec fw_still_codec_jpeg;
extern const struct fw_still_codec fw_still_codec_webp;
extern const struct fw_still_codec fw_still_codec_gif;
extern const struct fw_still_codec fw_still_codec_farbfeld;
extern const struct fw_still_codec fw_still_codec_qoi;
extern const struct fw_still_codec fw_still_codec_lavc;

/* FW_ERR_INPUT naming the option, when a picture of this size is over a limit. */
int fw_still_check_size(const struct fw_still_reader *reader, uint64_t width, uint64_t height,
                        uint32_t bytes_per_pixel, struct fw_error *err) FW_MUST_CHECK;
/* pread of exactly `count` bytes. FW_ERR_INPUT "the file ends early". */
int fw_still_read_at(const struct fw_still_reader *reader, uint64_t offset, void *bytes,
                     size_t count, struct fw_error *err) FW_MUST_CHECK;

#endif
