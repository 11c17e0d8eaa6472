#include "sink_target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libavutil/opt.h>

#include "sequence.h"

#include "filters/check.h"
#include "filters/suggest.h"

struct fw_av_text fw_av_text(int code)
{
    struct fw_av_text text;
    if (av_strerror(code, text.text, sizeof(text.text)) < 0)
        (void)snprintf(text.text, sizeof(text.text), "error %d", code);
    return text;
}

int fw_fault_add(struct fw_error *err, const char *format, ...)
{
    if (!err)
        return FW_ERR_USAGE;
    size_t used = err->status < 0 ? strnlen(err->text, sizeof(err->text) - 1) : 0;
    if (used && used + 1 < sizeof(err->text))
        err->text[used++] = '\n';
    va_list list;
    va_start(list, format);
    (void)vsnprintf(err->text + used, sizeof(err->text) - used, format, list);
    va_end(list);
    if (err->status >= 0)
        err->status = FW_ERR_USAGE;
    return err->status;
}

struct fw_av_name fw_av_option_name(const struct fw_av_option *option)
{
    struct fw_av_name split = { .stream = option->stream };
    (void)snprintf(split.name, sizeof(split.name), "%s", option->name);
    char *colon = strchr(split.name, ':');
    if (colon) {
        if (colon[1] && !split.stream)
            split.stream = colon[1];
        *colon = '\0';
    }
    return split;
}

struct fw_av_name fw_av_option_written(const struct fw_av_option *option)
{
    struct fw_av_name split = fw_av_option_name(option);
    size_t used = strlen(split.name);
    if (split.stream && used + 2 < sizeof(split.name))
        (void)snprintf(split.name + used, sizeof(split.name) - used, ":%c", split.stream);
    return split;
}

const char *fw_av_option_value(const struct fw_settings *settings, const char *name, char stream)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        struct fw_av_name split = fw_av_option_name(&settings->av_options[i]);
        if (strcmp(split.name, name) == 0 && (split.stream == 0 || split.stream == stream))
            value = settings->av_options[i].value;
    }
    return value;
}

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

bool fw_target_is_hash(const struct fw_target *target)
{
    static const char *const names[] = { "framemd5", "framehash", "framecrc",  "md5",
                                         "hash",     "crc",       "streamhash" };
    return target->format && is_one_of(target->format->name, names, FW_COUNT(names));
}

bool fw_target_is_raw(const struct fw_target *target)
{
    return target->kind == FW_TARGET_Y4M ||
           (target->format && strcmp(target->format->name, "rawvideo") == 0);
}

bool fw_target_fixed_rate(const struct fw_target *target)
{
    /* By name: AVFMT_VARIABLE_FPS is missing from mp4, mov, mpegts and others that time frames. */
    static const char *const names[] = {
        "avi", "dv", "gxf", "mxf", "mxf_d10", "mxf_opatom", "swf"
    };
    return target->format && is_one_of(target->format->name, names, FW_COUNT(names));
}

bool fw_encoder_fixed_rate(const AVCodec *encoder)
{
    static const char *const names[] = { "mpeg1video", "mpeg2video", "libtheora", "dvvideo",
                                         "h261" };
    return encoder && is_one_of(encoder->name, names, FW_COUNT(names));
}

/* Names people use -> libavformat's. */
static const char *muxer_alias(const char *name)
{
    static const char *const pairs[][2] = {
        { "mkv", "matroska" }, { "ts", "mpegts" },        { "m2ts", "mpegts" },
        { "mpg", "mpeg" },     { "yuv", "rawvideo" },     { "raw", "rawvideo" },
        { "rgb", "rawvideo" }, { "y4m", "yuv4mpegpipe" },
    };
    for (size_t i = 0; i < FW_COUNT(pairs); i++)
        if (strcasecmp(name, pairs[i][0]) == 0)
            return pairs[i][1];
    return name;
}

static int unknown_muxer(const char *name, struct fw_error *err)
{
    struct fw_suggestion near;
    fw_suggest_init(&near, name);
    const AVOutputFormat *format;
    for (void *state = NULL; (format = av_muxer_iterate(&state));)
        if (format->video_codec != AV_CODEC_ID_NONE)
            fw_suggest_offer(&near, format->name);
    fw_suggest_offer(&near, "y4m");
    fw_suggest_offer(&near, "mkv");
    const char *best = fw_suggest_best(&near);
    return fw_fault_add(err, "-f %s: no such output format%s%s%s", name,
                        best ? "; did you mean '" : "", best ? best : "", best ? "'?" : "");
}

