/* From option texts to struct fw_settings. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filters/check.h"
#include "options.h"
#include "settings_parse.h"
#include "settings_store.h"

/* Words that people bring along from FFmpeg and that mean something else here, or nothing. */
static const char *const foreign[][2] = {
    { "c", "say which: -c:v, -c:a or -c:s" },
    { "codec", "say which: -c:v, -c:a or -c:s" },
    { "vn", "framewheel's output always holds the video; use ffmpeg to extract the rest" },
    { "filter_complex", "a job is one input and one chain: -vf CHAIN" },
    { "lavfi", "a job is one input and one chain: -vf CHAIN" },
    { "filter_threads", "use --workers N" },
    { "vsync", "every frame keeps its own time; -r RATE makes the rate constant" },
    { "fps_mode", "every frame keeps its own time; -r RATE makes the rate constant" },
    { "af", "audio is copied or converted, never filtered" },
    { "filter:a", "audio is copied or converted, never filtered" },
    { "pass", "two passes are not supported; use -crf" },
    { "s", "use -vf scale=W:H" },
    { "aspect", "use -vf setsar=N or setdar=N" },
    { "copyts", "times are kept as far as the container can" },
    { "shortest", "streams keep their own length; use -t" },
    { "map_metadata", "tags come from the input; -metadata KEY=VALUE changes one" },
    { "map_chapters", "chapters come from the input, where the container holds them" },
    { "timecode", "use -metadata timecode=HH:MM:SS:FF" },
    { "force_key_frames", "use -g N for a key frame at least every N frames" },
};

/* The same for words that a stream's number may follow: "c:a:0". */
static const char *const foreign_beginnings[][2] = {
    { "c:", "one codec serves all streams of a kind: -c:v, -c:a or -c:s; -map chooses streams" },
    { "codec:",
      "one codec serves all streams of a kind: -c:v, -c:a or -c:s; -map chooses streams" },
    { "disposition", "streams keep their disposition" },
    { "map_metadata:", "tags come from the input; -metadata:s:SPEC KEY=VALUE changes one" },
    { "force_key_frames:", "use -g N for a key frame at least every N frames" },
    { "tag:", "only the video's tag can be set: -tag:v" },
};

void fw_settings_init(struct fw_settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->seek_us = FW_NOPTS;
    settings->to_us = FW_NOPTS;
    settings->length_us = FW_NOPTS;
    settings->rate.den = 1;
    settings->stall_ms = 30000;
    settings->max_pixels = UINT64_C(1) << 28;
    settings->max_streams = FW_STREAMS_MAX;
    settings->max_slot = UINT64_C(1) << 30;
}

/* "-vf" for rows that FFmpeg's users know, else "--workers". */
static void spell(const struct fw_option_row *row, const char *name, char *text, size_t bytes)
{
    bool single = !row || (row->option.aliases && row->option.aliases[0] == '-');
    (void)snprintf(text, bytes, "%s%s", single ? "-" : "--", name);
}

static int bad_value(const struct fw_option_row *row, const char *name, const char *value,
                     const char *wanted, struct fw_error *err)
{
    char option[80];
    spell(row, name, option, sizeof(option));
    if (wanted)
        return fw_fail(err, FW_ERR_USAGE, "%s '%s': %s", option, value, wanted);
    return fw_fail(err, FW_ERR_USAGE, "%s '%s': the value is one of %s", option, value,
                   row->option.value_name);
}

