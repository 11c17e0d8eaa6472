/* What an output will be, as far as that can be said before its first frame. */
#ifndef FW_PIPELINE_SINK_ESTIMATE_H
#define FW_PIPELINE_SINK_ESTIMATE_H

#include "link.h"
#include "settings.h"

/* Name of the encoder that the settings mean: "libx264", "y4m", "null". Static. */
const char *fw_sink_encoder_name(const struct fw_settings *settings);
/* Bytes of the output: exact for raw pictures, by -b:v otherwise; -1 when it cannot be said. */
int64_t fw_sink_estimate(const struct fw_settings *settings, const struct fw_link *video,
                         uint64_t frames);

#endif
