#include "remux_document.h"

#include "document.h"
#include "remux.h"

#include "filters/check.h"

#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>

static json_t *seconds_json(int64_t value, AVRational base)
{
    return value == AV_NOPTS_VALUE ? json_null() : json_real((double)value * av_q2d(base));
}

static json_t *rational_json(AVRational value)
{
    return fw_json_rational((struct fw_rational){ value.num, value.den });
}

static json_t *tags_json(const AVDictionary *tags)
{
    json_t *object = json_object();
    const AVDictionaryEntry *entry = NULL;
    while ((entry = av_dict_get(tags, "", entry, AV_DICT_IGNORE_SUFFIX)) != NULL)
        if (json_object_set_new(object, entry->key, fw_json_text(entry->value)) != 0)
            continue; /* a key that is no UTF-8 has no place in JSON */
    return object;
}

static const struct {
    int flag;
    const char *name;
} dispositions[] = {
    { AV_DISPOSITION_DEFAULT, "default" },
    { AV_DISPOSITION_DUB, "dub" },
    { AV_DISPOSITION_ORIGINAL, "original" },
    { AV_DISPOSITION_COMMENT, "comment" },
    { AV_DISPOSITION_FORCED, "forced" },
    { AV_DISPOSITION_HEARING_IMPAIRED, "hearing_impaired" },
    { AV_DISPOSITION_VISUAL_IMPAIRED, "visual_impaired" },
    { AV_DISPOSITION_ATTACHED_PIC, "attached_pic" },
    { AV_DISPOSITION_STILL_IMAGE, "still_image" },
};

static json_t *dispositions_json(int value)
{
    json_t *list = json_array();
    for (size_t i = 0; i < FW_COUNT(dispositions); i++)
        if ((value & dispositions[i].flag) != 0)
            json_array_append_new(list, json_string(dispositions[i].name));
    return list;
}

static const char *type_name(const AVCodecParameters *par)
{
    const char *name = av_get_media_type_string(par->codec_type);
    return name == NULL ? "unknown" : name;
}

static json_t *stream_json(const struct fw_media *media, uint32_t index)
{
    const struct fw_media_stream *stream = &media->streams[index];
    const AVCodecParameters *par = stream->par;
    json_t *object = json_pack(
        "{s:i,s:i,s:s,s:s,s:o,s:o,s:o,s:b,s:o,s:o}", "index", (int)index, "id", stream->id, "type",
        type_name(par), "codec", avcodec_get_name(par->codec_id), "time_base",
        rational_json(stream->time_base), "start_s",
        seconds_json(stream->start_time, stream->time_base), "duration_s",
        seconds_json(stream->duration, stream->time_base), "filtered", (int)index == media->video,
        "disposition", dispositions_json(stream->disposition), "metadata",
        tags_json(stream->metadata));
    if (par->codec_type == AVMEDIA_TYPE_VIDEO) {
        json_object_set_new(object, "width", json_integer(par->width));
        json_object_set_new(object, "height", json_integer(par->height));
        json_object_set_new(object, "frame_rate", rational_json(stream->avg_frame_rate));
    } else if (par->codec_type == AVMEDIA_TYPE_AUDIO) {
        json_object_set_new(object, "sample_rate", json_integer(par->sample_rate));
        json_object_set_new(object, "channels", json_integer(par->ch_layout.nb_channels));
    }
    return object;
}

static const char *field_order_name(int order)
{
    switch (order) {
    case AV_FIELD_PROGRESSIVE:
        return "progressive";
    case AV_FIELD_TT:
        return "tt";
    case AV_FIELD_BB:
        return "bb";
    case AV_FIELD_TB:
        return "tb";
    case AV_FIELD_BT:
        return "bt";
    default:
        return "unknown";
    }
}

static json_t *video_json(const struct fw_media *media)
{
    json_t *video = fw_json_video(&media->video_params);
    json_object_set_new(video, "rotation", json_integer(media->rotation));
    json_object_set_new(video, "flip_h", json_boolean(media->flip_h));
    json_object_set_new(video, "flip_v", json_boolean(media->flip_v));
    json_object_set_new(video, "field_order", json_string(field_order_name(media->field_order)));
    json_object_set_new(video, "frames",
                        media->frames_estimate < 0 ? json_null()
                                                   : json_integer(media->frames_estimate));
    json_object_set_new(video, "frames_exact", json_boolean(media->frames_exact));
    json_t *side = json_array();
    for (uint32_t i = 0; i < media->frame_side_count; i++)
        json_array_append_new(side,
                              fw_json_text(av_frame_side_data_name(media->frame_side[i]->type)));
    json_object_set_new(video, "side_data", side);
    return video;
}

json_t *fw_media_json(const struct fw_media *media)
{
    json_t *streams = json_array();
    json_t *chapters = json_array();
    for (uint32_t i = 0; i < media->stream_count; i++)
        json_array_append_new(streams, stream_json(media, i));
    for (uint32_t i = 0; i < media->chapter_count; i++) {
        const struct fw_media_chapter *chapter = &media->chapters[i];
        json_array_append_new(chapters,
                              json_pack("{s:o,s:o,s:o}", "start_s",
                                        seconds_json(chapter->start, chapter->time_base), "end_s",
                                        seconds_json(chapter->end, chapter->time_base), "metadata",
                                        tags_json(chapter->metadata)));
    }
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:o,s:o}", "format", fw_json_text(media->format_name),
        "duration_s", seconds_json(media->duration, AV_TIME_BASE_Q), "start_s",
        seconds_json(media->start_time, AV_TIME_BASE_Q), "bytes",
        media->input_bytes < 0 ? json_null() : json_integer(media->input_bytes), "streams", streams,
        "video", video_json(media), "streams_ignored", (int)media->streams_ignored, "chapters",
        chapters, "metadata", tags_json(media->metadata));
}

static const char *const action_names[] = {
    [FW_STREAM_DROP] = "dropped",       [FW_STREAM_VIDEO] = "filtered",
    [FW_STREAM_COPY] = "copied",        [FW_STREAM_AUDIO] = "converted",
    [FW_STREAM_SUBTITLE] = "converted", [FW_STREAM_COVER] = "copied",
    [FW_STREAM_ATTACHMENT] = "copied",
};

json_t *fw_stream_plans_json(const struct fw_media *media, const struct fw_stream_plan *streams,
                             const char *encoder)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < media->stream_count; i++) {
        const struct fw_stream_plan *plan = &streams[i];
        const AVCodecParameters *par = media->streams[i].par;
        const char *to = plan->action == FW_STREAM_VIDEO ? encoder
                         : plan->action == FW_STREAM_AUDIO || plan->action == FW_STREAM_SUBTITLE
                             ? avcodec_get_name((enum AVCodecID)plan->codec)
                             : NULL;
        const char *action = plan->action < FW_COUNT(action_names) ? action_names[plan->action]
                                                                   : "unknown";
        json_array_append_new(
            list, json_pack("{s:i,s:s,s:s,s:s,s:o,s:o}", "input", (int)i, "type", type_name(par),
                            "codec", avcodec_get_name(par->codec_id), "action", action, "output",
                            plan->output < 0 ? json_null() : json_integer(plan->output), "to",
                            fw_json_text(to)));
    }
    return list;
}
