/* The options of a verb, from the tables that hold them: what help, man pages and completions are
 * made from. */
#ifndef FW_TOOLS_VERB_OPTIONS_H
#define FW_TOOLS_VERB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"

/* The next option of the verb that has a help text, the job's before the verb's own. `*cursor` is
 * 0 at the start. False at the end. The strings are static. */
bool fw_verb_option_next(const struct fw_verb *verb, uint32_t *cursor,
                         struct fw_job_option *option_out);

#define FW_SPELLING_MAX 48

/* The next way to write the option's word, dashes included: single-dash words first, as people type
 * them, then the long one. `*cursor` is 0 at the start. False at the end. */
bool fw_option_spelling_next(const struct fw_job_option *option, uint32_t *cursor,
                             char spelling_out[FW_SPELLING_MAX]);

/* What can stand where a table says "FILE", "N|auto" or "NAME". */
enum fw_hint {
    FW_HINT_FILE = 1,
    FW_HINT_FOLDER = 2,
    FW_HINT_WORDS = 4, /* those in struct fw_hints */
    FW_HINT_CHAIN = 8,
    FW_HINT_FILTER = 16,
    FW_HINT_RECIPE = 32,
    FW_HINT_VERB = 64
};

struct fw_hints {
    unsigned kinds;  /* of enum fw_hint */
    char words[160]; /* separated by spaces */
};

/* Of an option's value_name; NULL is a flag. */
void fw_hints_of_value(struct fw_hints *hints, const char *value_name);
/* Of the names that a verb takes, by its usage. */
void fw_hints_of_names(struct fw_hints *hints, const struct fw_verb *verb);

#endif
