/* Help texts: the main one by hand, those of the verbs from the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "help_document.h"
#include "paper.h"
#include "term.h"

#define WIDTH 80
#define HELP_COLUMN 28

int fw_main_help(void)
{
    struct fw_paper paper;
    if (!fw_paper_open(&paper))
        return 70;
    fputs("framewheel - run filters over video and images on every core\n"
          "\n"
          "  framewheel run in.mkv out.mp4 -vf unsharp,scale=1280:-2 -crf 20\n"
          "  framewheel images photos/ -o out/ --vf thumb=2048x2048,unsharp\n"
          "  framewheel batch season1/ -o done/ --recipe web-720p\n"
          "  framewheel probe in.mkv\n"
          "\n"
          "Usage: framewheel COMMAND [OPTIONS]\n"
          "\n",
          paper.stream);
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        if (fw_verb_at(i)->summary)
            fprintf(paper.stream, "  %-10s %s\n", fw_verb_at(i)->name, fw_verb_at(i)->summary);
    }
    fputs("\n'framewheel help COMMAND' lists all options of a command.\n", paper.stream);
    return fw_paper_print(&paper, NULL);
}

/* "-i, --input FILE": single-dash words first, as people type them. */
static void spell(const struct fw_job_option *row, char *text, size_t bytes)
{
    size_t used = 0;
    bool canonical = false;
    const char *word = row->aliases;
    text[0] = '\0';
    while (word && *word && used < bytes) {
        const char *end = strchrnul(word, ' ');
        const char *bare = *word == '-' ? word + 1 : word;
        canonical = canonical || ((size_t)(end - bare) == strlen(row->name) &&
                                  strncmp(bare, row->name, (size_t)(end - bare)) == 0);
        used += (size_t)snprintf(text + used, bytes - used, "%s-%.*s", used ? ", " : "",
                                 (int)(end - bare), bare);
        word = *end ? end + 1 : end;
    }
    if (!canonical && used < bytes)
        used += (size_t)snprintf(text + used, bytes - used, "%s--%s", used ? ", " : "", row->name);
    if (row->value_name && used < bytes)
        (void)snprintf(text + used, bytes - used, " %s", row->value_name);
}

/* Words from column HELP_COLUMN on, wrapped. */
static void wrap(FILE *out, const char *text)
{
    size_t column = HELP_COLUMN;
    while (*text) {
        size_t bytes = (size_t)(strchrnul(text, ' ') - text);
        if (column > HELP_COLUMN && column + 1 + bytes > WIDTH - 1) {
            fprintf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, bytes, out);
        column += bytes;
        text += bytes;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_row(FILE *out, const char *left, const char *help, const char *default_text)
{
    char text[512];
    if (default_text)
        (void)snprintf(text, sizeof(text), "%s Default: %s.", help, default_text);
    else
        (void)snprintf(text, sizeof(text), "%s", help);
    if (strlen(left) + 3 <= HELP_COLUMN)
        fprintf(out, "  %-*s", HELP_COLUMN - 2, left);
    else
        fprintf(out, "  %s\n%*s", left, HELP_COLUMN, "");
    wrap(out, text);
}

static void print_groups(FILE *out, enum fw_scope scope)
{
    const char *group = "";
    const struct fw_job_option *row;
    for (uint32_t i = 0; (row = fw_option_at(scope, i)); i++) {
        char left[160];
        if (!row->help)
            continue;
        if (strcmp(group, row->group) != 0)
            fprintf(out, "\n%s\n", row->group);
        group = row->group;
        spell(row, left, sizeof(left));
        print_row(out, left, row->help, row->default_text);
    }
}

int fw_verb_help(const struct fw_verb *verb)
{
    struct fw_paper paper;
    char left[64];
    if (!fw_paper_open(&paper))
        return 70;
    if (verb->summary)
        fprintf(paper.stream, "framewheel %s - %s\n\n", verb->name, verb->summary);
    fprintf(paper.stream, "Usage: framewheel %s %s\n", verb->name, verb->usage);
    if (verb->options_of) {
        fprintf(paper.stream,
                "\nTakes every option of 'run', so that a command line needs one word changed;\n"
                "with --json the plan comes as JSON.  All options: framewheel help %s\n",
                verb->options_of);
    } else if (verb->job_options) {
        if (verb->scope == FW_SCOPE_RUN)
            fputs("       the same: -i IN -o OUT; words after '--' are names; "
                  "'-' is a pipe\n",
                  paper.stream);
        print_groups(paper.stream, verb->scope);
    }
    if (verb->extras)
        fputc('\n', paper.stream);
    for (const struct fw_cli_extra *extra = verb->extras; extra && extra->name; extra++) {
        if (!extra->help)
            continue;
        (void)snprintf(left, sizeof(left), "%s%s%s%s", extra->name[1] ? "--" : "-", extra->name,
                       extra->value_name ? " " : "", extra->value_name ? extra->value_name : "");
        print_row(paper.stream, left, extra->help, NULL);
    }
    return fw_paper_print(&paper, NULL);
}

/* Which of the forms is asked for; `verb` is NULL for all of them. */
static int show(const struct fw_cli *cli, const struct fw_verb *verb)
{
    if (fw_cli_count(cli, "json") > 0)
        return fw_help_print_json(verb);
    if (fw_cli_count(cli, "scd") > 0)
        return verb ? fw_help_print_scdoc(verb) : fw_help_print_scdoc_verbs();
    return verb ? fw_verb_help(verb) : fw_main_help();
}

int fw_cmd_help(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    char text[320];
    char shown[256];
    int code = fw_cli_start(&cli, verb, argc, argv);
    const char *name = cli.name_count > 0 ? cli.names[0] : NULL;
    if (code < 0 && name && !fw_verb_find(name)) {
        (void)snprintf(text, sizeof(text), "'%s' is not a command\nhint: framewheel help",
                       fw_escape(name, shown, sizeof(shown), 0));
        fw_complain_to_user(verb->name, text);
        code = 2;
    } else if (code < 0) {
        code = show(&cli, name ? fw_verb_find(name) : NULL);
    }
    fw_cli_deinit(&cli);
    return code;
}
