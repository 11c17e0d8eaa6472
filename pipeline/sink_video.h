/* The video encoder: frames in, packets with exact times out. */
#ifndef FW_PIPELINE_SINK_VIDEO_H
#define FW_PIPELINE_SINK_VIDEO_H

#include "frame_info.h"
#include "settings.h"
#include "sink_target.h"

#include "filters/filter.h"

#include <libavcodec/avcodec.h>

#include <stdbool.h>

/* What an encoder is opened for. */
struct fw_video_request {
    const struct fw_settings *settings;
    const struct fw_target *target;
    struct fw_video video; /* format: the encoder's */
    uint32_t first_flags;  /* enum fw_frame_flags */
    const char *extra;     /* settings for the library behind it, or NULL */
    bool scratch;          /* a question only: few threads */
};

/* How times go through the encoder. */
struct fw_video_times {
    AVRational in;      /* of the frames that arrive */
    AVRational encoder; /* what the encoder counts in */
    AVRational out;     /* of the packets that leave: `in`, or the grid */
    bool grid;          /* frames stand on a fixed rate */
};
/* FW_ERR_USAGE where a fixed rate is needed and none is known. */
int fw_video_times_choose(struct fw_video_times *times, const struct fw_target *target,
                          const struct fw_video *video, struct fw_error *err) FW_MUST_CHECK;

/* Field order by enum fw_frame_flags. */
void fw_video_context_fields(AVCodecContext *context, uint32_t flags);
/* Whether the bitstream will call the pictures progressive although `flags` say fields; then
 * *hint_out is what keeps them. */
bool fw_video_context_loses_fields(const AVCodecContext *context, uint32_t flags,
                                   const char **hint_out);
/* An opened encoder; 0 or an AVERROR in *code_out when it is the encoder that refuses. */
int fw_video_context_open(AVCodecContext **context_out, const struct fw_video_request *request,
                          int *code_out, struct fw_error *err) FW_MUST_CHECK;

struct fw_video_encoder;
/* What takes a packet; it may be moved away. pts, dts and duration are in times.out. */
typedef int (*fw_video_packet_fn)(void *opaque, AVPacket *packet, struct fw_error *err);

int fw_video_encoder_create(struct fw_video_encoder **encoder_out,
                            const struct fw_video_request *request, fw_video_packet_fn packet,
                            void *opaque, struct fw_error *err) FW_MUST_CHECK;
int fw_video_encoder_send(struct fw_video_encoder *encoder, const struct fw_frame_info *info,
                          const void *base, const void *blob, struct fw_error *err) FW_MUST_CHECK;
/* Everything that is still inside comes out. */
int fw_video_encoder_flush(struct fw_video_encoder *encoder, struct fw_error *err) FW_MUST_CHECK;
void fw_video_encoder_destroy(struct fw_video_encoder *encoder); /* NULL ok */

/* Before the first frame: the fields it has, where they are others than the request's. */
void fw_video_encoder_fields(struct fw_video_encoder *encoder, uint32_t flags);

/* Borrowed. */
const AVCodecContext *fw_video_encoder_context(const struct fw_video_encoder *encoder);
const struct fw_video_times *fw_video_encoder_times(const struct fw_video_encoder *encoder);
/* Packets that show a picture. */
uint64_t fw_video_encoder_shown(const struct fw_video_encoder *encoder);
/* Frames whose time had to be moved to stay after the one before. */
uint64_t fw_video_encoder_moved(const struct fw_video_encoder *encoder);
/* Seconds by which every frame is later, so that the first one has a place at the fixed rate. */
double fw_video_encoder_shift(const struct fw_video_encoder *encoder);

#endif
