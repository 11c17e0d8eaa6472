/* PNG files from images, through libpng. */
#ifndef FW_PIPELINE_PNG_WRITE_H
#define FW_PIPELINE_PNG_WRITE_H

#include "filters/filter.h"

/* Writes a whole PNG at the descriptor's position. Formats: gray, ya8, rgb24, rgba and their 16-bit
 * kin in either byte order (gray16le, ya16le, rgb48le, rgba64le, ...be). FW_ERR_USAGE for any
 * other; FW_ERR_OUTPUT when a write fails. `level`: zlib's, 0 to 9. */
int fw_png_write(int fd, const struct fw_image *image, int level,
                 struct fw_error *err) FW_MUST_CHECK;

#endif
