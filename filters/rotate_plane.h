/* One plane turned around its middle. */
#ifndef FW_FILTERS_ROTATE_PLANE_H
#define FW_FILTERS_ROTATE_PLANE_H

#include "filter.h"
#include "kernels/rotate.h"
#include "kernels/turn.h"
#include "paint.h"

#include <stdbool.h>

/* Bytes of scratch: what a tile of 64x64 reads at most, in pairs, is 2 * 93 * 93. */
#define FW_ROTATE_SCRATCH (24u << 10)

struct fw_rotate_plan {
    const struct fw_rotate_kernels *kernels;
    const struct fw_turn_kernels *turns;
    struct fw_paint paint; /* around the picture */
    bool filled;           /* with it; else with zeros */
    bool bilinear;
};

/* `angle` in radians, clockwise. The images have one format and sizes of their own. */
void fw_rotate_plane(const struct fw_rotate_plan *plan, const struct fw_image *in,
                     const struct fw_image *out, uint32_t plane, double angle, uint8_t *scratch);

#endif
