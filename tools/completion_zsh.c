/* The completion script for zsh, in the terms of its _arguments. */
#include "completion.h"

static const char code[] =
    "# KIND[,KIND...] WORDS: offers all of them.\n"
    "_framewheel_offer() {\n"
    "  local kind\n"
    "  local -a names\n"
    "  for kind in ${(s:,:)1}; do\n"
    "    case $kind in\n"
    "    file) _files ;;\n"
    "    folder) _files -/ ;;\n"
    "    words) compadd -- ${(s: :)2} ;;\n"
    "    chain)\n"
    "      compset -P '*,'\n"
    "      names=(${(f)\"$(_call_program filters ${(q)program} filters --names 2>/dev/null)\"})\n"
    "      compadd -S '' -- $names\n"
    "      ;;\n"
    "    filter)\n"
    "      names=(${(f)\"$(_call_program filters ${(q)program} filters --names 2>/dev/null)\"})\n"
    "      compadd -- $names\n"
    "      ;;\n"
    "    recipe)\n"
    "      names=(${(f)\"$(_call_program recipes ${(q)program} recipes --names 2>/dev/null)\"})\n"
    "      compadd -- $names\n"
    "      [[ $PREFIX == */* ]] && _files\n"
    "      ;;\n"
    "    command) _framewheel_commands ;;\n"
    "    esac\n"
    "  done\n"
    "}\n"
    "\n"
    "_framewheel() {\n"
    "  local program=$words[1] verb=$words[2]\n"
    "  if (( CURRENT == 2 )); then\n"
    "    _framewheel_commands\n"
    "    return\n"
    "  fi\n"
    "  shift words\n"
    "  (( CURRENT-- ))\n"
    "  (( $+functions[_framewheel_of_$verb] )) && _framewheel_of_$verb\n"
    "}\n"
    "\n"
    "if [[ $funcstack[1] == _framewheel ]]; then\n"
    "  _framewheel \"$@\"\n"
    "else\n"
    "  compdef _framewheel framewheel\n"
    "fi\n";

/* ":MESSAGE: ACTION"; the space keeps zsh from adding words of its own to the call. */
static void write_action(FILE *out, const char *message, const struct fw_hints *hints)
{
    fputc(':', out);
    fw_completion_quote(out, message, ":\\");
    if (!hints->kinds) {
        fputs(": ", out);
        return;
    }
    fputs(": _framewheel_offer ", out);
    fw_completion_kinds(out, hints, ',');
    if (hints->words[0])
        fprintf(out, " \"%s\"", hints->words);
}

/* The other spellings of an option that may stand once: they are not offered again. */
static void write_excluded(FILE *out, const struct fw_job_option *option)
{
    char spelling[FW_SPELLING_MAX];
    uint32_t at = 0;
    if (option->repeatable) {
        fputc('*', out);
        return;
    }
    for (int i = 0; fw_option_spelling_next(option, &at, spelling); i++)
        fprintf(out, "%s%s", i ? " " : "(", spelling);
    fputc(')', out);
}

static void write_option(FILE *out, const struct fw_job_option *option)
{
    char spelling[FW_SPELLING_MAX];
    struct fw_hints hints;
    uint32_t at = 0;
    fw_hints_of_value(&hints, option->value_name);
    while (fw_option_spelling_next(option, &at, spelling)) {
        bool has_value = option->kind == FW_ARG_VALUE;
        fputs("    '", out);
        write_excluded(out, option);
        fw_completion_quote(out, spelling, ":");
        if (has_value && spelling[1] == '-')
            fputc('=', out);
        fputc('[', out);
        fw_completion_quote(out, option->help, "[]\\");
        fputc(']', out);
        if (has_value)
            write_action(out, option->value_name, &hints);
        fputs("' \\\n", out);
    }
}

static void write_verb(FILE *out, const struct fw_verb *verb)
{
    struct fw_job_option option;
    struct fw_hints hints;
    uint32_t cursor = 0;
    fprintf(out,
            "_framewheel_of_%s() {\n"
            "  _arguments -S : \\\n"
            "    '(- *)--help[Print the options and end.]' \\\n",
            verb->name);
    while (fw_verb_option_next(verb, &cursor, &option))
        write_option(out, &option);
    fw_hints_of_names(&hints, verb);
    fputs("    '*", out);
    if (hints.kinds)
        write_action(out, "name", &hints);
    else
        fputs(":nothing more: ", out);
    fputs("'\n}\n\n", out);
}

void fw_completion_zsh(FILE *out)
{
    fputs("#compdef framewheel\n"
          "# Completion of framewheel's command lines for zsh.\n"
          "\n"
          "_framewheel_commands() {\n"
          "  local -a commands=(\n",
          out);
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        if (!fw_verb_at(i)->summary)
            continue;
        fprintf(out, "    '%s:", fw_verb_at(i)->name);
        fw_completion_quote(out, fw_verb_at(i)->summary, ":\\");
        fputs("'\n", out);
    }
    fputs("  )\n"
          "  _describe -t commands command commands\n"
          "}\n"
          "\n",
          out);
    for (uint32_t i = 0; fw_verb_at(i); i++)
        write_verb(out, fw_verb_at(i));
    fputs(code, out);
}
