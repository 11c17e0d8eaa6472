/* A report ("framewheel-run/1") as a few lines for people. Keys that are missing are left out. */
#ifndef FW_TOOLS_SUMMARY_H
#define FW_TOOLS_SUMMARY_H

#include <stdbool.h>

/* `verbose`: also what each stage waited for, and all of the sandbox. The caller frees the text;
 * NULL when there is nothing to say. Lines end with newlines. */
char *fw_summary_text(const char *report_json, const char *output, bool verbose);

#endif
