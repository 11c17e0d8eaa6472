#include "encoder_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>

#include "filters/check.h"
#include "filters/suggest.h"

/* Options that this file gives a meaning itself. */
static bool is_quality(const char *name)
{
    return strcmp(name, "q") == 0 || strcmp(name, "qscale") == 0;
}

static bool is_ours(const char *name)
{
    return is_quality(name) || strcmp(name, "tag") == 0;
}

/* An option of a codec: its own, or one of all codecs that is meant for encoding its media. */
static const AVOption *find_codec_option(const AVCodec *codec, const char *name)
{
    if (!codec)
        return NULL;
    const AVOption *option = NULL;
    if (codec->priv_class)
        option = av_opt_find((void *)(uintptr_t)&codec->priv_class, name, NULL, 0,
                             AV_OPT_SEARCH_FAKE_OBJ);
    if (option)
        return option->flags & AV_OPT_FLAG_ENCODING_PARAM ? option : NULL;
    const AVClass *general = avcodec_get_class();
    option = av_opt_find(&general, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
    int media = codec->type == AVMEDIA_TYPE_AUDIO ? AV_OPT_FLAG_AUDIO_PARAM
                                                  : AV_OPT_FLAG_VIDEO_PARAM;
    int wanted = AV_OPT_FLAG_ENCODING_PARAM | media;
    return option && (option->flags & wanted) == wanted ? option : NULL;
}

static const AVOption *find_muxer_option(const AVOutputFormat *muxer, const char *name)
{
    if (!muxer)
        return NULL;
    const AVOption *option = NULL;
    if (muxer->priv_class)
        option = av_opt_find((void *)(uintptr_t)&muxer->priv_class, name, NULL, 0,
                             AV_OPT_SEARCH_FAKE_OBJ);
    if (!option) {
        const AVClass *general = avformat_get_class();
        option = av_opt_find(&general, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
    }
    return option && (option->flags & AV_OPT_FLAG_ENCODING_PARAM) ? option : NULL;
}

bool fw_encoder_option_exists(const struct fw_av_option *asked)
{
    const AVClass *const classes[] = { avcodec_get_class(), avformat_get_class() };
    struct fw_av_name split = fw_av_option_name(asked);
    bool known = is_ours(split.name);
    for (size_t i = 0; i < FW_COUNT(classes) && !known; i++)
        known = av_opt_find((void *)(uintptr_t)&classes[i], split.name, NULL,
                            AV_OPT_FLAG_ENCODING_PARAM,
                            AV_OPT_SEARCH_FAKE_OBJ | AV_OPT_SEARCH_CHILDREN) != NULL;
    return known;
}

static void offer_class(struct fw_suggestion *near, const AVClass *class)
{
    if (!class)
        return;
    const AVOption *option = NULL;
    while ((option = av_opt_next(&class, option)))
        if (option->type != AV_OPT_TYPE_CONST && (option->flags & AV_OPT_FLAG_ENCODING_PARAM))
            fw_suggest_offer(near, option->name);
}

static int unknown_option(const char *name, const AVCodec *video, const AVCodec *audio,
                          const AVOutputFormat *muxer, struct fw_error *err)
{
    struct fw_suggestion near;
    fw_suggest_init(&near, name);
    if (video)
        offer_class(&near, video->priv_class);
    if (audio)
        offer_class(&near, audio->priv_class);
    if (muxer)
        offer_class(&near, muxer->priv_class);
    offer_class(&near, avcodec_get_class());
    const char *best = fw_suggest_best(&near);
    return fw_fault_add(err, "-%s: neither %s%s%s nor %s knows this option%s%s%s", name,
                        video ? video->name : "framewheel", audio ? ", " : "",
                        audio ? audio->name : "", muxer ? muxer->name : "the output",
                        best ? "; did you mean '-" : "", best ? best : "", best ? "'?" : "");
}

static int quality_value(const char *value, double *quality_out)
{
    char *end = NULL;
    double quality = value ? strtod(value, &end) : -1;
    if (!value || end == value || *end || !(quality >= 0 && quality <= 1e6))
        return -1;
    *quality_out = quality;
    return 0;
}

static int refused_value(struct fw_error *err, const char *name, const char *value, int code,
                         void *object, const AVOption *option)
{
    char range[96] = "";
    const AVOption *row = option;
    if (row && row->type != AV_OPT_TYPE_STRING && row->type != AV_OPT_TYPE_DICT &&
        row->max > row->min && fabs(row->max) < INT32_MAX)
        (void)snprintf(range, sizeof(range), " (%g to %g)", row->min, row->max);
    char words[256] = "";
    if (row && row->unit) {
        const AVOption *word = NULL;
        while ((word = av_opt_next(object, word)))
            if (word->type == AV_OPT_TYPE_CONST && word->unit && !strcmp(word->unit, row->unit) &&
                strlen(words) + strlen(word->name) + 3 < sizeof(words)) {
                strcat(words, words[0] ? ", " : "; one of ");
                strcat(words, word->name);
            }
    }
    return fw_fault_add(err, "-%s %s: %s%s%s", name, value ? value : "",
                        code == AVERROR(ERANGE) ? "out of range" : "not a value for this option",
                        range, words);
}

/* Sets one option on a context whose private options may hold it. */
static int set_option(void *object, void *private, const struct fw_av_option *asked,
                      struct fw_error *err)
{
    struct fw_av_name split = fw_av_option_name(asked);
    const char *value = asked->value;
    void *holder = object;
    const AVOption *option = NULL;
    if (private)
        option = av_opt_find(private, split.name, NULL, 0, 0);
    if (option)
        holder = private;
    else
        option = av_opt_find(object, split.name, NULL, 0, 0);
    if (!value)
        return fw_fault_add(err, "-%s: a value is missing", fw_av_option_written(asked).name);
    int code = av_opt_set(holder, split.name, value, 0);
    if (code < 0)
        return refused_value(err, fw_av_option_written(asked).name, value, code, holder, option);
    return FW_OK;
}

/* -q:v as FFmpeg has it: a fixed quantizer, in lambda units. */
static int set_quality(AVCodecContext *context, const char *value, struct fw_error *err)
{
    double quality;
    if (quality_value(value, &quality) < 0)
        return fw_fault_add(err, "-q:%c %s: not a number from 0 up",
                            context->codec_type == AVMEDIA_TYPE_AUDIO ? 'a' : 'v',
                            value ? value : "");
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = (int)lrint(FF_QP2LAMBDA * quality);
    return FW_OK;
}

/* Joins the constants, the extra settings and the user's for the library behind the encoder. */
static int set_params(AVCodecContext *context, const struct fw_encoder_traits *traits,
                      const char *extra, const char *user, struct fw_error *err)
{
    if (!traits->params_key)
        return FW_OK;
    const char *parts[] = { traits->params, extra, user };
    size_t bytes = 1;
    for (size_t i = 0; i < FW_COUNT(parts); i++)
        bytes += parts[i] ? strlen(parts[i]) + 1 : 0;
    char *joined = calloc(1, bytes);
    if (!joined)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for options");
    for (size_t i = 0; i < FW_COUNT(parts); i++) {
        if (!parts[i] || !*parts[i])
            continue;
        if (*joined)
            strcat(joined, ":");
        strcat(joined, parts[i]);
    }
    int code = av_opt_set(context->priv_data, traits->params_key, joined, 0);
    free(joined);
    if (code < 0)
        return fw_fault_add(err, "-%s %s: not a list of key=value joined by ':'",
                            traits->params_key, user ? user : "");
    return FW_OK;
}

int fw_encoder_constants_apply(const struct fw_settings *settings, AVCodecContext *context,
                               const char *extra, struct fw_error *err)
{
    const struct fw_encoder_traits *traits = fw_encoder_traits(context->codec);
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->thread_count = traits->threads;
    if (traits->quality) {
        context->flags |= AV_CODEC_FLAG_QSCALE;
        context->global_quality = 3 * FF_QP2LAMBDA;
    }
    const char *user = NULL;
    if (traits->params_key)
        user = fw_av_option_value(settings, traits->params_key, 'v');
    return set_params(context, traits, extra, user, err);
}

static bool is_params(const AVCodec *codec, const char *name)
{
    const struct fw_encoder_traits *traits = fw_encoder_traits(codec);
    return traits->params_key && strcmp(traits->params_key, name) == 0;
}

int fw_encoder_options_apply(const struct fw_settings *settings, AVCodecContext *context,
                             char stream, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        struct fw_av_name split = fw_av_option_name(&settings->av_options[i]);
        const char *value = settings->av_options[i].value;
        if (split.stream && split.stream != stream)
            continue;
        int one = FW_OK;
        if (is_quality(split.name))
            one = split.stream || stream == 'v' ? set_quality(context, value, err) : FW_OK;
        else if (!is_ours(split.name) && !is_params(context->codec, split.name) &&
                 find_codec_option(context->codec, split.name))
            one = set_option(context, context->codec->priv_class ? context->priv_data : NULL,
                             &settings->av_options[i], err);
        status = status < 0 ? status : one;
    }
    return status;
}

int fw_muxer_options_apply(const struct fw_settings *settings, AVFormatContext *muxer,
                           struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        struct fw_av_name split = fw_av_option_name(&settings->av_options[i]);
        if (split.stream || !find_muxer_option(muxer->oformat, split.name))
            continue;
        int one = set_option(muxer, muxer->oformat->priv_class ? muxer->priv_data : NULL,
                             &settings->av_options[i], err);
        status = status < 0 ? status : one;
    }
    return status;
}

