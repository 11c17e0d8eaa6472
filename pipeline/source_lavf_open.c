/* Opening a container without a name, choosing the main video, its decoder, and -ss. */
#include "source_lavf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/dict.h>
#include <libavutil/error.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>

#include "filters/check.h"

/* Names of libavformat for what this program reads. Playlists, devices and formats that name other
 * files are not among them, whatever a file looks like. */
static const char demuxers[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,ivf,obu,nut,ogg,"
    "flv,asf,mxf,gif,apng,yuv4mpegpipe,dv,rm,wav,aac,mp3,flac,rawvideo";

static const AVInputFormat *forced_format(const char *name, struct fw_error *err)
{
    size_t length = strlen(name);
    for (const char *at = demuxers; length; at += strcspn(at, ",") + 1) {
        size_t here = strcspn(at, ",");
        if (here == length && memcmp(at, name, length) == 0) {
            const AVInputFormat *format = av_find_input_format(name);
            if (format)
                return format;
        }
        if (!at[here])
            break;
    }
    (void)fw_fail(err, FW_ERR_USAGE, "--input-format %s is not one of %s", name, demuxers);
    return NULL;
}

static int refuse_content(struct fw_lavf *lavf, int code, struct fw_error *err)
{
    char text[FW_AVLOG_TEXT];
    char what[AV_ERROR_MAX_STRING_SIZE];
    bool said = fw_avlog_take_format(&lavf->log, text) > 0;
    int status = fw_input_status(&lavf->base.input, err);
    if (status != FW_OK)
        return status;
    if (code == AVERROR(ENOMEM))
        return fw_fail(err, FW_ERR_INPUT, "the file asks for more memory than is allowed");
    if (av_strerror(code, what, sizeof(what)) < 0)
        (void)snprintf(what, sizeof(what), "error %d", code);
    /* Known kinds outside the list (playlists among them) and unknown bytes read the same. */
    const char *forced = lavf->base.settings->input_format;
    if (!lavf->format && !forced && (code == AVERROR_INVALIDDATA || code == AVERROR(EINVAL)) &&
        (!said || strstr(text, "whitelist")))
        return fw_fail(err, FW_ERR_INPUT, FW_SOURCE_NO_MEDIA);
    return fw_fail(err, FW_ERR_INPUT, "cannot be read%s%s: %s%s%s", forced ? " as " : "",
                   forced ? forced : "", said ? text : what, said ? ": " : "", said ? what : "");
}

static int interrupted(void *opaque)
{
    return fw_input_aborted(opaque);
}

static AVFormatContext *make_context(struct fw_lavf *lavf)
{
    AVFormatContext *format = avformat_alloc_context();
    if (!format)
        return NULL;
    format->pb = lavf->avio;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = fw_input_refuse;
    format->interrupt_callback = (AVIOInterruptCB){ interrupted, &lavf->base.input };
    format->format_whitelist = av_strdup(demuxers);
    format->protocol_whitelist = av_strdup("");
    fw_avlog_init(&lavf->log, format);
    lavf->listening = true;
    return format;
}

/* Containers leave what they do not know in the dictionary. */
static AVDictionary *demuxer_options(const struct fw_settings *settings)
{
    AVDictionary *options = NULL;
    const char *const pairs[][2] = { { "scan_all_pmts", "1" }, /* as the ffmpeg command asks */
                                     { "video_size", settings->raw_size },
                                     { "pixel_format", settings->raw_format },
                                     { "framerate", settings->raw_rate } };
    for (size_t i = 0; i < FW_COUNT(pairs); i++) {
        if (pairs[i][1])
            (void)av_dict_set(&options, pairs[i][0], pairs[i][1], 0);
    }
    return options;
}

int fw_lavf_open_format(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_settings *settings = lavf->base.settings;
    const AVInputFormat *forced = NULL;
    if (settings->input_format) {
        forced = forced_format(settings->input_format, err);
        if (!forced)
            return FW_ERR_USAGE;
    }
    lavf->avio = fw_input_open_avio(&lavf->base.input);
    AVFormatContext *format = lavf->avio ? make_context(lavf) : NULL;
    if (!format)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to open the input");
    AVDictionary *options = demuxer_options(settings);
    int code = avformat_open_input(&format, "", forced, &options);
    av_dict_free(&options);
    lavf->format = code < 0 ? NULL : format;
    if (code >= 0)
        code = avformat_find_stream_info(format, NULL);
    if (code < 0)
        return refuse_content(lavf, code, err);
    uint32_t most = settings->max_streams && settings->max_streams < FW_STREAMS_MAX
                        ? settings->max_streams
                        : FW_STREAMS_MAX;
    lavf->stream_count = format->nb_streams < most ? format->nb_streams : most;
    lavf->probed_count = format->nb_streams;
    for (unsigned i = 0; i < format->nb_streams; i++)
        format->streams[i]->discard = AVDISCARD_ALL;
    return FW_OK;
}

static bool is_video(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

/* The best video as libavformat sees it, once covers are out of its sight. */
static int best_video(const struct fw_lavf *lavf)
{
    AVFormatContext *format = lavf->format;
    bool hidden[FW_STREAMS_MAX] = { false };
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        AVStream *stream = format->streams[i];
        hidden[i] = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_video(stream);
        if (hidden[i])
            stream->codecpar->codec_type = AVMEDIA_TYPE_ATTACHMENT;
    }
    int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        if (hidden[i])
            format->streams[i]->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    }
    return best >= 0 && (uint32_t)best < lavf->stream_count ? best : -1;
}

