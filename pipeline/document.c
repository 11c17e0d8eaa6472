#include "document.h"

#include "filters/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Twelve digits: 0.6, not 0.59999999999999998, and microseconds of the longest video. */
#define FORM (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

static json_t *base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t count = strlen(text);
    char *out = malloc(count / 3 * 4 + 5);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = (uint32_t)(uint8_t)text[i] << 16;
        group |= i + 1 < count ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
        group |= i + 2 < count ? (uint32_t)(uint8_t)text[i + 2] : 0;
        out[used++] = digits[group >> 18];
        out[used++] = digits[group >> 12 & 63];
        out[used++] = i + 1 < count ? digits[group >> 6 & 63] : '=';
        out[used++] = i + 2 < count ? digits[group & 63] : '=';
    }
    json_t *value = json_stringn(out, used);
    free(out);
    return value;
}

json_t *fw_json_text(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    return json_pack("{s:o}", "bytes", base64(text));
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static char *base64_bytes(const char *text, size_t count)
{
    while (count > 0 && text[count - 1] == '=')
        count--;
    char *out = malloc(count / 4 * 3 + 4);
    uint32_t group = 0;
    size_t used = 0;
    bool bad = count % 4 == 1;
    for (size_t i = 0; i < count && out && !bad; i++) {
        int value = digit_value(text[i]);
        bad = value < 0;
        group = group << 6 | (uint32_t)(bad ? 0 : value);
        if (i % 4 == 0)
            continue;
        out[used] = (char)(group >> (6 - 2 * (i % 4)));
        bad = bad || out[used++] == '\0';
    }
    if (out)
        out[used] = '\0';
    if (bad) {
        free(out);
        out = NULL;
    }
    return out;
}

char *fw_json_bytes(const json_t *value)
{
    const json_t *text = json_is_object(value) ? json_object_get(value, "bytes") : value;
    if (!json_is_string(text) || (text != value && json_object_size(value) != 1))
        return NULL;
    if (text != value)
        return base64_bytes(json_string_value(text), json_string_length(text));
    bool whole = strlen(json_string_value(text)) == json_string_length(text);
    return whole ? strdup(json_string_value(text)) : NULL;
}

json_t *fw_json_rational(struct fw_rational value)
{
    char text[32];
    if (value.num == 0 || value.den == 0)
        return json_null();
    snprintf(text, sizeof(text), "%d/%d", value.num, value.den);
    return json_string(text);
}

static const char *const ranges[] = { NULL, "limited", "full" };
static const char *const locations[] = { NULL,  "left",       "center", "topleft",
                                         "top", "bottomleft", "bottom" };
static const char *const matrices[] = { "rgb",     "bt709",     NULL,        NULL,       "fcc",
                                        "bt470bg", "smpte170m", "smpte240m", "ycgco",    "bt2020nc",
                                        "bt2020c", "smpte2085", "chroma-nc", "chroma-c", "ictcp" };
static const char *const primaries[] = { NULL,       "bt709",     NULL,        NULL,   "bt470m",
                                         "bt470bg",  "smpte170m", "smpte240m", "film", "bt2020",
                                         "smpte428", "smpte431",  "smpte432" };
static const char *const transfers[] = { NULL,        "bt709",        NULL,          NULL,
                                         "bt470m",    "bt470bg",      "smpte170m",   "smpte240m",
                                         "linear",    "log100",       "log316",      "iec61966-2-4",
                                         "bt1361e",   "iec61966-2-1", "bt2020-10",   "bt2020-12",
                                         "smpte2084", "smpte428",     "arib-std-b67" };

static void set_named(json_t *object, const char *key, const char *const *names, size_t count,
                      uint32_t value)
{
    if (value < count && names[value] != NULL)
        json_object_set_new(object, key, json_string(names[value]));
}

json_t *fw_json_color(const struct fw_color *color)
{
    json_t *object = json_object();
    set_named(object, "range", ranges, FW_COUNT(ranges), color->range);
    set_named(object, "matrix", matrices, FW_COUNT(matrices), color->matrix);
    set_named(object, "primaries", primaries, FW_COUNT(primaries), color->primaries);
    set_named(object, "transfer", transfers, FW_COUNT(transfers), color->transfer);
    set_named(object, "chroma_location", locations, FW_COUNT(locations), color->chroma_location);
    return object;
}

json_t *fw_json_video(const struct fw_video *video)
{
    if (video->format == NULL)
        return json_null();
    return json_pack("{s:i,s:i,s:s,s:o,s:o,s:o,s:o}", "width", (int)video->width, "height",
                     (int)video->height, "format", video->format->name, "sample_aspect",
                     fw_json_rational(video->sample_aspect), "frame_rate",
                     fw_json_rational(video->frame_rate), "time_base",
                     fw_json_rational(video->time_base), "color", fw_json_color(&video->color));
}

int fw_json_finish(json_t *document, char **json_out, struct fw_error *err)
{
    char *text = document == NULL ? NULL : json_dumps(document, FORM);
    char *whole = NULL;
    json_decref(document);
    if (text == NULL || asprintf(&whole, "%s\n", text) < 0) {
        free(text);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a JSON document");
    }
    free(text);
    *json_out = whole;
    return FW_OK;
}
