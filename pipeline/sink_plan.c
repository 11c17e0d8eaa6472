/* What happens to each stream of the input. */
#include "sink.h"

#include <stdio.h>
#include <string.h>

#include "encoder_options.h"
#include "remux.h"
#include "sink_container.h"
#include "sink_map.h"
#include "sink_target.h"

#include "filters/check.h"

struct planner {
    const struct fw_settings *settings;
    const struct fw_media *media;
    struct fw_target target;
    struct fw_losses *losses;
};

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* "audio 1 (eng, aac)" */
struct title {
    char text[96];
};
static struct title title_of(const struct planner *planner, uint32_t index)
{
    struct title title;
    const struct fw_media_stream *stream = &planner->media->streams[index];
    const char *kind = av_get_media_type_string(stream->par->codec_type);
    const AVDictionaryEntry *language = av_dict_get(stream->metadata, "language", NULL, 0);
    (void)snprintf(title.text, sizeof(title.text), "%s %u (%s%s%s)", kind ? kind : "stream", index,
                   language ? language->value : "", language ? ", " : "",
                   avcodec_get_name(stream->par->codec_id));
    return title;
}

static void drop(const struct planner *planner, uint32_t index, const char *kind, const char *why)
{
    if (planner->target.kind == FW_TARGET_NULL)
        return;
    fw_losses_add(planner->losses, kind, (int32_t)index, "%s is left out: %s",
                  title_of(planner, index).text, why);
}

/* `asked`: the user named the codec, so it is no loss that was allowed by default. */
static bool convert(const struct planner *planner, uint32_t index, const AVCodec *encoder,
                    uint32_t action, bool asked, struct fw_stream_plan *plan)
{
    const struct fw_media_stream *stream = &planner->media->streams[index];
    if (!encoder || !stream->usable)
        return false;
    AVCodecParameters par = { .codec_type = encoder->type,
                              .codec_id = encoder->id,
                              .sample_rate = stream->par->sample_rate };
    par.ch_layout.nb_channels = stream->par->ch_layout.nb_channels;
    if (!fw_container_takes(&planner->target, &par))
        return false;
    plan->action = action;
    plan->codec = (int32_t)encoder->id;
    if (!asked)
        fw_losses_add(planner->losses, "converted", (int32_t)index, "%s -> %s",
                      title_of(planner, index).text, avcodec_get_name(encoder->id));
    return true;
}

/* -c:a NAME or -c:s NAME; NULL: by the container. */
static const AVCodec *wanted_encoder(const struct planner *planner, const char *name,
                                     enum AVMediaType kind)
{
    if (name)
        return fw_encoder_named(name, kind);
    return fw_encoder_for(fw_container_codec(&planner->target, kind));
}

static int refuse_copy(const struct planner *planner, uint32_t index, char letter,
                       struct fw_error *err)
{
    return fw_fail(err, FW_ERR_USAGE,
                   "-c:%c copy: %s cannot hold %s; leave -c:%c out to have it converted, or write "
                   ".mkv or .nut",
                   letter, planner->target.name, title_of(planner, index).text, letter);
}

static int plan_audio(const struct planner *planner, uint32_t index, struct fw_stream_plan *plan,
                      struct fw_error *err)
{
    const char *name = planner->settings->audio_codec;
    const AVCodecParameters *par = planner->media->streams[index].par;
    if (planner->settings->no_audio || is_word(name, "none"))
        return FW_OK;
    /* Known by its name alone: no packet of it was there when the input was looked at. */
    if (par->sample_rate < 1 || par->ch_layout.nb_channels < 1) {
        drop(planner, index, "stream", "its rate and channels are not known: it begins too late");
        return FW_OK;
    }
    const AVCodec *encoder = wanted_encoder(planner, name, AVMEDIA_TYPE_AUDIO);
    /* Options of an encoder ask for one. */
    bool asked = name || fw_encoder_options_sound(planner->settings, &planner->target, encoder);
    bool copy = !asked || is_word(name, "copy");
    if (copy && fw_container_takes(&planner->target, par)) {
        plan->action = FW_STREAM_COPY;
        return FW_OK;
    }
    if (is_word(name, "copy"))
        return refuse_copy(planner, index, 'a', err);
    if (!convert(planner, index, encoder, FW_STREAM_AUDIO, asked, plan))
        drop(planner, index, "stream", "the container has no place for it");
    return FW_OK;
}

