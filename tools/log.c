/* The log file of a run. A log that cannot be written is no reason to stop a job. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "term.h"

int fw_log_open(int *fd_out, const char *name, struct fw_error *err)
{
    char shown[256];
    *fd_out = open(name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0666);
    if (*fd_out < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "--log-file %s: %s",
                       fw_escape(name, shown, sizeof(shown), 0), strerrordesc_np(errno));
    return FW_OK;
}

void fw_log_head(int fd, const char *verb, int argc, char **argv)
{
    char start[32] = "";
    char *text = NULL;
    struct tm utc;
    time_t now = time(NULL);
    if (fd < 0)
        return;
    if (gmtime_r(&now, &utc))
        (void)strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%SZ", &utc);
    char *words = fw_shell_words(argc, argv);
    if (words && asprintf(&text, "framewheel %s, started %s\ncommand: framewheel %s%s\n",
                          fw_version(), start, verb, words) >= 0) {
        (void)fw_write_all(fd, text, strlen(text));
        free(text);
    }
    free(words);
}

void fw_log_line(int fd, double seconds, const char *word, const char *text)
{
    char *line = NULL;
    size_t bytes = strlen(text);
    bool ended = bytes > 0 && text[bytes - 1] == '\n';
    if (fd < 0 || asprintf(&line, "%10.3f %s: %s%s", seconds, word, text, ended ? "" : "\n") < 0)
        return;
    (void)fw_write_all(fd, line, strlen(line));
    free(line);
}

void fw_log_message(int fd, double seconds, enum fw_message_level level, const char *text)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    char shown[4 * FW_ERROR_TEXT];
    fw_log_line(fd, seconds, levels[level], fw_escape(text, shown, sizeof(shown), 1));
}
