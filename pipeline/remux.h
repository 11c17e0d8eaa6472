/*
 * What the decoder tells the encoder beside filtered video: the input's streams, chapters and tags,
 * once, and then packets, decoded audio and subtitle texts, each as one flat record.
 *
 * Records cross from the process that parses hostile bytes: unpacking checks every length.
 */
#ifndef FW_PIPELINE_REMUX_H
#define FW_PIPELINE_REMUX_H

#include "limits.h"
#include "stream_plan.h"

#include "filters/filter.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <stdbool.h>

/* A growing block of bytes. Zeroed: empty. */
struct fw_buffer {
    uint8_t *data;
    size_t bytes;
    size_t room;
};
int fw_buffer_append(struct fw_buffer *buffer, const void *data, size_t bytes,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_buffer_deinit(struct fw_buffer *buffer);

struct fw_media_stream {
    AVCodecParameters *par; /* with extradata; attachments keep theirs here */
    int id;                 /* the container's own number */
    AVRational time_base;
    AVRational avg_frame_rate;
    AVRational r_frame_rate;
    AVRational sample_aspect_ratio;
    int64_t start_time; /* in time_base, or AV_NOPTS_VALUE */
    int64_t duration;
    int64_t nb_frames;
    int disposition;
    AVDictionary *metadata;
    AVPacketSideData *side_data; /* of the stream: display matrix, mastering display, ...; the
                                    filtered one's matrix is its first frame's, if it has one */
    int nb_side_data;
    bool attached_pic; /* `cover` holds the picture */
    AVPacket *cover;
    bool usable;           /* a decoder for it exists here */
    char *subtitle_header; /* what the decoder of text subtitles makes the head of a script; or NULL
                            */
};

struct fw_media_chapter {
    int64_t id;
    AVRational time_base;
    int64_t start; /* of the output's time, cut to what -ss, -to and -t leave */
    int64_t end;
    AVDictionary *metadata;
};

/* An input, as far as it is known once its first frame is decoded. */
struct fw_media {
    char format_name[64];
    int64_t start_time; /* AV_TIME_BASE units, or AV_NOPTS_VALUE; 0 of the output's time */
    int64_t duration;   /* AV_TIME_BASE units, or AV_NOPTS_VALUE */
    int64_t bit_rate;
    int64_t input_bytes; /* -1 for a pipe */
    int video;           /* index of the filtered stream */
    struct fw_media_stream streams[FW_STREAMS_MAX];
    uint32_t stream_count;
    uint32_t streams_ignored; /* beyond FW_STREAMS_MAX or --max-streams */
    struct fw_media_chapter *chapters;
    uint32_t chapter_count;
    AVDictionary *metadata;

    /* The filtered stream, from its first kept frame. */
    struct fw_video video_params; /* time_base is the stream's; rotation not yet applied */
    uint32_t first_flags;         /* enum fw_frame_flags of that frame */
    int field_order;              /* enum AVFieldOrder of the stream */
    int rotation;                 /* clockwise degrees 0, 90, 180, 270 that the tag asks for */
    bool flip_h, flip_v;          /* the tag asks for a mirror after the rotation */
    bool matrix_odd;              /* a matrix that is none of those: kept as it is */
    AVFrameSideData **frame_side; /* of the first frame: mastering display, light level, ... */
    uint32_t frame_side_count;
    int64_t frames_estimate; /* of the filtered stream after -ss/-to/-t; -1 unknown */
    bool frames_exact;
    uint64_t files_left_out; /* of a folder of pictures: files that are none */
    int64_t time_offset_us;  /* what was taken off every time stamp: start_time + seek */
};

void fw_media_deinit(struct fw_media *media);
int fw_media_pack(const struct fw_media *media, struct fw_buffer *out,
                  struct fw_error *err) FW_MUST_CHECK;
/* Packing and the fw_record_from_ functions replace what the buffer held and keep its memory.
 * FW_ERR_INTERNAL when the bytes are no packed media. */
int fw_media_unpack(struct fw_media *media, const void *bytes, size_t count,
                    struct fw_error *err) FW_MUST_CHECK;

/* One record of the packet ring. Times have the input's time_offset_us taken off already. */
enum fw_record_kind {
    FW_RECORD_PACKET = 1,
    FW_RECORD_AUDIO = 2,
    FW_RECORD_SUBTITLE = 3,
    FW_RECORD_MARK = 4 /* all records before the frame `seq` have been written */
};

int fw_record_from_packet(struct fw_buffer *out, uint32_t stream, const AVPacket *packet,
                          struct fw_error *err) FW_MUST_CHECK;
/* A decoded audio frame as PCM in its own sample format; pts in 1/sample_rate. */
int fw_record_from_audio(struct fw_buffer *out, uint32_t stream, const AVFrame *frame,
                         struct fw_error *err) FW_MUST_CHECK;
/* One subtitle event: ASS dialogue text, start and length in microseconds. */
int fw_record_from_subtitle(struct fw_buffer *out, uint32_t stream, const char *ass,
                            int64_t start_us, int64_t length_us,
                            struct fw_error *err) FW_MUST_CHECK;

/* Ties records to frames, so that their order does not depend on who is faster. */
int fw_record_mark(struct fw_buffer *out, uint64_t seq, struct fw_error *err) FW_MUST_CHECK;

struct fw_record {
    enum fw_record_kind kind;
    uint32_t stream;  /* input stream index, below FW_STREAMS_MAX */
    AVPacket *packet; /* PACKET */
    AVFrame *audio;   /* AUDIO */
    char *ass;        /* SUBTITLE */
    int64_t start_us;
    int64_t length_us;
    uint64_t seq; /* MARK */
};
int fw_record_unpack(struct fw_record *record, const void *bytes, size_t count,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_record_deinit(struct fw_record *record);

#endif