static bool is_text(enum AVCodecID codec)
{
    const AVCodecDescriptor *row = avcodec_descriptor_get(codec);
    return row && (row->props & AV_CODEC_PROP_TEXT_SUB);
}

static int plan_subtitle(const struct planner *planner, uint32_t index, struct fw_stream_plan *plan,
                         struct fw_error *err)
{
    const char *name = planner->settings->subtitle_codec;
    const AVCodecParameters *par = planner->media->streams[index].par;
    if (planner->settings->no_subtitles || is_word(name, "none"))
        return FW_OK;
    bool copy = !name || is_word(name, "copy");
    if (copy && fw_container_takes(&planner->target, par)) {
        plan->action = FW_STREAM_COPY;
        return FW_OK;
    }
    if (is_word(name, "copy"))
        return refuse_copy(planner, index, 's', err);
    const AVCodec *encoder = wanted_encoder(planner, name, AVMEDIA_TYPE_SUBTITLE);
    if (!is_text(par->codec_id))
        drop(planner, index, "stream", "picture subtitles have no place in this container");
    else if (!convert(planner, index, encoder, FW_STREAM_SUBTITLE, name != NULL, plan))
        drop(planner, index, "stream", "the container has no text subtitles");
    return FW_OK;
}

static void plan_picture(const struct planner *planner, uint32_t index, struct fw_stream_plan *plan)
{
    const struct fw_media_stream *stream = &planner->media->streams[index];
    if (stream->attached_pic) {
        if (!stream->cover)
            drop(planner, index, "attachment", "the cover has no picture");
        else if (fw_container_covers(&planner->target, stream->par->codec_id))
            plan->action = FW_STREAM_COVER;
        else if (fw_container_attaches(&planner->target))
            plan->action = FW_STREAM_ATTACHMENT;
        else
            drop(planner, index, "attachment", "the container has no covers");
        return;
    }
    if (fw_container_takes(&planner->target, stream->par))
        plan->action = FW_STREAM_COPY;
    else
        drop(planner, index, "stream", "another video stream that the container cannot hold");
}

static void plan_attachment(const struct planner *planner, uint32_t index,
                            struct fw_stream_plan *plan)
{
    const struct fw_media_stream *stream = &planner->media->streams[index];
    bool named = av_dict_get(stream->metadata, "filename", NULL, 0) != NULL;
    if (fw_container_attaches(&planner->target) && named && stream->par->extradata_size > 0)
        plan->action = FW_STREAM_ATTACHMENT;
    else
        drop(planner, index, "attachment", "the container has no attachments");
}

/* The text track that holds the chapters of mp4 and mov: chapters travel as chapters. */
static bool is_chapter_track(const struct planner *planner, const AVCodecParameters *par)
{
    return par->codec_id == AV_CODEC_ID_BIN_DATA && planner->media->chapter_count > 0 &&
           par->codec_tag == MKTAG('t', 'e', 'x', 't');
}

/* The time code track of mov and mp4: their muxer writes it again from the tag. */
static bool is_written_timecode(const struct planner *planner, const AVCodecParameters *par)
{
    const struct fw_media *media = planner->media;
    if (par->codec_tag != MKTAG('t', 'm', 'c', 'd') ||
        (!is_word("mov", planner->target.name) && !is_word("mp4", planner->target.name)))
        return false;
    return av_dict_get(media->metadata, "timecode", NULL, 0) ||
           (media->video >= 0 &&
            av_dict_get(media->streams[media->video].metadata, "timecode", NULL, 0));
}

