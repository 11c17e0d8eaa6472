/* What can be said of an output before there is an input. */
#include "sink.h"

#include <string.h>

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "encoder_options.h"
#include "sink_container.h"
#include "sink_format.h"
#include "sink_map.h"
#include "sink_pictures.h"
#include "sink_target.h"

#include "filters/check.h"

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool is_experimental(const struct fw_settings *settings, const AVCodec *encoder, char letter)
{
    const char *strict = fw_av_option_value(settings, "strict", letter);
    bool allowed = strict && (is_word(strict, "-2") || is_word(strict, "experimental"));
    return (encoder->capabilities & AV_CODEC_CAP_EXPERIMENTAL) && !allowed;
}

/* -c:a or -c:s: copy, none, or an encoder of that kind which the container takes. */
static int check_codec_name(const struct fw_settings *settings, const struct fw_target *target,
                            enum AVMediaType kind, struct fw_error *err)
{
    char letter = kind == AVMEDIA_TYPE_AUDIO ? 'a' : 's';
    const char *name = letter == 'a' ? settings->audio_codec : settings->subtitle_codec;
    if (!name || is_word(name, "copy") || is_word(name, "none"))
        return FW_OK;
    const AVCodec *encoder = fw_encoder_named(name, kind);
    if (!encoder)
        return fw_fault_add(err, "-c:%c %s: no such encoder; use copy, none or a name such as %s",
                            letter, name,
                            letter == 'a' ? "aac, libopus, flac, pcm_s16le" : "mov_text, srt, ass");
    if (is_experimental(settings, encoder, letter))
        return fw_fault_add(err,
                            "-c:%c %s: the encoder '%s' is experimental; add -strict -2 to use it, "
                            "or name another%s",
                            letter, name, encoder->name,
                            encoder->id == AV_CODEC_ID_OPUS     ? " (libopus)"
                            : encoder->id == AV_CODEC_ID_VORBIS ? " (libvorbis)"
                                                                : "");
    if (target->kind != FW_TARGET_LAVF || fw_target_is_hash(target) || fw_target_is_raw(target))
        return FW_OK;
    AVCodecParameters par = { .codec_type = kind, .codec_id = encoder->id, .sample_rate = 48000 };
    av_channel_layout_default(&par.ch_layout, 2);
    if (!fw_container_takes(target, &par))
        return fw_fault_add(err, "-c:%c %s: %s cannot hold it", letter, name, target->name);
    return FW_OK;
}

static const AVCodec *audio_encoder(const struct fw_settings *settings,
                                    const struct fw_target *target)
{
    const char *name = settings->audio_codec;
    if (settings->no_audio || target->kind != FW_TARGET_LAVF || is_word(name, "copy") ||
        is_word(name, "none"))
        return NULL;
    if (name)
        return fw_encoder_named(name, AVMEDIA_TYPE_AUDIO);
    return fw_encoder_for(fw_container_codec(target, AVMEDIA_TYPE_AUDIO));
}

static int check_format(const struct fw_settings *settings, struct fw_error *err)
{
    const char *name = settings->pixel_format;
    if (name && !fw_format_named(name))
        return fw_fault_add(err, "-pix_fmt %s: no such pixel format", name);
    return FW_OK;
}

/* Options of sound, and no encoder that could follow them. */
static int check_sound(const struct fw_settings *settings, const struct fw_target *target,
                       struct fw_error *err)
{
    const char *name = settings->audio_codec;
    bool copied = is_word(name, "copy") && !settings->no_audio;
    const struct fw_av_option *option = NULL;
    if (copied || settings->no_audio || is_word(name, "none") || target->kind != FW_TARGET_LAVF)
        option = fw_encoder_options_sound(settings, target, NULL);
    if (!option)
        return FW_OK;
    return fw_fault_add(err, "-%s: %s; leave this option out%s", fw_av_option_written(option).name,
                        copied ? "-c:a copy takes the sound over as it is" : "no sound is written",
                        copied ? ", or name an encoder" : "");
}

/* Movies get their table at the end, and its place at the front. */
static int check_pipe(const struct fw_settings *settings, const struct fw_target *target,
                      struct fw_error *err)
{
    static const char *const pieces[] = { "movflags", "frag_duration", "frag_size",
                                          "min_frag_duration" };
    if (!settings->output || strcmp(settings->output, "-") != 0 || !target->format ||
        !target->format->priv_class)
        return FW_OK;
    const AVClass *class = target->format->priv_class;
    if (!av_opt_find(&class, "movflags", NULL, 0, AV_OPT_SEARCH_FAKE_OBJ) ||
        strncmp(target->name, "ism", 3) == 0)
        return FW_OK;
    for (size_t i = 0; i < FW_COUNT(pieces); i++)
        if (fw_av_option_value(settings, pieces[i], 0))
            return FW_OK;
    return fw_fault_add(err,
                        "%s needs a file that it can seek in; write one, or add -movflags "
                        "frag_keyframe+empty_moov",
                        target->name);
}

int fw_sink_check(const struct fw_settings *settings, struct fw_error *err)
{
    struct fw_target target;
    int status = fw_target_choose(&target, settings, err);
    if (status < 0)
        return status;
    status = check_format(settings, err);
    int one = check_codec_name(settings, &target, AVMEDIA_TYPE_AUDIO, err);
    status = status < 0 ? status : one;
    one = check_codec_name(settings, &target, AVMEDIA_TYPE_SUBTITLE, err);
    status = status < 0 ? status : one;
    one = check_pipe(settings, &target, err);
    status = status < 0 ? status : one;
    bool pictures = target.kind == FW_TARGET_PICTURES;
    one = pictures ? fw_pictures_check(settings, &target, err)
                   : check_sound(settings, &target, err);
    if (one == FW_OK && !pictures)
        one = fw_encoder_options_check(settings, target.encoder, audio_encoder(settings, &target),
                                       target.format, err);
    status = status < 0 ? status : one;
    for (uint32_t i = 0; i < settings->metadata.count; i++)
        if (!strchr(settings->metadata.items[i], '='))
            status = fw_fault_add(err, "-metadata %s: key=value expected",
                                  settings->metadata.items[i]);
    one = fw_maps_check(settings, err);
    return status < 0 ? status : one;
}
