/* The option table of a job. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "filters/check.h"
#include "filters/suggest.h"

#define FIELD(member) offsetof(struct fw_settings, member)
#define FLAG(name, aliases, group, help)                                                           \
    {                                                                                              \
        name, aliases, FW_ARG_FLAG, NULL, group, help, NULL, 0, 0                                  \
    }
#define OPTION(name, aliases, value, group, help, text)                                            \
    {                                                                                              \
        name, aliases, FW_ARG_VALUE, value, group, help, text, 0, 0                                \
    }
#define REPEATED(name, aliases, value, group, help)                                                \
    {                                                                                              \
        name, aliases, FW_ARG_VALUE, value, group, help, NULL, 1, 0                                \
    }
#define COMMAND_FLAG(name, aliases, group, help, repeatable)                                       \
    {                                                                                              \
        { name, aliases, FW_ARG_FLAG, NULL, group, help, NULL, repeatable, 1 }, FW_VALUE_COMMAND,  \
            0, 0, 0                                                                                \
    }
#define COMMAND(name, aliases, value, group, help, text)                                           \
    {                                                                                              \
        { name, aliases, FW_ARG_VALUE, value, group, help, text, 0, 1 }, FW_VALUE_COMMAND, 0, 0, 0 \
    }
#define AV(name, aliases, value, help)                                                             \
    {                                                                                              \
        OPTION(name, aliases, value, encoder_group, help, NULL), FW_VALUE_AV, 0, 0, 0              \
    }

#define file_group "Files"
#define picture_group "Picture"
#define part_group "Part of the input"
#define stream_group "Streams"
#define encoder_group "Encoder (any other option of encoder or container works too)"
#define trust_group "When something is wrong"
#define machine_group "Processes and memory"
#define limit_group "Limits"
#define report_group "Progress and reports"

static const struct fw_option_row rows[] = {
    { OPTION("input", "-i", "FILE", file_group, "File to read; '-' is standard input.", NULL),
      FW_VALUE_TEXT, FIELD(input), 0, 0 },
    { OPTION("output", "-o", "FILE", file_group, "File to write; '-' is standard output.", NULL),
      FW_VALUE_TEXT, FIELD(output), 0, 0 },
    { FLAG("y", "-y", file_group, "Replace an output that exists."), FW_VALUE_YES, FIELD(exists), 0,
      0 },
    { FLAG("n", "-n", file_group, "Do nothing, successfully, when the output exists."), FW_VALUE_NO,
      FIELD(exists), 0, 0 },
    { OPTION("f", "-f", "FORMAT", file_group, "Container of the output.", "by its name"),
      FW_VALUE_FORMAT, FIELD(format), 0, 0 },
    { OPTION("input-format", NULL, "FORMAT", file_group, "Container of the input.",
             "by its content"),
      FW_VALUE_TEXT, FIELD(input_format), 0, 0 },
    { OPTION("video_size", "-video_size", "WxH", file_group,
             "Size of raw video, for --input-format rawvideo.", NULL),
      FW_VALUE_TEXT, FIELD(raw_size), 0, 0 },
    { OPTION("pixel_format", "-pixel_format", "FORMAT", file_group, "Pixel format of raw video.",
             "yuv420p"),
      FW_VALUE_TEXT, FIELD(raw_format), 0, 0 },
    { OPTION("framerate", "-framerate", "RATE", file_group,
             "Frame rate of raw video, or of pictures as -r.", "25"),
      FW_VALUE_TEXT, FIELD(raw_rate), 0, 0 },
    { OPTION("start_number", "-start_number", "N", file_group,
             "First number of pictures: 'shot-%05d.png' or 'shot-{n:05}.png'.",
             "the lowest that exists; written: 1"),
      FW_VALUE_LEVEL, FIELD(start_number_plus1), 0, UINT32_MAX - 1 },
    { OPTION("gaps", NULL, "error|hold", file_group,
             "A number missing among pictures: an error, or the picture before it once more.",
             "error"),
      FW_VALUE_WORD, FIELD(gaps), 0, 0 },
    { FLAG("null", NULL, file_group, "Decode and filter, write nothing; takes no output."),
      FW_VALUE_BOOL, FIELD(null_output), 0, 0 },
    { { "recipe", NULL, FW_ARG_VALUE, "RECIPE", file_group,
        "Options from a file: a name that 'framewheel recipes' lists, or a path with a slash.",
        NULL, 1, 1 },
      FW_VALUE_COMMAND,
      0,
      0,
      0 },
    { OPTION("verify", NULL, "count|decode|none", file_group,
             "Check of the written file: frames and duration, or every frame decoded.", "count"),
      FW_VALUE_WORD, FIELD(verify), 0, 0 },

    { OPTION("vf", "-vf -filter:v", "CHAIN", picture_group,
             "Filters, as in FFmpeg: \"scale=1280:-2,unsharp\".", NULL),
      FW_VALUE_TEXT, FIELD(chain), 0, 0 },
    { REPEATED("plugin", NULL, "FILE.so", picture_group,
               "Take filters from this shared object, too."),
      FW_VALUE_LIST, FIELD(plugins), 0, 0 },
    { OPTION("plugin-path", NULL, "DIR[:DIR...]", picture_group,
             "Folders where NAME.so is looked for when no filter has that name.",
             "$FRAMEWHEEL_PLUGIN_PATH"),
      FW_VALUE_TEXT, FIELD(plugin_path), 0, 0 },
    { OPTION("pix_fmt", "-pix_fmt", "FORMAT", picture_group, "Pixel format of the output.",
             "the chain's"),
      FW_VALUE_TEXT, FIELD(pixel_format), 0, 0 },
    { OPTION("r", "-r", "RATE", picture_group,
             "Frame rate of the output, of pictures as input: 25, 30000/1001, ntsc.",
             "the input's; of pictures 25"),
      FW_VALUE_RATE, FIELD(rate), 0, 0 },
    { OPTION("rotate", NULL, "auto|keep", picture_group,
             "Turn the picture as the file's tag says, or keep the tag.", "auto"),
      FW_VALUE_WORD, FIELD(rotate), 0, 0 },
    { OPTION("on-change", NULL, "scale|error", picture_group,
             "When the picture's size or format changes in mid-stream.", "scale"),
      FW_VALUE_WORD, FIELD(on_change), 0, 0 },

    { OPTION("ss", "-ss", "TIME", part_group, "Start here: 55, 1:02:03.5, 200ms.", NULL),
      FW_VALUE_TIME, FIELD(seek_us), 0, 0 },
    { OPTION("to", "-to", "TIME", part_group, "End before this time of the input.", NULL),
      FW_VALUE_TIME, FIELD(to_us), 0, 0 },
    { OPTION("t", "-t", "TIME", part_group, "Length; wins over -to.", NULL), FW_VALUE_TIME,
      FIELD(length_us), 0, 0 },
    { OPTION("frames:v", "-frames:v -vframes", "N", part_group, "Stop after N frames of the input.",
             NULL),
      FW_VALUE_U64, FIELD(frames_max), 1, UINT64_MAX },

    { OPTION("c:v", "-c:v -vcodec -codec:v", "ENCODER", stream_group,
             "Video encoder: libx264, ffv1, ...", "the container's usual"),
      FW_VALUE_TEXT, FIELD(video_codec), 0, 0 },
    { OPTION("c:a", "-c:a -acodec -codec:a", "copy|aac|libopus|flac|pcm_s16le|none", stream_group,
             "Audio.", "copy where it fits"),
      FW_VALUE_TEXT, FIELD(audio_codec), 0, 0 },
    { OPTION("c:s", "-c:s -scodec -codec:s", "copy|CODEC|none", stream_group, "Subtitles.",
             "copy where it fits"),
      FW_VALUE_TEXT, FIELD(subtitle_codec), 0, 0 },
    { REPEATED("map", "-map", "SPEC", stream_group,
               "Choose streams, as in FFmpeg: 0:a:1, -0:s; replaces the usual choice."),
      FW_VALUE_LIST, FIELD(maps), 0, 0 },
    { FLAG("an", "-an", stream_group, "No audio."), FW_VALUE_BOOL, FIELD(no_audio), 0, 0 },
    { FLAG("sn", "-sn", stream_group, "No subtitles."), FW_VALUE_BOOL, FIELD(no_subtitles), 0, 0 },
    { FLAG("dn", "-dn", stream_group, "No data streams."), FW_VALUE_BOOL, FIELD(no_data), 0, 0 },
    { REPEATED("metadata", "-metadata", "KEY=VALUE", stream_group,
               "Set a tag of the output; an empty value removes it."),
      FW_VALUE_PAIRS, FIELD(metadata), 0, 0 },
    { OPTION("tag:v", "-tag:v -vtag", "FOURCC", stream_group,
             "Tag of the video's codec in the container: hvc1, xvid, ...", "the container's"),
      FW_VALUE_TEXT, FIELD(video_tag), 0, 0 },

    AV("crf", "-crf", "N", "Constant quality; less is better."),
    AV("preset", "-preset", "NAME", "Speed against size: ultrafast ... veryslow, 0 ... 13."),
    AV("tune", "-tune", "NAME", "Kind of content: film, animation, grain, ..."),
    AV("b:v", "-b:v", "RATE", "Video bit rate: 2500k, 4M."),
    AV("q:v", "-q:v -qscale:v", "N", "Fixed quantiser of mpeg4, mjpeg and the like."),
    AV("maxrate:v", "-maxrate -maxrate:v", "RATE", "Highest bit rate, with bufsize."),
    AV("bufsize:v", "-bufsize -bufsize:v", "BITS", "Buffer that maxrate is held over."),
    AV("profile:v", "-profile:v", "NAME", "Profile of the video encoder."),
    AV("level:v", "-level -level:v", "N", "Level of the video encoder."),
    AV("g", "-g", "N", "Most frames between key frames."),
    AV("bf", "-bf", "N", "Most B-frames in a row."),
    AV("threads:v", "-threads -threads:v", "N",
       "Threads of the encoder; changes the bytes of some."),
    AV("b:a", "-b:a", "RATE", "Audio bit rate: 128k."),
    AV("q:a", "-q:a -qscale:a", "N", "Audio quality."),
    AV("ar", "-ar", "HZ", "Audio sample rate."),
    AV("ac", "-ac", "N", "Audio channels."),

    { OPTION("on-error", NULL, "stop|conceal|skip", trust_group,
             "Damage in the input: stop, publish what the decoder makes of it, or leave it out.",
             "stop"),
      FW_VALUE_WORD, FIELD(on_error), 0, 0 },
    { OPTION(
          "on-poison", NULL, "fail|pass|skip|hold", trust_group,
          "A frame that kills a filter twice: fail, unfiltered, left out, or the last one again.",
          "fail"),
      FW_VALUE_WORD, FIELD(on_poison), 0, 0 },
    { FLAG("strict", NULL, trust_group, "A loss is an error, also one that is usually listed."),
      FW_VALUE_BOOL, FIELD(strict), 0, 0 },
    { OPTION("stall", NULL, "TIME", trust_group, "A process this long without progress is hung.",
             "30"),
      FW_VALUE_MILLIS, FIELD(stall_ms), 100, 86400000 },

    { OPTION("workers", NULL, "N|auto", machine_group, "Filter processes.", "auto: usable cores"),
      FW_VALUE_U32_AUTO, FIELD(workers), 1, FW_WORKERS_MAX },
    { OPTION("range", NULL, "N|auto", machine_group, "Frames a worker takes at once.", "auto"),
      FW_VALUE_U32_AUTO, FIELD(range), 1, FW_RANGE_MAX },
    { OPTION("ring-mem", NULL, "SIZE", machine_group, "Memory for frames: 512M, 2GiB.",
             "a quarter of what is free, at most 2GiB"),
      FW_VALUE_BYTES, FIELD(ring_mem), 1u << 16, UINT64_C(1) << 42 },
    { OPTION("decoder-threads", NULL, "N|auto", machine_group, "Threads of the decoder.", "auto"),
      FW_VALUE_U32_AUTO, FIELD(decoder_threads), 1, FW_WORKERS_MAX },
    { OPTION("cpu", NULL, "auto|c|avx2|avx512", machine_group,
             "Instructions of built-in filters, at most. The pixels are the same.", "auto"),
      FW_VALUE_WORD, FIELD(cpu), 0, 0 },
    { OPTION("isolation", NULL, "process|threads", machine_group,
             "threads: no recovery from crashes and no sandbox.", "process"),
      FW_VALUE_WORD, FIELD(isolation), 0, 0 },
    { OPTION("sandbox", NULL, "auto|strict|off", machine_group,
             "Lock decoder, workers and encoder up: as the kernel can, or not at all without.",
             "auto"),
      FW_VALUE_WORD, FIELD(sandbox), 0, 0 },

    { OPTION("max-pixels", NULL, "N|WxH", limit_group, "Largest frame.", "16384x16384"),
      FW_VALUE_PIXELS, FIELD(max_pixels), 1, (uint64_t)FW_DIMENSION_MAX *FW_DIMENSION_MAX },
    { OPTION("max-streams", NULL, "N", limit_group, "Most streams of an input.", "64"),
      FW_VALUE_U32, FIELD(max_streams), 1, FW_STREAMS_MAX },
    { OPTION("max-slot", NULL, "SIZE", limit_group, "Most memory of one frame.", "1GiB"),
      FW_VALUE_BYTES, FIELD(max_slot), 4096, UINT64_C(1) << 36 },

    COMMAND("progress", "-progress", "auto|tty|line|json|ffmpeg|none", report_group,
            "How progress is shown; json and ffmpeg go to standard output.", "auto"),
    COMMAND("progress-to", NULL, "FILE|fd:N", report_group, "Where progress goes.", NULL),
    COMMAND("progress-interval", "-stats_period", "TIME", report_group, "Time between reports.",
            "by kind"),
    COMMAND_FLAG("json", NULL, report_group, "The report as JSON on standard output.", 0),
    { REPEATED("report", NULL, "FILE.json", report_group, "The report as a file."), FW_VALUE_REPORT,
      FIELD(reports), 0, 0 },
    COMMAND_FLAG("dry-run", NULL, report_group, "Check and show the plan, write nothing.", 0),
    COMMAND_FLAG("verbose", "-v", report_group,
                 "Say more: what each stage did and waited for, sandbox.", 1),
    COMMAND_FLAG("quiet", "-q", report_group, "Errors only, whatever else is asked for.", 1),
    COMMAND("log-file", NULL, "FILE", report_group,
            "A log: command, progress, every message, summary. Appends.", NULL),
    COMMAND("loglevel", "-loglevel", "LEVEL", report_group,
            "quiet, error, warning, info, verbose or debug.", "info"),
    COMMAND_FLAG("hide_banner", "-hide_banner", report_group, "Accepted; there is no banner.", 0),
    COMMAND_FLAG("nostdin", "-nostdin", report_group,
                 "Accepted; standard input is only read as '-'.", 0),

    /* For the fault tests: no help, so no help text shows it. */
    { OPTION("fault", NULL, "ROLE:POINT:SEQ:ACTION", trust_group, NULL, NULL), FW_VALUE_TEXT,
      FIELD(fault), 0, 0 },
};

