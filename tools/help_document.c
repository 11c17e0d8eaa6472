/* Help as JSON for programs, and as scdoc for the man pages. */
#include "help_document.h"

#include <string.h>

#include "paper.h"
#include "verb_options.h"

static json_t *option_json(const struct fw_job_option *option)
{
    char spelling[FW_SPELLING_MAX];
    json_t *aliases = json_array();
    uint32_t cursor = 0;
    while (fw_option_spelling_next(option, &cursor, spelling))
        (void)json_array_append_new(aliases, json_string(spelling));
    return json_pack("{s:s,s:o,s:s*,s:s,s:s,s:s*,s:b}", "name", option->name, "aliases", aliases,
                     "value_name", option->value_name, "group", option->group, "help", option->help,
                     "default", option->default_text, "repeatable", option->repeatable);
}

static json_t *verb_json(const struct fw_verb *verb)
{
    struct fw_job_option option;
    json_t *options = json_array();
    uint32_t cursor = 0;
    while (fw_verb_option_next(verb, &cursor, &option))
        (void)json_array_append_new(options, option_json(&option));
    return json_pack("{s:s,s:s*,s:s,s:o}", "name", verb->name, "summary", verb->summary, "usage",
                     verb->usage, "options", options);
}

int fw_help_print_json(const struct fw_verb *verb)
{
    struct fw_paper paper;
    json_t *verbs = json_array();
    int code = 70;
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        if (verb ? fw_verb_at(i) == verb : fw_verb_at(i)->summary != NULL)
            (void)json_array_append_new(verbs, verb_json(fw_verb_at(i)));
    }
    json_t *help = json_pack("{s:s,s:s,s:o}", "schema", "framewheel-help/1", "version",
                             fw_version(), "verbs", verbs);
    if (help && fw_paper_open(&paper)) {
        (void)json_dumpf(help, paper.stream, JSON_INDENT(2));
        code = fw_paper_print(&paper, NULL);
    }
    json_decref(help);
    return code;
}

/* A backslash takes the meaning from any mark, and two pluses at a line's end are a mark. */
static void escape(FILE *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (strchr("\\*_+#[]|<>`", text[i]))
            fputc('\\', out);
        fputc(text[i], out);
    }
}

static void print_option(FILE *out, const struct fw_job_option *option)
{
    char spelling[FW_SPELLING_MAX];
    uint32_t cursor = 0;
    for (uint32_t i = 0; fw_option_spelling_next(option, &cursor, spelling); i++) {
        fputs(i ? ", *" : "*", out);
        escape(out, spelling, strlen(spelling));
        fputc('*', out);
    }
    for (const char *part = option->value_name; part && *part;) {
        const char *end = strchrnul(part, '|');
        /* A dash alone cannot be set off: scdoc takes it for a part of the mark. */
        const char *mark = end - part == 1 && *part == '-' ? "" : "_";
        fputs(part == option->value_name ? " " : "\\|", out);
        fputs(mark, out);
        escape(out, part, (size_t)(end - part));
        fputs(mark, out);
        part = *end ? end + 1 : end;
    }
    fputs("\n\t", out);
    escape(out, option->help, strlen(option->help));
    if (option->default_text) {
        fputs(" Default: ", out);
        escape(out, option->default_text, strlen(option->default_text));
        fputc('.', out);
    }
    fputs(option->repeatable ? " May be given more than once.\n\n" : "\n\n", out);
}

int fw_help_print_scdoc(const struct fw_verb *verb)
{
    struct fw_paper paper;
    struct fw_job_option option;
    const char *group = NULL;
    uint32_t cursor = 0;
    if (!fw_paper_open(&paper))
        return 70;
    while (fw_verb_option_next(verb, &cursor, &option)) {
        bool first = !group || strcmp(group, option.group) != 0;
        if (first && (verb->job_options || group)) {
            fputs("## ", paper.stream);
            escape(paper.stream, option.group, strlen(option.group));
            fputs("\n\n", paper.stream);
        }
        group = option.group;
        print_option(paper.stream, &option);
    }
    fputs("*-h*, *--help*\n\tPrint the options and end.\n", paper.stream);
    return fw_paper_print(&paper, NULL);
}

int fw_help_print_scdoc_verbs(void)
{
    struct fw_paper paper;
    if (!fw_paper_open(&paper))
        return 70;
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        const struct fw_verb *verb = fw_verb_at(i);
        if (!verb->summary)
            continue;
        fprintf(paper.stream, "*framewheel-%s*(1)\n\t", verb->name);
        escape(paper.stream, verb->summary, strlen(verb->summary));
        fputs("\n\n", paper.stream);
    }
    return fw_paper_print(&paper, NULL);
}
