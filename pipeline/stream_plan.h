/* What happens to one input stream. Made by the planner, read by decoder and encoder. */
#ifndef FW_PIPELINE_STREAM_PLAN_H
#define FW_PIPELINE_STREAM_PLAN_H

#include <stdint.h>

enum fw_stream_action {
    FW_STREAM_DROP = 0,
    FW_STREAM_VIDEO,     /* the filtered stream */
    FW_STREAM_COPY,
    FW_STREAM_AUDIO,     /* decoded by the decoder, encoded by the encoder */
    FW_STREAM_SUBTITLE,  /* text: decoded to ASS lines, encoded */
    FW_STREAM_COVER,     /* attached picture: one packet, written with the header */
    FW_STREAM_ATTACHMENT /* extradata only */
};

struct fw_stream_plan {
    uint32_t action; /* enum fw_stream_action */
    int32_t output;  /* stream index of the output; -1 for DROP */
    int32_t codec;   /* enum AVCodecID to encode to, for AUDIO and SUBTITLE */
    uint32_t reserved;
};

#endif
