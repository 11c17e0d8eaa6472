/* Decoded audio to packets: resampling where the encoder wants it, frames of its size. */
#ifndef FW_PIPELINE_SINK_AUDIO_H
#define FW_PIPELINE_SINK_AUDIO_H

#include "remux.h"
#include "settings.h"

#include <stdbool.h>

struct fw_audio_encoder;
/* Takes a packet; pts in 1/sample rate of the encoder. */
typedef int (*fw_audio_packet_fn)(void *opaque, AVPacket *packet, struct fw_error *err);

struct fw_audio_request {
    const struct fw_settings *settings;
    const struct fw_media_stream *source;
    const AVCodec *encoder;
    bool global_header;
    fw_audio_packet_fn packet;
    void *opaque;
};
int fw_audio_encoder_create(struct fw_audio_encoder **encoder_out,
                            const struct fw_audio_request *request,
                            struct fw_error *err) FW_MUST_CHECK;
/* pts in 1/sample_rate of the frame, whose channels may get names. */
int fw_audio_encoder_send(struct fw_audio_encoder *encoder, AVFrame *frame,
                          struct fw_error *err) FW_MUST_CHECK;
int fw_audio_encoder_flush(struct fw_audio_encoder *encoder, struct fw_error *err) FW_MUST_CHECK;
/* How often the input's times did not go on where its sound ended: holes are filled with silence,
 * jumps of the clock and overlaps are played through. */
struct fw_audio_breaks {
    uint64_t filled;
    double filled_seconds;
    uint64_t jumps;
    uint64_t overlaps;
};
struct fw_audio_breaks fw_audio_encoder_breaks(const struct fw_audio_encoder *encoder);
void fw_audio_encoder_destroy(struct fw_audio_encoder *encoder); /* NULL ok */
/* Borrowed. */
const AVCodecContext *fw_audio_encoder_context(const struct fw_audio_encoder *encoder);

#endif
