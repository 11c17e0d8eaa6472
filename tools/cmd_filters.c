/* framewheel filters: the built-in filters and their options, and libavfilter's. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "run_options.h"
#include "term.h"

static bool has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

static void print_option(FILE *out, const json_t *option)
{
    size_t index;
    const json_t *choice;
    const json_t *choices = json_object_get(option, "choices");
    fprintf(out, "  %-14s %s", fw_json_text_of(option, "name"), fw_json_text_of(option, "type"));
    if (has(option, "min"))
        fprintf(out, " %g..%g", fw_json_number_of(option, "min"), fw_json_number_of(option, "max"));
    if (has(option, "unit"))
        fprintf(out, " %s", fw_json_text_of(option, "unit"));
    if (has(option, "default"))
        fprintf(out, ", default %s", fw_json_text_of(option, "default"));
    fputc('\n', out);
    if (*fw_json_text_of(option, "help"))
        fprintf(out, "  %-14s %s\n", "", fw_json_text_of(option, "help"));
    json_array_foreach(choices, index, choice)
        fprintf(out, "%s%s", index ? ", " : "                 one of ", json_string_value(choice));
    if (json_array_size(choices) > 0)
        fputc('\n', out);
    if (has(option, "variables"))
        fprintf(out, "  %-14s may use: %s\n", "", fw_json_text_of(option, "variables"));
}

#define FORMATS_COLUMN 17
#define FORMATS_WIDTH 79

/* The names under each other, wrapped. */
static void print_formats(FILE *out, const json_t *formats)
{
    size_t index, column = FORMATS_WIDTH;
    const json_t *format;
    json_array_foreach(formats, index, format)
    {
        const char *name = json_string_value(format);
        if (column + strlen(name) >= FORMATS_WIDTH) {
            fprintf(out, index ? "\n%*s" : "  takes%*s", index ? FORMATS_COLUMN : 10, "");
            column = FORMATS_COLUMN;
        }
        fprintf(out, "%s ", name);
        column += strlen(name) + 1;
    }
    if (json_array_size(formats) > 0)
        fputc('\n', out);
}

static void print_filter(FILE *out, const json_t *filter)
{
    char file[1024];
    size_t index;
    const json_t *option;
    fprintf(out, "%s: %s\n", fw_json_text_of(filter, "name"), fw_json_text_of(filter, "summary"));
    if (has(filter, "file"))
        fprintf(out, "  of the plugin %s\n", fw_json_name_of(filter, "file", file, sizeof(file)));
    json_array_foreach(json_object_get(filter, "options"), index, option) print_option(out, option);
    if (has(filter, "class"))
        fprintf(out, "  %-14s %s: %s\n", "class", fw_json_text_of(filter, "class"),
                fw_json_text_of(filter, "reason"));
    print_formats(out, json_object_get(filter, "formats"));
}

/* One object, one line. */
static void print_json(FILE *out, const json_t *filter)
{
    char *text = json_dumps(filter, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fprintf(out, "%s\n", text ? text : "{}");
    free(text);
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
                    "%s: of %s, %s (%s)\n"
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

static bool is_foreign(const json_t *filter)
{
    return strcmp(fw_json_text_of(filter, "engine"), "libavfilter") == 0;
}

/* The first of a name: a built-in hides libavfilter's. */
static const json_t *find(const json_t *filters, const char *name)
{
    size_t index;
    const json_t *filter;
    json_array_foreach(filters, index, filter)
    {
        if (strcmp(fw_json_text_of(filter, "name"), name) == 0)
            return filter;
    }
    return NULL;
}

static int print_one(const struct fw_verb *verb, const json_t *filters, const char *name, bool json)
{
    struct fw_paper paper;
    const json_t *filter = find(filters, name);
    if (!filter || (is_foreign(filter) && !json))
        return print_foreign(verb, name, json);
    if (!fw_paper_open(&paper))
        return 70;
    if (json)
        print_json(paper.stream, filter);
    else
        print_filter(paper.stream, filter);
    return fw_paper_print(&paper, verb->name);
}

static int print_all(const struct fw_verb *verb, const json_t *filters, const char *word, bool json)
{
    struct fw_paper paper;
    size_t index;
    const json_t *filter;
    if (!fw_paper_open(&paper))
        return 70;
    json_array_foreach(filters, index, filter)
    {
        const char *name = fw_json_text_of(filter, "name");
        const char *summary = fw_json_text_of(filter, "summary");
        if (word && !strcasestr(name, word) && !strcasestr(summary, word))
            continue;
        bool usable = !is_foreign(filter) ||
                      (!has(filter, "refused") && find(filters, name) == filter);
        if (json)
            print_json(paper.stream, filter);
        else if (usable)
            fprintf(paper.stream, "%-18s %s%s\n", name, summary,
                    is_foreign(filter) ? " (libavfilter)" : "");
    }
    return fw_paper_print(&paper, verb->name);
}

/* For completion, which nobody waits for: those that need no process to be known. */
static int print_names(const struct fw_verb *verb)
{
    struct fw_paper paper;
    if (!fw_paper_open(&paper))
        return 70;
    for (uint32_t i = 0; i < fw_filter_count(); i++)
        fprintf(paper.stream, "%s\n", fw_filter_at(i)->name);
    return fw_paper_print(&paper, verb->name);
}

/* The table of all filters; NULL with *err set. */
static json_t *read_filters(const struct fw_cli *cli, struct fw_error *err)
{
    struct fw_job *job = NULL;
    char *text = NULL;
    int status = fw_job_create(&job, err);
    if (status == FW_OK && !fw_cli_value(cli, "plugin-path"))
        status = fw_plugin_path_apply(job, err);
    for (uint32_t i = 0; i < cli->option_count && status == FW_OK; i++) {
        const struct fw_cli_option *option = &cli->options[i];
        if (strncmp(option->name, "plugin", 6) == 0)
            status = fw_job_set(job, option->name, option->value, err);
    }
    if (status == FW_OK)
        status = fw_job_filters(job, &text, err);
    json_t *filters = text ? json_loads(text, 0, NULL) : NULL;
    if (status == FW_OK && !filters)
        (void)fw_fail(err, FW_ERR_INTERNAL, "the list of filters is no JSON");
    free(text);
    fw_job_destroy(job);
    return filters;
}

int fw_cmd_filters(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    int code = fw_cli_start(&cli, verb, argc, argv);
    bool json = fw_cli_count(&cli, "json") > 0;
    if (code < 0 && fw_cli_count(&cli, "names") > 0)
        code = print_names(verb);
    json_t *filters = code < 0 ? read_filters(&cli, &err) : NULL;
    if (code < 0 && !filters) {
        fw_complain_to_user(verb->name, err.text);
        code = fw_status_exit_code(err.status);
    } else if (code < 0) {
        code = cli.name_count > 0 ? print_one(verb, filters, cli.names[0], json)
                                  : print_all(verb, filters, fw_cli_value(&cli, "search"), json);
    }
    json_decref(filters);
    fw_cli_deinit(&cli);
    return code;
}
