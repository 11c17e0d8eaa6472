#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fw_input_open(int *fd_out, const struct fw_settings *settings, struct fw_error *err)
{
    struct stat info;
    bool standard = strcmp(settings->input, "-") == 0;
    /* A FIFO without a writer must not hang the supervisor: open at once, read later. */
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(settings->input, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fw_fail(err, FW_ERR_INPUT, "%s: %s", settings->input,
                       standard ? "standard input is closed" : strerror(errno));
    if (fstat(fd, &info) < 0 || S_ISDIR(info.st_mode)) {
        close(fd);
        return fw_fail(err, FW_ERR_INPUT, "%s: is a directory", settings->input);
    }
    if (S_ISREG(info.st_mode) && info.st_size == 0) {
        close(fd);
        return fw_fail(err, FW_ERR_INPUT, "%s: is empty", settings->input);
    }
    *fd_out = fd;
    return FW_OK;
}
