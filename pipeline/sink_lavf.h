/* The sink over libavformat: what its files share. Private to sink_lavf*.c and sink_streams.c. */
#ifndef FW_PIPELINE_SINK_LAVF_H
#define FW_PIPELINE_SINK_LAVF_H

#include "sink_impl.h"
#include "sink_queue.h"
#include "sink_video.h"

#include <libavformat/avformat.h>

struct fw_audio_encoder;
struct fw_lavf;
struct fw_subtitle_encoder;

struct fw_lavf_stream {
    uint32_t action;  /* enum fw_stream_action */
    AVStream *stream; /* NULL: dropped */
    AVRational base;  /* of the packets that come in */
    struct fw_lavf *owner;
    struct fw_audio_encoder *audio;
    struct fw_subtitle_encoder *subtitle;
    int64_t last_dts; /* in stream->time_base */
    uint64_t packets;
    uint64_t rounded; /* time stamps that the container's tick cannot hold */
    uint64_t moved;   /* decoding times that had to move to rise */
    bool counted;     /* sink_counted.c: the first packet has its place */
    int64_t off_us;   /* how far that is from where it belongs */
};

struct fw_lavf {
    struct fw_sink *sink;
    AVFormatContext *muxer;
    AVIOContext *avio;
    struct fw_video_encoder *video;
    struct fw_lavf_stream by_input[FW_STREAMS_MAX];
    struct fw_lavf_stream *main; /* the filtered one, in by_input */
    struct fw_queue queue;
    AVPacket *scratch;
    bool head_written;
    bool native_order;   /* the muxer orders packets by rules of its own */
    bool shifted;        /* the container moved the start */
    bool placed;         /* count_shift is chosen */
    int64_t count_shift; /* of all streams, in the main one's ticks */
    int64_t video_first; /* times of the written video, in microseconds; FW_NOPTS: none */
    int64_t video_end;
};

/* sink_streams.c: streams, tags and chapters of the output, before the header. */
int fw_lavf_add_streams(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
int fw_lavf_add_tags(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
/* sink_tags.c: what the settings say of single streams; after the others. */
int fw_lavf_set_tags(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
/* Attached pictures, right behind the header. */
int fw_lavf_write_covers(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
int fw_lavf_record(struct fw_lavf *lavf, struct fw_record *record,
                   struct fw_error *err) FW_MUST_CHECK;
int fw_lavf_finish_streams(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
void fw_lavf_close_streams(struct fw_lavf *lavf);

/* sink_hdr.c: side data of the picture for container and bitstream. `params` gets settings for the
 * library behind the encoder. */
struct fw_hdr_params {
    char text[512];
};
void fw_hdr_params(struct fw_hdr_params *params, struct fw_sink *sink);
int fw_hdr_container(AVStream *stream, const struct fw_sink *sink,
                     struct fw_error *err) FW_MUST_CHECK;

/* sink_lavf.c: a packet in `from` time for the stream; takes its contents. */
int fw_lavf_queue(struct fw_lavf *lavf, struct fw_lavf_stream *stream, AVPacket *packet,
                  AVRational from, struct fw_error *err) FW_MUST_CHECK;
/* Whatever failed below: the descriptor's failure says more than libavformat's code. */
int fw_lavf_failure(const struct fw_lavf *lavf, int code, const char *doing, struct fw_error *err);

/* sink_counted.c: for containers that count packets; moves one in time, before it is written. An
 * AVERROR. */
bool fw_lavf_counts(const struct fw_lavf *lavf);
int fw_lavf_count_packet(struct fw_lavf *lavf, AVPacket *packet) FW_MUST_CHECK;
void fw_lavf_tell_counts(struct fw_lavf *lavf);

/* sink_verify.c */
int fw_lavf_verify(struct fw_sink *sink, char what[32], struct fw_error *err) FW_MUST_CHECK;

#endif
