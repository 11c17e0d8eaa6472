/* A struct fw_video without pointers, so that it can cross a process boundary. */
#ifndef FW_PIPELINE_LINK_H
#define FW_PIPELINE_LINK_H

#include "filters/filter.h"

#include <stdbool.h>

struct fw_link {
    uint32_t format; /* id of a struct fw_format */
    int32_t width;
    int32_t height;
    struct fw_rational sample_aspect;
    struct fw_rational time_base;
    struct fw_rational frame_rate;
    struct fw_color color;
};

void fw_link_from_video(struct fw_link *link, const struct fw_video *video);
/* false when format id or size is out of range. */
bool fw_link_to_video(const struct fw_link *link, struct fw_video *video);

#endif
