/* Each attack is tried in a locked child, where it must fail, and in a free one, where it must
 * work: otherwise the test would prove nothing. Children leave by _exit and never call Criterion.
 */
#include "pipeline/sandbox.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKED = 0, DENIED = 1, NOT_LOCKED = 3, CANNOT_TELL = 4 };

struct tools {
    int zero_fd;   /* /dev/zero, for reading */
    int memory_fd; /* smaps_rollup */
    int file_fd;   /* a temporary file, read-write */
    int sockets[2];
    pid_t parent;
    bool landlock;
};

static int try_socket(const struct tools *tools)
{
    (void)tools;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? WORKED : DENIED;
}

static int try_execve(const struct tools *tools)
{
    (void)tools;
    char *const words[] = { (char *)"true", NULL };
    char *const none[] = { NULL };
    execve("/bin/true", words, none); /* leaves with 0 */
    return DENIED;
}

static int try_fork(const struct tools *tools)
{
    (void)tools;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 ? WORKED : DENIED;
}

static int try_open(const struct tools *tools)
{
    (void)tools;
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? WORKED : DENIED;
}

static int try_create(const struct tools *tools)
{
    char tail[64], name[512];
    (void)tools;
    (void)snprintf(tail, sizeof(tail), "framewheel-sandbox-%d", (int)getpid());
    fw_temp_name(name, sizeof(name), tail);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(name);
    return fd >= 0 ? WORKED : DENIED;
}

static int try_reopen(const struct tools *tools)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", tools->file_fd);
    return open(name, O_RDWR | O_CLOEXEC) >= 0 ? WORKED : DENIED;
}

static int try_stat(const struct tools *tools)
{
    struct stat status;
    (void)tools;
    return stat("/etc/passwd", &status) == 0 ? WORKED : DENIED;
}

static int try_kill(const struct tools *tools)
{
    return kill(tools->parent, 0) == 0 ? WORKED : DENIED;
}

static int try_ptrace(const struct tools *tools)
{
    (void)tools;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? WORKED : DENIED;
}

static int try_exec_memory(const struct tools *tools)
{
    (void)tools;
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
    return at != MAP_FAILED ? WORKED : DENIED;
}

static int try_make_exec(const struct tools *tools)
{
    (void)tools;
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return CANNOT_TELL;
    return mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0 ? WORKED : DENIED;
}

static int try_map_file(const struct tools *tools)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, tools->file_fd, 0);
    return at != MAP_FAILED ? WORKED : DENIED;
}

static int try_memfd(const struct tools *tools)
{
    (void)tools;
    return memfd_create("x", MFD_CLOEXEC) >= 0 ? WORKED : DENIED;
}

static int try_io_uring(const struct tools *tools)
{
    char parameters[120] = { 0 };
    (void)tools;
    return syscall(SYS_io_uring_setup, 1, parameters) >= 0 ? WORKED : DENIED;
}

static int try_unshare(const struct tools *tools)
{
    (void)tools;
    return unshare(CLONE_FILES) == 0 ? WORKED : DENIED;
}

static int try_dumpable(const struct tools *tools)
{
    (void)tools;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? WORKED : DENIED;
}

static int try_truncate(const struct tools *tools)
{
    return ftruncate(tools->file_fd, 0) == 0 ? WORKED : DENIED;
}

static int try_big_heap(const struct tools *tools)
{
    (void)tools;
    void *at = mmap(NULL, (size_t)8 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    return at != MAP_FAILED ? WORKED : DENIED;
}

static int try_more_files(const struct tools *tools)
{
    (void)tools;
    int fd = dup(0);
    return fd >= 0 ? WORKED : DENIED;
}

static const struct {
    const char *name;
    int (*run)(const struct tools *tools);
    bool no_control; /* the free child may fail too: kernel or container forbids it to all */
    bool encoder_may;
} attacks[] = {
    { "socket", try_socket, false, false },
    { "execve", try_execve, false, false },
    { "fork", try_fork, false, false },
    { "open", try_open, false, false },
    { "create", try_create, false, false },
    { "reopen through /proc", try_reopen, false, false },
    { "stat", try_stat, false, false },
    { "kill the parent", try_kill, false, false },
    { "ptrace", try_ptrace, true, false },
    { "writable and executable memory", try_exec_memory, false, false },
    { "memory made executable", try_make_exec, false, false },
    { "map a file", try_map_file, false, false },
    { "memfd_create", try_memfd, false, false },
    { "io_uring_setup", try_io_uring, true, false },
    { "unshare", try_unshare, false, false },
    { "become dumpable", try_dumpable, false, false },
    { "ftruncate", try_truncate, false, true },
    { "a heap above the limit", try_big_heap, false, false },
    { "dup", try_more_files, false, false },
};

static void open_tools(struct tools *tools)
{
    char name[512];
    fw_temp_name(name, sizeof(name), "framewheel-sandbox-XXXXXX");
    tools->parent = getpid();
    tools->zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    tools->file_fd = mkostemp(name, O_CLOEXEC);
    unlink(name);
    tools->memory_fd = -1;
    tools->landlock = (fw_sandbox_available(NULL) & FW_LAYER_LANDLOCK) != 0;
    cr_assert(tools->zero_fd >= 0 && tools->file_fd >= 0);
    cr_assert_eq(ftruncate(tools->file_fd, 4096), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, tools->sockets), 0);
}

