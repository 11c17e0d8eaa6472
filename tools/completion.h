/* Completion scripts, made from the tables of verbs and options. */
#ifndef FW_TOOLS_COMPLETION_H
#define FW_TOOLS_COMPLETION_H

#include <stdio.h>

#include "verb_options.h"

void fw_completion_bash(FILE *out);
void fw_completion_zsh(FILE *out);
void fw_completion_fish(FILE *out);

/* "file,words" with any separator; "none" for no kind. */
void fw_completion_kinds(FILE *out, const struct fw_hints *hints, char separator);
/* The text between single quotes, for bash and zsh, with a backslash before each of `marks`. */
void fw_completion_quote(FILE *out, const char *text, const char *marks);
/* The shown verbs, each behind a space. */
void fw_completion_verbs(FILE *out);

#endif