/* By the extension alone: the rest of a name is bytes that mean nothing. */
static const AVOutputFormat *muxer_by_extension(const char *output)
{
    const char *slash = strrchr(output, '/');
    const char *dot = strrchr(slash ? slash : output, '.');
    if (!dot || !dot[1] || strlen(dot) > 16)
        return NULL;
    if (strcasecmp(dot, ".y4m") == 0)
        return av_guess_format("yuv4mpegpipe", NULL, NULL);
    char name[32];
    (void)snprintf(name, sizeof(name), "out%s", dot);
    return av_guess_format(NULL, name, NULL);
}

static bool is_image2(const AVOutputFormat *format)
{
    return format && strncmp(format->name, "image2", 6) == 0;
}

/* A plain name with a picture's extension, where that is no video container's as well, as .gif and
 * .webp are; -f image2 says that a picture is meant all the same. */
static bool is_single_picture(const struct fw_settings *settings, const char *output)
{
    if (strcmp(output, "-") == 0 || fw_still_kind_of_name(output) == FW_STILL_NONE)
        return false;
    if (settings->format)
        return strcmp(settings->format, "image2") == 0;
    const AVOutputFormat *usual = muxer_by_extension(output);
    return !usual || is_image2(usual);
}

static int choose_muxer(struct fw_target *target, const struct fw_settings *settings,
                        struct fw_error *err)
{
    const char *output = settings->output ? settings->output : "-";
    if (settings->null_output || (settings->format && strcmp(settings->format, "null") == 0)) {
        target->kind = FW_TARGET_NULL;
        return FW_OK;
    }
    struct fw_pattern pattern;
    int numbered = fw_sequence_output(settings, &pattern, &target->still, err);
    if (numbered != FW_END) {
        target->kind = FW_TARGET_PICTURES;
        return numbered;
    }
    if (is_single_picture(settings, output)) {
        target->kind = FW_TARGET_PICTURES;
        target->still = fw_still_kind_of_name(output);
        target->single = true;
        return FW_OK;
    }
    if (settings->format) {
        target->format = av_guess_format(muxer_alias(settings->format), NULL, NULL);
        if (!target->format)
            return unknown_muxer(settings->format, err);
    } else if (strcmp(output, "-") == 0) {
        target->kind = FW_TARGET_Y4M;
    } else {
        target->format = muxer_by_extension(output);
        if (!target->format)
            return fw_fault_add(err,
                                "%s: the name's extension says no output format; add one "
                                "(.mp4, .mkv, .mov, ...) or give -f FORMAT",
                                output);
    }
    if (target->format && strcmp(target->format->name, "yuv4mpegpipe") == 0) {
        target->kind = FW_TARGET_Y4M;
        target->format = NULL;
    }
    return FW_OK;
}

/* Muxers that write by name or to devices, and those that hold no moving picture. */
static int refuse_muxer(const struct fw_target *target, struct fw_error *err)
{
    static const char *const sound[] = { "mp3", "flac", "aiff", "wav", "oga", "adts", "tta" };
    static const char *const many[] = {
        "hls", "dash",      "segment", "stream_segment,ssegment", "tee", "fifo", "smoothstreaming",
        "hds", "webm_chunk"
    };
    const AVOutputFormat *format = target->format;
    if (!format)
        return FW_OK;
    if (is_image2(format))
        return fw_fault_add(err,
                            "%s: pictures are written as .png, .jpg, .webp, .tif, .bmp, .qoi, "
                            ".ppm, .pam or .exr\n"
                            "hint: one as 'thumb.jpg', many as 'out-%%05d.png' or 'out-{n:05}.png'",
                            format->name);
    if (is_one_of(format->name, many, FW_COUNT(many)))
        return fw_fault_add(err, "%s: this format writes several files; one output is one file",
                            format->name);
    if (format->flags & AVFMT_NOFILE)
        return fw_fault_add(err, "%s: this output is no file", format->name);
    if ((format->video_codec == AV_CODEC_ID_NONE && !fw_target_is_hash(target)) ||
        is_one_of(format->name, sound, FW_COUNT(sound)))
        return fw_fault_add(err, "%s holds no video", format->name);
    return FW_OK;
}

static int unknown_encoder(const char *name, struct fw_error *err)
{
    struct fw_suggestion near;
    fw_suggest_init(&near, name);
    const AVCodec *codec;
    for (void *state = NULL; (codec = av_codec_iterate(&state));)
        if (codec->type == AVMEDIA_TYPE_VIDEO && av_codec_is_encoder(codec))
            fw_suggest_offer(&near, codec->name);
    const char *best = fw_suggest_best(&near);
    return fw_fault_add(err, "-c:v %s: no such video encoder%s%s%s", name,
                        best ? "; did you mean '" : "", best ? best : "", best ? "'?" : "");
}