static struct fw_sandbox_options options_for(enum fw_sandbox_role role, enum fw_sandbox_mode mode)
{
    return (struct fw_sandbox_options){ .role = role,
                                        .mode = mode,
                                        .address_space = (uint64_t)4 << 30 };
}

static bool is_denied(int status)
{
    return (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
           (WIFEXITED(status) && WEXITSTATUS(status) == DENIED);
}

static bool have_seccomp(void)
{
    return (fw_sandbox_available(NULL) & FW_LAYER_SECCOMP) != 0;
}

/* Runs `body` in a child that is locked as `options` say; returns its wait status. */
static int in_child(const struct fw_sandbox_options *options, struct tools *tools,
                    int (*body)(const struct tools *tools))
{
    fflush(NULL);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        uint32_t layers;
        struct fw_error err = { 0 };
        tools->memory_fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
        if (fw_sandbox_enter(options, &layers, &err) < 0) {
            dprintf(STDERR_FILENO, "%s\n", err.text);
            _exit(NOT_LOCKED);
        }
        _exit(body(tools));
    }
    int status = 0;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

Test(sandbox, attacks_fail_in_every_role)
{
    struct tools tools;
    if (!have_seccomp())
        cr_skip_test("no seccomp here, or a build with a sanitizer");
    open_tools(&tools);
    for (int role = FW_SANDBOX_DECODER; role <= FW_SANDBOX_LOADER; role++) {
        struct fw_sandbox_options options = options_for((enum fw_sandbox_role)role,
                                                        FW_SANDBOX_AUTO);
        for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
            if (attacks[i].encoder_may && role == FW_SANDBOX_ENCODER)
                continue;
            int status = in_child(&options, &tools, attacks[i].run);
            cr_expect(is_denied(status), "%s in role %d: status %#x", attacks[i].name, role,
                      (unsigned)status);
        }
    }
}

Test(sandbox, attacks_work_without_it)
{
    struct tools tools;
    struct fw_sandbox_options options = options_for(FW_SANDBOX_WORKER, FW_SANDBOX_OFF);
    open_tools(&tools);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        int status = in_child(&options, &tools, attacks[i].run);
        cr_expect(attacks[i].no_control || (WIFEXITED(status) && WEXITSTATUS(status) == WORKED),
                  "%s: status %#x", attacks[i].name, (unsigned)status);
    }
}

/* ---- what must go on working -------------------------------------------------------------- */

static void *thread_body(void *arg)
{
    *(int *)arg = prctl(PR_SET_NAME, "fw-thread", 0, 0, 0) == 0 ? 1 : 2;
    return NULL;
}

static int do_compute(const struct tools *tools)
{
    char text[4096];
    int ran = 0;
    pthread_t thread;
    struct rusage usage;
    struct timespec now;
    char *block = malloc((size_t)8 << 20);
    if (!block)
        return 10;
    memset(block, 1, (size_t)8 << 20);
    free(block);
    if (read(tools->zero_fd, text, sizeof(text)) != (ssize_t)sizeof(text))
        return 11;
    if (pthread_create(&thread, NULL, thread_body, &ran) != 0 || pthread_join(thread, NULL) != 0 ||
        ran != 1)
        return 12;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || getrusage(RUSAGE_SELF, &usage) != 0)
        return 13;
    if (tools->memory_fd < 0 || pread(tools->memory_fd, text, sizeof(text), 0) <= 0)
        return 14;
    if (send(tools->sockets[0], "x", 1, MSG_NOSIGNAL) != 1 ||
        recv(tools->sockets[1], text, 1, 0) != 1)
        return 15;
    struct stat status;
    if (fstat(tools->zero_fd, &status) != 0 || !S_ISCHR(status.st_mode))
        return 17;
    if (isatty(tools->file_fd) || errno != ENOTTY)
        return 16;
    return WORKED;
}

static int do_encode(const struct tools *tools)
{
    if (write(tools->file_fd, "abc", 3) != 3 || lseek(tools->file_fd, 0, SEEK_SET) != 0 ||
        pwrite(tools->file_fd, "x", 1, 1) != 1 || ftruncate(tools->file_fd, 2) != 0 ||
        fsync(tools->file_fd) != 0 || fdatasync(tools->file_fd) != 0)
        return 20;
    return do_compute(tools);
}

