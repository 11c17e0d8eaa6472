/* WebP, through libwebp: what its two files share. */
#ifndef FW_PIPELINE_STILL_WEBP_H
#define FW_PIPELINE_STILL_WEBP_H

#include "still_tools.h"

#include <webp/encode.h>
#include <webp/mux.h>

struct fw_webp_writer {
    struct fw_still_writer common;
    WebPConfig config;
    WebPAnimEncoder *animation; /* NULL: a still */
    WebPData picture;           /* a still's file; WebPDataClear */
    int64_t total_us;
    bool lost_time;
};

const struct fw_format *fw_webp_fit(const struct fw_still_wish *wish, const struct fw_video *have,
                                    const struct fw_still_head *source, struct fw_losses *losses);
int fw_webp_writer_open(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
int fw_webp_frame(struct fw_still_writer *writer, const struct fw_image *image, int64_t delay_us,
                  struct fw_error *err) FW_MUST_CHECK;
int fw_webp_finish(struct fw_still_writer *writer, struct fw_error *err) FW_MUST_CHECK;
void fw_webp_writer_deinit(struct fw_still_writer *writer);

#endif
