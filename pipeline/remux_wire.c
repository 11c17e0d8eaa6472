/* Writing and reading flat records. */
#include "remux_wire.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/dict.h>

#define CHANNELS_MAX 512
#define TAGS_MAX 65536

int fw_buffer_append(struct fw_buffer *buffer, const void *data, size_t bytes, struct fw_error *err)
{
    size_t need;
    if (__builtin_add_overflow(buffer->bytes, bytes, &need) || need > SIZE_MAX / 2)
        return fw_fail(err, FW_ERR_MEMORY, "a record of %zu bytes is too large", bytes);
    if (need > buffer->room) {
        size_t room = need < 4096 ? 4096 : need + need / 2;
        uint8_t *grown = realloc(buffer->data, room);
        if (!grown)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a record of %zu bytes", need);
        buffer->data = grown;
        buffer->room = room;
    }
    if (bytes)
        memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes = need;
    return FW_OK;
}

void fw_buffer_deinit(struct fw_buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}

void fw_wire_put(struct fw_wire_writer *writer, const void *data, size_t bytes)
{
    if (writer->status == FW_OK)
        writer->status = fw_buffer_append(writer->buffer, data, bytes, writer->err);
}

void fw_wire_put_u32(struct fw_wire_writer *writer, uint32_t value)
{
    fw_wire_put(writer, &value, sizeof(value));
}

void fw_wire_put_i32(struct fw_wire_writer *writer, int32_t value)
{
    fw_wire_put(writer, &value, sizeof(value));
}

void fw_wire_put_i64(struct fw_wire_writer *writer, int64_t value)
{
    fw_wire_put(writer, &value, sizeof(value));
}

void fw_wire_put_rational(struct fw_wire_writer *writer, AVRational value)
{
    fw_wire_put_i32(writer, value.num);
    fw_wire_put_i32(writer, value.den);
}

void fw_wire_put_block(struct fw_wire_writer *writer, const void *data, size_t bytes)
{
    if (bytes > UINT32_MAX) {
        if (writer->status == FW_OK)
            writer->status = fw_fail(writer->err, FW_ERR_MEMORY,
                                     "a block of %zu bytes is too large", bytes);
        return;
    }
    fw_wire_put_u32(writer, (uint32_t)bytes);
    fw_wire_put(writer, data, bytes);
}

void fw_wire_put_layout(struct fw_wire_writer *writer, const AVChannelLayout *layout)
{
    static const AVChannelLayout none = { 0 };
    if (!av_channel_layout_check(layout) || layout->nb_channels > CHANNELS_MAX)
        layout = &none;
    bool custom = layout->order == AV_CHANNEL_ORDER_CUSTOM;
    fw_wire_put_i32(writer, (int32_t)layout->order);
    fw_wire_put_i32(writer, layout->nb_channels);
    fw_wire_put_i64(writer, custom ? 0 : (int64_t)layout->u.mask);
    for (int i = 0; custom && i < layout->nb_channels; i++) {
        fw_wire_put_i32(writer, (int32_t)layout->u.map[i].id);
        fw_wire_put(writer, layout->u.map[i].name, sizeof(layout->u.map[i].name));
    }
}

void fw_wire_put_dict(struct fw_wire_writer *writer, const AVDictionary *dict)
{
    uint32_t count = (uint32_t)av_dict_count(dict);
    count = count < TAGS_MAX ? count : TAGS_MAX;
    fw_wire_put_u32(writer, count);
    const AVDictionaryEntry *entry = NULL;
    while (count-- && (entry = av_dict_get(dict, "", entry, AV_DICT_IGNORE_SUFFIX)) != NULL) {
        fw_wire_put_block(writer, entry->key, strlen(entry->key));
        fw_wire_put_block(writer, entry->value, strlen(entry->value));
    }
}

void fw_wire_get(struct fw_wire_reader *reader, void *out, size_t bytes)
{
    if (reader->bad || bytes > reader->left) {
        reader->bad = true;
        memset(out, 0, bytes);
        return;
    }
    memcpy(out, reader->at, bytes);
    reader->at += bytes;
    reader->left -= bytes;
}

