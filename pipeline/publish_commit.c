/* The moment a complete file gets its name, and what happens to one that never does. */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish_path.h"
#include "publish_pictures.h"

#define INTERRUPTED_MAX 999u

/* Links the nameless file as `name`; -1 with errno. */
static int link_nameless(const struct fw_output *output, const char *name)
{
    char proc_path[40];
    (void)snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", output->fd);
    return linkat(AT_FDCWD, proc_path, output->dir_fd, name, AT_SYMLINK_FOLLOW);
}

/* Gives the temporary file the name, if nothing has it; -1 with errno. */
static int name_new(struct fw_output *output, const char *name)
{
    struct stat status;
    int dir_fd = output->dir_fd;
    if (!output->temp_name[0])
        return link_nameless(output, name);
    if (renameat2(dir_fd, output->temp_name, dir_fd, name, RENAME_NOREPLACE) == 0) {
        output->temp_name[0] = '\0';
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(dir_fd, output->temp_name, dir_fd, name, 0) == 0)
        return 0; /* the temporary name goes at close */
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return -1;
    /* A file system with neither: our own runs are kept off by the lock. */
    if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (renameat(dir_fd, output->temp_name, dir_fd, name) < 0)
        return -1;
    output->temp_name[0] = '\0';
    return 0;
}

/* Puts the file in the place of whatever has the name; -1 with errno. */
static int name_over(struct fw_output *output, const char *name)
{
    int dir_fd = output->dir_fd;
    if (!output->temp_name[0]) {
        char temp[64];
        fw_path_hidden(output->name, "tmp", temp, sizeof(temp));
        if (link_nameless(output, temp) < 0)
            return -1;
        (void)snprintf(output->temp_name, sizeof(output->temp_name), "%s", temp);
    }
    if (renameat(dir_fd, output->temp_name, dir_fd, name) < 0)
        return -1;
    output->temp_name[0] = '\0';
    return 0;
}

/* A folder that may be searched but not read has no descriptor to sync: then its file system. */
static int sync_folder(const struct fw_output *output)
{
    if (fsync(output->dir_fd) == 0 || errno == EINVAL || errno == EROFS)
        return 0;
    return errno == EBADF ? syncfs(output->fd) : -1;
}

static int fail_naming(const struct fw_output *output, const char *name, int error,
                       struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    struct stat folder;
    (void)fw_path_shown(output->path, shown, sizeof(shown));
    if (error == EEXIST)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s appeared during the run; it was left as it is, the result was dropped\n"
                       "hint: -y to replace it, or choose another name",
                       shown);
    if (error == ENOENT && (fstat(output->dir_fd, &folder) < 0 || folder.st_nlink == 0))
        return fw_fail(err, FW_ERR_OUTPUT, "%s: its directory was removed during the run", shown);
    return fw_output_fail(output->path,
                          strcmp(name, output->name) == 0
                              ? "cannot give the finished file its name"
                              : "cannot give the interrupted file its name",
                          error, err);
}

/* An interrupted file takes nobody's place either, unless -y: it gets a number instead. */
static int name_interrupted(struct fw_output *output, char *name, size_t bytes)
{
    int result = -1;
    fw_path_interrupted(output->name, 1, name, bytes);
    if (output->exists == FW_EXISTS_REPLACE)
        return name_over(output, name);
    for (uint32_t number = 1; result < 0 && number <= INTERRUPTED_MAX; number++) {
        fw_path_interrupted(output->name, number, name, bytes);
        result = name_new(output, name);
        if (result < 0 && errno != EEXIST)
            return -1;
    }
    return result;
}

/* `name` is what it was named. */
static int commit_file(struct fw_output *output, bool interrupted, char *name, size_t bytes,
                       struct fw_error *err)
{
    int result;
    if (!output->unsynced && fsync(output->fd) < 0)
        return fw_output_fail(output->path, "cannot make it durable", errno, err);
    if (interrupted)
        result = name_interrupted(output, name, bytes);
    else if (output->exists == FW_EXISTS_REPLACE)
        result = name_over(output, name);
    else
        result = name_new(output, name);
    if (result < 0)
        return fail_naming(output, name, errno, err);
    if (!output->unsynced && sync_folder(output) < 0)
        return fw_output_fail(output->path, "cannot make its name durable", errno, err);
    return FW_OK;
}

int fw_output_name(struct fw_output *output, struct fw_error *err)
{
    int result = output->exists == FW_EXISTS_REPLACE ? name_over(output, output->name)
                                                     : name_new(output, output->name);
    return result < 0 ? fail_naming(output, output->name, errno, err) : FW_OK;
}

static int commit_direct(struct fw_output *output, struct fw_error *err)
{
    /* Pipes and terminals cannot be synced and need not be. */
    if (output->fd >= 0 && fsync(output->fd) < 0 && errno != EINVAL && errno != ENOTSUP &&
        errno != EROFS)
        return fw_output_fail(output->path, "cannot make it durable", errno, err);
    return FW_OK;
}

int fw_output_commit(struct fw_output *output, bool interrupted, char *name_out, size_t name_bytes,
                     struct fw_error *err)
{
    char name[FW_NAME_BYTES + 1];
    int status = FW_OK;
    if (name_bytes > 0)
        name_out[0] = '\0';
    if (output->kind == FW_OUTPUT_NONE)
        return FW_OK;
    (void)snprintf(name, sizeof(name), "%s", output->name);
    if (output->kind == FW_OUTPUT_FILE || output->kind == FW_OUTPUT_PICTURES) {
        status = output->kind == FW_OUTPUT_FILE
                     ? commit_file(output, interrupted, name, sizeof(name), err)
                     : fw_output_pictures_commit(output, interrupted, name, sizeof(name), err);
        (void)snprintf(name_out, name_bytes, "%.*s%s",
                       (int)(strlen(output->path) - strlen(output->name)), output->path, name);
    } else {
        status = commit_direct(output, err);
        (void)snprintf(name_out, name_bytes, "%s", output->path);
    }
    bool nothing = output->kind == FW_OUTPUT_PICTURES && output->file_count == 0;
    if ((status < 0 || nothing) && name_bytes > 0)
        name_out[0] = '\0';
    return status;
}

void fw_output_close(struct fw_output *output)
{
    if (!output->path && !output->name) {
        memset(output, 0, sizeof(*output));
        return;
    }
    fw_output_pictures_close(output);
    if (output->temp_name[0])
        (void)unlinkat(output->dir_fd, output->temp_name, 0);
    if (output->fd >= 0)
        close(output->fd);
    /* While the lock is still held: the next run must not find a file that we then remove. */
    if (output->lock_name[0] && output->lock_fd >= 0)
        (void)unlinkat(output->dir_fd, output->lock_name, 0);
    if (output->lock_fd >= 0)
        close(output->lock_fd);
    if (output->dir_fd >= 0)
        close(output->dir_fd);
    free(output->name);
    free(output->path);
    memset(output, 0, sizeof(*output));
}
