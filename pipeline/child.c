/* One question to one process: fork, run a function there, get its bytes or its error back. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 65536u

/* The parent's side of a running child. */
struct call {
    int result_fd;
    int error_fd;
    int pid_fd;
    pid_t pid;
    int64_t deadline_ms; /* negative: none */
    uint8_t *bytes;
    size_t count;
    size_t room;
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- in the child ------------------------------------------------------------------------- */

static void close_unkept(int *keep, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = i; k > 0 && keep[k - 1] > keep[k]; k--) {
            int swap = keep[k];
            keep[k] = keep[k - 1];
            keep[k - 1] = swap;
        }
    }
    int first = 3;
    for (uint32_t i = 0; i < count; i++) {
        if (keep[i] > first)
            (void)close_range((unsigned)first, (unsigned)keep[i] - 1, 0);
        if (keep[i] >= first)
            first = keep[i] + 1;
    }
    (void)close_range((unsigned)first, ~0u, 0);
}

static void blank_unkept(const int *keep, uint32_t count)
{
    for (int fd = 0; fd < 2; fd++) {
        bool kept = false;
        for (uint32_t i = 0; i < count; i++)
            kept = kept || keep[i] == fd;
        if (kept)
            continue;
        int blank = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (blank < 0 || blank == fd)
            continue;
        (void)dup2(blank, fd);
        (void)close(blank);
    }
}

