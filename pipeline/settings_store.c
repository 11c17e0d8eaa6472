#include "settings_store.h"

#include <stdlib.h>
#include <string.h>

#include "filters/check.h"

#define AV_OPTIONS_MAX 256
#define STRINGS_MAX 1024

static void free_strings(struct fw_strings *strings)
{
    for (uint32_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

void fw_settings_deinit(struct fw_settings *settings)
{
    char *texts[] = { settings->input,       settings->output,         settings->input_format,
                      settings->format,      settings->chain,          settings->video_codec,
                      settings->audio_codec, settings->subtitle_codec, settings->pixel_format,
                      settings->video_tag,   settings->raw_size,       settings->raw_format,
                      settings->raw_rate,    settings->plugin_path,    settings->fault };
    for (size_t i = 0; i < FW_COUNT(texts); i++)
        free(texts[i]);
    for (uint32_t i = 0; i < settings->av_option_count; i++) {
        free(settings->av_options[i].name);
        free(settings->av_options[i].value);
    }
    free(settings->av_options);
    for (uint32_t i = 0; i < settings->stream_tag_count; i++) {
        free(settings->stream_tags[i].specifier);
        free(settings->stream_tags[i].text);
    }
    free(settings->stream_tags);
    free_strings(&settings->plugins);
    free_strings(&settings->maps);
    free_strings(&settings->metadata);
    free_strings(&settings->reports);
    memset(settings, 0, sizeof(*settings));
}

int fw_store_text(char **field, const char *value, struct fw_error *err)
{
    char *copy = strdup(value);
    if (!copy)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    free(*field);
    *field = copy;
    return FW_OK;
}

int fw_store_string(struct fw_strings *strings, const char *value, struct fw_error *err)
{
    if (strings->count >= STRINGS_MAX)
        return fw_fail(err, FW_ERR_USAGE, "an option is given more than %d times", STRINGS_MAX);
    char **items = reallocarray(strings->items, strings->count + 1, sizeof(*items));
    char *copy = strdup(value);
    if (items)
        strings->items = items;
    if (!items || !copy) {
        free(copy);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    }
    strings->items[strings->count++] = copy;
    return FW_OK;
}

int fw_store_av(struct fw_settings *settings, const char *name, const char *value,
                struct fw_error *err)
{
    size_t bytes = strlen(name);
    char stream = 0;
    if (bytes > 2 && name[bytes - 2] == ':' && strchr("vas", name[bytes - 1])) {
        stream = name[bytes - 1];
        bytes -= 2;
    }
    char *key = strndup(name, bytes);
    char *text = strdup(value);
    struct fw_av_option *list = settings->av_options;
    uint32_t at = 0;
    while (key && at < settings->av_option_count &&
           (strcmp(list[at].name, key) != 0 || list[at].stream != stream))
        at++;
    if (at == settings->av_option_count)
        list = reallocarray(list, at + 1, sizeof(*list));
    if (!key || !text || !list || at >= AV_OPTIONS_MAX) {
        free(key);
        free(text);
        settings->av_options = list ? list : settings->av_options;
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    }
    settings->av_options = list;
    if (at < settings->av_option_count) {
        free(list[at].name);
        free(list[at].value);
    } else {
        settings->av_option_count++;
    }
    list[at] = (struct fw_av_option){ key, text, stream };
    return FW_OK;
}

int fw_store_strictness(struct fw_settings *settings, const char *value, struct fw_error *err)
{
    static const char *const levels[] = { "very", "strict", "normal", "unofficial",
                                          "experimental" };
    const char *digit = value && value[0] == '-' ? value + 1 : value;
    bool known = digit && strlen(digit) == 1 && strchr("012", digit[0]);
    for (size_t i = 0; value && i < FW_COUNT(levels) && !known; i++)
        known = strcmp(value, levels[i]) == 0;
    if (known)
        return fw_store_av(settings, "strict", value, err);
    return fw_fail(err, FW_ERR_USAGE,
                   "-strict '%s': very, strict, normal, unofficial, experimental or -2 to 2 is "
                   "wanted\nhint: --strict, with two dashes, makes a loss an error",
                   value ? value : "");
}

int fw_store_stream_tag(struct fw_settings *settings, const char *specifier, const char *value,
                        struct fw_error *err)
{
    if (!value || !strchr(value, '=') || value[0] == '=')
        return fw_fail(err, FW_ERR_USAGE, "-metadata:%s: KEY=VALUE is wanted", specifier);
    if (strcmp(specifier, "g") == 0)
        return fw_store_string(&settings->metadata, value, err);
    if (specifier[0] != 's' || (specifier[1] && specifier[1] != ':'))
        return fw_fail(err, FW_ERR_USAGE,
                       "-metadata:%s: expected g for the file or s[:STREAM], as in s:a:0",
                       specifier);
    uint32_t count = settings->stream_tag_count;
    struct fw_stream_tag *tags = NULL;
    if (count < STRINGS_MAX)
        tags = reallocarray(settings->stream_tags, count + 1, sizeof(*tags));
    if (!tags)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    settings->stream_tags = tags;
    tags[count].specifier = strdup(specifier + (specifier[1] ? 2 : 1));
    tags[count].text = strdup(value);
    settings->stream_tag_count++;
    if (!tags[count].specifier || !tags[count].text)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    return FW_OK;
}
