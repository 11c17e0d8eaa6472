/* What containers take, and what they usually hold. */
#ifndef FW_PIPELINE_SINK_CONTAINER_H
#define FW_PIPELINE_SINK_CONTAINER_H

#include "sink_target.h"

#include <stdbool.h>

/* Whether a stream of these parameters can be written without being encoded anew. */
bool fw_container_takes(const struct fw_target *target, const AVCodecParameters *par);
/* The codec that the container usually holds; AV_CODEC_ID_NONE when it holds none. */
enum AVCodecID fw_container_codec(const struct fw_target *target, enum AVMediaType kind);
/* An encoder for the codec that needs no permission to be used; NULL when there is none. */
const AVCodec *fw_encoder_for(enum AVCodecID codec);
/* The encoder that a -c:a or -c:s value means; NULL when unknown or not of this kind. */
const AVCodec *fw_encoder_named(const char *name, enum AVMediaType kind);
/* Fonts and pictures beside the film. */
bool fw_container_attaches(const struct fw_target *target);
/* Attached pictures: as a stream of that disposition. */
bool fw_container_covers(const struct fw_target *target, enum AVCodecID codec);

#endif
