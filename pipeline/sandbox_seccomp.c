/* The system calls that a locked process may make. What is not here ends it: SIGSYS. */
#include "sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "filters/check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* Memory, threads, clocks, and reading or writing what is open. */
static const int for_all[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fadvise64),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(membarrier),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrusage),
};

static const int for_encoder[] = {
    SCMP_SYS(pwrite64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
};

static const int for_images[] = {
    SCMP_SYS(pwrite64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
};

/* Loading code, and what it takes to get a tighter lock afterwards. */
static const int for_loader[] = {
    SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit), SCMP_SYS(seccomp),
    SCMP_SYS(sysinfo),   SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(uname),     SCMP_SYS(landlock_add_rule),
    SCMP_SYS(getuid),    SCMP_SYS(landlock_restrict_self),
    SCMP_SYS(geteuid),   SCMP_SYS(getgid),
    SCMP_SYS(getegid),   SCMP_SYS(getcwd),
};

/* With read_paths: Landlock says which files. */
static const int for_files[] = {
    SCMP_SYS(newfstatat), SCMP_SYS(stat),       SCMP_SYS(lstat),      SCMP_SYS(statx),
    SCMP_SYS(access),     SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(fstatfs),
};

/* What codecs try and live without. Placing threads and memory is a hint: it seems to succeed,
 * since libnuma, inside libx265, complains of a refusal on standard error. perror asks for dup. */
static const struct {
    int error;
    int call;
} refused[] = {
    { ENOSYS, SCMP_SYS(clone3) }, /* its flags are out of a filter's sight; clone's are not */
    { ENOTTY, SCMP_SYS(ioctl) },
    { EPERM, SCMP_SYS(sysinfo) },
    { EPERM, SCMP_SYS(uname) },
    { EPERM, SCMP_SYS(getcwd) },
    { EPERM, SCMP_SYS(prlimit64) },
    { EPERM, SCMP_SYS(getrlimit) },
    { EPERM, SCMP_SYS(getuid) },
    { EPERM, SCMP_SYS(geteuid) },
    { EPERM, SCMP_SYS(getgid) },
    { EPERM, SCMP_SYS(getegid) },
    { EPERM, SCMP_SYS(setpriority) },
    { EPERM, SCMP_SYS(getpriority) },
    { 0, SCMP_SYS(sched_setaffinity) },
    { EPERM, SCMP_SYS(sched_setscheduler) },
    { EPERM, SCMP_SYS(sched_getscheduler) },
    { EPERM, SCMP_SYS(sched_setparam) },
    { EPERM, SCMP_SYS(sched_getparam) },
    { EPERM, SCMP_SYS(sched_setattr) },
    { 0, SCMP_SYS(set_mempolicy) },
    { EPERM, SCMP_SYS(get_mempolicy) },
    { 0, SCMP_SYS(mbind) },
    { EPERM, SCMP_SYS(dup) },
    { EPERM, SCMP_SYS(mlock) },
};

static const int refused_files[] = {
    SCMP_SYS(open),     SCMP_SYS(openat2),    SCMP_SYS(stat),      SCMP_SYS(lstat),
    SCMP_SYS(statx),    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(openat),
};

/* What a font cache tries beside reading, and lives without. */
static const int refused_writes[] = {
    SCMP_SYS(mkdir),    SCMP_SYS(mkdirat),   SCMP_SYS(unlink),    SCMP_SYS(unlinkat),
    SCMP_SYS(link),     SCMP_SYS(linkat),    SCMP_SYS(symlink),   SCMP_SYS(symlinkat),
    SCMP_SYS(rename),   SCMP_SYS(renameat),  SCMP_SYS(renameat2), SCMP_SYS(chmod),
    SCMP_SYS(fchmod),   SCMP_SYS(fchmodat),  SCMP_SYS(utimensat), SCMP_SYS(utime),
    SCMP_SYS(truncate), SCMP_SYS(ftruncate), SCMP_SYS(flock),     SCMP_SYS(chdir),
};
static const unsigned file_flags[] = { F_GETFD, F_SETFD, F_SETLK, F_SETLKW };

static const unsigned advices[] = {
    MADV_NORMAL,   MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,      MADV_FREE,
    MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
};

/* Adds one rule; 0 or a negative errno. A call that this machine does not have is no error. */
static int add(scmp_filter_ctx filter, uint32_t action, int call, unsigned count,
               const struct scmp_arg_cmp *args)
{
    int result = seccomp_rule_add_array(filter, action, call, count, args);
    return result == -EDOM ? 0 : result;
}

static int allow_list(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = add(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL);
    return result;
}

/* Memory: anonymous and never executable. */
static int add_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp fine[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
                                                 MAP_ANONYMOUS) };
    const struct scmp_arg_cmp exec[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC) };
    const struct scmp_arg_cmp file[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0) };
    const uint32_t deny = SCMP_ACT_ERRNO(EACCES);
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, fine);
    if (result == 0)
        result = add(filter, deny, SCMP_SYS(mmap), 1, exec);
    if (result == 0)
        result = add(filter, deny, SCMP_SYS(mmap), 2, file);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, fine);
    if (result == 0)
        result = add(filter, deny, SCMP_SYS(mprotect), 1, exec);
    for (size_t i = 0; i < FW_COUNT(advices) && result == 0; i++) {
        const struct scmp_arg_cmp advice[] = { SCMP_A2(SCMP_CMP_EQ, advices[i]) };
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1, advice);
    }
    return result;
}

