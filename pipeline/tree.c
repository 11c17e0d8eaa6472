/* Folders below one descriptor. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "publish_path.h"

#include "filters/check.h"

#define FOLDER_FLAGS (O_DIRECTORY | O_CLOEXEC)
#define RACES_MAX 8 /* openat2 asks to be tried again while something above is renamed */

static int fail_tree(const struct fw_tree *tree, const char *relative, const char *what, int error,
                     struct fw_error *err)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s%s%s", tree->folder, *relative != '\0' ? "/" : "",
                   relative);
    if (error == ENOTDIR || error == ELOOP) {
        char shown[FW_SHOWN_BYTES];
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s: a file or a symbolic link is where a directory has to be\n"
                       "hint: move it away, or write to another directory",
                       fw_path_shown(path, shown, sizeof(shown)));
    }
    return fw_output_fail(path, what, error, err);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A folder that may be searched but not listed does as well. */
static int open_component(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | FOLDER_FLAGS);
    if (fd < 0 && errno == EACCES)
        fd = openat(parent, name, O_PATH | O_NOFOLLOW | FOLDER_FLAGS);
    return fd;
}

static int open_beneath(int top, const char *relative, uint64_t mode)
{
    struct open_how how = {
        .flags = mode | FOLDER_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;
    errno = EAGAIN;
    for (int i = 0; fd < 0 && errno == EAGAIN && i < RACES_MAX; i++)
        fd = syscall(SYS_openat2, top, relative, &how, sizeof(how));
    return (int)fd;
}

/* -1 with ENOSYS when it has to be done step by step. */
static int open_at_once(struct fw_tree *tree, const char *relative)
{
    if (tree->step_by_step || strlen(relative) >= PATH_MAX) {
        errno = ENOSYS;
        return -1;
    }
    int fd = open_beneath(tree->fd, relative, O_RDONLY);
    if (fd < 0 && errno == EACCES)
        fd = open_beneath(tree->fd, relative, O_PATH);
    /* Old kernels do not know the call; filters of system calls refuse it with EPERM. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == E2BIG || errno == EINVAL))
        tree->step_by_step = true;
    if (fd < 0 && (tree->step_by_step || errno == EAGAIN))
        errno = ENOSYS;
    return fd;
}

/* The component [start, start + bytes) of `relative` in the folder `parent`. */
static int step(struct fw_tree *tree, int parent, const char *relative, size_t start, size_t bytes,
                bool create)
{
    char name[FW_NAME_BYTES + 1];
    FW_CHECK(bytes <= FW_NAME_BYTES);
    memcpy(name, relative + start, bytes);
    name[bytes] = '\0';
    int fd = open_component(parent, name);
    if (fd >= 0 || errno != ENOENT || !create)
        return fd;
    if (mkdirat(parent, name, 0777) < 0) {
        if (errno != EEXIST)
            return -1;
    } else {
        char *above = strndup(relative, start > 0 ? start - 1 : 0);
        int status = above != NULL ? fw_tree_touch(tree, above, NULL) : FW_ERR_MEMORY;
        free(above);
        if (status < 0) {
            errno = ENOMEM;
            return -1;
        }
    }
    return open_component(parent, name);
}

/* From the descriptor `from`, which is the folder that ends at `start`. It stays open. */
static int walk(struct fw_tree *tree, int from, const char *relative, size_t start, bool create)
{
    int at = from;
    for (;;) {
        size_t bytes = strcspn(relative + start, "/");
        int next = step(tree, at, relative, start, bytes, create);
        int error = errno;
        if (at != from)
            close(at);
        errno = error;
        start += bytes;
        if (next < 0 || relative[start] == '\0')
            return next;
        start++;
        at = next;
    }
}

/* ---- folders held open --------------------------------------------------------------------- */

static struct fw_tree_slot *slot_of(struct fw_tree *tree, const char *relative, size_t bytes)
{
    uint32_t hash = fw_table_hash(relative, bytes, 0, 0);
    for (size_t i = 0; i < FW_TREE_OPEN; i++) {
        struct fw_tree_slot *slot = &tree->slots[i];
        if (slot->path != NULL && slot->hash == hash && strlen(slot->path) == bytes &&
            memcmp(slot->path, relative, bytes) == 0) {
            slot->used = ++tree->clock;
            return slot;
        }
    }
    return NULL;
}

static void slot_clear(struct fw_tree_slot *slot)
{
    if (slot->path == NULL)
        return;
    close(slot->fd);
    free(slot->path);
    *slot = (struct fw_tree_slot){ 0 };
}

/* Keeps the descriptor in the place that was not used for longest. Closes it without memory. */
static int keep(struct fw_tree *tree, const char *relative, int fd)
{
    struct fw_tree_slot *oldest = &tree->slots[0];
    for (size_t i = 1; i < FW_TREE_OPEN; i++) {
        if (tree->slots[i].used < oldest->used)
            oldest = &tree->slots[i];
    }
    char *path = strdup(relative);
    if (path == NULL) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    slot_clear(oldest);
    *oldest = (struct fw_tree_slot){
        .path = path,
        .fd = fd,
        .hash = fw_table_hash(relative, strlen(relative), 0, 0),
        .used = ++tree->clock,
    };
    return fd;
}

/* Components alone: no empty one, no "." and no "..", none too long. Sets errno. */
static bool is_plain(const char *relative)
{
    for (const char *at = relative;; at++) {
        size_t bytes = strcspn(at, "/");
        errno = bytes > FW_NAME_BYTES ? ENAMETOOLONG : EINVAL;
        if (bytes == 0 || bytes > FW_NAME_BYTES || strncmp(at, "..", bytes) == 0)
            return false;
        at += bytes;
        if (*at == '\0')
            return true;
    }
}

static int enter(struct fw_tree *tree, const char *relative, bool create)
{
    size_t length = strlen(relative);
    if (length == 0)
        return tree->fd;
    if (!is_plain(relative))
        return -1;
    struct fw_tree_slot *slot = slot_of(tree, relative, length);
    if (slot != NULL)
        return slot->fd;
    int fd = open_at_once(tree, relative);
    if (fd < 0 && (errno == ENOSYS || (errno == ENOENT && create))) {
        /* Folders are made one after the other from the top down: the one above is often here. */
        const char *slash = strrchr(relative, '/');
        slot = slash != NULL ? slot_of(tree, relative, (size_t)(slash - relative)) : NULL;
        fd = slot != NULL ? walk(tree, slot->fd, relative, (size_t)(slash + 1 - relative), create)
                          : walk(tree, tree->fd, relative, 0, create);
    }
    return fd < 0 ? -1 : keep(tree, relative, fd);
}

int fw_tree_find(struct fw_tree *tree, const char *relative)
{
    return enter(tree, relative, false);
}

int fw_tree_folder(struct fw_tree *tree, const char *relative, int *fd_out, struct fw_error *err)
{
    int fd = enter(tree, relative, true);
    if (fd < 0)
        return fail_tree(tree, relative, "cannot make or open the directory", errno, err);
    *fd_out = fd;
    return FW_OK;
}

/* ---- the top ------------------------------------------------------------------------------- */

/* A folder that may not be listed has no descriptor to sync: then all of its file system, or of
 * all file systems. */
static int sync_descriptor(int fd)
{
    if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
        return 0;
    if (errno != EBADF)
        return -1;
    sync();
    return 0;
}

/* Makes the folder and syncs the one that its name is in; -1 with errno, ENOENT when that one is
 * missing. */
static int make_top(const char *path)
{
    struct fw_error err = { 0 };
    int above;
    if (mkdir(path, 0777) < 0)
        return errno == EEXIST ? 0 : -1;
    if (fw_path_open_folder(path, &above, &err) < 0) {
        errno = EIO;
        return -1;
    }
    int result = sync_descriptor(above);
    int error = errno;
    close(above);
    errno = error;
    return result;
}

/* As mkdir -p. `path` is written to and comes back as it was, without slashes at its end. */
static int make_all(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    int result = make_top(path);
    if (result == 0 || errno != ENOENT)
        return result;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        result = make_top(path);
        *slash = '/';
        if (result < 0)
            return result;
        slash += strspn(slash, "/") - 1;
    }
    return make_top(path);
}

static int open_top(const char *folder)
{
    int fd = open(folder, O_RDONLY | FOLDER_FLAGS);
    if (fd < 0 && errno == EACCES)
        fd = open(folder, O_PATH | FOLDER_FLAGS);
    return fd;
}

int fw_tree_open(struct fw_tree *tree, const char *folder, bool create, struct fw_error *err)
{
    memset(tree, 0, sizeof(*tree));
    char *path = strdup(folder);
    tree->folder = strdup(folder);
    tree->fd = -1;
    if (path == NULL || tree->folder == NULL) {
        free(path);
        fw_tree_close(tree);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    }
    tree->fd = open_top(folder);
    if (tree->fd < 0 && errno == ENOENT && create && folder[0] != '\0' && make_all(path) == 0)
        tree->fd = open_top(folder);
    int error = errno;
    free(path);
    if (tree->fd >= 0)
        return FW_OK;
    int status = error == ENOTDIR ? fw_output_fail(folder, "it is not a directory", error, err)
                 : create ? fw_output_fail(folder, "cannot make or open the directory", error, err)
                          : fw_output_fail(folder, "cannot open the directory", error, err);
    fw_tree_close(tree);
    return status;
}

void fw_tree_close(struct fw_tree *tree)
{
    if (tree->folder == NULL) {
        memset(tree, 0, sizeof(*tree));
        return;
    }
    for (size_t i = 0; i < FW_TREE_OPEN; i++)
        slot_clear(&tree->slots[i]);
    if (tree->fd >= 0)
        close(tree->fd);
    fw_folders_deinit(&tree->touched);
    fw_table_deinit(&tree->touched_lookup);
    free(tree->folder);
    memset(tree, 0, sizeof(*tree));
}

/* ---- durability ---------------------------------------------------------------------------- */

int fw_tree_touch(struct fw_tree *tree, const char *relative, struct fw_error *err)
{
    size_t length = strlen(relative);
    uint32_t hash = fw_table_hash(relative, length, 0, 0);
    uint32_t cursor = 0;
    uint32_t at;
    for (uint32_t found = fw_table_find(&tree->touched_lookup, hash, &cursor); found != FW_NONE;
         found = fw_table_find(&tree->touched_lookup, hash, &cursor)) {
        if (strcmp(fw_names_get(&tree->touched, found), relative) == 0)
            return FW_OK;
    }
    int status = fw_names_add(&tree->touched, relative, length, &at, err);
    if (status == FW_OK)
        status = fw_table_put(&tree->touched_lookup, hash, at, err);
    return status;
}

int fw_tree_sync(struct fw_tree *tree, struct fw_error *err)
{
    for (uint32_t at = 0; at < tree->touched.names_used;) {
        const char *relative = fw_names_get(&tree->touched, at);
        int fd = enter(tree, relative, false);
        /* A folder that is gone took the names in it along. */
        bool gone = fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
        if (!gone && (fd < 0 || sync_descriptor(fd) < 0))
            return fail_tree(tree, relative, "cannot make the directory durable", errno, err);
        at += (uint32_t)strlen(relative) + 1;
    }
    tree->touched.names_used = 0;
    fw_table_deinit(&tree->touched_lookup);
    return FW_OK;
}
