#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "file_wire.h"
#include "publish_path.h"

struct keeper {
    const struct fw_keeper_plan *plan;
    int socket;
    int life;
    uint64_t made;
};

void fw_keeper_clear(int dir_fd, const char *hidden_name)
{
    int fd = openat(dir_fd, hidden_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        (void)unlinkat(dir_fd, hidden_name, 0);
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    (void)closedir(folder);
    (void)unlinkat(dir_fd, hidden_name, AT_REMOVEDIR);
}

/* The next file, and no other: a number is written once. */
static int make_file(struct keeper *keeper, uint64_t number, struct fw_error *err)
{
    const struct fw_keeper_plan *plan = keeper->plan;
    char name[FW_PATTERN_BYTES + 1];
    if (number != keeper->made) {
        (void)fw_fail(err, FW_ERR_INTERNAL, "picture %llu is asked for, and %llu is next",
                      (unsigned long long)number, (unsigned long long)keeper->made);
        return -1;
    }
    if (fw_pattern_format(plan->pattern, plan->first + number, name, sizeof(name), err) < 0)
        return -1;
    int fd = openat(plan->hidden_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0666);
    if (fd < 0)
        (void)fw_output_fail(name, "cannot make a file", errno, err);
    else
        keeper->made++;
    return fd;
}

static int serve_one(struct keeper *keeper)
{
    struct fw_file_ask ask;
    struct fw_file_answer answer = { 0 };
    int fd = -1;
    int status = fw_file_hear(keeper->socket, &ask);
    if (status != FW_OK)
        return status;
    if (ask.kind == FW_FILE_MAKE)
        fd = make_file(keeper, ask.number, &answer.err);
    else
        (void)fw_fail(&answer.err, FW_ERR_INTERNAL, "nobody can ask that of an output");
    status = fw_file_answer(keeper->socket, &answer, fd);
    if (fd >= 0)
        (void)close(fd);
    return status;
}

static int keep(void *argument)
{
    struct keeper *keeper = argument;
    const struct fw_keeper_plan *plan = keeper->plan;
    struct pollfd ends[] = { { .fd = keeper->life, .events = POLLIN },
                             { .fd = keeper->socket, .events = POLLIN } };
    /* It has work to do when its parent dies. */
    (void)prctl(PR_SET_PDEATHSIG, 0);
    while (ends[0].revents == 0) {
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            break;
        if (ends[0].revents == 0 && ends[1].revents != 0 && serve_one(keeper) != FW_OK)
            ends[1].fd = -1; /* the encoder is done */
    }
    fw_keeper_clear(plan->dir_fd, plan->hidden_name);
    /* While the lock is still held. */
    (void)unlinkat(plan->dir_fd, plan->lock_name, 0);
    return 0;
}

int fw_keeper_start(struct fw_process *process, const struct fw_keeper_plan *plan, int *socket_out,
                    int *life_out, struct fw_error *err)
{
    int pair[2];
    int life[2] = { -1, -1 };
    int status = fw_file_pair(pair, err);
    if (status < 0)
        return status;
    if (pipe2(life, O_CLOEXEC) < 0)
        status = fw_fail(err, FW_ERR_SYSTEM, "cannot open a pipe: %s", strerrordesc_np(errno));
    struct keeper keeper = { .plan = plan, .socket = pair[1], .life = life[0] };
    const int keep_fds[] = { pair[1], life[0], plan->dir_fd, plan->hidden_fd, plan->lock_fd };
    const struct fw_process_plan body = {
        .title = "keeper", .body = keep, .arg = &keeper, .keep_fds = keep_fds, .keep_count = 5
    };
    if (status == FW_OK)
        status = fw_process_start(process, &body, err);
    (void)close(pair[1]);
    if (life[0] >= 0)
        (void)close(life[0]);
    if (status == FW_OK) {
        *socket_out = pair[0];
        *life_out = life[1];
        return FW_OK;
    }
    (void)close(pair[0]);
    if (life[1] >= 0)
        (void)close(life[1]);
    return status;
}
