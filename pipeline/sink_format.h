/* Pixel formats by the names that people use. */
#ifndef FW_PIPELINE_SINK_FORMAT_H
#define FW_PIPELINE_SINK_FORMAT_H

#include "settings.h"
#include "sink_target.h"

#include "filters/filter.h"

#include <stdbool.h>

/* FFmpeg's names, "yuv420p10" for the native order included; NULL when unknown. */
const struct fw_format *fw_format_named(const char *name);

/* Whether the container's tick is too coarse for the frames' rate: known before the first one. */
bool fw_sink_rounds_times(const struct fw_settings *settings, const struct fw_target *target,
                          const struct fw_video *video);

#endif