uint32_t fw_job_option_count(void)
{
    return (uint32_t)FW_COUNT(rows);
}

const struct fw_job_option *fw_job_option_at(uint32_t index)
{
    return index < FW_COUNT(rows) ? &rows[index].option : NULL;
}

/* Whether `name` is one of the space-separated words, dashes left aside. */
static int among(const char *words, const char *name)
{
    size_t bytes = strlen(name);
    const char *word = words;
    while (word && *word) {
        if (*word == '-')
            word++;
        const char *end = strchrnul(word, ' ');
        if ((size_t)(end - word) == bytes && memcmp(word, name, bytes) == 0)
            return 1;
        word = *end ? end + 1 : end;
    }
    return 0;
}

bool fw_option_row_is(const struct fw_option_row *row, const char *name)
{
    return strcmp(row->option.name, name) == 0 || among(row->option.aliases, name);
}

const struct fw_option_row *fw_option_row_find(const char *name)
{
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (fw_option_row_is(&rows[i], name))
            return &rows[i];
    }
    return NULL;
}

const struct fw_job_option *fw_job_option_find(const char *name)
{
    const struct fw_option_row *row = fw_option_row_find(name);
    return row ? &row->option : NULL;
}

static void offer_aliases(struct fw_suggestion *suggestion, const char *words)
{
    const char *word = words;
    while (word && *word) {
        char text[32];
        const char *end = strchrnul(word, ' ');
        const char *bare = *word == '-' ? word + 1 : word;
        (void)snprintf(text, sizeof(text), "%.*s", (int)(end - bare), bare);
        fw_suggest_offer(suggestion, text);
        word = *end ? end + 1 : end;
    }
}

const char *fw_option_nearest(const char *name, char *buffer, size_t bytes)
{
    struct fw_suggestion suggestion;
    fw_suggest_init(&suggestion, name);
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (!rows[i].option.help || strlen(rows[i].option.name) < 2)
            continue;
        fw_suggest_offer(&suggestion, rows[i].option.name);
        offer_aliases(&suggestion, rows[i].option.aliases);
    }
    const char *best = strlen(name) > 1 ? fw_suggest_best(&suggestion) : NULL;
    if (!best)
        return NULL;
    (void)snprintf(buffer, bytes, "%s", best);
    return buffer;
}

const char *fw_nearest(const char *wanted, const char *const *candidates, uint32_t count)
{
    struct fw_suggestion suggestion;
    fw_suggest_init(&suggestion, wanted);
    for (uint32_t i = 0; i < count; i++)
        fw_suggest_offer(&suggestion, candidates[i]);
    const char *best = fw_suggest_best(&suggestion);
    for (uint32_t i = 0; best && i < count; i++) {
        if (strcmp(candidates[i], best) == 0)
            return candidates[i];
    }
    return NULL;
}