/* Code comes from files that can be read; memory that is written is never executable. */
static int add_loading(scmp_filter_ctx filter)
{
    const int both = PROT_EXEC | PROT_WRITE;
    const struct scmp_arg_cmp fine[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0) };
    const struct scmp_arg_cmp read[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, both, 0),
                                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, MAP_SHARED) };
    const struct scmp_arg_cmp code[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_EXEC),
                                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0) };
    const struct scmp_arg_cmp exec[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC) };
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, fine);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, read);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, code);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, fine);
    if (result == 0)
        result = add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(mprotect), 1, exec);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 0, NULL);
    return result;
}

/* Of prctl, what it takes to enter a lock. */
static int add_locking(scmp_filter_ctx filter)
{
    static const int names[] = { PR_SET_NAME, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
                                 PR_GET_SECCOMP };
    const struct scmp_arg_cmp hide[] = { SCMP_A0(SCMP_CMP_EQ, PR_SET_DUMPABLE),
                                         SCMP_A1(SCMP_CMP_EQ, 0) };
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 2, hide);
    for (size_t i = 0; i < FW_COUNT(names) && result == 0; i++) {
        const struct scmp_arg_cmp name[] = { SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)names[i]) };
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, name);
    }
    return result;
}

/* Threads but no processes, signals to itself alone, a name but no other prctl. */
static int add_process(scmp_filter_ctx filter, bool loader)
{
    const struct scmp_arg_cmp thread[] = { SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
                                                   CLONE_THREAD) };
    const struct scmp_arg_cmp self[] = { SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()) };
    const struct scmp_arg_cmp name[] = { SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME) };
    const struct scmp_arg_cmp other[] = { SCMP_A0(SCMP_CMP_NE, PR_SET_NAME) };
    const struct scmp_arg_cmp flags[] = { SCMP_A1(SCMP_CMP_EQ, F_GETFL) };
    const struct scmp_arg_cmp connected[] = { SCMP_A4(SCMP_CMP_EQ, 0) };
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self);
    if (result == 0)
        result = loader ? add_locking(filter)
                        : add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, name);
    if (result == 0 && !loader)
        result = add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1, other);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, flags);
    if (result == 0)
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, connected);
    return result;
}

