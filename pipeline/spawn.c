/*
 * One child of the supervisor: a forked process, or a thread in --isolation=threads. All processes
 * that run a role start and end here; child.c has those that answer one question.
 */
#include "supervisor.h"

#include "child.h"
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP_MAX 8
#define REAPED_BY_OTHERS 255 /* an exit code: how it ended is not known any more */

static const struct fw_role roles[] = {
    [FW_ROLE_DECODER] = { "decoder", fw_decoder_run },
    [FW_ROLE_ENCODER] = { "encoder", fw_encoder_run },
    [FW_ROLE_SEQUENTIAL] = { "sequential", fw_sequential_run },
    [FW_ROLE_WORKER] = { "worker", fw_worker_run },
};

static void name_process(uint32_t proc_index)
{
    char title[32];
    fw_station_name(proc_index, title, sizeof(title));
    fw_process_title(title);
}

/* The keyboard's signals reach the whole group; only the supervisor acts on them. */
static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            signal(number, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The second net under PDEATHSIG: when the supervisor's end of the lifeline closes, the kernel
 * sends SIGIO, whose default ends the process. Each child has a pipe of its own, since a pipe has
 * one owner. */
static int hold_lifeline(int fd)
{
    if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
        return -1;
    struct pollfd line = { .fd = fd, .events = POLLIN };
    return poll(&line, 1, 0) == 0 ? 0 : -1; /* closed before the signal was asked for */
}

static void keep_own(const struct fw_supervisor *crew, const struct fw_child *child)
{
    const struct fw_station *station = &child->station;
    int keep[KEEP_MAX];
    uint32_t count = 0;
    keep[count++] = station->socket;
    keep[count++] = child->lifeline[0];
    if (station->role == FW_ROLE_DECODER)
        keep[count++] = station->input_fd;
    if (station->role == FW_ROLE_ENCODER && station->output_fd >= 0)
        keep[count++] = station->output_fd;
    keep[count++] = station->role == FW_ROLE_DECODER ? station->in.fd : station->in.fd_ro;
    if (station->role == FW_ROLE_WORKER)
        keep[count++] = station->out.fd;
    if (station->role == FW_ROLE_ENCODER || station->role == FW_ROLE_SEQUENTIAL)
        keep[count++] = station->out.fd_ro;
    if (station->role == FW_ROLE_SEQUENTIAL)
        keep[count++] = station->next.fd;
    dup2(crew->null_fd, 0);
    dup2(crew->null_fd, 1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    dup2(crew->null_fd, 2);
#endif
    fw_child_close_others(keep, count);
}

static void set_oom_preference(enum fw_role_kind role)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    const char *text = role == FW_ROLE_WORKER ? "300" : role == FW_ROLE_ENCODER ? "0" : "100";
    /* Best effort: without it the kernel chooses by size alone. */
    ssize_t ignored = write(fd, text, strlen(text));
    (void)ignored;
    close(fd);
}

static void run_process(const struct fw_supervisor *crew, struct fw_child *child, pid_t parent)
{
    struct fw_station *station = &child->station;
    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(FW_CHILD_CANCELLED);
    keep_own(crew, child);
    set_oom_preference(station->role);
    name_process(station->proc_index);
    if (hold_lifeline(child->lifeline[0]) < 0)
        _exit(FW_CHILD_CANCELLED);
    station->memory_fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    struct fw_error err = { 0 };
    int status = roles[station->role].run(station, &err);
    if (status == FW_OK)
        _exit(0);
    if (status == FW_ERR_CANCELLED)
        _exit(FW_CHILD_CANCELLED);
    station->self->error = err;
    _exit(FW_CHILD_FAILED);
}

static void *run_thread(void *argument)
{
    struct fw_child *child = argument;
    struct fw_station *station = &child->station;
    struct fw_error err = { 0 };
    int status = roles[station->role].run(station, &err);
    station->self->error = err;
    child->thread_status = status == FW_OK              ? 0
                           : status == FW_ERR_CANCELLED ? FW_CHILD_CANCELLED
                                                        : FW_CHILD_FAILED;
    /* Of this thread alone: a codec's own threads are not told apart in one process. */
    struct timespec used;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0)
        child->thread_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
    uint64_t one = 1;
    ssize_t ignored = write(child->pidfd, &one, sizeof(one));
    (void)ignored;
    return NULL;
}

static int spawn_thread(struct fw_child *child, struct fw_error *err)
{
    child->pidfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (child->pidfd < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "eventfd: %s", strerror(errno));
    if (pthread_create(&child->thread, NULL, run_thread, child) != 0) {
        close(child->pidfd);
        return fw_fail(err, FW_ERR_SYSTEM, "cannot start a thread");
    }
    return FW_OK;
}

static void close_lifeline(struct fw_child *child)
{
    for (int i = 0; i < 2; i++) {
        if (child->lifeline[i] >= 0)
            close(child->lifeline[i]);
        child->lifeline[i] = -1;
    }
}

