/* How much two pictures differ: PSNR and SSIM as libavfilter 5.1 computes them. */
#ifndef FW_FILTERS_METRICS_H
#define FW_FILTERS_METRICS_H

#include "filter.h"

#define FW_METRICS_PARTS 4

/* Of one frame, by component in the order of the format's (red, green, blue for RGB). */
struct fw_metrics {
    uint32_t parts;
    double error[FW_METRICS_PARTS];      /* mean squared */
    double similarity[FW_METRICS_PARTS]; /* SSIM; NaN for planes below 8x8 */
    double error_all;                    /* planes weighed by their sizes */
    double similarity_all;
};

/* Both have one format and size: whole-byte integers, native endian, without a palette.
 * FW_ERR_USAGE for other formats, FW_ERR_MEMORY. */
int fw_metrics_of(struct fw_metrics *out, const struct fw_image *a, const struct fw_image *b,
                  struct fw_error *err) FW_MUST_CHECK;
/* Decibels of a mean squared error for samples up to `max`; infinite for no error. */
double fw_metrics_psnr(double error, int32_t max);
/* Decibels of a similarity. */
double fw_metrics_decibels(double similarity);

#endif
