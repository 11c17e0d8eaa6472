/* The completion script for fish: one rule an option. */
#include "completion.h"

static const char code[] =
    "# Completion of framewheel's command lines for fish.\n"
    "\n"
    "function __framewheel_no_verb\n"
    "    test (count (commandline -opc)) -eq 1\n"
    "end\n"
    "\n"
    "function __framewheel_verb\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
    "end\n"
    "\n"
    "# What the command on this line says of itself.\n"
    "function __framewheel_ask\n"
    "    set -l words (commandline -opc)\n"
    "    $words[1] $argv 2>/dev/null\n"
    "end\n"
    "\n"
    "# A chain with each filter as its last one.\n"
    "function __framewheel_chain\n"
    "    set -l value (string replace -r '^--[^=]*=' '' -- (commandline -ct))\n"
    "    set -l before (string match -r '^.*,' -- $value)\n"
    "    printf '%s\\n' \"$before\"(__framewheel_ask filters --names)\n"
    "end\n"
    "\n";

/* Between single quotes of fish. */
static void quote(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

/* The words of -a, or nothing. */
static void write_offers(FILE *out, const struct fw_hints *hints)
{
    static const struct {
        enum fw_hint hint;
        const char *call;
    } calls[] = {
        { FW_HINT_FOLDER, "(__fish_complete_directories (commandline -ct))" },
        { FW_HINT_CHAIN, "(__framewheel_chain)" },
        { FW_HINT_FILTER, "(__framewheel_ask filters --names)" },
        { FW_HINT_RECIPE, "(__framewheel_ask recipes --names)" },
    };
    if (!(hints->kinds & ~(unsigned)FW_HINT_FILE))
        return;
    fprintf(out, " -a '%s", hints->words);
    if (hints->kinds & FW_HINT_VERB)
        fw_completion_verbs(out);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (hints->kinds & calls[i].hint)
            fprintf(out, " %s", calls[i].call);
    }
    fputc('\'', out);
}

static void write_option(FILE *out, const struct fw_verb *verb, const struct fw_job_option *option)
{
    char spelling[FW_SPELLING_MAX];
    struct fw_hints hints;
    uint32_t at = 0;
    fprintf(out, "complete -c framewheel -n '__framewheel_verb %s'", verb->name);
    while (fw_option_spelling_next(option, &at, spelling)) {
        const char *form = spelling[1] == '-' ? "-l" : spelling[2] ? "-o" : "-s";
        fprintf(out, " %s ", form);
        quote(out, spelling + (spelling[1] == '-' ? 2 : 1));
    }
    if (option->kind == FW_ARG_VALUE) {
        fw_hints_of_value(&hints, option->value_name);
        fputs(hints.kinds & (FW_HINT_FILE | FW_HINT_RECIPE) ? " -r -F" : " -x", out);
        write_offers(out, &hints);
    }
    fputs(" -d ", out);
    quote(out, option->help);
    fputc('\n', out);
}

static void write_verb(FILE *out, const struct fw_verb *verb)
{
    struct fw_job_option option;
    struct fw_hints hints;
    uint32_t cursor = 0;
    if (verb->summary) {
        fprintf(out, "\ncomplete -c framewheel -n __framewheel_no_verb -f -a %s -d ", verb->name);
        quote(out, verb->summary);
        fputc('\n', out);
    }
    fw_hints_of_names(&hints, verb);
    if (!(hints.kinds & FW_HINT_FILE)) {
        fprintf(out, "complete -c framewheel -n '__framewheel_verb %s' -f", verb->name);
        write_offers(out, &hints);
        fputc('\n', out);
    }
    fprintf(out,
            "complete -c framewheel -n '__framewheel_verb %s' -s h -l help "
            "-d 'Print the options and end.'\n",
            verb->name);
    while (fw_verb_option_next(verb, &cursor, &option))
        write_option(out, verb, &option);
}

void fw_completion_fish(FILE *out)
{
    fputs(code, out);
    for (uint32_t i = 0; fw_verb_at(i); i++)
        write_verb(out, fw_verb_at(i));
}
