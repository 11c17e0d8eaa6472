/* Images from PNG files, through libpng. */
#ifndef FW_FILTERS_PNG_READ_H
#define FW_FILTERS_PNG_READ_H

#include "filter.h"

/* Reads a whole picture into a block to be freed. Its format is gray, ya8, rgb24, rgba or their
 * big-endian kin of 16 bits, as the file has it; palettes come as rgb24 or rgba. FW_ERR_INPUT,
 * naming the file, when it is missing, damaged or larger than 16384 pixels a side. */
int fw_png_read(const char *path, struct fw_image *image_out, void **block_out,
                struct fw_error *err) FW_MUST_CHECK;

#endif