static int set_word(const struct fw_option_row *row, void *field, const char *name,
                    const char *value, struct fw_error *err)
{
    const char *words[8];
    char text[128];
    char *state = NULL;
    uint32_t count = 0;
    (void)snprintf(text, sizeof(text), "%s", row->option.value_name);
    for (char *word = strtok_r(text, "|", &state); word && count < FW_COUNT(words);
         word = strtok_r(NULL, "|", &state)) {
        if (strcmp(word, value) == 0) {
            *(unsigned int *)field = count;
            return FW_OK;
        }
        words[count++] = word;
    }
    char option[80];
    spell(row, name, option, sizeof(option));
    const char *near = fw_nearest(value, words, count);
    return fw_fail(err, FW_ERR_USAGE, "%s '%s': the value is one of %s%s%s%s", option, value,
                   row->option.value_name, near ? "\nhint: did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
}

static int set_bool(bool *field, const char *name, const char *value, struct fw_error *err)
{
    static const char *const yes[] = { "1", "yes", "true", "on" };
    static const char *const no[] = { "0", "no", "false", "off" };
    if (!value) {
        *field = true;
        return FW_OK;
    }
    for (size_t i = 0; i < FW_COUNT(yes); i++) {
        if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
            *field = strcmp(value, yes[i]) == 0;
            return FW_OK;
        }
    }
    return fw_fail(err, FW_ERR_USAGE, "%s takes no value but yes or no, not '%s'", name, value);
}

static int set_exists(enum fw_exists *field, enum fw_exists wanted, const char *name,
                      const char *value, struct fw_error *err)
{
    bool on = false;
    if (set_bool(&on, name, value, err) < 0)
        return FW_ERR_USAGE;
    if (!on)
        return FW_OK;
    if (*field != FW_EXISTS_FAIL && *field != wanted)
        return fw_fail(err, FW_ERR_USAGE, "-y and -n exclude each other");
    *field = wanted;
    return FW_OK;
}

static int set_number(const struct fw_option_row *row, void *field, const char *name,
                      const char *value, struct fw_error *err)
{
    uint64_t number = 0;
    char wanted[128];
    bool may_auto = row->kind == FW_VALUE_U32_AUTO;
    if (may_auto && strcmp(value, "auto") == 0) {
        *(uint32_t *)field = 0;
        return FW_OK;
    }
    if (!fw_parse_u64(value, &number) || number < row->min || number > row->max) {
        if (row->max == UINT64_MAX)
            (void)snprintf(wanted, sizeof(wanted), "a whole number of at least %llu is wanted",
                           (unsigned long long)row->min);
        else
            (void)snprintf(wanted, sizeof(wanted), "a whole number from %llu to %llu%s is wanted",
                           (unsigned long long)row->min, (unsigned long long)row->max,
                           may_auto ? ", or auto," : "");
        return bad_value(row, name, value, wanted, err);
    }
    if (row->kind == FW_VALUE_U64)
        *(uint64_t *)field = number;
    else
        *(uint32_t *)field = (uint32_t)number + (row->kind == FW_VALUE_LEVEL);
    return FW_OK;
}

/* Sizes and pixel counts. */
static int set_amount(const struct fw_option_row *row, uint64_t *field, const char *name,
                      const char *value, struct fw_error *err)
{
    bool pixels = row->kind == FW_VALUE_PIXELS;
    uint64_t amount = 0;
    char wanted[128];
    bool ok = pixels ? fw_parse_pixels(value, &amount) : fw_parse_size(value, &amount);
    if (ok && amount >= row->min && amount <= row->max) {
        *field = amount;
        return FW_OK;
    }
    (void)snprintf(wanted, sizeof(wanted), "%s from %llu to %llu is wanted",
                   pixels ? "a number of pixels (or 3840x2160)" : "a size (4096, 512M, 2GiB)",
                   (unsigned long long)row->min, (unsigned long long)row->max);
    return bad_value(row, name, value, wanted, err);
}

static int set_time(const struct fw_option_row *row, void *field, const char *name,
                    const char *value, struct fw_error *err)
{
    int64_t us = 0;
    bool ok = fw_parse_time(value, &us) && us >= 0;
    if (row->kind == FW_VALUE_TIME) {
        if (!ok)
            return bad_value(row, name, value,
                             "a time is wanted: seconds (55, 0.2), [HH:]MM:SS[.m], 200ms", err);
        *(int64_t *)field = us;
        return FW_OK;
    }
    if (!ok || (uint64_t)us / 1000 < row->min || (uint64_t)us / 1000 > row->max)
        return bad_value(row, name, value, "seconds from 0.1 to 86400 are wanted", err);
    *(uint32_t *)field = (uint32_t)(us / 1000);
    return FW_OK;
}

