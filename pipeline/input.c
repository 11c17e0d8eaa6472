#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opener.h"
#include "sequence.h"

int fw_input_open(int *fd_out, const char *path, struct fw_error *err)
{
    struct stat info;
    bool standard = strcmp(path, "-") == 0;
    /* A FIFO without a writer must not hang the supervisor: open at once, read later. */
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && !standard)
        return fw_fail(err, FW_ERR_INPUT, "%s: %s", path, strerror(errno));
    /* A program that was started without it fills its place with something that cannot be read. */
    if (fd < 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        if (fd >= 0)
            close(fd);
        return fw_fail(err, FW_ERR_INPUT, "%s: standard input is closed", path);
    }
    const char *fault = NULL;
    if (fstat(fd, &info) < 0)
        fault = strerror(errno);
    else if (S_ISDIR(info.st_mode))
        fault = "is a directory";
    else if (S_ISREG(info.st_mode) && info.st_size == 0)
        fault = "is empty";
    if (fault != NULL) {
        close(fd);
        return fw_fail(err, FW_ERR_INPUT, "%s: %s", path, fault);
    }
    *fd_out = fd;
    return FW_OK;
}

int fw_opened_open(struct fw_opened *opened, const struct fw_settings *settings,
                   struct fw_error *err)
{
    struct fw_sequence sequence;
    *opened = FW_OPENED_NONE;
    if (!settings->pictures)
        return fw_input_open(&opened->fd, settings->input, err);
    int status = fw_sequence_open(&sequence, settings, err);
    if (status < 0)
        return status;
    status = fw_sequence_spare(&sequence, settings, err);
    if (status == FW_OK)
        status = fw_opener_start(&opened->opener, &sequence, &opened->fd, err);
    fw_sequence_close(&sequence);
    return status;
}

void fw_opened_close(struct fw_opened *opened)
{
    struct fw_process_end end;
    if (opened->fd >= 0)
        (void)close(opened->fd);
    /* It has nothing to finish, and a slow disk may hold it. */
    fw_process_signal(&opened->opener, SIGKILL);
    (void)fw_process_reap(&opened->opener, true, &end);
    *opened = FW_OPENED_NONE;
}
