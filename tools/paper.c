/* Texts made from JSON. */
#include "paper.h"

#include <stdlib.h>
#include <string.h>

#include "term.h"

bool fw_paper_open(struct fw_paper *paper)
{
    paper->text = NULL;
    paper->bytes = 0;
    paper->stream = open_memstream(&paper->text, &paper->bytes);
    return paper->stream != NULL;
}

int fw_paper_print(struct fw_paper *paper, const char *verb)
{
    int code = 70;
    if (fclose(paper->stream) == 0)
        code = fw_print_data(verb, paper->text);
    free(paper->text);
    return code;
}

const char *fw_json_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double fw_json_number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

long long fw_json_count_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void unpack_base64(const char *in, char *out, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    for (const char *digit; *in && (digit = strchr(digits, *in)) && used + 1 < bytes; in++) {
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[used++] = (char)(bits >> held & 0xff);
        }
    }
    out[used] = '\0';
}

const char *fw_json_name(const json_t *value, char *out, size_t bytes)
{
    char raw[1024];
    const char *packed = json_string_value(json_object_get(value, "bytes"));
    const char *text = json_string_value(value);
    raw[0] = '\0';
    if (packed)
        unpack_base64(packed, raw, sizeof(raw));
    return fw_escape(packed ? raw : text ? text : "", out, bytes, 0);
}

const char *fw_json_name_of(const json_t *object, const char *key, char *out, size_t bytes)
{
    return fw_json_name(json_object_get(object, key), out, bytes);
}

void fw_json_print_video(FILE *out, const json_t *video)
{
    static const char *const colors[] = { "range", "matrix", "primaries", "transfer" };
    const json_t *color = json_object_get(video, "color");
    const char *rate = fw_json_text_of(video, "frame_rate");
    const char *aspect = fw_json_text_of(video, "sample_aspect");
    const char *last = "";
    fprintf(out, "%lldx%lld %s", fw_json_count_of(video, "width"),
            fw_json_count_of(video, "height"), fw_json_text_of(video, "format"));
    if (rate[0])
        fprintf(out, ", %s fps", rate);
    if (aspect[0] && strcmp(aspect, "1/1") != 0)
        fprintf(out, ", SAR %s", aspect);
    for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
        const char *word = fw_json_text_of(color, colors[i]);
        if (word[0] && strcmp(word, last) != 0)
            fprintf(out, "%s%s", last[0] ? " " : ", ", word);
        last = word[0] ? word : last;
    }
}
