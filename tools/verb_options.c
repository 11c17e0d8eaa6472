/* One view on the tables of options. */
#include "verb_options.h"

#include <ctype.h>
#include <string.h>

/* Row number `index` of the verb; false past the end. The only place that knows which tables a verb
 * has. */
static bool option_at(const struct fw_verb *verb, uint32_t index, struct fw_job_option *out)
{
    const struct fw_job_option *row = verb->job_options ? fw_option_at(verb->scope, index) : NULL;
    uint32_t count = 0;
    if (row) {
        *out = *row;
        return true;
    }
    while (verb->job_options && fw_option_at(verb->scope, count))
        count++;
    const struct fw_cli_extra *extra = verb->extras;
    for (index -= count; extra && extra->name && index > 0; index--)
        extra++;
    if (!extra || !extra->name)
        return false;
    *out = (struct fw_job_option){ .name = extra->name,
                                   .aliases = extra->name[1] ? NULL : extra->name,
                                   .kind = extra->value_name ? FW_ARG_VALUE : FW_ARG_FLAG,
                                   .value_name = extra->value_name,
                                   .group = "Options",
                                   .help = extra->help };
    return true;
}

bool fw_verb_option_next(const struct fw_verb *verb, uint32_t *cursor,
                         struct fw_job_option *option_out)
{
    while (option_at(verb, *cursor, option_out)) {
        (*cursor)++;
        if (option_out->help)
            return true;
    }
    return false;
}

/* Alias number `index` without dashes; 0 bytes past the end. */
static size_t alias_at(const char *words, uint32_t index, const char **out)
{
    const char *word = words ? words : "";
    for (; *word; index--) {
        const char *end = strchrnul(word, ' ');
        const char *bare = *word == '-' ? word + 1 : word;
        if (index == 0) {
            *out = bare;
            return (size_t)(end - bare);
        }
        word = *end ? end + 1 : end;
    }
    return 0;
}

bool fw_option_spelling_next(const struct fw_job_option *option, uint32_t *cursor,
                             char spelling_out[FW_SPELLING_MAX])
{
    const char *alias = NULL;
    size_t bytes = alias_at(option->aliases, *cursor, &alias);
    uint32_t count = 0;
    if (bytes > 0) {
        (*cursor)++;
        (void)snprintf(spelling_out, FW_SPELLING_MAX, "-%.*s", (int)bytes, alias);
        return true;
    }
    while (alias_at(option->aliases, count, &alias) > 0)
        count++;
    /* One letter has no long form. */
    if (*cursor > count || !option->name[1])
        return false;
    *cursor = count + 1;
    (void)snprintf(spelling_out, FW_SPELLING_MAX, "--%s", option->name);
    return true;
}

static void add_word(struct fw_hints *hints, const char *word, size_t bytes)
{
    size_t used = strlen(hints->words);
    if (used + bytes + 2 > sizeof(hints->words))
        return;
    (void)snprintf(hints->words + used, sizeof(hints->words) - used, "%s%.*s", used ? " " : "",
                   (int)bytes, word);
    hints->kinds |= FW_HINT_WORDS;
}

static bool is_literal(const char *word, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!islower((unsigned char)word[i]) && !isdigit((unsigned char)word[i]) && word[i] != '_')
            return false;
    }
    return bytes > 0 && islower((unsigned char)word[0]);
}

/* One alternative of "N|auto". Capitals stand for something, small letters for themselves. */
static void add_part(struct fw_hints *hints, const char *part, size_t bytes)
{
    static const struct {
        const char *beginning;
        enum fw_hint hint;
    } known[] = {
        { "FILE", FW_HINT_FILE },     { "DIR", FW_HINT_FOLDER },    { "CHAIN", FW_HINT_CHAIN },
        { "FILTER", FW_HINT_FILTER }, { "RECIPE", FW_HINT_RECIPE }, { "COMMAND", FW_HINT_VERB },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t length = strlen(known[i].beginning);
        if (bytes >= length && strncmp(part, known[i].beginning, length) == 0 &&
            !isupper((unsigned char)part[length]))
            hints->kinds |= known[i].hint;
    }
    if (is_literal(part, bytes))
        add_word(hints, part, bytes);
}

void fw_hints_of_value(struct fw_hints *hints, const char *value_name)
{
    memset(hints, 0, sizeof(*hints));
    for (const char *part = value_name; part && *part;) {
        const char *end = strchrnul(part, '|');
        add_part(hints, part, (size_t)(end - part));
        part = *end ? end + 1 : end;
    }
}

void fw_hints_of_names(struct fw_hints *hints, const struct fw_verb *verb)
{
    const char *word = verb->usage;
    memset(hints, 0, sizeof(*hints));
    while (*word) {
        word += strspn(word, " [](|.");
        size_t bytes = strcspn(word, " [](|.");
        if (*word == '-' || strncmp(word, "OPTIONS", 7) == 0)
            break;
        unsigned before = hints->kinds;
        add_part(hints, word, bytes);
        /* IN, OUT, BEFORE: whatever has no name of its own is a file. */
        if (bytes > 0 && isupper((unsigned char)*word) && hints->kinds == before &&
            !(before & ~(unsigned)FW_HINT_WORDS))
            hints->kinds |= FW_HINT_FILE;
        word += bytes;
    }
}
