/*
 * What the files of the JPEG codec share.
 *
 * libjpeg leaves a failed call by longjmp. So everything that calls it is a step, run by
 * fw_jpeg_guard, and whatever a step takes belongs to the reader or writer, never to its stack.
 */
#ifndef FW_PIPELINE_JPEG_STILL_H
#define FW_PIPELINE_JPEG_STILL_H

#include "still_impl.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#define FW_JPEG_BUFFER_BYTES 65536
#define FW_JPEG_SIDE_MAX 65500    /* libjpeg's, of 65535 */
#define FW_JPEG_SCANS_MAX 500     /* of a progressive picture; usual ones have ten */
#define FW_JPEG_MARKER_MAX 65533u /* bytes of a marker behind its length */

/* Errors and warnings of libjpeg. */
struct fw_jpeg_trap {
    struct jpeg_error_mgr mgr; /* first: libjpeg hands it back */
    jmp_buf jump;
    struct fw_error *err;
    bool in_pixels; /* behind the header, where every warning is damage */
    int status;
};

void fw_jpeg_trap_init(struct fw_jpeg_trap *trap);
/* Runs step(self, err). What libjpeg raises in it becomes the returned status. */
int fw_jpeg_guard(struct fw_jpeg_trap *trap, int (*step)(void *self, struct fw_error *err),
                  void *self, struct fw_error *err) FW_MUST_CHECK;
/* Leaves the step with a status whose text is already in the trap's err. */
_Noreturn void fw_jpeg_raise(struct fw_jpeg_trap *trap, int status);

struct fw_jpeg_reader {
    struct fw_still_reader base;
    struct jpeg_decompress_struct cinfo;
    struct fw_jpeg_trap trap;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    struct fw_still_offer offers[FW_STILL_OFFERS_MAX]; /* for a writer of JPEG */
    uint32_t offer_count;
    uint64_t offset;      /* of the file's next byte that is not in the buffer */
    uint32_t late_blocks; /* metadata behind the first scan */
    bool has_more;        /* pictures behind the first */
    bool done;
    uint8_t *gathered; /* metadata that is put together of several markers */
    uint8_t buffer[FW_JPEG_BUFFER_BYTES];
};

struct fw_jpeg_writer {
    struct fw_still_writer base;
    struct jpeg_compress_struct cinfo;
    struct fw_jpeg_trap trap;
    struct jpeg_destination_mgr destination;
    const struct fw_image *image; /* of the frame that is being written */
    uint32_t step;                /* every so manieth row of blocks is coded */
    bool tries;                   /* what is coded goes nowhere */
    uint8_t *marker;              /* the one that is being written */
    uint8_t buffer[FW_JPEG_BUFFER_BYTES];
};

/* jpeg_still_read.c, for the codec's table. */
int fw_jpeg_reader_open(struct fw_still_reader *reader, struct fw_error *err) FW_MUST_CHECK;
uint32_t fw_jpeg_offers(const struct fw_still_reader *reader, enum fw_still_kind target,
                        struct fw_still_offer *offers);
int fw_jpeg_begin(struct fw_still_reader *reader, struct fw_error *err) FW_MUST_CHECK;
int fw_jpeg_next(struct fw_still_reader *reader, struct fw_image *image, int64_t *delay_us_out,
                 struct fw_error *err) FW_MUST_CHECK;
void fw_jpeg_reader_deinit(struct fw_still_reader *reader);

/* jpeg_still.c. Fills head, traits and offers from what jpeg_read_header left; a step's part. */
int fw_jpeg_describe(struct fw_jpeg_reader *reader, struct fw_error *err) FW_MUST_CHECK;

/* jpeg_fit.c. What a writer takes; fw_still_fit. */
const struct fw_format *fw_jpeg_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses);
/* The full-range format whose luma has `h` x `v` times the samples of each chroma; NULL. */
const struct fw_format *fw_jpeg_planar(uint32_t h, uint32_t v);
/* "4:2:0" for luma of `h` x `v` times the samples of each chroma; NULL: it has no name. */
const char *fw_jpeg_sampling_name(uint32_t h, uint32_t v);
/* The factors of the components for RGB: as wished, else as a JPEG source has them, else by the
 * quality. */
struct fw_jpeg_sampling {
    uint8_t h[3];
    uint8_t v[3];
};
void fw_jpeg_sampling_of_rgb(const struct fw_still_wish *wish, const struct fw_still_head *source,
                             struct fw_jpeg_sampling *sampling_out);

/* jpeg_still_write.c, for the codec's table. */
int fw_jpeg_writer_open(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
int fw_jpeg_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err) FW_MUST_CHECK;
int fw_jpeg_finish(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
void fw_jpeg_writer_deinit(struct fw_still_writer *writer);

/* jpeg_codes.c. Gives every symbol that a picture can need a code in the tables of a part of it. */
void fw_jpeg_complete_codes(struct fw_jpeg_writer *writer);

/* jpeg_notes.c. Parts of steps. */
int fw_jpeg_read_notes(struct fw_jpeg_reader *reader, struct fw_error *err) FW_MUST_CHECK;
/* What the JFIF header is to say, and whether there is one; before the start. */
void fw_jpeg_set_density(struct fw_jpeg_writer *writer);
/* All markers, right behind the start. */
int fw_jpeg_write_notes(struct fw_jpeg_writer *writer, struct fw_error *err) FW_MUST_CHECK;

#endif
