/* Lock, nameless file, final name. */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "filters/check.h"
#include "publish_path.h"
#include "publish_pictures.h"
#include "sequence.h"

#define LOCK_TRIES 64
#define READER_WAIT_NS 20000000L
#define PROC_MAGIC 0x9fa0

/* What a name is now. */
struct target {
    enum fw_output_kind kind;
    bool exists;
    bool magic; /* a link of /proc/PID/fd: opened, not replaced */
    struct stat status;
};

static bool text_format(const char *format)
{
    static const char *const formats[] = { "framemd5", "framehash", "framecrc", "md5", "hash" };
    for (size_t i = 0; format && i < FW_COUNT(formats); i++) {
        if (strcmp(formats[i], format) == 0)
            return true;
    }
    return false;
}

static int check_stdout(const struct fw_settings *settings, int input_fd, struct fw_error *err)
{
    struct stat out;
    struct stat in;
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &out) < 0)
        return fw_fail(err, FW_ERR_OUTPUT, "standard output is not open for writing");
    if (isatty(STDOUT_FILENO) && !text_format(settings->format))
        return fw_fail(err, FW_ERR_USAGE,
                       "standard output is a terminal\n"
                       "hint: pipe it into a program, or name a file");
    if (input_fd >= 0 && fstat(input_fd, &in) == 0 && S_ISREG(in.st_mode) &&
        in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        return fw_fail(err, FW_ERR_USAGE, "input and standard output are the same file");
    return FW_OK;
}

/* A link below /proc/PID/fd stands for an open file, as in >(command) of a shell. */
static int classify_magic(const char *path, int dir_fd, struct target *target, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    if (fstatat(dir_fd, fw_path_name(path), &target->status, 0) < 0)
        return fw_output_fail(path, "cannot look at it", errno, err);
    if (!S_ISFIFO(target->status.st_mode) && !S_ISCHR(target->status.st_mode))
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s stands for an open file\n"
                       "hint: name the file itself, or '-' for standard output",
                       fw_path_shown(path, shown, sizeof(shown)));
    target->magic = true;
    target->kind = FW_OUTPUT_DIRECT;
    return FW_OK;
}

static int classify_link(const char *path, int dir_fd, struct target *target, struct fw_error *err)
{
    struct statfs fs;
    struct stat folder;
    struct stat dev;
    char shown[FW_SHOWN_BYTES];
    if (fstatfs(dir_fd, &fs) == 0 && fs.f_type == PROC_MAGIC)
        return classify_magic(path, dir_fd, target, err);
    /* /dev/stdout and its kin are links that must not be replaced, -y or not. */
    if (fstat(dir_fd, &folder) == 0 && stat("/dev", &dev) == 0 && folder.st_dev == dev.st_dev &&
        folder.st_ino == dev.st_ino)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s is a link of the system\n"
                       "hint: '-' is standard output",
                       fw_path_shown(path, shown, sizeof(shown)));
    target->kind = FW_OUTPUT_FILE;
    return FW_OK;
}

