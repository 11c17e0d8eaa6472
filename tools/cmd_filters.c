/* framewheel filters: the built-in filters and their options. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "term.h"

#define FILTERS_MAX 1024

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

static int print_one(const struct fw_verb *verb, const char *name, bool json)
{
    const char *names[FILTERS_MAX];
    char text[512];
    char shown[128];
    struct fw_paper paper;
    const struct fw_filter *filter = fw_filter_find(name);
    uint32_t count = 0;
    if (!filter) {
        for (; count < FILTERS_MAX && fw_filter_at(count); count++)
            names[count] = fw_filter_at(count)->name;
        const char *near = fw_nearest(name, names, count);
        (void)fw_escape(name, shown, sizeof(shown), 0);
        if (near)
            (void)snprintf(text, sizeof(text),
                           "no built-in filter is called '%s'\nhint: did you mean '%s'?", shown,
                           near);
        else
            (void)snprintf(text, sizeof(text),
                           "no built-in filter is called '%s'; those of libavfilter that look at "
                           "one frame alone run too, others are refused with the reason\n"
                           "hint: framewheel explain IN --null -vf %s",
                           shown, shown);
        fw_complain_to_user(verb->name, text);
        return 2;
    }
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