static int fork_process(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    sigset_t all, old;
    pid_t parent = getpid();
    /* No handler of the supervisor may run in the child before it is reset. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid_t pid = fork();
    if (pid == 0)
        run_process(crew, child, parent);
    int failed = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot fork: %s", strerror(failed));
    child->pid = pid;
    child->pidfd = pidfd_open(pid, 0);
    if (child->pidfd < 0) {
        failed = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return fw_fail(err, FW_ERR_SYSTEM, "pidfd_open: %s", strerror(failed));
    }
    return FW_OK;
}

static int spawn_process(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    if (pipe2(child->lifeline, O_CLOEXEC) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "cannot open a pipe: %s", strerror(errno));
    int status = fork_process(crew, child, err);
    if (status != FW_OK) {
        close_lifeline(child);
        return status;
    }
    close(child->lifeline[0]);
    child->lifeline[0] = -1;
    return FW_OK;
}

int fw_spawn(struct fw_supervisor *crew, struct fw_child *child, struct fw_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fw_fail(err, FW_ERR_SYSTEM, "socketpair: %s", strerror(errno));
    child->socket = pair[0];
    child->station.socket = pair[1];
    child->station.memory_fd = -1;
    child->station.threads = crew->threads;
    int status = crew->threads ? spawn_thread(child, err) : spawn_process(crew, child, err);
    if (!crew->threads || status != FW_OK)
        close(pair[1]);
    if (status != FW_OK)
        close(pair[0]);
    return status;
}

static uint64_t timeval_ns(struct timeval value)
{
    return (uint64_t)value.tv_sec * 1000000000u + (uint64_t)value.tv_usec * 1000u;
}

static bool reap_thread(struct fw_child *child, int *wait_status_out)
{
    uint64_t count = 0;
    if (read(child->pidfd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return false;
    pthread_join(child->thread, NULL);
    child->user_ns += child->thread_ns;
    close(child->station.socket);
    *wait_status_out = child->thread_status << 8;
    return true;
}

static bool reap_process(struct fw_child *child, int *wait_status_out)
{
    struct rusage usage = { 0 };
    if (child->pid <= 0)
        return false;
    pid_t pid = wait4(child->pid, wait_status_out, WNOHANG, &usage);
    if (pid < 0 && errno == ECHILD)
        *wait_status_out = REAPED_BY_OTHERS << 8;
    else if (pid != child->pid)
        return false;
    child->user_ns += timeval_ns(usage.ru_utime);
    child->system_ns += timeval_ns(usage.ru_stime);
    return true;
}

bool fw_spawn_reap(struct fw_child *child, int *wait_status_out)
{
    if (child->station.threads) {
        if (!reap_thread(child, wait_status_out))
            return false;
    } else {
        if (!reap_process(child, wait_status_out))
            return false;
        close_lifeline(child);
    }
    close(child->pidfd);
    child->pidfd = -1;
    child->pid = 0;
    child->ended_ns = fw_now_ns();
    child->state = FW_CHILD_ENDED;
    return true;
}

void fw_spawn_kill(struct fw_child *child)
{
    if (fw_child_alive(child) && !child->station.threads)
        pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
}

/* How long one thread stood ready while others had the cores: the second field of schedstat, which
 * the kernel brings up to date when the wait is over. */
static uint64_t queued_ns(const char *task)
{
    char path[384], text[128];
    uint64_t ran = 0, queued = 0;
    snprintf(path, sizeof(path), "%s/schedstat", task);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (bytes <= 0)
        return 0;
    text[bytes] = '\0';
    return sscanf(text, "%" SCNu64 " %" SCNu64, &ran, &queued) == 2 ? queued : 0;
}

static bool stands_ready(const char *task)
{
    char path[384], text[2048];
    snprintf(path, sizeof(path), "%s/stat", task);
    return fw_process_stat(path, text, sizeof(text))[0] == 'R';
}

uint64_t fw_spawn_cpu_ns(const struct fw_child *child)
{
    clockid_t clock;
    struct timespec used;
    if (child->station.threads || clock_getcpuclockid(child->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

uint64_t fw_spawn_wanted_ns(const struct fw_child *child, bool *ready_out)
{
    uint64_t wanted = fw_spawn_cpu_ns(child);
    char path[64], task[336];
    *ready_out = false;
    if (wanted == 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)child->pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return wanted;
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(task, sizeof(task), "%s/%s", path, entry->d_name);
        wanted += queued_ns(task);
        *ready_out = *ready_out || stands_ready(task);
    }
    closedir(tasks);
    return wanted;
}

char fw_spawn_state(const struct fw_child *child)
{
    char path[64], text[2048];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)child->pid);
    return fw_process_stat(path, text, sizeof(text))[0];
}