static int classify(const char *path, int dir_fd, struct target *target, struct fw_error *err)
{
    const char *name = fw_path_name(path);
    char shown[FW_SHOWN_BYTES];
    memset(target, 0, sizeof(*target));
    target->kind = FW_OUTPUT_FILE;
    (void)fw_path_shown(path, shown, sizeof(shown));
    if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return fw_fail(err, FW_ERR_OUTPUT, "%s is a directory, not a file", shown);
    if (fstatat(dir_fd, name, &target->status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return FW_OK;
        return fw_output_fail(path, "cannot look at it", errno, err);
    }
    target->exists = true;
    switch (target->status.st_mode & S_IFMT) {
    case S_IFREG:
        return FW_OK;
    case S_IFLNK:
        return classify_link(path, dir_fd, target, err);
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
        target->kind = FW_OUTPUT_DIRECT;
        return FW_OK;
    case S_IFDIR:
        return fw_fail(err, FW_ERR_OUTPUT, "%s is a directory, not a file\nhint: name a file in it",
                       shown);
    default:
        return fw_fail(err, FW_ERR_OUTPUT, "%s is a socket; it cannot be written", shown);
    }
}

/* Nothing is lost by writing into a pipe or terminal; a disk is another matter. */
static bool holds_data(const struct target *target)
{
    return target->exists && (target->kind == FW_OUTPUT_FILE || S_ISBLK(target->status.st_mode));
}

static int check_same(const char *path, int dir_fd, int input_fd, struct fw_error *err)
{
    struct stat in;
    struct stat out;
    char shown[FW_SHOWN_BYTES];
    if (input_fd < 0 || fstat(input_fd, &in) < 0 || S_ISCHR(in.st_mode) ||
        fstatat(dir_fd, fw_path_name(path), &out, 0) < 0)
        return FW_OK;
    if (in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        return fw_fail(err, FW_ERR_USAGE, "%s is the input\nhint: give the output another name",
                       fw_path_shown(path, shown, sizeof(shown)));
    return FW_OK;
}

static int check_target(const struct fw_settings *settings, const char *path, int dir_fd,
                        const struct target *target, bool *skip, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    (void)fw_path_shown(path, shown, sizeof(shown));
    if (holds_data(target) && settings->exists == FW_EXISTS_SKIP) {
        *skip = true;
        return FW_OK;
    }
    if (holds_data(target) && settings->exists != FW_EXISTS_REPLACE)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s %s\nhint: -y to replace it, -n to skip, or choose another name", shown,
                       S_ISLNK(target->status.st_mode)   ? "is a symbolic link"
                       : S_ISBLK(target->status.st_mode) ? "is a disk"
                                                         : "exists");
    if (target->kind == FW_OUTPUT_FILE && faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return fw_output_fail(path, "its directory cannot be written", errno, err);
    if (target->kind == FW_OUTPUT_DIRECT &&
        faccessat(dir_fd, fw_path_name(path), W_OK, AT_EACCESS) < 0)
        return fw_output_fail(path, "cannot be written", errno, err);
    return FW_OK;
}

int fw_output_check(const struct fw_settings *settings, int input_fd, bool *skip,
                    struct fw_error *err)
{
    const char *path = settings->output;
    struct target target;
    int dir_fd = -1;
    *skip = false;
    if (settings->null_output)
        return FW_OK;
    if (!path || !path[0])
        return fw_fail(err, FW_ERR_USAGE, "no output given");
    if (strcmp(path, "-") == 0)
        return check_stdout(settings, input_fd, err);
    struct fw_pattern pattern;
    enum fw_still_kind kind;
    int numbered = fw_sequence_output(settings, &pattern, &kind, err);
    int status = numbered < 0 ? numbered : fw_path_open_folder(path, &dir_fd, err);
    if (status < 0)
        return status;
    if (numbered == FW_OK) {
        status = fw_output_pictures_check(settings, &pattern, dir_fd, input_fd, skip, err);
        close(dir_fd);
        return status;
    }
    status = check_same(path, dir_fd, input_fd, err);
    if (status == FW_OK)
        status = classify(path, dir_fd, &target, err);
    if (status == FW_OK)
        status = check_target(settings, path, dir_fd, &target, skip, err);
    close(dir_fd);
    return status;
}

/* ---- lock --------------------------------------------------------------------------------- */

static int fail_locked(const struct fw_output *output, int fd, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    char pid[24] = "";
    ssize_t got = pread(fd, pid, sizeof(pid) - 1, 0);
    pid[got > 0 ? got : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return fw_fail(err, FW_ERR_OUTPUT,
                   "%s is being written by another run (process %s)\n"
                   "hint: wait for it, or choose another name",
                   fw_path_shown(output->path, shown, sizeof(shown)), pid[0] ? pid : "unknown");
}

/* One try. FW_END: the file went away under the lock; try again. */
static int try_lock(struct fw_output *output, struct fw_error *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct stat held;
    struct stat named;
    int fd = openat(output->dir_fd, output->lock_name,
                    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0)
        return fw_output_fail(output->path, "cannot make its lock file", errno, err);
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        int error = errno;
        bool held_elsewhere = error == EAGAIN || error == EACCES;
        int status = held_elsewhere ? fail_locked(output, fd, err)
                                    : fw_output_fail(output->path, "cannot lock", error, err);
        /* Where nobody can lock, the file means nothing. */
        if (!held_elsewhere)
            (void)unlinkat(output->dir_fd, output->lock_name, 0);
        close(fd);
        return status;
    }
    /* The last holder unlinks before it lets go: only the file that still has the name counts. */
    if (fstat(fd, &held) < 0 || !S_ISREG(held.st_mode) ||
        fstatat(output->dir_fd, output->lock_name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_ino != named.st_ino || held.st_dev != named.st_dev) {
        close(fd);
        return FW_END;
    }
    output->lock_fd = fd;
    return FW_OK;
}

static int take_lock(struct fw_output *output, struct fw_error *err)
{
    char pid[24];
    int status = FW_END;
    fw_path_hidden(output->name, "lock", output->lock_name, sizeof(output->lock_name));
    for (int i = 0; i < LOCK_TRIES && status == FW_END; i++)
        status = try_lock(output, err);
    if (status == FW_END)
        status = fw_output_fail(output->path, "cannot take its lock", EAGAIN, err);
    if (status < 0) {
        output->lock_name[0] = '\0';
        return status;
    }
    /* For messages alone: a full disk may leave it empty. */
    int bytes = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(output->lock_fd, 0) == 0)
        (void)!pwrite(output->lock_fd, pid, (size_t)bytes, 0);
    return FW_OK;
}

void fw_output_tidy(int dir_fd, const char *name)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char hidden[64];
    char temp[64];
    fw_path_hidden(name, "lock", hidden, sizeof(hidden));
    fw_path_hidden(name, "tmp", temp, sizeof(temp));
    int fd = openat(dir_fd, hidden, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool held = fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) < 0;
    if (!held) {
        (void)unlinkat(dir_fd, temp, 0);
        (void)unlinkat(dir_fd, hidden, 0);
    }
    if (fd >= 0)
        close(fd);
}

/* ---- open --------------------------------------------------------------------------------- */

/* Whether a file without a name can get one later. */
static bool can_link(int fd, char *proc_path, size_t bytes)
{
    struct stat status;
    (void)snprintf(proc_path, bytes, "/proc/self/fd/%d", fd);
    return stat(proc_path, &status) == 0;
}

static int open_file(struct fw_output *output, struct fw_error *err)
{
    char temp[64];
    char proc_path[40];
    fw_path_hidden(output->name, "tmp", temp, sizeof(temp));
    /* Under the lock, a temporary file of this name is what a killed run left. */
    (void)unlinkat(output->dir_fd, temp, 0);
    int fd = openat(output->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd >= 0 && !can_link(fd, proc_path, sizeof(proc_path))) {
        close(fd);
        fd = -1;
        errno = EOPNOTSUPP;
    }
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)) {
        fd = openat(output->dir_fd, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0)
            (void)snprintf(output->temp_name, sizeof(output->temp_name), "%s", temp);
    }
    if (fd < 0)
        return fw_output_fail(output->path, "cannot make a file in its directory", errno, err);
    output->fd = fd;
    return FW_OK;
}