/* Whether anything of the output knows the option. */
static bool is_known(const struct fw_av_name *split, const AVCodec *video, const AVCodec *audio,
                     const AVOutputFormat *muxer)
{
    if (is_quality(split->name))
        return split->stream == 'a' ? audio != NULL : video != NULL;
    if (strcmp(split->name, "tag") == 0)
        return muxer && split->stream == 'v';
    if (split->stream != 'a' && find_codec_option(video, split->name))
        return true;
    if (split->stream != 'v' && find_codec_option(audio, split->name))
        return true;
    return !split->stream && find_muxer_option(muxer, split->name);
}

/* Whether it is for an encoder of sound, and none of video or muxer. */
static bool is_for_sound(const struct fw_av_name *split, const struct fw_target *target,
                         const AVCodec *audio)
{
    if (split->stream)
        return split->stream == 'a';
    if (find_codec_option(target->encoder, split->name) ||
        find_muxer_option(target->format, split->name) || is_ours(split->name))
        return false;
    const AVClass *general = avcodec_get_class();
    const int wanted = AV_OPT_FLAG_ENCODING_PARAM | AV_OPT_FLAG_AUDIO_PARAM;
    const AVOption *option = av_opt_find(&general, split->name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
    return (option && (option->flags & wanted) == wanted) || find_codec_option(audio, split->name);
}

const struct fw_av_option *fw_encoder_options_sound(const struct fw_settings *settings,
                                                    const struct fw_target *target,
                                                    const AVCodec *audio)
{
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        struct fw_av_name split = fw_av_option_name(&settings->av_options[i]);
        if (is_for_sound(&split, target, audio))
            return &settings->av_options[i];
    }
    return NULL;
}

