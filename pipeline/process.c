/* Starting, naming, ending processes that work beside their parent. */
#include "process.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STANDARD_FDS 2 /* a sanitizer must be able to speak */
#else
#define STANDARD_FDS 3
#endif
#define TITLE_MAX 11 /* bytes of a title that fit with the prefix, its number included */

const char *fw_process_stat(const char *path, char *text, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, bytes - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return "";
    text[got] = '\0';
    const char *after = strrchr(text, ')'); /* the name before it may hold anything */
    return after == NULL || after[1] == '\0' ? "" : after + 2;
}

/* Overwrites the command line, so that `ps` tells the processes apart. Where it lies, the kernel
 * knows: nothing that the program was called by is followed. */
static void name_command_line(const char *title)
{
    enum { STATE = 3, ARG_START = 48 }; /* fields of proc(5) */
    char text[2048];
    uint64_t start = 0, end = 0;
    const char *field = fw_process_stat("/proc/self/stat", text, sizeof(text));
    for (int i = STATE; i < ARG_START && field != NULL; i++) {
        field = strchr(field, ' ');
        field = field == NULL ? NULL : field + 1;
    }
    if (field == NULL || sscanf(field, "%" SCNu64 " %" SCNu64, &start, &end) != 2 || start == 0 ||
        end <= start)
        return;
    char *line = (char *)(uintptr_t)start;
    memset(line, 0, end - start);
    snprintf(line, end - start, "framewheel: %s", title);
}

void fw_process_title(const char *title)
{
    char comm[16];
    const char *number = strchr(title, ' ');
    /* The kernel keeps 15 bytes of it, which a number must not fall out of. */
    bool wide = number && strlen(title) > TITLE_MAX;
    (void)snprintf(comm, sizeof(comm), "fw-%.*s%.8s", wide ? 3 : 12, title, wide ? number : "");
    for (char *space = strchr(comm, ' '); space; space = strchr(space, ' '))
        *space = '-';
    (void)prctl(PR_SET_NAME, comm);
    name_command_line(title);
}

/* The keyboard's signals reach the whole group; only the parent acts on them. */
static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP)
            (void)signal(number, SIG_DFL);
    }
    static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ };
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)signal(ignored[i], SIG_IGN);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void blank_standard_fds(const struct fw_process_plan *plan)
{
    for (int fd = 0; fd < STANDARD_FDS; fd++) {
        bool kept = false;
        for (uint32_t i = 0; i < plan->keep_count; i++)
            kept = kept || plan->keep_fds[i] == fd;
        int blank = kept ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
        if (blank < 0 || blank == fd)
            continue;
        (void)dup2(blank, fd);
        (void)close(blank);
    }
}

static _Noreturn void process_main(const struct fw_process_plan *plan, pid_t parent)
{
    int keep[FW_CHILD_KEEP_MAX];
    uint32_t count = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    reset_signals();
    for (uint32_t i = 0; i < plan->keep_count && i < FW_CHILD_KEEP_MAX; i++)
        keep[count++] = plan->keep_fds[i];
    blank_standard_fds(plan);
    fw_child_close_others(keep, count);
    fw_process_title(plan->title);
    _exit(plan->body(plan->arg));
}

int fw_process_start(struct fw_process *process, const struct fw_process_plan *plan,
                     struct fw_error *err)
{
    sigset_t all;
    sigset_t old;
    const pid_t parent = getpid();
    memset(process, 0, sizeof(*process));
    /* No handler of ours may run in the child before it is reset. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &old);
    pid_t pid = fork();
    if (pid == 0)
        process_main(plan, parent);
    int error = errno;
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot start a process: %s", strerrordesc_np(error));
    process->pid = pid;
    process->pidfd = pidfd_open(pid, 0);
    if (process->pidfd >= 0)
        return FW_OK;
    error = errno;
    (void)kill(pid, SIGKILL); /* not reaped yet: the number is still its own */
    (void)waitpid(pid, NULL, 0);
    memset(process, 0, sizeof(*process));
    return fw_fail(err, FW_ERR_SYSTEM, "cannot watch a process: %s", strerrordesc_np(error));
}

bool fw_process_reap(struct fw_process *process, bool wait, struct fw_process_end *end_out)
{
    struct rusage usage = { 0 };
    int status = 0;
    pid_t got;
    if (process->pid == 0)
        return false;
    do
        got = wait4(process->pid, &status, wait ? 0 : WNOHANG, &usage);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    end_out->signal = got > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end_out->code = got > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    end_out->cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
    end_out->peak_bytes = (uint64_t)usage.ru_maxrss * 1024u;
    (void)close(process->pidfd);
    memset(process, 0, sizeof(*process));
    return true;
}

void fw_process_signal(const struct fw_process *process, int number)
{
    if (process->pid != 0)
        (void)pidfd_send_signal(process->pidfd, number, NULL, 0);
}
