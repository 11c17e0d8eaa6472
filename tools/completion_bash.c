/* The completion script for bash: tables as one function, and the code that reads them. */
#include "completion.h"

/* Bash parts words at ':' and '=', which option words and chains have inside. They are joined
 * again here, and what bash will have kept is cut from the answers. */
static const char code[] =
    "# The words up to the cursor, with those joined that stand without a space between them.\n"
    "_framewheel_join() {\n"
    "  local i word last='' spaced=1 rest=${COMP_LINE-}\n"
    "  words=()\n"
    "  for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "    word=${COMP_WORDS[i]-}\n"
    "    if [[ -z $spaced && ( $word =~ ^[:=]+$ || $last =~ ^[:=]+$ ) ]]; then\n"
    "      words[${#words[@]}-1]+=$word\n"
    "    else\n"
    "      words+=(\"$word\")\n"
    "    fi\n"
    "    last=$word\n"
    "    rest=${rest#\"$word\"}\n"
    "    spaced=''\n"
    "    if [[ $rest == [[:space:]]* ]]; then\n"
    "      spaced=1\n"
    "      rest=${rest#\"${rest%%[![:space:]]*}\"}\n"
    "    fi\n"
    "  done\n"
    "}\n"
    "\n"
    "# Adds what begins as `value` does, each behind `lead`: KIND COMMAND.\n"
    "_framewheel_add() {\n"
    "  local before='' item\n"
    "  local -a items=()\n"
    "  case $1 in\n"
    "  file) mapfile -t items < <(compgen -f -- \"$value\") ;;\n"
    "  folder) mapfile -t items < <(compgen -d -- \"$value\") ;;\n"
    "  words) mapfile -t items < <(compgen -W \"$choices\" -- \"$value\") ;;\n"
    "  command) mapfile -t items < <(compgen -W \"$commands\" -- \"$value\") ;;\n"
    "  chain)\n"
    "    before=${value%\"${value##*,}\"}\n"
    "    mapfile -t items < <(compgen -W \"$(\"$2\" filters --names 2>/dev/null)\" \\\n"
    "      -- \"${value##*,}\")\n"
    "    compopt -o nospace 2>/dev/null\n"
    "    ;;\n"
    "  filter)\n"
    "    mapfile -t items < <(compgen -W \"$(\"$2\" filters --names 2>/dev/null)\" -- \"$value\")\n"
    "    ;;\n"
    "  recipe)\n"
    "    mapfile -t items < <(compgen -W \"$(\"$2\" recipes --names 2>/dev/null)\" -- \"$value\")\n"
    "    [[ $value == */* ]] && mapfile -t -O \"${#items[@]}\" items \\\n"
    "      < <(compgen -f -- \"$value\")\n"
    "    ;;\n"
    "  esac\n"
    "  case $1 in file | folder | recipe) compopt -o filenames 2>/dev/null ;; esac\n"
    "  for item in \"${items[@]}\"; do\n"
    "    COMPREPLY+=(\"$lead$before$item\")\n"
    "  done\n"
    "}\n"
    "\n"
    "# Takes quotes and backslashes from `cur`.\n"
    "_framewheel_unquote() {\n"
    "  local plain='' rest=$cur\n"
    "  if [[ $rest == [\\'\\\"]* ]]; then\n"
    "    quoted=1\n"
    "    cur=${rest:1}\n"
    "    return\n"
    "  fi\n"
    "  while [[ $rest == *\\\\* ]]; do\n"
    "    plain+=${rest%%\\\\*}\n"
    "    rest=${rest#*\\\\}\n"
    "    plain+=${rest:0:1}\n"
    "    rest=${rest:1}\n"
    "  done\n"
    "  cur=$plain$rest\n"
    "}\n"
    "\n"
    "# What bash keeps of the word, since it breaks words there.\n"
    "_framewheel_cut() {\n"
    "  local i mark rest kept=''\n"
    "  for mark in : =; do\n"
    "    [[ $COMP_WORDBREAKS == *\"$mark\"* ]] || continue\n"
    "    rest=${cur##*\"$mark\"}\n"
    "    ((${#cur} - ${#rest} <= ${#kept})) || kept=${cur%\"$rest\"}\n"
    "  done\n"
    "  for i in \"${!COMPREPLY[@]}\"; do\n"
    "    COMPREPLY[i]=${COMPREPLY[i]#\"$kept\"}\n"
    "  done\n"
    "}\n"
    "\n"
    "_framewheel() {\n"
    "  local cur verb last kind value lead='' quoted='' ended=''\n"
    "  local commands options kinds choices names name_words\n"
    "  local -a words\n"
    "  COMPREPLY=()\n"
    "  _framewheel_join\n"
    "  cur=${words[${#words[@]}-1]}\n"
    "  _framewheel_unquote\n"
    "  value=$cur\n"
    "  _framewheel_table '' ''\n"
    "  if [[ ${#words[@]} -eq 2 ]]; then\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$cur\")\n"
    "    return\n"
    "  fi\n"
    "  verb=${words[1]}\n"
    "  last=${words[${#words[@]}-2]}\n"
    "  for kind in \"${words[@]:2:${#words[@]}-3}\"; do\n"
    "    [[ $kind == -- ]] && ended=1\n"
    "  done\n"
    "  _framewheel_table \"$verb\" \"$last\"\n"
    "  if [[ -n $ended ]]; then\n"
    "    kinds=\n"
    "  elif [[ -z $kinds && $cur == --*=* ]]; then\n"
    "    lead=${cur%%=*}=\n"
    "    value=${cur#*=}\n"
    "    _framewheel_table \"$verb\" \"${cur%%=*}\"\n"
    "    kinds=${kinds:-none}\n"
    "  elif [[ -z $kinds && $cur == -* ]]; then\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
    "    kinds=none\n"
    "  fi\n"
    "  if [[ -z $kinds ]]; then\n"
    "    kinds=$names\n"
    "    choices=$name_words\n"
    "  fi\n"
    "  for kind in $kinds; do\n"
    "    _framewheel_add \"$kind\" \"$1\"\n"
    "  done\n"
    "  [[ -n $quoted ]] || _framewheel_cut\n"
    "}\n"
    "\n"
    "complete -F _framewheel framewheel\n";

