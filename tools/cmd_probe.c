/* framewheel probe: what is in a file. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "term.h"

static void print_head(FILE *out, const json_t *probe)
{
    char name[1024];
    char text[64];
    fprintf(out, "%s: %s", fw_json_name_of(probe, "input", name, sizeof(name)),
            fw_json_text_of(probe, "format"));
    if (fw_json_number_of(probe, "duration_s") > 0)
        fprintf(out, ", %s",
                fw_duration_text(fw_json_number_of(probe, "duration_s"), text, sizeof(text)));
    if (fw_json_number_of(probe, "start_s") != 0)
        fprintf(out, ", starts at %.6g s", fw_json_number_of(probe, "start_s"));
    if (fw_json_number_of(probe, "bytes") > 0)
        fprintf(out, ", %s", fw_bytes_text(fw_json_number_of(probe, "bytes"), text, sizeof(text)));
    fputc('\n', out);
}

static void print_tags(FILE *out, const json_t *tags, const char *indent)
{
    const char *key;
    json_t *value;
    char name[256];
    char text[512];
    json_object_foreach((json_t *)tags, key, value)
    {
        (void)value;
        fprintf(out, "%s%s: %s\n", indent, fw_escape(key, name, sizeof(name), 0),
                fw_json_name_of(tags, key, text, sizeof(text)));
    }
}

static void print_stream(FILE *out, const json_t *stream)
{
    size_t index;
    const json_t *word;
    fprintf(out, "  %lld  %s  %s", fw_json_count_of(stream, "index"),
            fw_json_text_of(stream, "type"), fw_json_text_of(stream, "codec"));
    if (fw_json_count_of(stream, "width") > 0)
        fprintf(out, "  %lldx%lld", fw_json_count_of(stream, "width"),
                fw_json_count_of(stream, "height"));
    if (fw_json_count_of(stream, "sample_rate") > 0)
        fprintf(out, "  %lld Hz, %lld channels", fw_json_count_of(stream, "sample_rate"),
                fw_json_count_of(stream, "channels"));
    json_array_foreach(json_object_get(stream, "disposition"), index, word)
        fprintf(out, "%s%s", index ? ", " : "  ", json_string_value(word));
    if (json_is_true(json_object_get(stream, "filtered")))
        fputs("  (the one that is filtered)", out);
    fputc('\n', out);
    print_tags(out, json_object_get(stream, "metadata"), "       ");
}

static void print_video(FILE *out, const json_t *video)
{
    if (!video)
        return;
    fputs("  video: ", out);
    fw_json_print_video(out, video);
    if (fw_json_count_of(video, "rotation") != 0)
        fprintf(out, ", rotated by %lld degrees", fw_json_count_of(video, "rotation"));
    if (fw_json_text_of(video, "field_order")[0])
        fprintf(out, ", %s", fw_json_text_of(video, "field_order"));
    if (fw_json_count_of(video, "frames") > 0)
        fprintf(out, ", %s%lld frames",
                json_is_true(json_object_get(video, "frames_exact")) ? "" : "about ",
                fw_json_count_of(video, "frames"));
    fputc('\n', out);
}

static int print_probe(const char *verb, const char *json)
{
    struct fw_paper paper;
    size_t index;
    const json_t *stream;
    json_t *probe = json_loads(json, 0, NULL);
    if (!probe || !fw_paper_open(&paper)) {
        json_decref(probe);
        return 70;
    }
    print_head(paper.stream, probe);
    print_video(paper.stream, json_object_get(probe, "video"));
    json_array_foreach(json_object_get(probe, "streams"), index, stream)
        print_stream(paper.stream, stream);
    if (json_array_size(json_object_get(probe, "chapters")) > 0)
        fprintf(paper.stream, "  %zu chapters\n",
                json_array_size(json_object_get(probe, "chapters")));
    if (fw_json_count_of(probe, "damaged") > 0)
        fprintf(paper.stream, "  %lld damaged frames\n", fw_json_count_of(probe, "damaged"));
    print_tags(paper.stream, json_object_get(probe, "metadata"), "  ");
    json_decref(probe);
    return fw_paper_print(&paper, verb);
}

int fw_cmd_probe(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char *json = NULL;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0 && cli.name_count == 0) {
        fw_complain_to_user(verb->name, "no file given\nUsage: framewheel probe FILE [--json] "
                                        "[--count]");
        code = 2;
    }
    if (code < 0) {
        int status = fw_probe(cli.names[0], fw_cli_count(&cli, "count") > 0, &json, &err);
        code = fw_status_exit_code(status);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        else
            code = fw_cli_count(&cli, "json") > 0 ? fw_print_data(verb->name, json)
                                                  : print_probe(verb->name, json);
    }
    free(json);
    fw_cli_deinit(&cli);
    return code;
}
