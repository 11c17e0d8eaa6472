/* framewheel doctor and version: what is here. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "term.h"

static int print_checks(const char *verb, const json_t *doctor)
{
    struct fw_paper paper;
    size_t index;
    const json_t *check;
    char shown[1024];
    if (!fw_paper_open(&paper))
        return 70;
    json_array_foreach(json_object_get(doctor, "checks"), index, check) fprintf(
        paper.stream, "%-4s %-16s %s\n", json_is_true(json_object_get(check, "ok")) ? "ok" : "BAD",
        fw_json_text_of(check, "name"), fw_json_name_of(check, "text", shown, sizeof(shown)));
    return fw_paper_print(&paper, verb);
}

int fw_cmd_doctor(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char *json = NULL;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        int status = fw_doctor(&json, &err);
        json_t *doctor = status == FW_OK ? json_loads(json, 0, NULL) : NULL;
        code = fw_status_exit_code(status);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        else
            code = fw_cli_count(&cli, "json") > 0 ? fw_print_data(verb->name, json)
                                                  : print_checks(verb->name, doctor);
        if (code == 0 && json_is_false(json_object_get(doctor, "ok")))
            code = 1;
        json_decref(doctor);
    }
    free(json);
    fw_cli_deinit(&cli);
    return code;
}

static int print_version(const char *verb, const json_t *version)
{
    struct fw_paper paper;
    const char *key;
    json_t *value;
    if (!fw_paper_open(&paper))
        return 70;
    fprintf(paper.stream, "framewheel %s\n", fw_version());
    json_object_foreach((json_t *)version, key, value)
    {
        if (json_is_string(value) && strcmp(key, "schema") != 0 && strcmp(key, "version") != 0)
            fprintf(paper.stream, "%s: %s\n", key, json_string_value(value));
    }
    json_object_foreach(json_object_get(version, "libraries"), key, value)
    {
        const char *built = fw_json_text_of(value, "built");
        const char *running = fw_json_text_of(value, "running");
        fprintf(paper.stream, "  %-16s %s", key, running);
        if (strcmp(built, running) != 0)
            fprintf(paper.stream, " (built with %s)", built);
        fputc('\n', paper.stream);
    }
    return fw_paper_print(&paper, verb);
}

int fw_cmd_version(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char *json = NULL;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        int status = fw_version_json(&json, &err);
        json_t *version = status == FW_OK ? json_loads(json, 0, NULL) : NULL;
        code = fw_status_exit_code(status);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        else
            code = fw_cli_count(&cli, "json") > 0 ? fw_print_data(verb->name, json)
                                                  : print_version(verb->name, version);
        json_decref(version);
    }
    free(json);
    fw_cli_deinit(&cli);
    return code;
}