static int check_codec(const struct fw_settings *settings, const AVCodec *codec, char stream,
                       struct fw_error *err)
{
    if (!codec)
        return FW_OK;
    AVCodecContext *context = avcodec_alloc_context3(codec);
    if (!context)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an encoder");
    int status = fw_encoder_constants_apply(settings, context, NULL, err);
    int options = fw_encoder_options_apply(settings, context, stream, err);
    avcodec_free_context(&context);
    return status < 0 ? status : options;
}

int fw_encoder_options_check(const struct fw_settings *settings, const AVCodec *video,
                             const AVCodec *audio, const AVOutputFormat *muxer,
                             struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        struct fw_av_name split = fw_av_option_name(&settings->av_options[i]);
        if (!is_known(&split, video, audio, muxer))
            status = unknown_option(split.name, video, audio, muxer, err);
    }
    int words = fw_encoder_words_check(settings, video, err);
    status = status < 0 ? status : words;
    if (video && fw_encoder_traits(video)->quality && fw_av_option_value(settings, "b", 'v'))
        status = fw_fault_add(err,
                              "-b:v: %s is encoded by quality alone, since its rate control is not "
                              "repeatable; use -q:v 2 (best) to 31",
                              video->name);
    int one = check_codec(settings, video, 'v', err);
    status = status < 0 ? status : one;
    one = check_codec(settings, audio, 'a', err);
    status = status < 0 ? status : one;
    AVFormatContext *scratch = NULL;
    if (muxer && avformat_alloc_output_context2(&scratch, muxer, NULL, "out") >= 0) {
        one = fw_muxer_options_apply(settings, scratch, err);
        status = status < 0 ? status : one;
    }
    avformat_free_context(scratch);
    return status;
}
