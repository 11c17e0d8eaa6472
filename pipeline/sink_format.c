/* The picture format that the encoder gets, and whether it takes this size at all. */
#include "sink_format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "avframe.h"
#include "encoder_options.h"
#include "sink.h"
#include "sink_impl.h"
#include "sink_pictures.h"
#include "sink_target.h"
#include "sink_video.h"
#include "sink_y4m.h"

#include "filters/check.h"
#include "filters/format.h"

#define CANDIDATES_MAX 256

const struct fw_format *fw_format_named(const char *name)
{
    const struct fw_format *format = fw_format_find(name);
    return format ? format : fw_format_from_av(av_get_pix_fmt(name));
}

/* What an encoder takes; a count of 0 means everything. */
struct candidates {
    enum AVPixelFormat formats[CANDIDATES_MAX + 1];
    uint32_t count;
};

static void add_candidate(struct candidates *list, enum AVPixelFormat format)
{
    if (list->count < CANDIDATES_MAX && fw_format_from_av(format))
        list->formats[list->count++] = format;
    list->formats[list->count] = AV_PIX_FMT_NONE;
}

/* JPEG pictures of limited range are outside the standard: only the full-range names are taken. */
static bool allowed(const struct fw_target *target, enum AVPixelFormat format)
{
    enum AVCodecID codec = target->encoder->id;
    if (codec != AV_CODEC_ID_MJPEG || target->strictness <= FF_COMPLIANCE_UNOFFICIAL)
        return true;
    const struct fw_format *row = fw_format_from_av(format);
    return row && ((row->flags & FW_FORMAT_FULL_RANGE) || (row->flags & FW_FORMAT_RGB));
}

static bool writes_raw(const struct fw_target *target)
{
    return target->kind == FW_TARGET_LAVF && target->encoder &&
           target->encoder->id == AV_CODEC_ID_RAWVIDEO && !fw_target_is_hash(target) &&
           !fw_target_is_raw(target);
}

/* Raw pictures that a reader of the container knows again; the muxers would write any, under a
 * name that stands for others. */
static void list_raw(struct candidates *list, const struct fw_target *target)
{
    static const enum AVPixelFormat avi[] = {
        AV_PIX_FMT_GRAY8, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P,  AV_PIX_FMT_YUV411P,
        AV_PIX_FMT_NV12,  AV_PIX_FMT_YUYV422, AV_PIX_FMT_UYVY422,  AV_PIX_FMT_BGR24,
        AV_PIX_FMT_BGRA,  AV_PIX_FMT_PAL8,    AV_PIX_FMT_RGB555LE,
    };
    static const enum AVPixelFormat mov[] = {
        AV_PIX_FMT_YUYV422, AV_PIX_FMT_UYVY422, AV_PIX_FMT_RGB24, AV_PIX_FMT_BGR24,
        AV_PIX_FMT_ARGB,    AV_PIX_FMT_BGRA,    AV_PIX_FMT_PAL8,
    };
    bool is_avi = strcmp(target->name, "avi") == 0;
    if (is_avi || strcmp(target->name, "mov") == 0) {
        for (size_t i = 0; i < (is_avi ? FW_COUNT(avi) : FW_COUNT(mov)); i++)
            add_candidate(list, is_avi ? avi[i] : mov[i]);
        return;
    }
    if (strcmp(target->name, "nut") != 0)
        return;
    const AVPixFmtDescriptor *row = NULL;
    while ((row = av_pix_fmt_desc_next(row)))
        if (avcodec_pix_fmt_to_codec_tag(av_pix_fmt_desc_get_id(row)) != 0)
            add_candidate(list, av_pix_fmt_desc_get_id(row));
}

static void list_candidates(struct candidates *list, const struct fw_target *target)
{
    memset(list, 0, sizeof(*list));
    list->formats[0] = AV_PIX_FMT_NONE;
    if (target->kind == FW_TARGET_Y4M) {
        const char *name;
        for (uint32_t i = 0; (name = fw_y4m_format_at(i)); i++)
            add_candidate(list, av_get_pix_fmt(name));
        return;
    }
    if (writes_raw(target))
        list_raw(list, target);
    if (!target->encoder || !target->encoder->pix_fmts)
        return;
    const enum AVPixelFormat *formats = target->encoder->pix_fmts;
    for (uint32_t i = 0; formats[i] != AV_PIX_FMT_NONE; i++)
        if (allowed(target, formats[i]))
            add_candidate(list, formats[i]);
}

