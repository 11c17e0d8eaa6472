/*
 * The user's options for encoder and muxer, and the constants of each encoder: threads and settings
 * that keep its output the same on every machine.
 */
#ifndef FW_PIPELINE_ENCODER_OPTIONS_H
#define FW_PIPELINE_ENCODER_OPTIONS_H

#include "settings.h"
#include "sink_target.h"

#include "filters/filter.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <stdbool.h>

/* What is fixed for an encoder, whatever the machine. */
struct fw_encoder_traits {
    const char *name;
    int threads;
    bool takes_copy; /* done with a frame's pixels once it has returned from it */
    bool quality;    /* by quality alone: its rate control depends on timing between threads */
    bool wide; /* the reason why a scratch context is no cheap question: starts many threads */
    const char *params_key; /* option that carries the library's own settings, as k=v:k=v */
    const char *params;     /* what is put in front of the user's */
};
/* Never NULL: encoders without a row share one with a single thread. */
const struct fw_encoder_traits *fw_encoder_traits(const AVCodec *encoder);

/* Checks every option of the settings against video encoder, audio encoder (NULL: none) and muxer
 * (NULL: none), value included. All faults are added to err. */
int fw_encoder_options_check(const struct fw_settings *settings, const AVCodec *video,
                             const AVCodec *audio, const AVOutputFormat *muxer,
                             struct fw_error *err) FW_MUST_CHECK;
/* Whether any encoder or muxer has an option of this name. */
bool fw_encoder_option_exists(const struct fw_av_option *asked);
/* The first option that only an encoder of sound can follow (`audio`: which it would be, or NULL);
 * NULL: none. */
const struct fw_av_option *fw_encoder_options_sound(const struct fw_settings *settings,
                                                    const struct fw_target *target,
                                                    const AVCodec *audio);
/* Sets the options for `stream` ('v' or 'a') that `context`'s encoder knows. */
int fw_encoder_options_apply(const struct fw_settings *settings, AVCodecContext *context,
                             char stream, struct fw_error *err) FW_MUST_CHECK;
int fw_muxer_options_apply(const struct fw_settings *settings, AVFormatContext *muxer,
                           struct fw_error *err) FW_MUST_CHECK;
/* Threads, flags and settings of the table; before fw_encoder_options_apply. `extra` (NULL: none)
 * are more settings for params_key, in front of the user's. */
int fw_encoder_constants_apply(const struct fw_settings *settings, AVCodecContext *context,
                               const char *extra, struct fw_error *err) FW_MUST_CHECK;

/* Presets and the like of libraries that print to the terminal when they meet a wrong one. */
int fw_encoder_words_check(const struct fw_settings *settings, const AVCodec *encoder,
                           struct fw_error *err) FW_MUST_CHECK;

#endif
