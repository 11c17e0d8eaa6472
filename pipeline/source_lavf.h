/* The parts of the libavformat source. One thread uses it; libav's own threads see only the log. */
#ifndef FW_PIPELINE_SOURCE_LAVF_H
#define FW_PIPELINE_SOURCE_LAVF_H

#include "avlog.h"
#include "source_impl.h"

#include <libswscale/swscale.h>

/* Threads of the video decoder unless --decoder-threads says otherwise. What a decoder makes of
 * damage may depend on their number: it is the same on every machine. */
#define FW_LAVF_THREADS 4

/* A stream's place in time as packets go by, in microseconds of the output's time. `next_*` is what
 * a packet or frame without a time stamp gets. */
struct fw_clock {
    bool begun;
    int64_t begin_us; /* where streams without any time stamp begin */
    bool wrap_done;   /* the first packets were looked at for a counter that had wrapped */
    int64_t pts;
    int64_t dts;
    int64_t next_pts;
    int64_t next_dts;
};

/* What all streams of a file share. */
struct fw_timeline {
    int64_t offset_us;  /* added to every time stamp; discontinuities change it */
    int64_t last_us;    /* dts of the last packet of any stream */
    bool discontinuous; /* the container's clock may jump: MPEG-TS, MPEG-PS and the like */
};

/* Records that wait to be handed out, in order. */
struct fw_pending {
    struct fw_buffer record;
    struct fw_pending *next;
};

/* Packets of other streams that were read before it was known what happens to them. */
struct fw_early {
    AVPacket *packet;
    struct fw_early *next;
};

struct fw_lavf_stream {
    struct fw_clock clock;
    uint32_t action;       /* enum fw_stream_action */
    AVCodecContext *codec; /* AUDIO, SUBTITLE */
    int64_t rescale_state; /* AUDIO: see av_rescale_delta */
    bool started;          /* a first packet was passed on */
    bool ended;            /* past the end that was asked for */
};

enum fw_lavf_stage { FW_LAVF_READ, FW_LAVF_RECEIVE, FW_LAVF_FLUSH, FW_LAVF_ENDED };

struct fw_lavf {
    struct fw_source base;
    AVIOContext *avio;
    AVFormatContext *format;
    bool listening;   /* `log` was initialised */
    bool video_alone; /* the output has no place for other streams */
    struct fw_avlog log;
    AVStream *stream; /* the main video */
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *decoded;
    AVFrame *waiting; /* the frame that next() announces */
    bool have_frame;
    bool frame_damaged;
    bool retry; /* -ss by a jump in the file; without a frame, it is read from the start instead */
    enum fw_lavf_stage stage;

    struct fw_timeline timeline;
    struct fw_lavf_stream streams[FW_STREAMS_MAX];
    uint32_t stream_count;
    uint32_t probed_count; /* streams beyond it begin later in the file */
    int64_t offset_us;     /* start time and -ss: what time stamps have lost */
    int64_t last_pts;      /* of the last kept frame */
    int64_t last_duration;
    int64_t end_pts; /* end of the latest decoded frame, for the check of the length */
    int64_t packet_number;
    int64_t first_key;       /* number of the first key packet, 0: none yet */
    int64_t packet_duration; /* of the packet in the decoder; for its clock */
    bool packet_repeating;   /* it gave a frame already */
    int64_t *flush_dts;      /* guesses made while flushing, for frames without a time */
    uint32_t flush_count;
    uint32_t flush_errors;

    struct fw_cut cut;
    bool cut_ended;        /* the video has all frames that were asked for */
    int64_t others_end_us; /* other streams end there; FW_NOPTS: with the file */
    bool planned;
    struct fw_video video; /* of the first kept frame: what every frame is made to be */
    struct fw_frame_info first;
    AVFrame *first_frame; /* its side data only */
    struct SwsContext *scaler;
    struct fw_frame_info scaler_from;
    AVFrame *scaled;

    struct fw_early *early, **early_end;
    size_t early_bytes;
    struct fw_pending *pending, **pending_end;
    struct fw_buffer record; /* the one handed out */
};

