/* How rows of samples become rows of another length: resampling functions as integer weights. */
#ifndef FW_FILTERS_WEIGHTS_H
#define FW_FILTERS_WEIGHTS_H

#include "filter.h"
#include "kernels/resample.h"
#include "zimage.h"

#define FW_WEIGHTS_TAPS_MAX 128

/* One direction of one plane. Owns what `line` points to. */
struct fw_weights {
    struct fw_resample_line line;
    int32_t before; /* samples read before the first one of the source, */
    int32_t after;  /* and behind its last one: both repeat the edge */
    void *memory;
};

/* Output i lies at offset + i * step in samples of the source, whose centres are whole numbers. The
 * function `kernel` is stretched by `step` where that is more than 1, so that shrinking averages.
 */
struct fw_weights_request {
    int32_t source; /* samples */
    int32_t count;  /* outputs */
    double offset;
    double step;
    enum fw_zimage_kernel kernel;
};

/* Weights that one output takes; more than FW_WEIGHTS_TAPS_MAX are not made. */
int32_t fw_weights_taps(double step, enum fw_zimage_kernel kernel);
int fw_weights_init(struct fw_weights *weights, const struct fw_weights_request *request,
                    struct fw_error *err) FW_MUST_CHECK;
void fw_weights_deinit(struct fw_weights *weights);

/* The function itself at a distance of `x` samples, not negative. */
double fw_weights_value(enum fw_zimage_kernel kernel, double x);

#endif