static int set_report(struct fw_strings *reports, const char *value, struct fw_error *err)
{
    size_t bytes = strlen(value);
    if (bytes < 6 || strcmp(value + bytes - 5, ".json") != 0)
        return fw_fail(err, FW_ERR_USAGE,
                       "--report '%s': the name tells the kind, and ends in .json\n"
                       "hint: --json writes the report to standard output",
                       value);
    return fw_store_string(reports, value, err);
}

static int set_format(struct fw_settings *settings, const char *value, struct fw_error *err)
{
    /* The last -f wins; --null given for itself stays. */
    bool was = settings->format && strcmp(settings->format, "null") == 0;
    if (strcmp(value, "null") == 0)
        settings->null_output = true;
    else if (was)
        settings->null_output = false;
    return fw_store_text(&settings->format, value, err);
}

int fw_option_row_set(void *base, const struct fw_option_row *row, const char *name,
                      const char *value, struct fw_error *err)
{
    void *field = (char *)base + row->offset;
    if (row->option.kind == FW_ARG_VALUE && !value)
        return fw_fail(err, FW_ERR_USAGE, "--%s wants a value: %s", name, row->option.value_name);
    switch (row->kind) {
    case FW_VALUE_COMMAND:
        return FW_OK;
    case FW_VALUE_AV:
        return fw_store_av(base, row->option.name, value, err);
    case FW_VALUE_BOOL:
        return set_bool(field, name, value, err);
    case FW_VALUE_YES:
        return set_exists(field, FW_EXISTS_REPLACE, name, value, err);
    case FW_VALUE_NO:
        return set_exists(field, FW_EXISTS_SKIP, name, value, err);
    case FW_VALUE_TEXT:
        return fw_store_text(field, value, err);
    case FW_VALUE_PAIRS:
        if (!strchr(value, '=') || value[0] == '=')
            return bad_value(row, name, value, "KEY=VALUE is wanted", err);
        return fw_store_string(field, value, err);
    case FW_VALUE_LIST:
        return fw_store_string(field, value, err);
    case FW_VALUE_REPORT:
        return set_report(field, value, err);
    case FW_VALUE_FORMAT:
        return set_format(base, value, err);
    case FW_VALUE_TIME:
    case FW_VALUE_MILLIS:
        return set_time(row, field, name, value, err);
    case FW_VALUE_RATE:
        if (!fw_parse_rate(value, field))
            return bad_value(row, name, value, "a rate is wanted: 25, 30000/1001, ntsc, 23.976",
                             err);
        return FW_OK;
    case FW_VALUE_U32:
    case FW_VALUE_U32_AUTO:
    case FW_VALUE_LEVEL:
    case FW_VALUE_U64:
        return set_number(row, field, name, value, err);
    case FW_VALUE_PIXELS:
    case FW_VALUE_BYTES:
        return set_amount(row, field, name, value, err);
    case FW_VALUE_WORD:
        return set_word(row, field, name, value, err);
    }
    return fw_fail(err, FW_ERR_INTERNAL, "option '%s' has no kind", name);
}

/* What FFmpeg means by a word that no row has; NULL: nothing that is known. */
static const char *foreign_hint(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(foreign); i++) {
        if (strcmp(foreign[i][0], name) == 0)
            return foreign[i][1];
    }
    for (size_t i = 0; i < FW_COUNT(foreign_beginnings); i++) {
        const char *beginning = foreign_beginnings[i][0];
        if (strncmp(beginning, name, strlen(beginning)) == 0)
            return foreign_beginnings[i][1];
    }
    return NULL;
}