/* Opens a pipe once somebody reads it. A plain open would wait for ever, and O_RDWR would make us a
 * reader: the writer would never learn that the real one is gone. */
static int open_direct(struct fw_output *output, const struct target *target, uint32_t wait_ms,
                       struct fw_error *err)
{
    const struct timespec nap = { 0, READER_WAIT_NS };
    int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (target->magic ? 0 : O_NOFOLLOW);
    struct stat opened;
    char shown[FW_SHOWN_BYTES];
    int64_t tries = (int64_t)wait_ms * 1000000 / READER_WAIT_NS;
    int fd = openat(output->dir_fd, output->name, flags);
    for (; fd < 0 && errno == ENXIO && S_ISFIFO(target->status.st_mode) && tries > 0; tries--) {
        if (nanosleep(&nap, NULL) < 0)
            return fw_fail(err, FW_ERR_CANCELLED, "interrupted while waiting for a reader of %s",
                           fw_path_shown(output->path, shown, sizeof(shown)));
        fd = openat(output->dir_fd, output->name, flags);
    }
    if (fd < 0 && errno == ENXIO)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s: nothing reads this pipe (waited %u s)\n"
                       "hint: start its reader first, or give --stall more time",
                       fw_path_shown(output->path, shown, sizeof(shown)), wait_ms / 1000);
    if (fd < 0)
        return fw_output_fail(output->path, "cannot open", errno, err);
    output->fd = fd;
    if (fstat(fd, &opened) < 0 || (opened.st_mode & S_IFMT) != (target->status.st_mode & S_IFMT))
        return fw_fail(err, FW_ERR_OUTPUT, "%s was replaced while it was being opened",
                       fw_path_shown(output->path, shown, sizeof(shown)));
    if (fcntl(fd, F_SETFL, 0) < 0)
        return fw_output_fail(output->path, "cannot set up", errno, err);
    return FW_OK;
}

static int open_target(struct fw_output *output, const struct fw_settings *settings,
                       struct fw_error *err)
{
    struct target target;
    bool skip = false;
    int status = fw_path_open_folder(output->path, &output->dir_fd, err);
    if (status == FW_OK)
        status = classify(output->path, output->dir_fd, &target, err);
    if (status < 0)
        return status;
    output->kind = target.kind;
    if (target.kind == FW_OUTPUT_DIRECT)
        return open_direct(output, &target, settings->stall_ms, err);
    status = take_lock(output, err);
    /* Look again under the lock: another run may just have published this name. */
    if (status == FW_OK)
        status = classify(output->path, output->dir_fd, &target, err);
    if (status == FW_OK && settings->exists != FW_EXISTS_SKIP)
        status = check_target(settings, output->path, output->dir_fd, &target, &skip, err);
    if (status == FW_OK)
        status = open_file(output, err);
    return status;
}

