/* What the kinds of sinks share. Private to sink*.c. */
#ifndef FW_PIPELINE_SINK_IMPL_H
#define FW_PIPELINE_SINK_IMPL_H

#include "cadence.h"
#include "remux.h"
#include "sink.h"
#include "sink_bytes.h"
#include "sink_target.h"

#include "filters/image.h"

struct fw_sink_kind {
    int (*open)(struct fw_sink *sink, struct fw_error *err);
    /* Once, before the first frame or record: sink->first_flags are known. NULL: nothing to do. */
    int (*begin)(struct fw_sink *sink, struct fw_error *err);
    int (*frame)(struct fw_sink *sink, const struct fw_frame_info *info, const void *base,
                 const void *blob, struct fw_error *err);
    int (*record)(struct fw_sink *sink, struct fw_record *record, struct fw_error *err);
    int (*commit)(struct fw_sink *sink, struct fw_error *err);
    int (*verify)(struct fw_sink *sink, char what[32], struct fw_error *err);
    void (*close)(struct fw_sink *sink);
};
extern const struct fw_sink_kind fw_sink_null;
extern const struct fw_sink_kind fw_sink_y4m;
extern const struct fw_sink_kind fw_sink_lavf;
extern const struct fw_sink_kind fw_sink_pictures;

struct fw_sink;
/* A video packet goes out; progress sees it, also while the encoder is flushed. */
void fw_sink_count_packet(struct fw_sink *sink);

struct fw_sink {
    const struct fw_sink_kind *kind;
    struct fw_sink_options options;
    struct fw_target target;
    struct fw_video video; /* what the kind is given: after -r */
    struct fw_sink_bytes output;
    struct fw_losses losses;
    struct fw_sink_stats stats;
    void *state; /* the kind's own */

    /* Fields are known with the first frame that left the filters: the header waits for it. */
    bool begun;
    uint32_t first_flags; /* enum fw_frame_flags */
    struct fw_record *early;
    uint32_t early_count;
    uint32_t early_room;
    size_t early_bytes;
    uint64_t side_seen; /* bits: enum AVFrameSideDataType of the frames that came */

    AVRational base_in; /* of the frames that arrive */
    struct fw_cadence cadence;
    bool paced;    /* -r */
    uint8_t *held; /* the frame that -r keeps */
    size_t held_bytes;
    struct fw_frame_info held_info;
    uint8_t *held_blob;
    int64_t next_pts; /* end of the last frame, in base_in */
    bool committed;
};

/* A video after -r: rate and time base are the option's. */
void fw_sink_pace(struct fw_video *video, const struct fw_settings *settings);
/* Side data of frames: what came, and at the end what `context` (NULL: raw pictures) could not
 * write. */
void fw_sink_side_note(struct fw_sink *sink, const struct fw_frame_info *info, const void *blob);
void fw_sink_side_tell(struct fw_sink *sink, const AVCodecContext *context, const AVStream *stream);
/* Whether two sizes of a file agree: raw formats are verified by it. */
int fw_sink_verify_bytes(const struct fw_sink *sink, uint64_t expected,
                         struct fw_error *err) FW_MUST_CHECK;

#endif