static void default_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGALRM, SIGUSR1 };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        (void)signal(numbers[i], SIG_DFL);
    (void)signal(SIGPIPE, SIG_IGN); /* a parent that is gone shows as EPIPE */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int fw_child_answer(int result_fd, const void *bytes, size_t count, struct fw_error *err)
{
    const uint8_t *next = bytes;
    while (count > 0) {
        ssize_t written = write(result_fd, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fw_fail(err, FW_ERR_SYSTEM, "cannot send an answer: %s", strerror(errno));
        next += written;
        count -= (size_t)written;
    }
    return FW_OK;
}

struct child {
    int (*body)(void *arg, int result_fd, struct fw_error *err);
    void *arg;
    const int *keep_fds;
    uint32_t keep_count;
    pid_t parent;
    int result_fd;
    int error_fd;
};

static _Noreturn void child_main(const struct child *child)
{
    int keep[FW_CHILD_KEEP_MAX + 2];
    uint32_t count = 0;
    struct fw_error err = { 0 };

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent)
        _exit(1);
    default_signals();
    for (uint32_t i = 0; i < child->keep_count; i++)
        keep[count++] = child->keep_fds[i];
    keep[count++] = child->result_fd;
    keep[count++] = child->error_fd;
    blank_unkept(keep, count);
    close_unkept(keep, count);

    int status = child->body(child->arg, child->result_fd, &err);
    err.status = status;
    (void)close(child->result_fd);
    /* Less than PIPE_BUF, so it goes out whole or not at all. */
    (void)!write(child->error_fd, &err, sizeof(err));
    _exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------ */

/* FW_OK: read something or nothing for now; FW_END: the child has closed its side. */
static int read_some(struct call *call, struct fw_error *err)
{
    if (call->room - call->count < READ_BYTES + 1) {
        size_t room = call->room ? call->room * 2 : READ_BYTES * 2;
        uint8_t *bytes = realloc(call->bytes, room);
        if (!bytes)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for an answer of %zu bytes", room);
        call->bytes = bytes;
        call->room = room;
    }
    ssize_t got = read(call->result_fd, call->bytes + call->count, call->room - call->count - 1);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return FW_OK;
    if (got < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot read an answer: %s", strerror(errno));
    call->count += (size_t)got;
    if (call->count > FW_CHILD_BYTES_MAX)
        return fw_fail(err, FW_ERR_LIMIT, "an answer is longer than %u bytes", FW_CHILD_BYTES_MAX);
    return got == 0 ? FW_END : FW_OK;
}

static int wait_ms(const struct call *call)
{
    if (call->deadline_ms < 0)
        return -1;
    int64_t left = call->deadline_ms - now_ms();
    return left < 0 ? 0 : (int)left;
}

/* Until the child has ended and all that it wrote is here. */
static int collect(struct call *call, struct fw_error *err)
{
    struct pollfd polls[2] = { { .fd = call->result_fd, .events = POLLIN },
                               { .fd = call->pid_fd, .events = POLLIN } };
    for (;;) {
        int ready = poll(polls, 2, wait_ms(call));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return fw_fail(err, FW_ERR_SYSTEM, "cannot wait for a process: %s", strerror(errno));
        if (ready == 0)
            return fw_fail(err, FW_ERR_STALLED, "a helper process gave no answer in time");
        bool more = polls[0].fd >= 0 && polls[0].revents != 0;
        if (more) {
            int status = read_some(call, err);
            if (status < 0)
                return status;
            if (status == FW_END)
                polls[0].fd = -1; /* poll skips it */
        }
        if (!more && polls[1].revents != 0)
            return FW_OK;
    }
}

static int reap(const struct call *call, siginfo_t *info)
{
    memset(info, 0, sizeof(*info));
    int status;
    do
        status = waitid(P_PID, (id_t)call->pid, info, WEXITED);
    while (status < 0 && errno == EINTR);
    return status;
}

/* What the child said, or how it ended without saying anything. */
static int verdict(const struct call *call, const siginfo_t *info, struct fw_error *err)
{
    struct fw_error told = { 0 };
    ssize_t got = read(call->error_fd, &told, sizeof(told));

    if (got == (ssize_t)sizeof(told)) {
        told.text[sizeof(told.text) - 1] = '\0';
        if (told.status >= 0)
            return told.status;
        bool known = told.status >= FW_ERR_LIMIT;
        return fw_fail(err, known ? told.status : FW_ERR_INTERNAL, "%s", told.text);
    }
    if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED) {
        const char *name = sigabbrev_np(info->si_status);
        const char *what = sigdescr_np(info->si_status);
        return fw_fail(err, FW_ERR_DIED, "a helper process died: signal %d, SIG%s (%s)",
                       info->si_status, name ? name : "?", what ? what : "unknown");
    }
    return fw_fail(err, FW_ERR_DIED, "a helper process ended without an answer (code %d)",
                   info->si_status);
}

static int attend(struct call *call, struct fw_error *err)
{
    siginfo_t info;

    int status = call->pid_fd < 0
                     ? fw_fail(err, FW_ERR_SYSTEM, "cannot watch a process: %s", strerror(errno))
                     : collect(call, err);
    if (status < 0)
        (void)kill(call->pid, SIGKILL); /* not reaped yet: the number is still its own */
    (void)reap(call, &info);
    return status < 0 ? status : verdict(call, &info, err);
}

static void close_pair(const int pair[2])
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static int open_pipes(int results[2], int errors[2], struct fw_error *err)
{
    if (pipe2(results, O_CLOEXEC) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot create a pipe: %s", strerror(errno));
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int number = errno;
        close_pair(results);
        return fw_fail(err, FW_ERR_SYSTEM, "cannot create a pipe: %s", strerror(number));
    }
    (void)fcntl(results[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(errors[0], F_SETFL, O_NONBLOCK);
    return FW_OK;
}

int fw_child_call(int (*body)(void *arg, int result_fd, struct fw_error *err), void *arg,
                  const int *keep_fds, uint32_t keep_count, int timeout_ms, void **bytes_out,
                  size_t *count_out, struct fw_error *err)
{
    int results[2];
    int errors[2];

    *bytes_out = NULL;
    *count_out = 0;
    if (keep_count > FW_CHILD_KEEP_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a child keeps at most %d descriptors",
                       FW_CHILD_KEEP_MAX);
    if (open_pipes(results, errors, err) < 0)
        return err ? err->status : FW_ERR_SYSTEM;
    struct child child = { body, arg, keep_fds, keep_count, getpid(), results[1], errors[1] };
    pid_t pid = fork();
    if (pid == 0)
        child_main(&child);
    if (pid < 0) {
        int number = errno;
        close_pair(results);
        close_pair(errors);
        return fw_fail(err, FW_ERR_SYSTEM, "cannot start a process: %s", strerror(number));
    }
    (void)close(results[1]);
    (void)close(errors[1]);
    struct call call = { .result_fd = results[0],
                         .error_fd = errors[0],
                         .pid_fd = pidfd_open(pid, 0),
                         .pid = pid,
                         .deadline_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms };
    int status = attend(&call, err);
    if (call.pid_fd >= 0)
        (void)close(call.pid_fd);
    (void)close(results[0]);
    (void)close(errors[0]);
    if (status < 0) {
        free(call.bytes);
        return status;
    }
    if (call.bytes)
        call.bytes[call.count] = 0;
    *bytes_out = call.bytes;
    *count_out = call.count;
    return status;
}
