/* framewheel filters: the built-in filters and their options, and whether another one can run. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "term.h"

static const char *type_name(enum fw_option_type type)
{
    static const char *const names[] = {
        [FW_OPTION_BOOL] = "bool",     [FW_OPTION_INT] = "int",     [FW_OPTION_FLOAT] = "float",
        [FW_OPTION_ENUM] = "choice",   [FW_OPTION_FLAGS] = "flags", [FW_OPTION_COLOR] = "color",
        [FW_OPTION_STRING] = "string", [FW_OPTION_PATH] = "file",   [FW_OPTION_EXPR] = "expression",
        [FW_OPTION_DURATION] = "time",
    };
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

static int has_range(const struct fw_option *option)
{
    return (option->type == FW_OPTION_INT || option->type == FW_OPTION_FLOAT) &&
           option->min < option->max;
}

static json_t *option_json(const struct fw_option *option)
{
    json_t *object = json_pack("{s:s,s:s,s:s}", "name", option->name, "type",
                               type_name(option->type), "help", option->help ? option->help : "");
    json_t *choices = option->choices ? json_array() : NULL;
    if (option->default_text)
        (void)json_object_set_new(object, "default", json_string(option->default_text));
    if (has_range(option)) {
        (void)json_object_set_new(object, "min", json_real(option->min));
        (void)json_object_set_new(object, "max", json_real(option->max));
    }
    if (option->unit)
        (void)json_object_set_new(object, "unit", json_string(option->unit));
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++)
        (void)json_array_append_new(choices, json_string(choice->name));
    if (choices)
        (void)json_object_set_new(object, "choices", choices);
    if (option->variables)
        (void)json_object_set_new(object, "variables", json_string(option->variables));
    return object;
}

/* One object, one line. */
static void print_json(FILE *out, const struct fw_filter *filter)
{
    json_t *options = json_array();
    for (const struct fw_option *option = filter->options; option && option->name; option++)
        (void)json_array_append_new(options, option_json(option));
    json_t *object = json_pack("{s:s,s:s,s:s,s:o}", "schema", "framewheel-filter/1", "name",
                               filter->name, "summary", filter->summary, "options", options);
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fprintf(out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(object);
}

static void print_option(FILE *out, const struct fw_option *option)
{
    const char *separator = "";
    fprintf(out, "  %-14s %s", option->name, type_name(option->type));
    if (has_range(option))
        fprintf(out, " %g..%g", option->min, option->max);
    if (option->unit)
        fprintf(out, " %s", option->unit);
    if (option->default_text)
        fprintf(out, ", default %s", option->default_text);
    fputc('\n', out);
    if (option->help)
        fprintf(out, "  %-14s %s\n", "", option->help);
    if (option->choices)
        fprintf(out, "  %-14s one of ", "");
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++) {
        fprintf(out, "%s%s", separator, choice->name);
        separator = ", ";
    }
    if (option->choices)
        fputc('\n', out);
    if (option->variables)
        fprintf(out, "  %-14s may use: %s\n", "", option->variables);
}

/* What a chain of this filter alone is for a frame of 64x64. The caller frees *plan_out. */
static int plan_filter(const char *name, char **plan_out, struct fw_error *err)
{
    static const char *const options[][2] = { { "input", "/dev/zero" },
                                              { "input-format", "rawvideo" },
                                              { "video_size", "64x64" },
                                              { "null", NULL } };
    struct fw_job *job = NULL;
    if (!name[0] || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return fw_fail(err, FW_ERR_USAGE,
                       "the name of a filter is needed\n"
                       "hint: framewheel filters");
    int status = fw_job_create(&job, err);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && status == FW_OK; i++)
        status = fw_job_set(job, options[i][0], options[i][1], err);
    if (status == FW_OK)
        status = fw_job_set(job, "vf", name, err);
    if (status == FW_OK)
        status = fw_job_explain(job, plan_out, err);
    fw_job_destroy(job);
    return status;
}

/* Takes the lines out that point into the chain: here it is one word. */
static void drop_pointer(char *text)
{
    char *to = text;
    for (char *line = text; *line;) {
        size_t bytes = strcspn(line, "\n");
        bytes += line[bytes] == '\n';
        const char *word = line + strspn(line, " ");
        if (word == line || (word[0] != '^' && strncmp(word, "-vf ", 4) != 0)) {
            memmove(to, line, bytes);
            to += bytes;
        }
        line += bytes;
    }
    while (to > text && to[-1] == '\n')
        to--;
    *to = '\0';
}

static int print_plan(const struct fw_verb *verb, const char *name, const json_t *plan, bool json)
{
    struct fw_paper paper;
    size_t index;
    const json_t *step;
    if (!fw_paper_open(&paper))
        return 70;
    json_array_foreach(json_object_get(plan, "chain"), index, step)
    {
        const char *engine = fw_json_text_of(step, "engine");
        const char *class_name = fw_json_text_of(step, "class");
        if (strcmp(fw_json_text_of(step, "name"), name) != 0)
            continue;
        if (json)
            fprintf(paper.stream,
                    "{\"schema\":\"framewheel-filter/1\",\"name\":\"%s\",\"engine\":\"%s\","
                    "\"class\":\"%s\"}\n",
                    name, engine, class_name);
        else
            fprintf(paper.stream,
                    "%s: of %s, runs in the workers (%s: %s)\n"
                    "  its options: ffmpeg -h filter=%s\n",
                    name, engine, class_name, fw_json_text_of(step, "reason"), name);
    }
    return fw_paper_print(&paper, verb->name);
}

/* One that is not built in: libavfilter's, if it can run here, else why not. */
static int print_foreign(const struct fw_verb *verb, const char *name, bool json)
{
    struct fw_error err = { 0 };
    char *text = NULL;
    int status = plan_filter(name, &text, &err);
    int code = fw_status_exit_code(status);
    if (status < 0) {
        drop_pointer(err.text);
        fw_complain_to_user(verb->name, err.text);
    } else {
        json_t *plan = json_loads(text, 0, NULL);
        code = print_plan(verb, name, plan, json);
        json_decref(plan);
    }
    free(text);
    return code;
}

static int print_one(const struct fw_verb *verb, const char *name, bool json)
{
    struct fw_paper paper;
    const struct fw_filter *filter = fw_filter_find(name);
    if (!filter)
        return print_foreign(verb, name, json);
    if (!fw_paper_open(&paper))
        return 70;
    if (json) {
        print_json(paper.stream, filter);
    } else {
        fprintf(paper.stream, "%s: %s\n", filter->name, filter->summary);
        for (const struct fw_option *option = filter->options; option && option->name; option++)
            print_option(paper.stream, option);
    }
    return fw_paper_print(&paper, verb->name);
}

static int print_all(const struct fw_verb *verb, bool json)
{
    struct fw_paper paper;
    if (!fw_paper_open(&paper))
        return 70;
    for (uint32_t i = 0; i < fw_filter_count(); i++) {
        const struct fw_filter *filter = fw_filter_at(i);
        if (json)
            print_json(paper.stream, filter);
        else
            fprintf(paper.stream, "%-14s %s\n", filter->name, filter->summary);
    }
    return fw_paper_print(&paper, verb->name);
}

int fw_cmd_filters(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    int code = fw_cli_start(&cli, verb, argc, argv);
    bool json = fw_cli_count(&cli, "json") > 0;
    if (code < 0)
        code = cli.name_count > 0 ? print_one(verb, cli.names[0], json) : print_all(verb, json);
    fw_cli_deinit(&cli);
    return code;
}
