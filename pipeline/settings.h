/*
 * What the user asked for, parsed and typed, not yet checked against an input.
 *
 * Filled by fw_settings_set from the rows of options.c, the one option table: parser, help,
 * JSON and completions read it. Owned by the job; read-only once the job runs.
 */
#ifndef FW_PIPELINE_SETTINGS_H
#define FW_PIPELINE_SETTINGS_H

#include "limits.h"

#include "filters/filter.h"

#include <stdbool.h>

enum fw_isolation { FW_ISOLATION_PROCESS, FW_ISOLATION_THREADS };
enum fw_cpu_limit { FW_CPU_LIMIT_AUTO, FW_CPU_LIMIT_C, FW_CPU_LIMIT_AVX2, FW_CPU_LIMIT_AVX512 };
enum fw_sandbox_mode { FW_SANDBOX_AUTO, FW_SANDBOX_STRICT, FW_SANDBOX_OFF };
enum fw_on_error { FW_ON_ERROR_STOP, FW_ON_ERROR_CONCEAL, FW_ON_ERROR_SKIP };
enum fw_on_poison { FW_ON_POISON_FAIL, FW_ON_POISON_PASS, FW_ON_POISON_SKIP, FW_ON_POISON_HOLD };
enum fw_on_change { FW_ON_CHANGE_SCALE, FW_ON_CHANGE_ERROR };
enum fw_rotate { FW_ROTATE_AUTO, FW_ROTATE_KEEP };
enum fw_verify { FW_VERIFY_COUNT, FW_VERIFY_DECODE, FW_VERIFY_NONE };
enum fw_gaps { FW_GAPS_ERROR, FW_GAPS_HOLD };
enum fw_exists { FW_EXISTS_FAIL, FW_EXISTS_REPLACE, FW_EXISTS_SKIP };

/* An option for encoder, codec or muxer, as FFmpeg's -name[:v|:a] value. */
struct fw_av_option {
    char *name;
    char *value;
    char stream; /* 'v', 'a', 's', or 0: wherever the name is known */
};

struct fw_strings {
    char **items;
    uint32_t count;
};

/* -metadata:s:SPEC key=value */
struct fw_stream_tag {
    char *specifier; /* of streams of the output: "a:0", "v", "1", or "" for all */
    char *text;      /* key=value; nothing after the '=' takes the key away */
};

struct fw_settings {
    char *input;        /* a name as bytes, never parsed for a protocol; "-" is standard input */
    char *output;       /* the same; NULL with `null_output` */
    char *input_format; /* -f before nothing: --input-format; NULL: by content */
    char *raw_size;     /* -video_size, -pixel_format, -framerate: of raw video as input */
    char *raw_format;
    char *raw_rate;
    uint32_t start_number_plus1; /* -start_number of pictures; 0: the lowest of an input, else 1 */
    enum fw_gaps gaps;
    /* Set by fw_sequence_recognize before anything else looks: the input is a folder or a pattern
     * of pictures, and -r is its rate. */
    bool pictures;
    struct fw_rational picture_rate;
    char *format;              /* -f: muxer; NULL: by the output's extension */
    char *chain;               /* --vf; NULL or "": none */
    struct fw_strings plugins; /* --plugin FILE */
    char *plugin_path;         /* folders of more, joined by ':'; NULL: the installed one alone */
    char *video_codec;         /* -c:v; NULL: the container's default */
    char *audio_codec;    /* -c:a: copy, aac, libopus, flac, pcm_s16le, none; NULL: by container */
    char *subtitle_codec; /* -c:s; NULL: by container */
    char *pixel_format;   /* -pix_fmt */
    struct fw_av_option *av_options;
    uint32_t av_option_count;
    struct fw_strings maps;     /* -map */
    struct fw_strings metadata; /* -metadata key=value */
    struct fw_stream_tag *stream_tags;
    uint32_t stream_tag_count;
    char *video_tag;           /* -tag:v: four characters or a number; NULL: the container's */
    struct fw_strings reports; /* --report FILE */

    int64_t seek_us;         /* -ss, from the file's start; FW_NOPTS: none */
    int64_t to_us;           /* -to; FW_NOPTS: none */
    int64_t length_us;       /* -t, wins over -to; FW_NOPTS: none */
    uint64_t frames_max;     /* -frames:v; 0: all */
    struct fw_rational rate; /* -r; 0/1: none. Of the output: fw_settings_pace */
    bool no_audio, no_subtitles, no_data;
    bool null_output;
    bool strict;   /* a loss is an error */
    bool unsynced; /* no option: of a batch that waits for no disk */
    enum fw_exists exists;

    uint32_t workers;  /* 0: auto */
    uint32_t range;    /* frames a lease; 0: auto */
    uint64_t ring_mem; /* bytes; 0: default */
    uint32_t stall_ms;
    uint32_t decoder_threads; /* 0: auto */
    enum fw_isolation isolation;
    enum fw_cpu_limit cpu; /* what built-in filters may use of the machine */
    enum fw_sandbox_mode sandbox;
    enum fw_on_error on_error;
    enum fw_on_poison on_poison;
    enum fw_on_change on_change;
    enum fw_rotate rotate;
    enum fw_verify verify;

    uint64_t max_pixels; /* per frame */
    uint32_t max_streams;
    uint64_t max_slot; /* bytes */
    char *fault;       /* tests: role:point:seq:action; see fault.h */
};

void fw_settings_init(struct fw_settings *settings);
void fw_settings_deinit(struct fw_settings *settings);
/* Sets one option by any of its names ("vf", "c:v", "crf", "b:v", ...). `value` is NULL for a flag.
 * Names that no row has are kept as options for encoder or muxer and checked before the start.
 * "strict" is the flag here; "-strict", with its dash, is FFmpeg's option of that name.
 * FW_ERR_USAGE with a suggestion. */
int fw_settings_set(struct fw_settings *settings, const char *name, const char *value,
                    struct fw_error *err) FW_MUST_CHECK;
/* The fixed rate that the output gets; 0/1: none. */
struct fw_rational fw_settings_pace(const struct fw_settings *settings);
/* What can be known of the whole without the input: combinations that cannot be. */
int fw_settings_check(const struct fw_settings *settings, struct fw_error *err) FW_MUST_CHECK;

#endif