static int named_encoder(struct fw_target *target, const char *name, struct fw_error *err)
{
    if (strcmp(name, "copy") == 0)
        return fw_fault_add(err, "-c:v copy: frames are filtered, so they must be encoded; leave "
                                 "-c:v out or name an encoder");
    target->encoder = avcodec_find_encoder_by_name(name);
    if (!target->encoder) {
        const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name(name);
        target->encoder = codec ? avcodec_find_encoder(codec->id) : NULL;
        if (!target->encoder && codec)
            return fw_fault_add(err, "-c:v %s: no encoder for it is built in", name);
    }
    if (!target->encoder)
        return unknown_encoder(name, err);
    if (target->encoder->type != AVMEDIA_TYPE_VIDEO)
        return fw_fault_add(err, "-c:v %s: that is no video encoder", name);
    if (target->encoder->capabilities & AV_CODEC_CAP_HARDWARE)
        return fw_fault_add(err, "-c:v %s: hardware encoders are not supported", name);
    return FW_OK;
}

static bool is_codec(enum AVCodecID codec, const enum AVCodecID *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codec == list[i])
            return true;
    return false;
}

/* Transport streams take any bytes as private data, which nobody can read again. */
static bool transport_takes(enum AVCodecID codec)
{
    static const enum AVCodecID codecs[] = {
        AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO,   AV_CODEC_ID_MPEG4,
        AV_CODEC_ID_H264,       AV_CODEC_ID_HEVC,         AV_CODEC_ID_CAVS,
        AV_CODEC_ID_DIRAC,      AV_CODEC_ID_VC1,          AV_CODEC_ID_MP1,
        AV_CODEC_ID_MP2,        AV_CODEC_ID_MP3,          AV_CODEC_ID_AAC,
        AV_CODEC_ID_AAC_LATM,   AV_CODEC_ID_AC3,          AV_CODEC_ID_EAC3,
        AV_CODEC_ID_DTS,        AV_CODEC_ID_TRUEHD,       AV_CODEC_ID_OPUS,
        AV_CODEC_ID_S302M,      AV_CODEC_ID_DVB_SUBTITLE, AV_CODEC_ID_DVB_TELETEXT,
        AV_CODEC_ID_SMPTE_KLV,  AV_CODEC_ID_TIMED_ID3,    AV_CODEC_ID_HDMV_PGS_SUBTITLE,
    };
    return is_codec(codec, codecs, FW_COUNT(codecs));
}

/* Program streams call every video MPEG's, whatever it is. */
static bool program_takes(enum AVCodecID codec)
{
    static const enum AVCodecID codecs[] = { AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO,
                                             AV_CODEC_ID_MPEG4, AV_CODEC_ID_H264,
                                             AV_CODEC_ID_HEVC };
    return avcodec_get_type(codec) != AVMEDIA_TYPE_VIDEO ||
           is_codec(codec, codecs, FW_COUNT(codecs));
}

/* mov and Matroska hold what avi has a tag for, in avi's manner. */
static bool takes_avi_tags(const struct fw_target *target)
{
    return strcmp(target->name, "matroska") == 0 || strcmp(target->name, "mov") == 0;
}

int fw_target_holds(const struct fw_target *target, enum AVCodecID codec)
{
    /* These have tags in mov's table, but its muxer writes them to mp4 alone. */
    static const enum AVCodecID mp4_alone[] = { AV_CODEC_ID_FLAC, AV_CODEC_ID_OPUS,
                                                AV_CODEC_ID_TRUEHD, AV_CODEC_ID_VP9,
                                                AV_CODEC_ID_AV1 };
    static const char *const programs[] = { "mpeg", "vob", "dvd", "svcd", "vcd" };
    if (strcmp(target->name, "mov") == 0 && is_codec(codec, mp4_alone, FW_COUNT(mp4_alone)))
        return 0;
    if (strcmp(target->name, "mpegts") == 0)
        return transport_takes(codec);
    if (is_one_of(target->name, programs, FW_COUNT(programs)) && !program_takes(codec))
        return 0;
    if (codec == AV_CODEC_ID_RAWVIDEO && strcmp(target->name, "matroska") == 0)
        return 0;
    int answer = avformat_query_codec(target->format, codec, target->strictness);
    /* Bare streams have nothing that could name another codec. */
    if (answer < 0 && (target->format->flags & AVFMT_NOTIMESTAMPS))
        return 0;
    const struct AVCodecTag *const riff[] = { avformat_get_riff_video_tags(), NULL };
    unsigned int tag = 0;
    if (answer == 0 && takes_avi_tags(target) && av_codec_get_tag2(riff, codec, &tag))
        return 1;
    return answer;
}