int fw_output_open_in(struct fw_output *output, int dir_fd, const char *name, const char *path,
                      enum fw_exists exists, struct fw_error *err)
{
    struct fw_settings settings = { .exists = exists };
    struct target target;
    bool skip = false;
    memset(output, 0, sizeof(*output));
    output->fd = output->lock_fd = -1;
    output->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
    output->exists = exists;
    output->kind = FW_OUTPUT_FILE;
    output->path = strdup(path);
    output->name = strdup(name);
    int error = errno;
    int status = output->path && output->name
                     ? FW_OK
                     : fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    if (status == FW_OK && output->dir_fd < 0)
        status = fw_fail(err, FW_ERR_SYSTEM, "cannot keep a folder open: %s",
                         strerrordesc_np(error));
    if (status == FW_OK)
        status = classify(name, dir_fd, &target, err);
    if (status == FW_OK && target.kind != FW_OUTPUT_FILE)
        status = fw_fail(err, FW_ERR_OUTPUT, "it is no file");
    if (status == FW_OK)
        status = check_target(&settings, name, dir_fd, &target, &skip, err);
    if (status == FW_OK)
        status = open_file(output, err);
    if (status < 0)
        fw_output_close(output);
    return status;
}

static int open_pictures(struct fw_output *output, const struct fw_settings *settings,
                         const struct fw_pattern *pattern, uint64_t frames, struct fw_error *err)
{
    output->kind = FW_OUTPUT_PICTURES;
    int status = fw_path_open_folder(output->path, &output->dir_fd, err);
    if (status == FW_OK)
        status = take_lock(output, err);
    if (status == FW_OK)
        status = fw_output_pictures_open(output, settings, pattern, frames, err);
    return status;
}

int fw_output_open(struct fw_output *output, const struct fw_settings *settings, uint64_t frames,
                   struct fw_error *err)
{
    struct fw_pattern pattern;
    enum fw_still_kind kind;
    memset(output, 0, sizeof(*output));
    output->fd = output->dir_fd = output->lock_fd = -1;
    output->exists = settings->exists;
    output->unsynced = settings->unsynced;
    if (settings->null_output)
        return FW_OK;
    output->path = strdup(settings->output);
    output->name = strdup(fw_path_name(settings->output));
    int status = FW_OK;
    if (!output->path || !output->name) {
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    } else if (strcmp(output->path, "-") == 0) {
        output->kind = FW_OUTPUT_STDOUT;
        /* A number of its own: children put /dev/null in the place of the standard ones. */
        output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        if (output->fd < 0)
            status = fw_output_fail("standard output", "cannot write", errno, err);
    } else {
        int numbered = fw_sequence_output(settings, &pattern, &kind, err);
        status = numbered == FW_END ? open_target(output, settings, err) : numbered;
        if (numbered == FW_OK)
            status = open_pictures(output, settings, &pattern, frames, err);
    }
    if (status < 0)
        fw_output_close(output);
    return status;
}

/* ---- room --------------------------------------------------------------------------------- */

static void size_text(uint64_t bytes, char *text, size_t room)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    uint64_t tenths = bytes > UINT64_MAX / 10 ? UINT64_MAX : bytes * 10;
    size_t unit = 0;
    for (; tenths >= 10240 && unit + 1 < FW_COUNT(units); unit++)
        tenths /= 1024;
    (void)snprintf(text, room, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                   (unsigned long long)(tenths % 10), units[unit]);
}

int fw_output_room(const struct fw_output *output, uint64_t bytes, struct fw_error *err)
{
    struct statvfs fs;
    struct rlimit limit;
    char shown[FW_SHOWN_BYTES];
    char want[32];
    char have[32];
    if (output->kind != FW_OUTPUT_FILE || fstatvfs(output->fd, &fs) < 0)
        return FW_OK;
    uint64_t room = UINT64_MAX;
    if (__builtin_mul_overflow((uint64_t)fs.f_bavail, (uint64_t)fs.f_frsize, &room))
        room = UINT64_MAX;
    bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < room;
    if (limited)
        room = limit.rlim_cur;
    if (bytes <= room)
        return FW_OK;
    size_text(bytes, want, sizeof(want));
    size_text(room, have, sizeof(have));
    return fw_fail(err, FW_ERR_OUTPUT, "%s: about %s are needed, %s are %s%s",
                   fw_path_shown(output->path, shown, sizeof(shown)), want, have,
                   limited ? "allowed (ulimit -f)" : "free",
                   limited ? "" : "\nhint: free some space, or write to another file system");
}