static bool holds(const struct candidates *list, enum AVPixelFormat format)
{
    if (!list->count)
        return true;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->formats[i] == format)
            return true;
    return false;
}

/* What a conversion between them loses, in words; "" for nothing. */
static void loss_words(char *words, size_t room, int loss)
{
    static const struct {
        int flag;
        const char *word;
    } rows[] = {
        { FF_LOSS_DEPTH, "depth" },   { FF_LOSS_RESOLUTION, "colour resolution" },
        { FF_LOSS_ALPHA, "alpha" },   { FF_LOSS_COLORSPACE, "colour model" },
        { FF_LOSS_CHROMA, "colour" }, { FF_LOSS_COLORQUANT, "colours" },
    };
    words[0] = '\0';
    for (size_t i = 0; i < FW_COUNT(rows); i++) {
        if (!(loss & rows[i].flag) || strlen(words) + strlen(rows[i].word) + 3 > room)
            continue;
        strcat(words, words[0] ? ", " : "");
        strcat(words, rows[i].word);
    }
}

/* A format whose name says full range is left for a limited one, or taken; all others keep the
 * range that comes. */
static const char *range_change(const struct fw_format *to, const struct fw_video *from)
{
    bool named = (from->format->flags & FW_FORMAT_FULL_RANGE) != 0;
    bool yuv = !(to->flags & FW_FORMAT_RGB) && !(from->format->flags & FW_FORMAT_RGB);
    if (!yuv)
        return NULL;
    if ((to->flags & FW_FORMAT_FULL_RANGE) && !named && from->color.range != 2)
        return "limited range becomes full";
    return named && !(to->flags & FW_FORMAT_FULL_RANGE) ? "full range becomes limited" : NULL;
}

static void tell_conversion(const struct fw_video *from, const struct fw_format *to,
                            const char *encoder, struct fw_losses *losses)
{
    char words[96];
    const char *range = range_change(to, from);
    int loss = av_get_pix_fmt_loss(fw_format_to_av(to), fw_format_to_av(from->format), 1);
    /* libavutil calls another range another colour model. */
    loss_words(words, sizeof(words), range ? loss & ~FF_LOSS_COLORSPACE : loss);
    if (words[0] || range)
        fw_losses_add(losses, "converted", -1, "pixels %s -> %s, which %s takes (%s%s%s)",
                      from->format->name, to->name, encoder, range ? range : "",
                      range && words[0] ? ", " : "", words);
}

/* Whether the encoder opens for it. Encoders whose start is dear are not asked. */
static bool opens(const struct fw_settings *settings, const struct fw_target *target,
                  const struct fw_video *video, struct fw_error *err)
{
    const struct fw_video_request request = {
        .settings = settings, .target = target, .video = *video, .scratch = true
    };
    AVCodecContext *context = NULL;
    int code = 0;
    int status = fw_video_context_open(&context, &request, &code, err);
    avcodec_free_context(&context);
    return status == FW_OK;
}

static bool opens_quietly(const struct fw_settings *settings, const struct fw_target *target,
                          const struct fw_video *video)
{
    struct fw_error ignored = { 0 };
    return opens(settings, target, video, &ignored);
}

static bool even(const struct fw_video *video)
{
    int w = 1 << video->format->log2_chroma_w;
    int h = 1 << video->format->log2_chroma_h;
    return video->width % w == 0 && video->height % h == 0;
}

/* A whole rate near the video's, of those that the encoder has. */
static AVRational near_rate(const AVCodec *encoder, const struct fw_video *video)
{
    AVRational rate = { video->frame_rate.num, video->frame_rate.den };
    const AVRational *list = encoder->supported_framerates;
    if (list)
        return list[av_find_nearest_q_idx(rate, list)];
    int whole = (int)lrint(av_q2d(rate));
    return (AVRational){ whole > 0 ? whole : 1, 1 };
}

