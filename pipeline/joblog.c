#include "joblog.h"

#include "publish_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

static int write_all(struct fw_joblog *log, const char *text, size_t bytes, struct fw_error *err)
{
    while (bytes > 0) {
        ssize_t written = write(log->fd, text, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fw_output_fail(log->path, "cannot write the job log", errno, err);
        text += written;
        bytes -= (size_t)written;
    }
    return FW_OK;
}

/* The head of a new log; the end of a line that a killed run left half written. */
static int continue_log(struct fw_joblog *log, struct fw_error *err)
{
    char seen[sizeof(head)] = "";
    char last = '\n';
    struct stat status;
    char shown[FW_SHOWN_BYTES];
    if (fstat(log->fd, &status) < 0)
        return fw_output_fail(log->path, "cannot look at it", errno, err);
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return write_all(log, head, sizeof(head) - 1, err);
    if (pread(log->fd, seen, sizeof(head) - 1, 0) < 0 ||
        pread(log->fd, &last, 1, status.st_size - 1) < 0)
        return fw_output_fail(log->path, "cannot read it", errno, err);
    if (strcmp(seen, head) != 0)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s exists and is no job log\nhint: name another file for --joblog",
                       fw_path_shown(log->path, shown, sizeof(shown)));
    return last == '\n' ? FW_OK : write_all(log, "\n", 1, err);
}

int fw_joblog_open(struct fw_joblog *log, const char *path, struct fw_error *err)
{
    memset(log, 0, sizeof(*log));
    log->fd = -1;
    log->path = strdup(path);
    if (!log->path)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    (void)gethostname(log->host, sizeof(log->host) - 1);
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0666);
    /* Pipes and the like are written only. */
    if (log->fd < 0)
        log->fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
    int status = FW_OK;
    if (log->fd < 0)
        status = fw_output_fail(path, "cannot open the job log", errno, err);
    if (status == FW_OK)
        status = continue_log(log, err);
    if (status < 0)
        fw_joblog_close(log);
    return status;
}

/* Puts the command and a newline at `to`, which has room for ten bytes for each of its bytes. */
static char *put_command(char *to, const char *command)
{
    for (const char *at = command; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7f)
            to += sprintf(to, "'$'\\%03o''", byte);
        else
            *to++ = *at;
    }
    *to++ = '\n';
    return to;
}

int fw_joblog_append(struct fw_joblog *log, const struct fw_joblog_line *line, struct fw_error *err)
{
    const size_t front = 512;
    size_t room = 0;
    char *text = NULL;
    if (!__builtin_mul_overflow(strlen(line->command) + 1, 10, &room))
        text = malloc(front + room);
    if (!text)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the job log");
    int used = snprintf(text, front, "%llu\t%s\t%.3f\t%.3f\t%llu\t%llu\t%d\t%d\t",
                        (unsigned long long)line->sequence, log->host,
                        line->started > 0 && line->started < 1e12 ? line->started : 0,
                        line->wall_s > 0 && line->wall_s < 1e12 ? line->wall_s : 0,
                        (unsigned long long)line->input_bytes,
                        (unsigned long long)line->output_bytes, line->exit_code, line->signal);
    const char *end = put_command(text + used, line->command);
    int status = write_all(log, text, (size_t)(end - text), err);
    free(text);
    return status;
}

void fw_joblog_close(struct fw_joblog *log)
{
    /* Whether a descriptor is ours: 0 is never given to a file (the command fills it). */
    if (log->fd > 0)
        close(log->fd);
    free(log->path);
    memset(log, 0, sizeof(*log));
    log->fd = -1;
}
