#include "sink_map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink_target.h"

/* One -map, taken apart: [-]0[:type][:index | :i:id | :#id | :m:key[:value] | :u][?] */
struct map {
    bool negative;
    bool optional;
    char type;  /* 'v' 'V' 'a' 's' 'd' 't', or 0: any */
    long index; /* among the streams of the type, or -1 */
    bool usable;
    bool by_id; /* the container's own number of the stream */
    long id;
    char key[64];
    char value[128];
};

static bool at_end(const char *text)
{
    return *text == '\0';
}

/* ":m:key[:value]": tags. */
static bool parse_tag(struct map *map, const char *text)
{
    size_t bytes = strcspn(text, ":");
    if (bytes == 0 || bytes >= sizeof(map->key))
        return false;
    (void)snprintf(map->key, sizeof(map->key), "%.*s", (int)bytes, text);
    if (text[bytes] == ':' && strlen(text + bytes + 1) < sizeof(map->value))
        (void)snprintf(map->value, sizeof(map->value), "%s", text + bytes + 1);
    else if (text[bytes] == ':')
        return false;
    return true;
}

/* Decimal, or hexadecimal as transport streams write it. */
static bool parse_id(struct map *map, const char *text)
{
    if (!isdigit((unsigned char)*text))
        return false;
    char *end = NULL;
    map->id = strtol(text, &end, 0);
    map->by_id = true;
    return at_end(end);
}

static bool parse_specifier(struct map *map, const char *text)
{
    for (;;) {
        if (at_end(text))
            return true;
        if (*text++ != ':')
            return false;
        if (isdigit((unsigned char)*text)) {
            char *end = NULL;
            map->index = strtol(text, &end, 10);
            return at_end(end) && map->index < 100000;
        }
        if (text[0] == 'm' && text[1] == ':')
            return parse_tag(map, text + 2);
        if (text[0] == 'i' && text[1] == ':')
            return parse_id(map, text + 2);
        if (text[0] == '#')
            return parse_id(map, text + 1);
        if (text[0] == 'u' && at_end(text + 1)) {
            map->usable = true;
            return true;
        }
        if (!*text || !strchr("vVasdt", *text) || map->type)
            return false;
        map->type = *text++;
    }
}

static int parse_map(struct map *map, const char *text, struct fw_error *err)
{
    char copy[256];
    memset(map, 0, sizeof(*map));
    map->index = -1;
    size_t bytes = strlen(text);
    if (bytes == 0 || bytes >= sizeof(copy))
        return fw_fault_add(err, "-map %s: not a stream", text);
    memcpy(copy, text, bytes + 1);
    if (copy[bytes - 1] == '?') {
        map->optional = true;
        copy[bytes - 1] = '\0';
    }
    const char *rest = copy;
    if (*rest == '-') {
        map->negative = true;
        rest++;
    }
    char *end = NULL;
    long file = isdigit((unsigned char)*rest) ? strtol(rest, &end, 10) : -1;
    if (file > 0)
        return fw_fault_add(err, "-map %s: there is one input, number 0", text);
    if (file == 0 && strncmp(end, ":p:", 3) == 0)
        return fw_fault_add(err,
                            "-map %s: programs cannot be named; name their streams by 0:N or "
                            "0:i:ID, which 'framewheel probe --json' lists",
                            text);
    if (file < 0 || !parse_specifier(map, end))
        return fw_fault_add(
            err, "-map %s: expected [-]0[:v|a|s|d|t][:N][?], 0:i:ID or 0:m:KEY[:VALUE]", text);
    return FW_OK;
}

int fw_maps_check(const struct fw_settings *settings, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < settings->maps.count; i++) {
        struct map map;
        int one = parse_map(&map, settings->maps.items[i], err);
        status = status < 0 ? status : one;
    }
    return status;
}

