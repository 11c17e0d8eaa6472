#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_wire.h"
#include "publish_path.h"

struct opener {
    const struct fw_sequence *sequence;
    int socket;
};

/* Links are followed; what is behind them must be a file, and opening it must not wait. */
static int open_picture(const struct fw_sequence *sequence, const char *name, struct fw_error *err)
{
    struct stat status;
    char shown[FW_SHOWN_BYTES];
    (void)fw_path_shown(name, shown, sizeof(shown));
    int fd = openat(sequence->dir_fd - 1, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        (void)fw_fail(err, FW_ERR_INPUT, "%s: %s", shown, strerrordesc_np(errno));
        return -1;
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    (void)close(fd);
    (void)fw_fail(err, FW_ERR_INPUT, "%s: is no file", shown);
    return -1;
}

static int answer_open(const struct opener *opener, uint64_t number, struct fw_file_answer *answer)
{
    bool repeat = false;
    char name[FW_PATTERN_BYTES + 1];
    int fd = -1;
    if (fw_sequence_name(opener->sequence, number, name, &repeat) != FW_OK)
        (void)fw_fail(&answer->err, FW_ERR_INTERNAL, "there is no picture %llu",
                      (unsigned long long)number);
    else if (repeat)
        answer->flags = FW_FILE_REPEAT;
    else
        fd = open_picture(opener->sequence, name, &answer->err);
    if (answer->err.status == FW_OK)
        (void)snprintf(answer->name, sizeof(answer->name), "%s", name);
    int status = fw_file_answer(opener->socket, answer, fd);
    if (fd >= 0)
        (void)close(fd);
    return status;
}

static int serve(void *argument)
{
    const struct opener *opener = argument;
    struct fw_file_ask ask;
    int status = FW_OK;
    while (status == FW_OK && fw_file_hear(opener->socket, &ask) == FW_OK) {
        struct fw_file_answer answer = { 0 };
        if (ask.kind == FW_FILE_OPEN) {
            status = answer_open(opener, ask.number, &answer);
            continue;
        }
        answer.count = opener->sequence->frames;
        answer.left_out = opener->sequence->left_out;
        if (ask.kind != FW_FILE_COUNT)
            (void)fw_fail(&answer.err, FW_ERR_INTERNAL, "nobody can ask that of an input");
        status = fw_file_answer(opener->socket, &answer, -1);
    }
    return 0;
}

int fw_opener_start(struct fw_process *process, const struct fw_sequence *sequence, int *socket_out,
                    struct fw_error *err)
{
    int pair[2];
    int status = fw_file_pair(pair, err);
    if (status < 0)
        return status;
    struct opener opener = { .sequence = sequence, .socket = pair[1] };
    const int keep[] = { pair[1], sequence->dir_fd - 1 };
    const struct fw_process_plan plan = {
        .title = "opener", .body = serve, .arg = &opener, .keep_fds = keep, .keep_count = 2
    };
    status = fw_process_start(process, &plan, err);
    (void)close(pair[1]);
    if (status < 0) {
        (void)close(pair[0]);
        return status;
    }
    *socket_out = pair[0];
    return FW_OK;
}