/* source_lavf_open.c */
int fw_lavf_open_format(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
int fw_lavf_choose_video(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
/* Whether -map leaves a stream in; without one, all are. */
bool fw_lavf_mapped(const struct fw_lavf *lavf, AVStream *stream);
/* Sets what time stamps lose; jumps for -ss. FW_END: the file cannot jump there. */
int fw_lavf_seek_start(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
/* Once it is known which streams are read: files whose clock is arbitrary start with those. */
void fw_lavf_correct_start(struct fw_lavf *lavf);
/* NULL when no decoder exists here. */
const AVCodec *fw_lavf_find_decoder(const AVStream *stream);
int fw_lavf_open_decoder(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;

/* source_lavf_time.c */
void fw_clock_init(struct fw_clock *clock);
/* Brings a packet's time stamps to the output's time. */
void fw_lavf_packet_times(struct fw_lavf *lavf, AVPacket *packet, bool may_jump);
/* Before the decoder gets a packet (NULL: flushing). */
void fw_clock_begin(struct fw_clock *clock, const AVStream *stream, const AVCodecContext *codec,
                    const AVPacket *packet);
/* Before each call into the decoder; returns the guessed dts in the stream's time base. */
int64_t fw_clock_step(struct fw_clock *clock, const AVStream *stream);
/* After it: `packet_duration` of the packet in the decoder, or 0; `frame` came out, or NULL. */
void fw_clock_decoded(struct fw_lavf *lavf, bool counts, int64_t packet_duration,
                      const AVFrame *frame);
/* A packet that is not decoded here. */
void fw_clock_passed(struct fw_clock *clock, const AVStream *stream, const AVPacket *packet);

/* source_lavf_decode.c: one step of the machine. Afterwards a frame may wait, records may wait, or
 * `stage` is ENDED. */
int fw_lavf_step(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;

/* source_lavf_other.c: streams beside the main video. */
int fw_lavf_other_plan(struct fw_lavf *lavf, const struct fw_stream_plan *streams,
                       struct fw_error *err) FW_MUST_CHECK;
/* Opens the decoder of such a stream, once. */
int fw_lavf_other_open(struct fw_lavf *lavf, uint32_t index, struct fw_error *err) FW_MUST_CHECK;
/* Takes the packet's contents. */
int fw_lavf_other_packet(struct fw_lavf *lavf, AVPacket *packet,
                         struct fw_error *err) FW_MUST_CHECK;
/* The last frames of audio decoders. */
int fw_lavf_other_flush(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
void fw_lavf_other_deinit(struct fw_lavf *lavf);

/* Whether the settings leave a stream beside the main video in. */
bool fw_lavf_other_wanted(const struct fw_lavf *lavf, AVStream *stream);
/* Whether a stream beside the main video is still to be read. */
bool fw_lavf_others_wanted(const struct fw_lavf *lavf);

/* source_lavf_damage.c */
struct fw_damage_place fw_lavf_place(const struct fw_lavf *lavf, int64_t pts);
/* Error lines of the demuxer since the last look. */
int fw_lavf_check_demuxer(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;
/* A frame that would be given out. FW_DROP: left out by --on-error skip. */
int fw_lavf_check_frame(struct fw_lavf *lavf, const AVFrame *frame,
                        struct fw_error *err) FW_MUST_CHECK;
/* A call into the decoder failed. */
int fw_lavf_check_failure(struct fw_lavf *lavf, int code, struct fw_error *err) FW_MUST_CHECK;
/* At the end: complaints that no frame came for, and a length that falls short. */
int fw_lavf_check_end(struct fw_lavf *lavf, struct fw_error *err) FW_MUST_CHECK;

/* source_lavf_media.c */
int fw_lavf_media(struct fw_lavf *lavf, struct fw_buffer *out, struct fw_error *err) FW_MUST_CHECK;
void fw_lavf_note_first(struct fw_lavf *lavf);

/* source_lavf_convert.c: *frame_out is the frame in the first one's format and size; borrowed. */
int fw_lavf_convert(struct fw_lavf *lavf, AVFrame *frame, const AVFrame **frame_out,
                    struct fw_error *err) FW_MUST_CHECK;

#endif