uint32_t fw_wire_get_u32(struct fw_wire_reader *reader)
{
    uint32_t value;
    fw_wire_get(reader, &value, sizeof(value));
    return value;
}

int32_t fw_wire_get_i32(struct fw_wire_reader *reader)
{
    int32_t value;
    fw_wire_get(reader, &value, sizeof(value));
    return value;
}

int64_t fw_wire_get_i64(struct fw_wire_reader *reader)
{
    int64_t value;
    fw_wire_get(reader, &value, sizeof(value));
    return value;
}

AVRational fw_wire_get_rational(struct fw_wire_reader *reader)
{
    AVRational value;
    value.num = fw_wire_get_i32(reader);
    value.den = fw_wire_get_i32(reader);
    return value;
}

const uint8_t *fw_wire_get_block(struct fw_wire_reader *reader, size_t *bytes_out)
{
    size_t bytes = fw_wire_get_u32(reader);
    *bytes_out = 0;
    if (reader->bad || bytes > reader->left) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *block = reader->at;
    reader->at += bytes;
    reader->left -= bytes;
    *bytes_out = bytes;
    return block;
}

uint32_t fw_wire_get_count(struct fw_wire_reader *reader, size_t each, uint32_t most)
{
    uint32_t count = fw_wire_get_u32(reader);
    if (reader->bad || count > most || count > reader->left / each) {
        reader->bad = true;
        return 0;
    }
    return count;
}

static void get_channel_map(struct fw_wire_reader *reader, AVChannelLayout *layout)
{
    layout->u.map = av_calloc((size_t)layout->nb_channels, sizeof(*layout->u.map));
    if (!layout->u.map) {
        reader->bad = true;
        return;
    }
    for (int i = 0; i < layout->nb_channels; i++) {
        AVChannelCustom *channel = &layout->u.map[i];
        channel->id = (enum AVChannel)fw_wire_get_i32(reader);
        fw_wire_get(reader, channel->name, sizeof(channel->name));
        channel->name[sizeof(channel->name) - 1] = '\0';
    }
}

void fw_wire_get_layout(struct fw_wire_reader *reader, AVChannelLayout *layout)
{
    int32_t order = fw_wire_get_i32(reader);
    int32_t channels = fw_wire_get_i32(reader);
    uint64_t mask = (uint64_t)fw_wire_get_i64(reader);
    if (reader->bad || channels < 0 || channels > CHANNELS_MAX || order < 0 ||
        order > AV_CHANNEL_ORDER_AMBISONIC) {
        reader->bad = true;
        return;
    }
    if (channels == 0)
        return;
    layout->order = (enum AVChannelOrder)order;
    layout->nb_channels = channels;
    if (layout->order == AV_CHANNEL_ORDER_CUSTOM)
        get_channel_map(reader, layout);
    else if (layout->order != AV_CHANNEL_ORDER_UNSPEC)
        layout->u.mask = mask;
    if (!reader->bad && !av_channel_layout_check(layout))
        reader->bad = true;
}

/* A copy with a zero behind it, for av_dict_set. */
static char *get_text(struct fw_wire_reader *reader)
{
    size_t bytes;
    const uint8_t *block = fw_wire_get_block(reader, &bytes);
    if (reader->bad)
        return NULL;
    char *text = av_malloc(bytes + 1);
    if (!text) {
        reader->bad = true;
        return NULL;
    }
    memcpy(text, block, bytes);
    text[bytes] = '\0';
    return text;
}

void fw_wire_get_dict(struct fw_wire_reader *reader, AVDictionary **dict)
{
    const int flags = AV_DICT_MULTIKEY | AV_DICT_DONT_STRDUP_KEY | AV_DICT_DONT_STRDUP_VAL;
    uint32_t count = fw_wire_get_count(reader, 2 * sizeof(uint32_t), TAGS_MAX);
    for (uint32_t i = 0; i < count && !reader->bad; i++) {
        char *key = get_text(reader);
        char *value = get_text(reader);
        if (!key || !value) {
            av_free(key);
            av_free(value);
            return;
        }
        if (av_dict_set(dict, key, value, flags) < 0)
            reader->bad = true;
    }
}
