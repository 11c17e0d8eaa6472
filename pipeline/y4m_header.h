/* The first line of a y4m file. */
#ifndef FW_PIPELINE_Y4M_HEADER_H
#define FW_PIPELINE_Y4M_HEADER_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_Y4M_LINE_MAX 4096

struct fw_y4m_header {
    int field_order; /* enum AVFieldOrder */
    uint32_t flags;  /* enum fw_frame_flags of every frame */
};

/* `line` is the whole line without its newline, and is cut into words. Fills `video` completely.
 * FW_ERR_INPUT when it is no y4m header, or one of a size or chroma that is not known. */
int fw_y4m_header_parse(struct fw_y4m_header *header, char *line, struct fw_video *video,
                        struct fw_error *err) FW_MUST_CHECK;

#endif
