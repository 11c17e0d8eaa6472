/* A struct fw_video without pointers, and back. */
#include "link.h"

#include <string.h>

#include "limits.h"

#include "filters/format.h"

void fw_link_from_video(struct fw_link *link, const struct fw_video *video)
{
    memset(link, 0, sizeof(*link));
    link->format = video->format ? video->format->id : UINT32_MAX;
    link->width = video->width;
    link->height = video->height;
    link->sample_aspect = video->sample_aspect;
    link->time_base = video->time_base;
    link->frame_rate = video->frame_rate;
    link->color = video->color;
}

bool fw_link_to_video(const struct fw_link *link, struct fw_video *video)
{
    memset(video, 0, sizeof(*video));
    const struct fw_format *format = fw_format_at(link->format);
    if (!format || link->width < 1 || link->width > FW_DIMENSION_MAX || link->height < 1 ||
        link->height > FW_DIMENSION_MAX || link->time_base.num < 1 || link->time_base.den < 1)
        return false;
    video->format = format;
    video->width = link->width;
    video->height = link->height;
    video->sample_aspect = link->sample_aspect;
    video->time_base = link->time_base;
    video->frame_rate = link->frame_rate;
    video->color = link->color;
    return true;
}
