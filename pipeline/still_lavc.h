/* Pictures through libavcodec: what the files of that codec share. */
#ifndef FW_PIPELINE_STILL_LAVC_H
#define FW_PIPELINE_STILL_LAVC_H

#include "still_tools.h"

#include <libavutil/frame.h>

struct fw_lavc_reader {
    struct fw_still_reader common;
    struct fw_still_bytes file;     /* padded as libavcodec wants it */
    const struct fw_format *stored; /* as the decoder gives it */
    bool multiplied;                /* alpha is multiplied into the colours */
    bool done;
};

/* The same memory as an image; a borrowed view. FW_ERR_INPUT for a format that is not known. */
int fw_lavc_view(const AVFrame *frame, struct fw_image *image, struct fw_error *err) FW_MUST_CHECK;

/* Fills head.width, height and `stored` without decoding a pixel; the limits hold from then on. */
int fw_lavc_look(struct fw_lavc_reader *self, struct fw_error *err) FW_MUST_CHECK;
/* The picture; anything the decoder complains of is damage. */
int fw_lavc_decode(struct fw_lavc_reader *self, AVFrame *frame, struct fw_error *err) FW_MUST_CHECK;

/* What decoders do not look at: that the file is whole, and what is said beside the pixels. */
int fw_lavc_check_file(struct fw_lavc_reader *self, struct fw_error *err) FW_MUST_CHECK;
int fw_lavc_check_exr(struct fw_lavc_reader *self, struct fw_error *err) FW_MUST_CHECK;

const struct fw_format *fw_lavc_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses);
int fw_lavc_writer_open(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
int fw_lavc_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err) FW_MUST_CHECK;
int fw_lavc_finish(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;

#endif