static void write_words(FILE *out, const struct fw_verb *verb)
{
    struct fw_job_option option;
    uint32_t cursor = 0;
    fputs("    options='--help", out);
    while (fw_verb_option_next(verb, &cursor, &option)) {
        char spelling[FW_SPELLING_MAX];
        uint32_t at = 0;
        while (fw_option_spelling_next(&option, &at, spelling)) {
            fputc(' ', out);
            fw_completion_quote(out, spelling, "");
        }
    }
    fputs("'\n", out);
}

static void write_hints(FILE *out, const struct fw_hints *hints, const char *kinds,
                        const char *words)
{
    fprintf(out, " %s='", kinds);
    fw_completion_kinds(out, hints, ' ');
    fputc('\'', out);
    if (hints->words[0])
        fprintf(out, " %s='%s'", words, hints->words);
}

static void write_values(FILE *out, const struct fw_verb *verb)
{
    struct fw_job_option option;
    uint32_t cursor = 0;
    fputs("    case $2 in\n", out);
    while (fw_verb_option_next(verb, &cursor, &option)) {
        struct fw_hints hints;
        char spelling[FW_SPELLING_MAX];
        uint32_t at = 0;
        if (option.kind == FW_ARG_FLAG)
            continue;
        for (int i = 0; fw_option_spelling_next(&option, &at, spelling); i++)
            fprintf(out, "%s%s", i ? " | " : "    ", spelling);
        fw_hints_of_value(&hints, option.value_name);
        fputc(')', out);
        write_hints(out, &hints, "kinds", "choices");
        fputs(" ;;\n", out);
    }
    fputs("    esac\n", out);
}

void fw_completion_bash(FILE *out)
{
    fputs("# Completion of framewheel's command lines for bash.\n"
          "\n"
          "# VERB OPTION: the verb's options and names, and what the option's value is.\n"
          "_framewheel_table() {\n"
          "  commands='",
          out);
    fw_completion_verbs(out);
    fputs("' options= kinds= choices= names=none name_words=\n"
          "  case $1 in\n",
          out);
    for (uint32_t i = 0; fw_verb_at(i); i++) {
        const struct fw_verb *verb = fw_verb_at(i);
        struct fw_hints hints;
        fprintf(out, "  %s)\n", verb->name);
        fw_hints_of_names(&hints, verb);
        fputs("   ", out);
        write_hints(out, &hints, "names", "name_words");
        fputc('\n', out);
        write_words(out, verb);
        write_values(out, verb);
        fputs("    ;;\n", out);
    }
    fputs("  esac\n"
          "}\n"
          "\n",
          out);
    fputs(code, out);
}
