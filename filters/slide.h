/*
 * Rows of a plane with their neighbours, for filters that look around a sample.
 *
 * A window of rows slides down the plane. Each row is copied once into a ring in scratch memory,
 * with samples added at both ends as the edge rule says, so that kernels have no edges to think of.
 */
#ifndef FW_FILTERS_SLIDE_H
#define FW_FILTERS_SLIDE_H

#include "format.h"
#include "rows.h"

#define FW_SLIDE_ROWS_MAX 64 /* of a window */

enum fw_edge {
    FW_EDGE_CLAMP,  /* aa|abcd|dd */
    FW_EDGE_MIRROR, /* cb|abcd|cb */
    FW_EDGE_SKEWED  /* cb|abcd|dc: libavfilter's convolutions mirror so */
};

struct fw_slide {
    int32_t radius_x; /* samples added at both ends of a row */
    int32_t radius_y;
    int32_t batch; /* rows written by one call */
    enum fw_edge edge_x;
    enum fw_edge edge_y;
    bool widen;  /* 8-bit samples come as 16-bit ones */
    int32_t cpu; /* level of instructions for that */
    /* Writes rows dst[0..batch) from src[0..2 * radius_y + batch), whose row i lies i - radius_y
     * rows below dst[0]. At the plane's end rows of dst may be scratch memory, and the last rows
     * of src repeat. */
    void (*emit)(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width);
    void *opaque;
};

/* The row or column that stands for `at`, whatever its distance. */
int32_t fw_edge_at(enum fw_edge edge, int32_t at, int32_t count);
/* Scratch memory for planes up to `width` samples wide. */
size_t fw_slide_bytes(const struct fw_slide *slide, int32_t width);
/* Rows [rows.first, rows.end) of one plane. Reads radius_y rows above and below them. */
void fw_slide_plane(const struct fw_slide *slide, const struct fw_image *dst,
                    const struct fw_image *src, uint32_t plane, struct fw_rows rows, void *scratch);

/* The formats of libavfilter's filters of this kind: planar, one component a plane, but for one. */
bool fw_slide_accepts(const struct fw_format *format);
/* Luma rows that `radius_y` rows of any plane reach over. */
int32_t fw_slide_halo(const struct fw_format *format, int32_t radius_y);

#endif
