/* The log file of a run: all that is said, shown or not. Its fd is -1 when there is none. */
#ifndef FW_TOOLS_LOG_H
#define FW_TOOLS_LOG_H

#include <framewheel/framewheel.h>

/* Appends. FW_ERR_OUTPUT. */
int fw_log_open(int *fd_out, const char *name, struct fw_error *err);
/* Version, start time and command line. */
void fw_log_head(int fd, const char *verb, int argc, char **argv);
/* "     7.731 WORD: TEXT"; a newline is added where the text has none. */
void fw_log_line(int fd, double seconds, const char *word, const char *text);
void fw_log_message(int fd, double seconds, enum fw_message_level level, const char *text);

#endif
