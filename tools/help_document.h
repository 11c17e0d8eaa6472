/* The tables of verbs and options as documents. */
#ifndef FW_TOOLS_HELP_DOCUMENT_H
#define FW_TOOLS_HELP_DOCUMENT_H

#include "cli.h"

/* "framewheel-help/1" on stdout: one verb, or all that are shown when `verb` is NULL. The exit
 * code. */
int fw_help_print_json(const struct fw_verb *verb);
/* The options as the part of a man page, in scdoc's syntax, on stdout. The exit code. */
int fw_help_print_scdoc(const struct fw_verb *verb);
/* The verbs as the part of the main man page. The exit code. */
int fw_help_print_scdoc_verbs(void);

#endif