static int do_abort(const struct tools *tools)
{
    (void)tools;
    signal(SIGABRT, SIG_DFL);
    abort();
}

Test(sandbox, work_goes_on)
{
    struct tools tools;
    open_tools(&tools);
    for (int role = FW_SANDBOX_DECODER; role <= FW_SANDBOX_ENCODER; role++) {
        struct fw_sandbox_options options = options_for((enum fw_sandbox_role)role,
                                                        FW_SANDBOX_AUTO);
        int status = in_child(&options, &tools,
                              role == FW_SANDBOX_ENCODER ? do_encode : do_compute);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == WORKED, "role %d: status %#x", role,
                  (unsigned)status);
    }
}

Test(sandbox, abort_still_says_sigabrt)
{
    struct tools tools;
    struct fw_sandbox_options options = options_for(FW_SANDBOX_WORKER, FW_SANDBOX_AUTO);
    open_tools(&tools);
    int status = in_child(&options, &tools, do_abort);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- threads, files, modes ---------------------------------------------------------------- */

static void *late_socket(void *arg)
{
    int *go = arg;
    while (__atomic_load_n(go, __ATOMIC_ACQUIRE) == 0)
        sched_yield();
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        _exit(WORKED);
    return NULL;
}

Test(sandbox, threads_that_run_already_are_locked_too)
{
    if (!have_seccomp())
        cr_skip_test("no seccomp here, or a build with a sanitizer");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct fw_sandbox_options options = options_for(FW_SANDBOX_ENCODER, FW_SANDBOX_AUTO);
        struct fw_error err = { 0 };
        uint32_t layers;
        pthread_t thread;
        int go = 0;
        if (pthread_create(&thread, NULL, late_socket, &go) != 0 ||
            fw_sandbox_enter(&options, &layers, &err) < 0)
            _exit(NOT_LOCKED);
        __atomic_store_n(&go, 1, __ATOMIC_RELEASE);
        pthread_join(thread, NULL);
        _exit(DENIED);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    cr_expect(is_denied(status), "status %#x", (unsigned)status);
}

static int read_allowed(const struct tools *tools)
{
    char text[16];
    int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text)) < 0)
        return 30;
    if (tools->landlock && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
        return 31;
    if (tools->landlock && open("/etc/hostname", O_WRONLY | O_CLOEXEC) >= 0)
        return 32;
    return WORKED;
}

Test(sandbox, read_paths_stay_readable_and_no_more)
{
    struct tools tools;
    const char *const paths[] = { "/etc/hostname", "/nowhere/at/all" };
    struct fw_sandbox_options options = options_for(FW_SANDBOX_WORKER, FW_SANDBOX_AUTO);
    options.read_paths = paths;
    options.read_path_count = 2;
    if (access("/etc/hostname", R_OK) != 0)
        cr_skip_test("no /etc/hostname here");
    open_tools(&tools);
    int status = in_child(&options, &tools, read_allowed);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == WORKED, "status %#x", (unsigned)status);
}

Test(sandbox, describes_layers)
{
    char text[96];
    fw_sandbox_describe(0, text, sizeof(text));
    cr_expect_str_eq(text, "off");
    fw_sandbox_describe(FW_LAYER_NO_NEW_PRIVS | FW_LAYER_SECCOMP, text, sizeof(text));
    cr_expect_str_eq(text, "no_new_privs,seccomp");
    fw_sandbox_describe(0x1f, text, 8);
    cr_expect_eq(strlen(text), 7);
}

static int try_second_lock(const struct tools *tools)
{
    const struct fw_sandbox_options options = options_for(FW_SANDBOX_WORKER, FW_SANDBOX_AUTO);
    uint32_t layers = 0;
    struct fw_error err = { 0 };
    if (fw_sandbox_enter(&options, &layers, &err) < 0) {
        dprintf(STDERR_FILENO, "%s\n", err.text);
        return CANNOT_TELL;
    }
    bool code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, tools->zero_fd, 0) !=
                MAP_FAILED;
    return (layers & FW_LAYER_SECCOMP) && !code ? WORKED : DENIED;
}

Test(sandbox, loader_can_map_code_and_lock_itself_further)
{
    static const char *const paths[] = { "/usr", "/proc/self/fd" };
    struct tools tools;
    if (!have_seccomp())
        cr_skip_test("no seccomp here, or a build with a sanitizer");
    open_tools(&tools);
    struct fw_sandbox_options options = options_for(FW_SANDBOX_LOADER, FW_SANDBOX_AUTO);
    options.read_paths = paths;
    options.read_path_count = 2;
    int status = in_child(&options, &tools, try_second_lock);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == WORKED, "status %#x", (unsigned)status);
}
