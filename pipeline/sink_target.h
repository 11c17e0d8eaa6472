/* Which muxer and which encoder the settings mean. */
#ifndef FW_PIPELINE_SINK_TARGET_H
#define FW_PIPELINE_SINK_TARGET_H

#include "settings.h"
#include "still.h"

#include "filters/filter.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <stdbool.h>

enum fw_target_kind {
    FW_TARGET_LAVF,
    FW_TARGET_Y4M,
    FW_TARGET_PICTURES, /* a file for each frame, or `single` */
    FW_TARGET_NULL
};

struct fw_target {
    enum fw_target_kind kind;
    enum fw_still_kind still;     /* of PICTURES */
    bool single;                  /* of PICTURES: a plain name, which holds one */
    const AVOutputFormat *format; /* of LAVF, else NULL */
    const AVCodec *encoder;       /* of LAVF, else NULL */
    int strictness;               /* of -strict */
    AVRational hash_base; /* unit of time in lists of hashes, the input's; 0/0: the frames' */
    char name[32];        /* of the container, for texts */
};

/* FW_ERR_USAGE with a suggestion; adds all faults it finds. */
int fw_target_choose(struct fw_target *target, const struct fw_settings *settings,
                     struct fw_error *err) FW_MUST_CHECK;

/* The text of an AVERROR. */
struct fw_av_text {
    char text[128];
};
struct fw_av_text fw_av_text(int code);

/* Whether the container keeps only checks or raw pictures: video alone, any time stamp. */
bool fw_target_is_hash(const struct fw_target *target);
bool fw_target_is_raw(const struct fw_target *target);
/* Whether the container counts frames instead of timing them. */
bool fw_target_fixed_rate(const struct fw_target *target);
bool fw_encoder_fixed_rate(const AVCodec *encoder);

/* Whether the container has a place for the codec: 1, 0, or less where only the muxer can tell. */
int fw_target_holds(const struct fw_target *target, enum AVCodecID codec);

/* Adds a line to a text of several faults; the first one sets the status FW_ERR_USAGE. */
int fw_fault_add(struct fw_error *err, const char *format, ...) FW_PRINTF(2, 3);

/* The value of `name` for `stream` ('v', 'a', 's'), or NULL. Options without a letter count for
 * every stream. The last one wins. */
const char *fw_av_option_value(const struct fw_settings *settings, const char *name, char stream);
/* The name without ":v" at its end, and the letter. */
struct fw_av_name {
    char name[64];
    char stream;
};
struct fw_av_name fw_av_option_name(const struct fw_av_option *option);
/* The name with its letter, as the user wrote it. */
struct fw_av_name fw_av_option_written(const struct fw_av_option *option);

#endif
