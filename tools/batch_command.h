/* What `images` and `batch` have in common: all but their names. */
#ifndef FW_TOOLS_BATCH_COMMAND_H
#define FW_TOOLS_BATCH_COMMAND_H

#include "cli.h"

int fw_batch_command(const struct fw_verb *verb, int argc, char **argv);
/* A report ("framewheel-batch/1") as a few lines for people. The caller frees it; NULL. */
char *fw_batch_summary(const char *report_json, bool verbose);

#endif