/* One -map: "[-]0[:SPECIFIER][?]". */
struct map {
    bool negative;
    char specifier[256];
};

/* false: it names no stream of this input; the planner says so. */
static bool read_map(const char *text, struct map *map)
{
    char *end;
    map->negative = text[0] == '-';
    text += map->negative;
    long file = strtol(text, &end, 10);
    if (end == text || file != 0 || (*end && *end != ':' && *end != '?'))
        return false;
    (void)snprintf(map->specifier, sizeof(map->specifier), "%s", *end == ':' ? end + 1 : "");
    size_t length = strlen(map->specifier);
    if (length && map->specifier[length - 1] == '?')
        map->specifier[length - 1] = '\0';
    return true;
}

static bool map_names(const struct fw_lavf *lavf, const struct map *map, AVStream *stream)
{
    return avformat_match_stream_specifier(lavf->format, stream, map->specifier) > 0;
}

bool fw_lavf_mapped(const struct fw_lavf *lavf, AVStream *stream)
{
    const struct fw_strings *maps = &lavf->base.settings->maps;
    struct map map;
    bool in = true;
    for (uint32_t i = 0; i < maps->count; i++)
        in = in && !(read_map(maps->items[i], &map) && !map.negative);
    for (uint32_t i = 0; i < maps->count; i++) {
        if (read_map(maps->items[i], &map) && map_names(lavf, &map, stream))
            in = !map.negative;
    }
    return in;
}

/* The video that one -map asks for: the best one if it is among them, else the first; -1: none. */
static int mapped_video(const struct fw_lavf *lavf, const char *text, int best)
{
    struct map map;
    int first = -1;
    if (!read_map(text, &map) || map.negative)
        return -1;
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        AVStream *stream = lavf->format->streams[i];
        if (!is_video(stream) || !map_names(lavf, &map, stream))
            continue;
        if ((int)i == best)
            return best;
        first = first < 0 ? (int)i : first;
    }
    return first;
}

int fw_lavf_choose_video(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_settings *settings = lavf->base.settings;
    int best = best_video(lavf);
    int chosen = -1;
    for (uint32_t i = 0; i < settings->maps.count && chosen < 0; i++)
        chosen = mapped_video(lavf, settings->maps.items[i], best);
    if (chosen < 0)
        chosen = best;
    if (chosen < 0)
        return fw_fail(err, FW_ERR_INPUT, FW_SOURCE_NO_VIDEO);
    lavf->stream = lavf->format->streams[chosen];
    lavf->stream->discard = AVDISCARD_NONE;
    lavf->streams[chosen].action = FW_STREAM_VIDEO;
    const AVCodecParameters *par = lavf->stream->codecpar;
    uint64_t pixels = (uint64_t)(par->width > 0 ? par->width : 0) *
                      (uint64_t)(par->height > 0 ? par->height : 0);
    if (par->width > FW_DIMENSION_MAX || par->height > FW_DIMENSION_MAX)
        return fw_fail(err, FW_ERR_INPUT, "%dx%d is more than the %d pixels a side that are read",
                       par->width, par->height, FW_DIMENSION_MAX);
    if (settings->max_pixels && pixels > settings->max_pixels)
        return fw_fail(err, FW_ERR_INPUT, "%dx%d is more than --max-pixels %llu allows", par->width,
                       par->height, (unsigned long long)settings->max_pixels);
    return FW_OK;
}

