/* Reports as files, and the end of a command that made one. */
#ifndef FW_TOOLS_REPORTS_H
#define FW_TOOLS_REPORTS_H

#include "cli.h"

/* Whether every --report can be written, before the work. FW_ERR_OUTPUT. */
int fw_reports_check(const struct fw_cli *cli, struct fw_error *err);
/* Writes them, whole or not at all; the exit code: `exit_code`, or that of the first that failed,
 * which is told. */
int fw_reports_write(const struct fw_cli *cli, const char *text, int exit_code);
/* The report with another exit code. The caller frees it; NULL without memory. */
char *fw_report_with_exit(const char *report, int code);
/* "exit" of a report; `fallback` without one. */
int fw_report_exit(const char *report, int fallback);

#endif
