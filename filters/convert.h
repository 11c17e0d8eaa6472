/* Conversions that the user did not write: libswscale as FFmpeg's auto-inserted scale uses it. */
#ifndef FW_FILTERS_CONVERT_H
#define FW_FILTERS_CONVERT_H

#include "filter.h"

#include <stdbool.h>

struct fw_convert;

/* What a conversion of `in` to `format` puts out. FW_ERR_USAGE when libswscale has none. */
int fw_convert_plan(const struct fw_video *in, const struct fw_format *format, struct fw_video *out,
                    struct fw_error *err) FW_MUST_CHECK;
int fw_convert_open(struct fw_convert **convert_out, const struct fw_video *in,
                    const struct fw_video *out, struct fw_error *err) FW_MUST_CHECK;
/* Pixels only. */
int fw_convert_process(struct fw_convert *convert, const struct fw_image *in,
                       const struct fw_image *out, struct fw_error *err) FW_MUST_CHECK;
void fw_convert_close(struct fw_convert *convert); /* NULL ok */

/* The accepted format that loses least from `from`, by libavutil's rules; NULL when there is none
 * that libswscale writes. */
const struct fw_format *
fw_convert_nearest(const struct fw_format *from,
                   bool (*accepts)(void *opaque, const struct fw_format *format), void *opaque);

#endif