int fw_lavf_seek_start(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_settings *settings = lavf->base.settings;
    AVFormatContext *format = lavf->format;
    int64_t start = settings->seek_us != FW_NOPTS ? settings->seek_us : 0;
    if (format->start_time != AV_NOPTS_VALUE &&
        __builtin_add_overflow(start, format->start_time, &start))
        return fw_fail(err, FW_ERR_INPUT, "the file's start time is out of range");
    lavf->offset_us = start;
    lavf->timeline.offset_us = -start;
    lavf->timeline.last_us = AV_NOPTS_VALUE;
    lavf->timeline.discontinuous = (format->iformat->flags & AVFMT_TS_DISCONT) != 0;
    if (!lavf->retry)
        return FW_OK;
    /* Where the index is of decoding times, frames that are shown after the target may be decoded
     * from before it: 3/23 s reaches back three frames of film, as the ffmpeg command does. */
    int64_t target = start;
    bool reorders = false;
    for (unsigned i = 0; i < format->nb_streams; i++)
        reorders = reorders || format->streams[i]->codecpar->video_delay;
    if (!(format->iformat->flags & AVFMT_SEEK_TO_PTS) && reorders)
        target -= 3 * AV_TIME_BASE / 23;
    if (avformat_seek_file(format, -1, INT64_MIN, target, target, 0) >= 0)
        return FW_OK;
    int status = fw_input_status(&lavf->base.input, err);
    return status == FW_OK ? FW_END : status;
}

void fw_lavf_correct_start(struct fw_lavf *lavf)
{
    const AVFormatContext *format = lavf->format;
    int64_t first = INT64_MAX;
    if (!lavf->timeline.discontinuous || format->start_time == AV_NOPTS_VALUE)
        return;
    for (uint32_t i = 0; i < lavf->stream_count; i++) {
        const AVStream *stream = format->streams[i];
        if (stream->discard == AVDISCARD_ALL || stream->start_time == AV_NOPTS_VALUE)
            continue;
        int64_t start = av_rescale_q(stream->start_time, stream->time_base, AV_TIME_BASE_Q);
        first = start < first ? start : first;
    }
    if (first != INT64_MAX && first > lavf->offset_us) {
        lavf->offset_us = first;
        lavf->timeline.offset_us = -first;
    }
}

const AVCodec *fw_lavf_find_decoder(const AVStream *stream)
{
    const AVCodec *codec = NULL;
    enum AVCodecID id = stream->codecpar->codec_id;
    const AVDictionaryEntry *alpha = av_dict_get(stream->metadata, "alpha_mode", NULL, 0);
    if (alpha && !strcmp(alpha->value, "1")) {
        /* libavcodec's own VP8 and VP9 decoders do not read the second layer that holds alpha. */
        if (id == AV_CODEC_ID_VP8)
            codec = avcodec_find_decoder_by_name("libvpx");
        else if (id == AV_CODEC_ID_VP9)
            codec = avcodec_find_decoder_by_name("libvpx-vp9");
    }
    if (!codec && id == AV_CODEC_ID_AV1)
        codec = avcodec_find_decoder_by_name("libdav1d");
    return codec ? codec : avcodec_find_decoder(id);
}

/* Whether damage looks the same in every run, however its threads take turns. With frame threads,
 * concealment of the MPEG family reads pictures that another thread is still writing. */
static bool conceals_alike(enum AVCodecID id)
{
    const AVCodecDescriptor *row = avcodec_descriptor_get(id);
    return (row && (row->props & AV_CODEC_PROP_INTRA_ONLY)) || id == AV_CODEC_ID_VP9 ||
           id == AV_CODEC_ID_AV1 || id == AV_CODEC_ID_FFV1;
}

static int thread_count(const struct fw_settings *settings, enum AVCodecID id)
{
    if (settings->decoder_threads)
        return (int)settings->decoder_threads;
    /* Damage to VP8 may go without a complaint, so that no --on-error asks for one thread. */
    bool alone = id == AV_CODEC_ID_VP8 ||
                 (settings->on_error != FW_ON_ERROR_STOP && !conceals_alike(id));
    return alone ? 1 : FW_LAVF_THREADS;
}

int fw_lavf_open_decoder(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_settings *settings = lavf->base.settings;
    const AVStream *stream = lavf->stream;
    const AVCodec *codec = fw_lavf_find_decoder(stream);
    if (!codec)
        return fw_fail(err, FW_ERR_INPUT, "no decoder for %s",
                       avcodec_get_name(stream->codecpar->codec_id));
    AVCodecContext *context = lavf->codec = avcodec_alloc_context3(codec);
    if (!context || avcodec_parameters_to_context(context, stream->codecpar) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the decoder");
    context->opaque = &lavf->log;
    context->pkt_timebase = stream->time_base;
    context->framerate = stream->avg_frame_rate;
    context->thread_count = thread_count(settings, codec->id);
    /* libav rounds a crop to what its own filters can address; ours is exact. */
    context->apply_cropping = 0;
    if (settings->max_pixels)
        context->max_pixels = (int64_t)settings->max_pixels;
    int code = avcodec_open2(context, codec, NULL);
    if (code < 0)
        return fw_fail(err, FW_ERR_INPUT, "the %s decoder does not take the stream (error %d)",
                       codec->name, code);
    return FW_OK;
}