/* Names of containers that hold the encoder's codec. */
static int refuse_codec(const struct fw_target *target, struct fw_error *err)
{
    static const char *const names[][2] = { { "matroska", ".mkv" }, { "mov", ".mov" },
                                            { "mp4", ".mp4" },      { "webm", ".webm" },
                                            { "avi", ".avi" },      { "nut", ".nut" } };
    enum AVCodecID codec = target->encoder->id;
    char ways[64] = "";
    for (size_t i = 0; i < FW_COUNT(names); i++) {
        struct fw_target other = *target;
        other.format = av_guess_format(names[i][0], NULL, NULL);
        (void)snprintf(other.name, sizeof(other.name), "%s", names[i][0]);
        if (!other.format || fw_target_holds(&other, codec) != 1)
            continue;
        strcat(ways, ways[0] ? ", " : "; it fits in ");
        strcat(ways, names[i][1]);
    }
    return fw_fault_add(err, "-c:v %s: %s cannot hold %s%s", target->encoder->name, target->name,
                        avcodec_get_name(codec), ways);
}

static int choose_encoder(struct fw_target *target, const struct fw_settings *settings,
                          struct fw_error *err)
{
    if (settings->video_codec) {
        int status = named_encoder(target, settings->video_codec, err);
        if (status < 0)
            return status;
    } else if (target->kind == FW_TARGET_LAVF) {
        enum AVCodecID codec = fw_target_is_hash(target) ? AV_CODEC_ID_RAWVIDEO
                                                         : target->format->video_codec;
        target->encoder = avcodec_find_encoder(codec);
        if (!target->encoder)
            return fw_fault_add(err, "%s: its usual codec %s has no encoder here; name one by -c:v",
                                target->name, avcodec_get_name(codec));
    }
    if (target->kind != FW_TARGET_LAVF) {
        bool raw = !target->encoder || target->encoder->id == AV_CODEC_ID_RAWVIDEO ||
                   target->encoder->id == AV_CODEC_ID_WRAPPED_AVFRAME;
        target->encoder = NULL;
        if (!raw)
            return fw_fault_add(err, "-c:v %s: %s holds raw frames", settings->video_codec,
                                target->name);
        return FW_OK;
    }
    bool raw = target->encoder->id == AV_CODEC_ID_RAWVIDEO &&
               fw_av_option_value(settings, "allow_raw_vfw", 0) != NULL;
    if (!raw && !fw_target_is_hash(target) && fw_target_holds(target, target->encoder->id) == 0)
        return refuse_codec(target, err);
    return FW_OK;
}

static int read_strictness(const struct fw_settings *settings)
{
    static const struct fw_choice words[] = {
        { "very", FF_COMPLIANCE_VERY_STRICT, "" },
        { "strict", FF_COMPLIANCE_STRICT, "" },
        { "normal", FF_COMPLIANCE_NORMAL, "" },
        { "unofficial", FF_COMPLIANCE_UNOFFICIAL, "" },
        { "experimental", FF_COMPLIANCE_EXPERIMENTAL, "" },
    };
    const char *value = fw_av_option_value(settings, "strict", 'v');
    if (!value)
        return FF_COMPLIANCE_NORMAL;
    for (size_t i = 0; i < FW_COUNT(words); i++)
        if (strcmp(value, words[i].name) == 0)
            return (int)words[i].value;
    return atoi(value);
}

int fw_target_choose(struct fw_target *target, const struct fw_settings *settings,
                     struct fw_error *err)
{
    memset(target, 0, sizeof(*target));
    target->strictness = read_strictness(settings);
    int status = choose_muxer(target, settings, err);
    if (status == FW_OK)
        status = refuse_muxer(target, err);
    if (status < 0)
        return status;
    const char *name = target->kind == FW_TARGET_Y4M        ? "y4m"
                       : target->kind == FW_TARGET_NULL     ? "null"
                       : target->kind == FW_TARGET_PICTURES ? fw_still_kind_name(target->still)
                                                            : target->format->name;
    (void)snprintf(target->name, sizeof(target->name), "%.*s", (int)strcspn(name, ","), name);
    return target->kind == FW_TARGET_PICTURES ? FW_OK : choose_encoder(target, settings, err);
}
