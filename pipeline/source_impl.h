/* What the kinds of source share: the table of functions, the cut by time, the rules of damage. */
#ifndef FW_PIPELINE_SOURCE_IMPL_H
#define FW_PIPELINE_SOURCE_IMPL_H

#include "avio.h"
#include "remux.h"
#include "source.h"

struct fw_source_ops {
    void (*close)(struct fw_source *source);
    int (*media)(struct fw_source *source, struct fw_buffer *out, struct fw_error *err);
    int (*plan)(struct fw_source *source, const struct fw_stream_plan *streams,
                struct fw_error *err);
    int (*next)(struct fw_source *source, struct fw_event *event, struct fw_error *err);
    int (*fill)(struct fw_source *source, void *slot, size_t bytes, struct fw_frame_info *info,
                struct fw_error *err);
};

/* The first member of every kind's own structure. */
struct fw_source {
    const struct fw_source_ops *ops;
    const struct fw_settings *settings; /* borrowed from the caller */
    struct fw_input input;
    struct fw_source_stats stats;
};

/* `input` is copied into the source. On failure nothing is left. */
int fw_source_open_y4m(struct fw_source **source_out, const struct fw_settings *settings,
                       const struct fw_input *input, struct fw_error *err) FW_MUST_CHECK;
int fw_source_open_lavf(struct fw_source **source_out, const struct fw_settings *settings,
                        const struct fw_input *input, struct fw_error *err) FW_MUST_CHECK;

int fw_source_open_pictures(struct fw_source **source_out, const struct fw_source_options *options,
                            struct fw_error *err) FW_MUST_CHECK;

/* Which frames -ss, -to, -t and -frames:v keep. Times are those of the output. */
struct fw_cut {
    bool from_zero; /* frames before 0 are left out: -ss */
    int64_t length; /* of what is kept, counted from its first frame; FW_NOPTS: no end */
    int64_t first;  /* time of the first kept frame */
    uint64_t frames_max;
    uint64_t kept;
};
enum fw_cut_verdict { FW_CUT_KEEP, FW_CUT_SKIP, FW_CUT_END };

/* FW_ERR_USAGE when the end is not after the start. */
int fw_cut_init(struct fw_cut *cut, const struct fw_settings *settings,
                struct fw_rational time_base, struct fw_error *err) FW_MUST_CHECK;
enum fw_cut_verdict fw_cut_frame(struct fw_cut *cut, int64_t pts);
/* Length in microseconds that -to or -t asks for; FW_NOPTS: none. */
int64_t fw_cut_length_us(const struct fw_settings *settings);

/* Where damage was found. */
struct fw_damage_place {
    uint64_t frame; /* number of the frame, from 0 */
    double seconds; /* its time in the output; NAN when unknown */
};
/* Counts damage. FW_ERR_INPUT under --on-error stop, else FW_OK. */
int fw_source_damage(struct fw_source *source, struct fw_damage_place place, const char *what,
                     struct fw_error *err) FW_MUST_CHECK;
/* Counts a frame whose size or format is not the first one's; FW_ERR_INPUT under --on-change
 * error. */
int fw_source_changed(struct fw_source *source, struct fw_damage_place place, const char *from,
                      const char *to, struct fw_error *err) FW_MUST_CHECK;

#endif
