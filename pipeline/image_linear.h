/*
 * Pictures in linear light, for --linear: what a screen emits in place of what a file stores, so
 * that a mean of two pixels is as bright as both together.
 *
 * The curve is that of sRGB (IEC 61966-2-1), whatever profile the file has. Linear samples have 16
 * bits. Alpha stays as it is.
 */
#ifndef FW_PIPELINE_IMAGE_LINEAR_H
#define FW_PIPELINE_IMAGE_LINEAR_H

#include "filters/filter.h"

struct fw_linear;

int fw_linear_create(struct fw_linear **linear_out, struct fw_error *err) FW_MUST_CHECK;
void fw_linear_destroy(struct fw_linear *linear); /* NULL ok */
/* The format of linear light for one that is stored: gray, ya8, rgb24, rgba and their kin of 16
 * bits. NULL for all others. */
const struct fw_format *fw_linear_format(const struct fw_format *stored);
/* And the nearest one of these for what a chain gives, of 8 or 16 bits. Never NULL. */
const struct fw_format *fw_linear_stored(const struct fw_format *given, uint32_t depth);
/* Pixels from a stored format to its linear one, or back; sizes are the same. */
void fw_linear_expand(const struct fw_linear *linear, const struct fw_image *stored,
                      struct fw_image *light);
void fw_linear_compress(const struct fw_linear *linear, const struct fw_image *light,
                        struct fw_image *stored);

#endif