static void plan_data(const struct planner *planner, uint32_t index, struct fw_stream_plan *plan)
{
    const AVCodecParameters *par = planner->media->streams[index].par;
    if (planner->settings->no_data || is_chapter_track(planner, par) ||
        is_written_timecode(planner, par))
        return;
    if (fw_container_takes(&planner->target, par))
        plan->action = FW_STREAM_COPY;
    else
        drop(planner, index, "stream", "the container cannot hold this data");
}

static int plan_stream(const struct planner *planner, uint32_t index, struct fw_stream_plan *plan,
                       struct fw_error *err)
{
    const struct fw_target *target = &planner->target;
    if ((int)index == planner->media->video) {
        plan->action = FW_STREAM_VIDEO;
        return FW_OK;
    }
    if (target->kind != FW_TARGET_LAVF || fw_target_is_hash(target) || fw_target_is_raw(target)) {
        drop(planner, index, "stream", "this output holds video alone");
        return FW_OK;
    }
    switch (planner->media->streams[index].par->codec_type) {
    case AVMEDIA_TYPE_AUDIO:
        return plan_audio(planner, index, plan, err);
    case AVMEDIA_TYPE_SUBTITLE:
        return plan_subtitle(planner, index, plan, err);
    case AVMEDIA_TYPE_VIDEO:
        plan_picture(planner, index, plan);
        return FW_OK;
    case AVMEDIA_TYPE_ATTACHMENT:
        plan_attachment(planner, index, plan);
        return FW_OK;
    default:
        plan_data(planner, index, plan);
        return FW_OK;
    }
}

/* Chapters and streams that nobody asked to leave out. */
static void tell_rest(const struct planner *planner)
{
    static const char *const with[] = { "mp4", "mov", "matroska", "webm",
                                        "nut", "ogg", "ipod",     "null" };
    const struct fw_media *media = planner->media;
    if (planner->target.kind == FW_TARGET_NULL)
        return;
    bool chapters = false;
    for (size_t i = 0; i < FW_COUNT(with); i++)
        chapters = chapters || is_word(with[i], planner->target.name);
    if (media->chapter_count && !chapters)
        fw_losses_add(planner->losses, "chapter", -1, "%u chapters: %s has none",
                      media->chapter_count, planner->target.name);
    if (media->files_left_out)
        fw_losses_add(planner->losses, "file", -1,
                      "%llu files of the folder are left out: no pictures by their names",
                      (unsigned long long)media->files_left_out);
    if (media->streams_ignored)
        fw_losses_add(planner->losses, "stream", -1, "%u streams beyond the limit are left out",
                      media->streams_ignored);
}

int fw_sink_plan_streams(const struct fw_settings *settings, const struct fw_media *media,
                         struct fw_stream_plan *streams, struct fw_losses *losses,
                         struct fw_error *err)
{
    struct planner planner = { .settings = settings, .media = media, .losses = losses };
    uint32_t order[FW_STREAMS_MAX];
    uint32_t count = 0;
    memset(streams, 0, FW_STREAMS_MAX * sizeof(*streams));
    for (uint32_t i = 0; i < FW_STREAMS_MAX; i++)
        streams[i].output = -1;
    int status = fw_target_choose(&planner.target, settings, err);
    if (status == FW_OK)
        status = fw_maps_apply(settings, media, order, &count, losses, err);
    int32_t outputs = 0;
    for (uint32_t i = 0; i < count && status == FW_OK; i++) {
        struct fw_stream_plan *plan = &streams[order[i]];
        status = plan_stream(&planner, order[i], plan, err);
        if (plan->action != FW_STREAM_DROP)
            plan->output = outputs++;
    }
    if (status == FW_OK)
        tell_rest(&planner);
    return status;
}