int fw_settings_set(struct fw_settings *settings, const char *name, const char *value,
                    struct fw_error *err)
{
    char option[80];
    char near[64];
    const struct fw_option_row *row = fw_option_row_find(name);
    spell(row, name, option, sizeof(option));
    if (row && row->option.kind == FW_ARG_VALUE && !value)
        return fw_fail(err, FW_ERR_USAGE, "%s wants a value: %s", option, row->option.value_name);
    if (row)
        return fw_option_row_set(settings, row, name, value, err);
    if (strcmp(name, "-strict") == 0)
        return fw_store_strictness(settings, value, err);
    if (strncmp(name, "metadata:", 9) == 0)
        return fw_store_stream_tag(settings, name + 9, value, err);
    const char *hint = foreign_hint(name);
    if (hint)
        return fw_fail(err, FW_ERR_USAGE, "%s is not an option here\nhint: %s", option, hint);
    if (value && name[0] && !strchr(name, '='))
        return fw_store_av(settings, name, value, err);
    if (fw_option_nearest(name, near, sizeof(near)))
        return fw_fail(err, FW_ERR_USAGE, "unknown option '%s'\nhint: did you mean '%s'?", name,
                       near);
    return fw_fail(err, FW_ERR_USAGE, "unknown option '%s'", name);
}

struct fw_rational fw_settings_pace(const struct fw_settings *settings)
{
    bool paced = !settings->pictures && settings->rate.num > 0 && settings->rate.den > 0;
    return paced ? settings->rate : (struct fw_rational){ 0, 1 };
}

static int check_output(const struct fw_settings *settings, struct fw_error *err)
{
    bool null_format = settings->format && strcmp(settings->format, "null") == 0;
    if (settings->null_output && settings->output && !null_format)
        return fw_fail(err, FW_ERR_USAGE, "--null writes nothing and takes no output");
    if (settings->null_output)
        return FW_OK;
    if (!settings->output)
        return fw_fail(err, FW_ERR_USAGE,
                       "no output given\nhint: name one, or --null to only decode and filter");
    if (!settings->output[0])
        return fw_fail(err, FW_ERR_USAGE, "the output's name is empty");
    return FW_OK;
}

static int check_raw(const struct fw_settings *settings, struct fw_error *err)
{
    bool raw = settings->input_format && strcmp(settings->input_format, "rawvideo") == 0;
    bool described = settings->raw_size || settings->raw_format ||
                     (settings->raw_rate && !settings->pictures);
    if (raw && !settings->raw_size)
        return fw_fail(err, FW_ERR_USAGE,
                       "raw video does not say its size\nhint: -video_size WxH, and "
                       "-pixel_format and -framerate unless they are yuv420p and 25");
    if (described && !raw)
        return fw_fail(err, FW_ERR_USAGE,
                       "-video_size, -pixel_format and -framerate are for raw video, the last one "
                       "for pictures, too\n"
                       "hint: --input-format rawvideo");
    return FW_OK;
}

int fw_settings_check(const struct fw_settings *settings, struct fw_error *err)
{
    if (!settings->input)
        return fw_fail(err, FW_ERR_USAGE, "no input given");
    if (!settings->input[0])
        return fw_fail(err, FW_ERR_USAGE, "the input's name is empty");
    if (check_output(settings, err) < 0 || check_raw(settings, err) < 0)
        return FW_ERR_USAGE;
    if (settings->video_codec && strcmp(settings->video_codec, "copy") == 0)
        return fw_fail(err, FW_ERR_USAGE,
                       "-c:v copy: the video is filtered and so encoded anew\n"
                       "hint: ffmpeg copies video; framewheel filters it");
    if (settings->to_us != FW_NOPTS && settings->length_us == FW_NOPTS &&
        settings->to_us <= (settings->seek_us == FW_NOPTS ? 0 : settings->seek_us))
        return fw_fail(err, FW_ERR_USAGE, "-to is not after -ss: nothing would be left");
    if (settings->length_us == 0)
        return fw_fail(err, FW_ERR_USAGE, "-t 0: nothing would be left");
    if (settings->isolation == FW_ISOLATION_THREADS && settings->sandbox == FW_SANDBOX_STRICT)
        return fw_fail(err, FW_ERR_USAGE,
                       "--isolation=threads has no sandbox, and --sandbox=strict wants one");
    return FW_OK;
}
