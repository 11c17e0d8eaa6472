/* What -metadata:s:SPEC and -tag:v say of the output's streams. */
#include "sink_lavf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/intreadwrite.h>

#include "settings.h"

static int set_tag(AVDictionary **tags, const char *text, struct fw_error *err)
{
    const char *value = strchr(text, '=');
    char key[128];
    if (!value || value - text >= (ptrdiff_t)sizeof(key))
        return fw_fail(err, FW_ERR_USAGE, "-metadata %s: key=value expected", text);
    (void)snprintf(key, sizeof(key), "%.*s", (int)(value - text), text);
    if (av_dict_set(tags, key, value[1] ? value + 1 : NULL, 0) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a tag");
    return FW_OK;
}

static int tag_streams(AVFormatContext *muxer, const struct fw_stream_tag *tag,
                       struct fw_error *err)
{
    int status = FW_OK;
    bool found = false;
    for (unsigned i = 0; i < muxer->nb_streams && status == FW_OK; i++) {
        AVStream *stream = muxer->streams[i];
        int match = avformat_match_stream_specifier(muxer, stream, tag->specifier);
        if (match < 0)
            return fw_fail(err, FW_ERR_USAGE, "-metadata:s:%s: no such way to name streams",
                           tag->specifier);
        found = found || match > 0;
        if (match > 0)
            status = set_tag(&stream->metadata, tag->text, err);
    }
    if (status == FW_OK && !found)
        return fw_fail(err, FW_ERR_USAGE, "-metadata:s:%s: the output has no such stream",
                       tag->specifier);
    return status;
}

/* Four characters, or a number, as the ffmpeg command takes it. */
static unsigned int fourcc(const char *text)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 0);
    if (end != text && !*end && number <= UINT32_MAX)
        return (unsigned int)number;
    uint8_t bytes[4] = { 0 };
    memcpy(bytes, text, strnlen(text, sizeof(bytes)));
    return AV_RL32(bytes);
}

int fw_lavf_set_tags(struct fw_lavf *lavf, struct fw_error *err)
{
    const struct fw_settings *settings = lavf->sink->options.settings;
    int status = FW_OK;
    if (settings->video_tag)
        lavf->main->stream->codecpar->codec_tag = fourcc(settings->video_tag);
    for (uint32_t i = 0; i < settings->stream_tag_count && status == FW_OK; i++)
        status = tag_streams(lavf->muxer, &settings->stream_tags[i], err);
    return status;
}