/* Rates that change are an average here, which few encoders can name. False: that is not why. */
static bool refuse_rate(const struct fw_settings *settings, const struct fw_target *target,
                        const struct fw_video *video, struct fw_error *err)
{
    struct fw_video_times times;
    struct fw_error ignored = { 0 };
    if (fw_video_times_choose(&times, target, video, &ignored) < 0 || !times.grid)
        return false;
    AVRational rate = near_rate(target->encoder, video);
    struct fw_video other = *video;
    other.frame_rate.num = rate.num;
    other.frame_rate.den = rate.den;
    if (!opens_quietly(settings, target, &other))
        return false;
    char near[32];
    (void)snprintf(near, sizeof(near), rate.den == 1 ? "%d" : "%d/%d", rate.num, rate.den);
    bool container = fw_target_fixed_rate(target);
    (void)fw_fail(err, FW_ERR_USAGE,
                  "%s in %s needs a fixed frame rate that it can name, and the input's is about "
                  "%.6g; give -r RATE (-r %s is near), or %s",
                  target->encoder->name, target->name, 1 / av_q2d(times.encoder), near,
                  container ? "write .mp4, .mkv or .nut" : "another encoder, such as -c:v libx264");
    return true;
}

/* A ways-out text of what really works: padding, another format, another encoder. */
static int refuse_size(const struct fw_settings *settings, const struct fw_target *target,
                       const struct fw_video *video, const struct fw_error *reason,
                       struct fw_error *err)
{
    struct fw_video other = *video;
    other.width = (video->width + 1) & ~1;
    other.height = (video->height + 1) & ~1;
    bool pads = (other.width != video->width || other.height != video->height) &&
                opens_quietly(settings, target, &other);
    other = *video;
    other.format = fw_format_find("yuv444p");
    struct candidates list;
    list_candidates(&list, target);
    bool whole = other.format && other.format != video->format &&
                 holds(&list, fw_format_to_av(other.format)) &&
                 opens_quietly(settings, target, &other);
    bool anything = target->encoder->id == AV_CODEC_ID_FFV1;
    if (!pads && !whole)
        return fw_fail(err, reason->status, "%s; ways out: other options, %s", reason->text,
                       anything ? "another -pix_fmt, a smaller picture (--vf scale=...)"
                                : "a smaller picture (--vf scale=...), -c:v ffv1 in .mkv, which "
                                  "takes every size");
    return fw_fail(err, FW_ERR_USAGE,
                   "%s does not take %dx%d in %s%s; ways out: %s%s%s-c:v ffv1 in .mkv, which "
                   "takes every size",
                   target->encoder->name, video->width, video->height, video->format->name,
                   even(video) ? "" : " (an odd size)",
                   pads ? "--vf \"pad=ceil(iw/2)*2:ceil(ih/2)*2\" (one more column or row), " : "",
                   pads ? "--vf \"crop=trunc(iw/2)*2:trunc(ih/2)*2\", " : "",
                   whole ? "-pix_fmt yuv444p, " : "");
}

/* SVT-AV1 starts dozens of threads to say no. */
static int check_known_sizes(const struct fw_target *target, const struct fw_video *video,
                             struct fw_error *err)
{
    bool svt = strcmp(target->encoder->name, "libsvtav1") == 0;
    if (!svt || (video->width >= 64 && video->height >= 64 && even(video)))
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "libsvtav1 does not take %dx%d: at least 64x64 and even; ways out: --vf "
                   "\"pad=max(64\\,ceil(iw/2)*2):max(64\\,ceil(ih/2)*2)\", -c:v libaom-av1",
                   video->width, video->height);
}

static int try_encoder(const struct fw_settings *settings, const struct fw_target *target,
                       const struct fw_video *video, struct fw_error *err)
{
    if (!target->encoder)
        return FW_OK;
    int status = check_known_sizes(target, video, err);
    struct fw_video_times times;
    if (status == FW_OK)
        status = fw_video_times_choose(&times, target, video, err);
    if (status < 0 || strcmp(target->encoder->name, "libsvtav1") == 0)
        return status;
    struct fw_error reason = { 0 };
    if (opens(settings, target, video, &reason))
        return FW_OK;
    if (refuse_rate(settings, target, video, err))
        return FW_ERR_USAGE;
    return refuse_size(settings, target, video, &reason, err);
}

