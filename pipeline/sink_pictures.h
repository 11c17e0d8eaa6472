/* Options and formats of pictures as output, numbered or one. */
#ifndef FW_PIPELINE_SINK_PICTURES_H
#define FW_PIPELINE_SINK_PICTURES_H

#include "losses.h"
#include "settings.h"
#include "still.h"

struct fw_target;

/* The options that pictures of a kind have: -q:v (JPEG, FFmpeg's 1 to 31), -quality (JPEG, WebP),
 * -compression_level (PNG, TIFF), -lossless (WebP); a single one -update 1. All faults are added to
 * err. */
int fw_pictures_check(const struct fw_settings *settings, const struct fw_target *target,
                      struct fw_error *err) FW_MUST_CHECK;
/* For settings that were checked. */
void fw_pictures_wish(const struct fw_settings *settings, enum fw_still_kind kind,
                      struct fw_still_wish *wish_out);
/* What the writer takes of a video: -pix_fmt, or the nearest; see fw_sink_choose_format. */
int fw_pictures_format(const struct fw_settings *settings, enum fw_still_kind kind,
                       const struct fw_video *video, const struct fw_format **format_out,
                       struct fw_losses *losses, struct fw_error *err) FW_MUST_CHECK;

#endif
