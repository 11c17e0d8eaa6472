/* What a descriptor says of a frame. No pointers, no offsets: the layout of the pixels is computed
 * from format and size by fw_image_layout in every process. */
#ifndef FW_PIPELINE_FRAME_INFO_H
#define FW_PIPELINE_FRAME_INFO_H

#include "filters/filter.h"

#include <stdbool.h>

struct fw_frame_info {
    int64_t pts;      /* link's time base, 0 at the file's start; or FW_NOPTS */
    int64_t duration; /* link's time base; 0 when unknown */
    uint32_t format;  /* id of a struct fw_format */
    int32_t width;
    int32_t height;
    uint32_t flags; /* enum fw_frame_flags */
    struct fw_rational sample_aspect;
    struct fw_color color;
    uint64_t origin;     /* number of the last frame from the decoder that was read for this one */
    uint32_t blob_bytes; /* side data at the end of the slot: its last FW_BLOB_MAX bytes start it */
    uint32_t reserved;
};

/* avframe.c: what a blob of side data says of grading; false when nothing. Wrong bytes are left
 * out. */
bool fw_hdr_from_side(struct fw_hdr *hdr, const void *blob, uint32_t bytes);

#endif