static int asked_format(const struct fw_settings *settings, const struct candidates *list,
                        const struct fw_target *target, const struct fw_format **format_out,
                        struct fw_error *err)
{
    const struct fw_format *format = fw_format_named(settings->pixel_format);
    if (!format)
        return fw_fail(err, FW_ERR_USAGE, "-pix_fmt %s: no such pixel format",
                       settings->pixel_format);
    if (holds(list, fw_format_to_av(format))) {
        *format_out = format;
        return FW_OK;
    }
    char names[512] = "";
    for (uint32_t i = 0; i < list->count; i++) {
        const char *name = av_get_pix_fmt_name(list->formats[i]);
        if (strlen(names) + strlen(name) + 4 > sizeof(names))
            break;
        strcat(names, i ? ", " : "");
        strcat(names, name);
    }
    bool encoder = target->encoder && !writes_raw(target);
    return fw_fail(err, FW_ERR_USAGE, "-pix_fmt %s: %s takes %s", format->name,
                   encoder ? target->encoder->name : target->name, names);
}

bool fw_sink_rounds_times(const struct fw_settings *settings, const struct fw_target *target,
                          const struct fw_video *video)
{
    static const char *const milliseconds[] = { "matroska", "webm", "flv" };
    bool coarse = false;
    for (size_t i = 0; i < FW_COUNT(milliseconds); i++)
        coarse = coarse || strcmp(target->name, milliseconds[i]) == 0;
    /* One frame at the start is no rate. */
    if (!coarse || settings->frames_max == 1 || video->frame_rate.num < 1 ||
        video->time_base.den < 1)
        return false;
    return (int64_t)video->time_base.num * 1000 % video->time_base.den != 0 &&
           (int64_t)video->frame_rate.den * 1000 % video->frame_rate.num != 0;
}

static void tell_rounding(const struct fw_settings *settings, const struct fw_target *target,
                          const struct fw_video *video, struct fw_losses *losses)
{
    if (fw_sink_rounds_times(settings, target, video))
        fw_losses_add(losses, "timestamps", -1,
                      "%.6g frames a second, rounded to the ticks of %s, 1/1000 s",
                      (double)video->frame_rate.num / video->frame_rate.den, target->name);
}

int fw_sink_choose_format(const struct fw_settings *settings, const struct fw_link *chain,
                          const struct fw_format **format_out, struct fw_losses *losses,
                          struct fw_error *err)
{
    struct fw_target target;
    struct fw_video video;
    struct candidates list;
    int status = fw_target_choose(&target, settings, err);
    if (status < 0)
        return status;
    if (!fw_link_to_video(chain, &video))
        return fw_fail(err, FW_ERR_INTERNAL, "the chain's output cannot be");
    if (target.kind == FW_TARGET_PICTURES)
        return fw_pictures_format(settings, target.still, &video, format_out, losses, err);
    list_candidates(&list, &target);
    enum AVPixelFormat from = fw_format_to_av(video.format);
    const struct fw_format *format = video.format;
    if (settings->pixel_format) {
        status = asked_format(settings, &list, &target, &format, err);
        if (status < 0)
            return status;
    } else if (!holds(&list, from)) {
        int loss = 0;
        format = fw_format_from_av(avcodec_find_best_pix_fmt_of_list(
            list.formats, from, (video.format->flags & FW_FORMAT_ALPHA) != 0, &loss));
        if (!format)
            return fw_fail(err, FW_ERR_USAGE, "%s takes no pixel format that is known here",
                           target.name);
        tell_conversion(&video, format, target.encoder ? target.encoder->name : target.name,
                        losses);
    }
    video.format = format;
    fw_sink_pace(&video, settings);
    status = try_encoder(settings, &target, &video, err);
    if (status < 0)
        return status;
    tell_rounding(settings, &target, &video, losses);
    *format_out = format;
    return FW_OK;
}
