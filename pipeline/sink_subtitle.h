/* Text subtitles: ASS events to packets of another text codec. */
#ifndef FW_PIPELINE_SINK_SUBTITLE_H
#define FW_PIPELINE_SINK_SUBTITLE_H

#include "remux.h"

struct fw_subtitle_encoder;

int fw_subtitle_encoder_create(struct fw_subtitle_encoder **encoder_out, const AVCodec *codec,
                               const struct fw_media_stream *source, const struct fw_media *media,
                               struct fw_error *err) FW_MUST_CHECK;
/* One event; the packet's times are in microseconds. */
int fw_subtitle_encoder_send(struct fw_subtitle_encoder *encoder, const struct fw_record *record,
                             AVPacket *packet_out, struct fw_error *err) FW_MUST_CHECK;
void fw_subtitle_encoder_destroy(struct fw_subtitle_encoder *encoder); /* NULL ok */
/* Borrowed. */
const AVCodecContext *fw_subtitle_encoder_context(const struct fw_subtitle_encoder *encoder);

#endif