/* Opening to read, where Landlock says which files; opening to write is refused. */
static int add_reading(scmp_filter_ctx filter)
{
    static const unsigned writing[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };
    const uint64_t all = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    const struct scmp_arg_cmp reading[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, all, 0) };
    const uint32_t deny = SCMP_ACT_ERRNO(EACCES);
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, reading);
    for (size_t i = 0; i < FW_COUNT(writing) && result == 0; i++) {
        const struct scmp_arg_cmp bit[] = { SCMP_A2(SCMP_CMP_MASKED_EQ, writing[i], writing[i]) };
        result = add(filter, deny, SCMP_SYS(openat), 1, bit);
    }
    if (result == 0)
        result = add(filter, deny, SCMP_SYS(open), 0, NULL);
    if (result == 0)
        result = add(filter, deny, SCMP_SYS(openat2), 0, NULL);
    for (size_t i = 0; i < FW_COUNT(file_flags) && result == 0; i++) {
        const struct scmp_arg_cmp flag[] = { SCMP_A1(SCMP_CMP_EQ, file_flags[i]) };
        result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, flag);
    }
    for (size_t i = 0; i < FW_COUNT(refused_writes) && result == 0; i++)
        result = add(filter, deny, refused_writes[i], 0, NULL);
    return result == 0 ? allow_list(filter, for_files, FW_COUNT(for_files)) : result;
}

/* The C library makes fstat(fd) of this. A filter cannot see that the path is empty, so a locked
 * process can still learn the size and times of a file that it may not open. */
static int add_fstat(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp by_fd[] = { SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH) };
    const struct scmp_arg_cmp by_name[] = { SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH) };
    int result = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, by_fd);
    if (result == 0)
        result = add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, by_name);
    return result;
}

static int add_files(scmp_filter_ctx filter, bool readable)
{
    int result = 0;
    if (readable)
        return add_reading(filter);
    for (size_t i = 0; i < FW_COUNT(refused_files) && result == 0; i++)
        result = add(filter, SCMP_ACT_ERRNO(EACCES), refused_files[i], 0, NULL);
    return result == 0 ? add_fstat(filter) : result;
}

static bool listed(const int *calls, size_t count, int call)
{
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = calls[i] == call;
    return found;
}

static int add_refused(scmp_filter_ctx filter, bool loader)
{
    int result = 0;
    for (size_t i = 0; i < FW_COUNT(refused) && result == 0; i++) {
        if (!loader || !listed(for_loader, FW_COUNT(for_loader), refused[i].call))
            result = add(filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, 0,
                         NULL);
    }
    return result;
}

static int fill(scmp_filter_ctx filter, const struct fw_sandbox_options *options)
{
    bool loader = options->role == FW_SANDBOX_LOADER;
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = allow_list(filter, for_all, FW_COUNT(for_all));
    if (result == 0 && options->role == FW_SANDBOX_ENCODER)
        result = allow_list(filter, for_encoder, FW_COUNT(for_encoder));
    if (result == 0 && options->role == FW_SANDBOX_IMAGES)
        result = allow_list(filter, for_images, FW_COUNT(for_images));
    if (result == 0 && loader)
        result = allow_list(filter, for_loader, FW_COUNT(for_loader));
    if (result == 0)
        result = add_refused(filter, loader);
    if (result == 0)
        result = add_files(filter, options->read_path_count > 0);
    if (result == 0)
        result = loader ? add_loading(filter) : add_memory(filter);
    if (result == 0)
        result = add_process(filter, loader);
    return result;
}

bool fw_seccomp_available(void)
{
    return !SANITIZED && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

int fw_seccomp_enter(const struct fw_sandbox_options *options, struct fw_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return fw_fail(err, FW_ERR_LIMIT, "cannot set up seccomp: no memory");
    int result = fill(filter, options);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    if (result < 0)
        return fw_fail(err, FW_ERR_LIMIT, "cannot enter seccomp: %s", strerrordesc_np(-result));
    return FW_OK;
}
