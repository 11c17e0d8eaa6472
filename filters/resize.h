/* Another size and nothing else, for formats whose samples are whole bytes or words of 8 to 12
 * bits: the vector kernels of kernels/resample.h. All other conversions are zimage.h's. */
#ifndef FW_FILTERS_RESIZE_H
#define FW_FILTERS_RESIZE_H

#include "filter.h"
#include "zimage.h"

#include <stdbool.h>

struct fw_resize;

/* Whether it can be done here: same format but for the subsampling of planar YUV, shrinking by
 * little enough for 14-bit weights, and not the nearest pixel, for which nothing is summed. */
bool fw_resize_takes(const struct fw_video *in, const struct fw_video *out,
                     enum fw_zimage_kernel kernel);
bool fw_resize_takes_format(const struct fw_format *format);

/* Edges are repeated; chroma keeps the place that `in` says it has beside luma (left, when it says
 * nothing). `cpu`: enum fw_cpu. */
int fw_resize_open(struct fw_resize **resize_out, const struct fw_video *in,
                   const struct fw_video *out, enum fw_zimage_kernel kernel, int cpu,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_resize_process(struct fw_resize *resize, const struct fw_image *in,
                       const struct fw_image *out);
void fw_resize_close(struct fw_resize *resize); /* NULL ok */

#endif
