/* One question to one process: fork, run a function there, get its bytes or its error back. */
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 65536u

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STANDARD_FDS 2
#else
#define STANDARD_FDS 3
#endif

/* The parent's side of a running child. */
struct call {
    int result_fd;
    int error_fd;
    int pid_fd;
    pid_t pid;
    const struct fw_child_question *question;
    uint64_t beat;    /* last seen, */
    uint64_t beat_ns; /* and when it changed; without beats when the child was started */
    uint8_t *bytes;
    size_t count;
    size_t room;
};

/* ---- in the child ------------------------------------------------------------------------- */

void fw_child_close_others(int *keep, uint32_t count)
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

/* A locked process must not write to the user's terminal; a sanitizer has to. */
static void blank_unkept(const int *keep, uint32_t count)
{
    for (int fd = 0; fd < STANDARD_FDS; fd++) {
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

/* The keyboard's signals reach the whole group; only the caller acts on them. */
static void reset_signals(void)
{
    static const int defaults[] = { SIGCHLD, SIGALRM, SIGUSR1 };
    static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE };
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        (void)signal(defaults[i], SIG_DFL);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)signal(ignored[i], SIG_IGN);
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
    const struct fw_child_question *question;
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
    reset_signals();
    for (uint32_t i = 0; i < child->question->keep_count; i++)
        keep[count++] = child->question->keep_fds[i];
    keep[count++] = child->result_fd;
    keep[count++] = child->error_fd;
    blank_unkept(keep, count);
    fw_child_close_others(keep, count);

    int status = child->question->body(child->question->arg, child->result_fd, &err);
    err.status = status;
    (void)close(child->result_fd);
    /* Less than PIPE_BUF, so it goes out whole or not at all. */
    (void)!write(child->error_fd, &err, sizeof(err));
    _exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------ */

/* FW_OK: read something, or there was nothing to read; FW_END: the child has closed its side. */
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

/* Milliseconds until the child counts as stuck; 0: it does now; negative: never. */
static int wait_ms(struct call *call)
{
    uint64_t now = fw_now_ns();
    const struct fw_proc *proc = call->question->proc;
    uint64_t beat = proc ? atomic_load(&proc->beat) : call->beat;
    if (beat != call->beat) {
        call->beat = beat;
        call->beat_ns = now;
    }
    if (call->question->timeout_ms < 0)
        return -1;
    uint64_t gone = (now - call->beat_ns) / 1000000u;
    uint64_t limit = (uint64_t)call->question->timeout_ms;
    return gone >= limit ? 0 : (int)(limit - gone);
}

/* Until the child has ended and all that it wrote is here. */
static int collect(struct call *call, struct fw_error *err)
{
    int cancel_fd = call->question->cancel_fd > 0 ? call->question->cancel_fd : -1;
    struct pollfd polls[3] = { { .fd = call->result_fd, .events = POLLIN },
                               { .fd = call->pid_fd, .events = POLLIN },
                               { .fd = cancel_fd, .events = POLLIN } };
    for (;;) {
        int ready = poll(polls, 3, wait_ms(call));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return fw_fail(err, FW_ERR_SYSTEM, "cannot wait for a process: %s", strerror(errno));
        if (ready == 0 && wait_ms(call) == 0)
            return fw_fail(err, FW_ERR_STALLED, "a helper process gave no answer in time");
        if (polls[2].revents != 0)
            return fw_fail(err, FW_ERR_CANCELLED, "interrupted");
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
        if (told.status == FW_OK)
            return FW_OK;
        bool known = told.status < 0 && told.status >= FW_ERR_LIMIT;
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

/* No handler of the caller may run in the child before it is reset. */
static pid_t fork_quiet(const struct child *child)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &old);
    pid_t pid = fork();
    if (pid == 0)
        child_main(child);
    int number = errno;
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    errno = number;
    return pid;
}

int fw_child_call(const struct fw_child_question *question, void **bytes_out, size_t *count_out,
                  struct fw_error *err)
{
    int results[2];
    int errors[2];

    *bytes_out = NULL;
    *count_out = 0;
    if (question->keep_count > FW_CHILD_KEEP_MAX)
        return fw_fail(err, FW_ERR_INTERNAL, "a child keeps at most %d descriptors",
                       FW_CHILD_KEEP_MAX);
    if (open_pipes(results, errors, err) < 0)
        return err ? err->status : FW_ERR_SYSTEM;
    struct child child = { question, getpid(), results[1], errors[1] };
    struct call call = { .question = question,
                         .beat = question->proc ? atomic_load(&question->proc->beat) : 0,
                         .beat_ns = fw_now_ns() };
    pid_t pid = fork_quiet(&child);
    if (pid < 0) {
        int number = errno;
        close_pair(results);
        close_pair(errors);
        return fw_fail(err, FW_ERR_SYSTEM, "cannot start a process: %s", strerror(number));
    }
    (void)close(results[1]);
    (void)close(errors[1]);
    call.result_fd = results[0];
    call.error_fd = errors[0];
    call.pid = pid;
    call.pid_fd = pidfd_open(pid, 0);
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

struct fw_control *fw_child_map_control(void)
{
    void *memory = mmap(NULL, sizeof(struct fw_control), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void fw_child_unmap_control(struct fw_control *control)
{
    if (control)
        (void)munmap(control, sizeof(*control));
}

int fw_child_check_threads(struct fw_error *err)
{
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return FW_OK;
    for (struct dirent *entry = readdir(tasks); entry; entry = readdir(tasks))
        count += entry->d_name[0] != '.';
    (void)closedir(tasks);
    if (count > 1)
        return fw_fail(err, FW_ERR_USAGE,
                       "this process has %u threads, and only a single one can start processes\n"
                       "hint: fw_job_run works from there",
                       count);
    return FW_OK;
}