static bool has_type(const struct fw_media_stream *stream, char type)
{
    switch (type) {
    case 'v':
        return stream->par->codec_type == AVMEDIA_TYPE_VIDEO;
    case 'V':
        return stream->par->codec_type == AVMEDIA_TYPE_VIDEO && !stream->attached_pic;
    case 'a':
        return stream->par->codec_type == AVMEDIA_TYPE_AUDIO;
    case 's':
        return stream->par->codec_type == AVMEDIA_TYPE_SUBTITLE;
    case 'd':
        return stream->par->codec_type == AVMEDIA_TYPE_DATA;
    case 't':
        return stream->par->codec_type == AVMEDIA_TYPE_ATTACHMENT;
    default:
        return true;
    }
}

static bool has_tag(const struct fw_media_stream *stream, const struct map *map)
{
    if (!map->key[0])
        return true;
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, map->key, NULL, 0);
    return tag && (!map->value[0] || strcmp(tag->value, map->value) == 0);
}

/* False when it is there already. */
static bool set_member(uint32_t *order, uint32_t *count, uint32_t stream, bool in)
{
    uint32_t at = 0;
    while (at < *count && order[at] != stream)
        at++;
    if (in && at < *count)
        return false;
    if (in && *count < FW_STREAMS_MAX) {
        order[(*count)++] = stream;
    } else if (!in && at < *count) {
        (*count)--;
        memmove(order + at, order + at + 1, (*count - at) * sizeof(*order));
    }
    return true;
}

static int apply_map(const struct map *map, const char *text, const struct fw_media *media,
                     uint32_t *order, uint32_t *count, struct fw_losses *losses,
                     struct fw_error *err)
{
    long number = 0;
    bool found = false;
    for (uint32_t i = 0; i < media->stream_count; i++) {
        const struct fw_media_stream *stream = &media->streams[i];
        if (!has_type(stream, map->type) || !has_tag(stream, map) ||
            (map->usable && !stream->usable) || (map->by_id && stream->id != map->id))
            continue;
        if (map->index >= 0 && number++ != map->index)
            continue;
        found = true;
        if (!set_member(order, count, i, !map->negative))
            fw_losses_add(losses, "stream", (int32_t)i, "-map %s: written once, not twice", text);
    }
    if (!found && !map->optional)
        return fw_fault_add(err, "-map %s: no stream of the input matches; add '?' to allow that",
                            text);
    return FW_OK;
}

/* The filtered stream is always there, in front unless the maps place it. */
static void ensure_main(uint32_t *order, uint32_t *count, uint32_t main)
{
    for (uint32_t i = 0; i < *count; i++)
        if (order[i] == main)
            return;
    if (*count == FW_STREAMS_MAX)
        (*count)--;
    memmove(order + 1, order, *count * sizeof(*order));
    order[0] = main;
    (*count)++;
}

int fw_maps_apply(const struct fw_settings *settings, const struct fw_media *media,
                  uint32_t order[FW_STREAMS_MAX], uint32_t *count_out, struct fw_losses *losses,
                  struct fw_error *err)
{
    uint32_t count = 0;
    bool positive = false;
    int status = FW_OK;
    struct map map;
    for (uint32_t i = 0; i < settings->maps.count && status == FW_OK; i++) {
        status = parse_map(&map, settings->maps.items[i], err);
        positive = positive || !map.negative;
    }
    if (status < 0)
        return status;
    if (!positive)
        for (uint32_t i = 0; i < media->stream_count; i++)
            (void)set_member(order, &count, i, true);
    for (uint32_t i = 0; i < settings->maps.count; i++) {
        int one = parse_map(&map, settings->maps.items[i], err);
        if (one == FW_OK)
            one = apply_map(&map, settings->maps.items[i], media, order, &count, losses, err);
        status = status < 0 ? status : one;
    }
    if (media->video >= 0)
        ensure_main(order, &count, (uint32_t)media->video);
    *count_out = count;
    return status;
}
