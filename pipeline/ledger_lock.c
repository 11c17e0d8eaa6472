/* One run at a time in a folder. The lock is the kernel's and ends with its holder; the file's text
 * only says who that is. */
#include "ledger_lock.h"

#include "ledger.h"

#include "publish_path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 64
#define POLL_MS 100

double fw_unix_time(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes the line at *at; "" when there is none. */
static const char *take_line(char **at)
{
    char *line = *at;
    char *end = strchrnul(line, '\n');
    *at = *end ? end + 1 : end;
    *end = '\0';
    return line;
}

static void read_holder(int fd, struct fw_lock_holder *holder)
{
    char text[FW_HOLDER_TEXT + 512];
    char *at = text;
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    holder->pid = strtol(take_line(&at), NULL, 10);
    if (holder->pid < 0)
        holder->pid = 0;
    (void)snprintf(holder->host, sizeof(holder->host), "%s", take_line(&at));
    holder->since = strtod(take_line(&at), NULL);
    (void)snprintf(holder->command, sizeof(holder->command), "%s", take_line(&at));
}

static int fail_held(const struct fw_lock_request *request, int fd, struct fw_error *err)
{
    struct fw_lock_holder holder;
    char shown[FW_SHOWN_BYTES];
    char command[FW_SHOWN_BYTES];
    char host[300] = "";
    char here[256] = "";
    char process[32] = "unknown";
    read_holder(fd, &holder);
    if (holder.pid > 0)
        (void)snprintf(process, sizeof(process), "%ld", holder.pid);
    (void)gethostname(here, sizeof(here) - 1);
    if (holder.host[0] && strcmp(holder.host, here) != 0) {
        (void)snprintf(host, sizeof(host), " on ");
        (void)fw_path_shown(holder.host, host + 4, sizeof(host) - 4);
    }
    return fw_fail(err, FW_ERR_OUTPUT,
                   "%s is being worked on by another run (process %s%s%s%s)\n"
                   "hint: wait for it (--wait), or choose another directory",
                   fw_path_shown(request->shown, shown, sizeof(shown)), process, host,
                   holder.command[0] ? ": " : "",
                   fw_path_shown(holder.command, command, sizeof(command)));
}

/* One try. FW_END: the file went away under the lock; FW_DROP: somebody holds it. */
static int try_lock(struct fw_folder_lock *lock, const struct fw_lock_request *request,
                    struct fw_error *err)
{
    struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct stat held;
    struct stat named;
    int fd = openat(lock->dir_fd, lock->name,
                    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0)
        return fw_output_fail(request->shown, "cannot make its lock file", errno, err);
    if (fcntl(fd, F_OFD_SETLK, &range) < 0) {
        int error = errno;
        int status = FW_DROP;
        if (error != EAGAIN && error != EACCES) {
            (void)unlinkat(lock->dir_fd, lock->name, 0);
            status = fw_output_fail(request->shown, "cannot lock", error, err);
        } else if (!request->wait) {
            status = fail_held(request, fd, err);
        }
        close(fd);
        return status;
    }
    /* The last holder unlinks before it lets go: only the file that still has the name counts. */
    if (fstat(fd, &held) < 0 || !S_ISREG(held.st_mode) ||
        fstatat(lock->dir_fd, lock->name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_ino != named.st_ino || held.st_dev != named.st_dev) {
        close(fd);
        return FW_END;
    }
    lock->fd = fd;
    return FW_OK;
}

/* The lock's file system may be anybody's, so there is nothing to be woken by: it is asked again
 * and again. */
static int wait_a_little(const struct fw_lock_request *request, struct fw_error *err)
{
    struct pollfd cancel = { .fd = request->cancel_fd, .events = POLLIN };
    int ready = poll(&cancel, 1, POLL_MS);
    bool interrupted = ready < 0 && request->cancel_fd < 0;
    char shown[FW_SHOWN_BYTES];
    if (ready > 0 || interrupted)
        return fw_fail(err, FW_ERR_CANCELLED, "interrupted while another run worked on %s",
                       fw_path_shown(request->shown, shown, sizeof(shown)));
    return FW_OK;
}

/* For messages alone: a full disk may leave it empty. */
static void write_holder(int fd, const char *command)
{
    char text[FW_HOLDER_TEXT + 512];
    char host[256] = "";
    char shown[FW_HOLDER_TEXT];
    (void)gethostname(host, sizeof(host) - 1);
    int bytes = snprintf(text, sizeof(text), "%ld\n%s\n%.3f\n%s\n", (long)getpid(), host,
                         fw_unix_time(), fw_path_shown(command, shown, sizeof(shown)));
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)bytes, 0);
}

static int open_folder(struct fw_folder_lock *lock, const struct fw_lock_request *request,
                       struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    lock->dir_fd = open(request->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (lock->dir_fd >= 0)
        return FW_OK;
    if (errno == ENOENT)
        return fw_fail(err, FW_ERR_OUTPUT, "%s does not exist\nhint: make it with mkdir -p",
                       fw_path_shown(request->folder, shown, sizeof(shown)));
    return fw_output_fail(request->folder, "cannot open it", errno, err);
}

int fw_folder_lock_open(struct fw_folder_lock *lock, const struct fw_lock_request *request,
                        struct fw_error *err)
{
    lock->fd = lock->dir_fd = -1;
    int bytes = snprintf(lock->name, sizeof(lock->name), "%s", request->name);
    if (bytes < 0 || (size_t)bytes >= sizeof(lock->name))
        return fw_output_fail(request->shown, "cannot make its lock file", ENAMETOOLONG, err);
    int status = open_folder(lock, request, err);
    if (status == FW_OK)
        status = FW_END;
    for (int gone = 0; status == FW_END || status == FW_DROP;) {
        if (status == FW_DROP && wait_a_little(request, err) < 0) {
            status = FW_ERR_CANCELLED;
        } else if (gone == TRIES) {
            status = fw_output_fail(request->shown, "cannot take its lock", EAGAIN, err);
        } else {
            status = try_lock(lock, request, err);
            gone += status == FW_END;
        }
    }
    if (status == FW_OK)
        write_holder(lock->fd, request->command ? request->command : "");
    else
        fw_folder_lock_close(lock);
    return status;
}

void fw_folder_lock_close(struct fw_folder_lock *lock)
{
    /* While it is still held: the next run must not find a file that we then remove. */
    if (lock->fd >= 0) {
        (void)unlinkat(lock->dir_fd, lock->name, 0);
        close(lock->fd);
    }
    if (lock->dir_fd >= 0)
        close(lock->dir_fd);
    lock->fd = lock->dir_fd = -1;
}

void fw_folder_lock_look(const char *folder, const char *name, struct fw_lock_holder *holder)
{
    struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
    struct stat status;
    memset(holder, 0, sizeof(*holder));
    int dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return;
    int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK) {
        read_holder(fd, holder);
        holder->held = true;
    }
    if (fd >= 0)
        close(fd);
    close(dir_fd);
}
