/* framewheel completion: scripts for shells, and what their writers share. */
#include <string.h>

#include "cli.h"
#include "completion.h"
#include "paper.h"
#include "term.h"

void fw_completion_kinds(FILE *out, const struct fw_hints *hints, char separator)
{
    static const struct {
        enum fw_hint hint;
        const char *name;
    } kinds[] = {
        { FW_HINT_FILE, "file" },    { FW_HINT_FOLDER, "folder" }, { FW_HINT_WORDS, "words" },
        { FW_HINT_CHAIN, "chain" },  { FW_HINT_FILTER, "filter" }, { FW_HINT_RECIPE, "recipe" },
        { FW_HINT_VERB, "command" },
    };
    bool any = false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!(hints->kinds & kinds[i].hint))
            continue;
        if (any)
            fputc(separator, out);
        fputs(kinds[i].name, out);
        any = true;
    }
    if (!any)
        fputs("none", out);
}

void fw_completion_quote(FILE *out, const char *text, const char *marks)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
            continue;
        }
        if (strchr(marks, *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

void fw_completion_verbs(FILE *out)
{
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        if (fw_verb_at(i)->summary)
            fprintf(out, " %s", fw_verb_at(i)->name);
    }
}

int fw_cmd_completion(const struct fw_verb *verb, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } shells[] = { { "bash", fw_completion_bash },
                   { "zsh", fw_completion_zsh },
                   { "fish", fw_completion_fish } };
    struct fw_cli cli;
    struct fw_paper paper;
    int code = fw_cli_start(&cli, verb, argc, argv);
    const char *name = cli.name_count > 0 ? cli.names[0] : "";
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]) && code < 0; i++) {
        if (strcmp(name, shells[i].name) != 0)
            continue;
        code = 70;
        if (fw_paper_open(&paper)) {
            shells[i].write(paper.stream);
            code = fw_paper_print(&paper, verb->name);
        }
    }
    if (code < 0) {
        fw_complain_to_user(verb->name, "the name of a shell is needed: bash, zsh or fish");
        code = 2;
    }
    fw_cli_deinit(&cli);
    return code;
}
