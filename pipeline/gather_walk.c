/*
 * A walk over a tree in natural order, depth first, with a stack of its own: any depth, few
 * descriptors, and every name looked up in the folder that was opened, never by a path.
 */
#include "gather_walk.h"

#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natural.h"
#include "publish_path.h"

#include "filters/check.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)

static const char *name_of(const struct fw_walk *walk, uint32_t name)
{
    return fw_names_get(&walk->gathered->folders, name);
}

int fw_walk_cancelled(struct fw_walk *walk, struct fw_error *err)
{
    struct pollfd poll_fd = { .fd = walk->options->cancel_fd, .events = POLLIN };
    if (poll_fd.fd <= 0 || walk->steps++ % 256 != 0)
        return FW_OK;
    if (poll(&poll_fd, 1, 0) <= 0)
        return FW_OK;
    return fw_fail(err, FW_ERR_CANCELLED, "cancelled while looking for files");
}

static int skip(struct fw_walk *walk, uint32_t folder, uint32_t name, enum fw_skip_reason reason,
                int error, struct fw_error *err)
{
    struct fw_gathered *gathered = walk->gathered;
    void *items = gathered->skipped;
    int status = fw_grow(&items, &gathered->skipped_room, gathered->skipped_count,
                         sizeof(*gathered->skipped), err);
    gathered->skipped = items;
    if (status < 0)
        return status;
    gathered->skipped[gathered->skipped_count++] = (struct fw_skipped){
        .folder = folder,
        .name = name,
        .reason = reason,
        .error = error,
    };
    gathered->failed += reason == FW_SKIP_UNREADABLE;
    return FW_OK;
}

/* ---- exclusion ----------------------------------------------------------------------------- */

/* `glob` without the slash at its end is the same glob for folders alone. */
static int matches(struct fw_walk *walk, const char *glob, uint32_t folder, uint32_t name,
                   bool *match_out, struct fw_error *err)
{
    char plain[1024];
    const char *last = name_of(walk, name);
    size_t length = strlen(glob);
    while (length > 1 && glob[length - 1] == '/')
        length--;
    if (length >= sizeof(plain))
        return fw_fail(err, FW_ERR_USAGE, "--exclude: a glob has at most 1023 bytes");
    memcpy(plain, glob, length);
    plain[length] = '\0';
    if (strchr(plain, '/') == NULL) {
        *match_out = fnmatch(plain, last, 0) == 0;
        return FW_OK;
    }
    int status = fw_folders_path(&walk->gathered->folders, folder, last, false, &walk->text, err);
    *match_out = status == FW_OK &&
                 fnmatch(plain + (plain[0] == '/'), walk->text.bytes, FNM_PATHNAME) == 0;
    return status;
}

static int excluded(struct fw_walk *walk, uint32_t folder, const struct fw_walk_entry *entry,
                    bool *excluded_out, struct fw_error *err)
{
    const struct fw_strings *globs = &walk->options->excludes;
    int status = FW_OK;
    *excluded_out = false;
    for (uint32_t i = 0; status == FW_OK && !*excluded_out && i < globs->count; i++) {
        const char *glob = globs->items[i];
        if (glob[0] == '\0')
            return fw_fail(err, FW_ERR_USAGE, "--exclude: the glob is empty");
        if (glob[strlen(glob) - 1] == '/' && entry->type != DT_DIR)
            continue;
        status = matches(walk, glob, folder, entry->name, excluded_out, err);
    }
    return status;
}

/* FW_END: left out, and listed. */
static int sift(struct fw_walk *walk, uint32_t folder, const struct fw_walk_entry *entry,
                struct fw_error *err)
{
    bool out = false;
    if (strncmp(name_of(walk, entry->name), ".framewheel", 11) == 0) {
        int status = skip(walk, folder, entry->name, FW_SKIP_OWN_STATE, 0, err);
        return status < 0 ? status : FW_END;
    }
    int status = excluded(walk, folder, entry, &out, err);
    if (status == FW_OK && out)
        status = skip(walk, folder, entry->name, FW_SKIP_EXCLUDED, 0, err);
    return status == FW_OK && out ? FW_END : status;
}

/* ---- files --------------------------------------------------------------------------------- */

static int take(struct fw_walk *walk, uint32_t folder, uint32_t name, const struct stat *status,
                struct fw_error *err)
{
    struct fw_gathered *gathered = walk->gathered;
    void *items = gathered->files;
    if (gathered->count >= FW_GATHER_MAX)
        return fw_fail(err, FW_ERR_USAGE,
                       "more than %u files\nhint: divide them among several runs", FW_GATHER_MAX);
    int result = fw_grow(&items, &gathered->room, gathered->count, sizeof(*gathered->files), err);
    gathered->files = items;
    if (result < 0)
        return result;
    gathered->files[gathered->count++] = (struct fw_gathered_file){
        .dev = status->st_dev,
        .ino = status->st_ino,
        .size = (uint64_t)status->st_size,
        .mtime_ns = fw_mtime_ns(status),
        .folder = folder,
        .name = name,
        .source = walk->source,
    };
    return FW_OK;
}

int fw_walk_file(struct fw_walk *walk, uint32_t folder, uint32_t name, const struct stat *status,
                 struct fw_error *err)
{
    const struct fw_walk_entry entry = { .name = name, .type = DT_REG };
    int result = sift(walk, folder, &entry, err);
    if (result != FW_OK)
        return result == FW_END ? FW_OK : result;
    return take(walk, folder, name, status, err);
}

/* What is no folder, in the folder that is open at the top of the stack. */
static int visit_file(struct fw_walk *walk, const struct fw_walk_frame *frame,
                      const struct fw_walk_entry *entry, struct fw_error *err)
{
    struct stat status;
    const char *name = name_of(walk, entry->name);
    bool link = entry->type == DT_LNK;
    if (fstatat(frame->fd, name, &status, link ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
        return skip(walk, frame->folder, entry->name, FW_SKIP_UNREADABLE, errno, err);
    if (S_ISREG(status.st_mode)) {
        uint32_t count = walk->gathered->count;
        int result = take(walk, frame->folder, entry->name, &status, err);
        if (result == FW_OK && walk->gathered->count > count)
            walk->gathered->files[count].found = true;
        return result;
    }
    return skip(walk, frame->folder, entry->name,
                link && S_ISDIR(status.st_mode) ? FW_SKIP_FOLDER_LINK : FW_SKIP_NOT_A_FILE, 0, err);
}

/* ---- folders ------------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b, void *names)
{
    const struct fw_walk_entry *one = a;
    const struct fw_walk_entry *other = b;
    return fw_natural_compare(fw_names_get(names, one->name), fw_names_get(names, other->name));
}

static int add_entry(struct fw_walk *walk, const struct dirent64 *found, struct fw_error *err)
{
    struct fw_walk_entry entry = { .type = found->d_type };
    void *items = walk->entries;
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
        return FW_OK;
    int status = fw_grow(&items, &walk->entry_room, walk->entry_count, sizeof(entry), err);
    walk->entries = items;
    if (status == FW_OK)
        status = fw_names_add(&walk->gathered->folders, found->d_name, strlen(found->d_name),
                              &entry.name, err);
    if (status == FW_OK)
        walk->entries[walk->entry_count++] = entry;
    return status;
}

/* Pushes the names of a folder, sorted. FW_END with *error_out when it cannot be read. */
static int read_folder(struct fw_walk *walk, int fd, int *error_out, struct fw_error *err)
{
    uint32_t first = walk->entry_count;
    int status = FW_OK;
    ssize_t got = getdents64(fd, walk->buffer, sizeof(walk->buffer));
    while (got > 0 && status == FW_OK) {
        for (ssize_t at = 0; at < got && status == FW_OK;) {
            const struct dirent64 *found = (const void *)(walk->buffer + at);
            status = add_entry(walk, found, err);
            at += found->d_reclen;
        }
        if (status == FW_OK)
            status = fw_walk_cancelled(walk, err);
        if (status == FW_OK)
            got = getdents64(fd, walk->buffer, sizeof(walk->buffer));
    }
    if (status < 0)
        return status;
    if (got < 0) {
        *error_out = errno;
        walk->entry_count = first;
        return FW_END;
    }
    if (walk->entry_count > first)
        qsort_r(walk->entries + first, walk->entry_count - first, sizeof(*walk->entries),
                compare_entries, &walk->gathered->folders);
    return FW_OK;
}

/* Only the innermost folders stay open: the one that falls out of them is closed. */
static void save_descriptors(struct fw_walk *walk)
{
    if (walk->depth < FW_WALK_FDS)
        return;
    struct fw_walk_frame *frame = &walk->frames[walk->depth - FW_WALK_FDS];
    if (frame->fd >= 0)
        close(frame->fd);
    frame->fd = -1;
}

/* Reads the open folder and makes it the top of the stack; closes `fd` on any other outcome than
 * FW_OK. FW_END with *error_out: unreadable. */
static int push(struct fw_walk *walk, int fd, uint32_t folder, int *error_out, struct fw_error *err)
{
    struct fw_walk_frame frame = { .fd = fd, .folder = folder, .first = walk->entry_count };
    void *items = walk->frames;
    int status = fw_grow(&items, &walk->frame_room, walk->depth, sizeof(frame), err);
    walk->frames = items;
    if (status == FW_OK)
        status = read_folder(walk, fd, error_out, err);
    if (status != FW_OK) {
        close(fd);
        return status;
    }
    frame.next = frame.first;
    frame.end = walk->entry_count;
    save_descriptors(walk);
    walk->frames[walk->depth++] = frame;
    return FW_OK;
}

static bool is_output_folder(const struct fw_walk *walk, const struct stat *status)
{
    return walk->has_folder && status->st_dev == walk->folder_dev &&
           status->st_ino == walk->folder_ino;
}

static void set_identity(struct fw_walk *walk, uint32_t folder, const struct stat *status)
{
    walk->gathered->folders.items[folder].dev = status->st_dev;
    walk->gathered->folders.items[folder].ino = status->st_ino;
}

/* `parent` is a copy: the stack may move. */
static int visit_folder(struct fw_walk *walk, struct fw_walk_frame parent, uint32_t name,
                        struct fw_error *err)
{
    struct stat status;
    uint32_t folder;
    int error = 0;
    if (walk->options->depth > 0 && walk->depth >= walk->options->depth)
        return skip(walk, parent.folder, name, FW_SKIP_DEPTH, 0, err);
    int fd = openat(parent.fd, name_of(walk, name), OPEN_FOLDER | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &status) < 0) {
        error = errno;
        if (fd >= 0)
            close(fd);
        return skip(walk, parent.folder, name, FW_SKIP_UNREADABLE, error, err);
    }
    if (is_output_folder(walk, &status)) {
        close(fd);
        return skip(walk, parent.folder, name, FW_SKIP_OUTPUT_FOLDER, 0, err);
    }
    int result = fw_folders_add(&walk->gathered->folders, parent.folder, name, &folder, err);
    if (result < 0) {
        close(fd);
        return result;
    }
    set_identity(walk, folder, &status);
    result = push(walk, fd, folder, &error, err);
    if (result == FW_END)
        result = skip(walk, parent.folder, name, FW_SKIP_UNREADABLE, error, err);
    return result;
}

/* Not every file system says what an entry is. */
static void learn_type(const struct fw_walk *walk, const struct fw_walk_frame *frame,
                       struct fw_walk_entry *entry)
{
    struct stat status;
    if (entry->type == DT_UNKNOWN &&
        fstatat(frame->fd, name_of(walk, entry->name), &status, AT_SYMLINK_NOFOLLOW) == 0)
        entry->type = IFTODT(status.st_mode);
}

static int visit(struct fw_walk *walk, struct fw_error *err)
{
    struct fw_walk_frame frame = walk->frames[walk->depth - 1];
    struct fw_walk_entry entry = walk->entries[walk->frames[walk->depth - 1].next++];
    if (frame.fd < 0)
        return skip(walk, frame.folder, entry.name, FW_SKIP_UNREADABLE, frame.error, err);
    learn_type(walk, &frame, &entry);
    int status = sift(walk, frame.folder, &entry, err);
    if (status != FW_OK)
        return status == FW_END ? FW_OK : status;
    if (entry.type == DT_DIR)
        return visit_folder(walk, frame, entry.name, err);
    return visit_file(walk, &frame, &entry, err);
}

/* Opens a folder again that was closed on the way down. One that was moved meanwhile is lost: its
 * rest is reported as unreadable. */
static void reopen(struct fw_walk *walk, int child_fd, struct fw_walk_frame *frame)
{
    struct stat status;
    const struct fw_folder *folder = &walk->gathered->folders.items[frame->folder];
    if (child_fd < 0) {
        frame->error = ESTALE;
        return;
    }
    int fd = openat(child_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0) {
        frame->error = errno;
    } else if (status.st_dev != folder->dev || status.st_ino != folder->ino) {
        frame->error = ESTALE;
    } else {
        frame->fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void pop(struct fw_walk *walk)
{
    const struct fw_walk_frame *frame = &walk->frames[--walk->depth];
    walk->entry_count = frame->first;
    if (walk->depth > 0 && walk->frames[walk->depth - 1].fd < 0)
        reopen(walk, frame->fd, &walk->frames[walk->depth - 1]);
    if (frame->fd >= 0)
        close(frame->fd);
}

static int fail_output_folder(const char *path, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    return fw_fail(err, FW_ERR_USAGE,
                   "%s is both a source and the folder of the outputs\n"
                   "hint: write to another folder; images can work --in-place",
                   fw_path_shown(path, shown, sizeof(shown)));
}

/* The source's own folder: names in it come after the path as it was given. */
static int add_top(struct fw_walk *walk, const char *path, const struct stat *status,
                   uint32_t *folder_out, struct fw_error *err)
{
    uint32_t name;
    struct fw_text *text = &walk->text;
    size_t length = strlen(path);
    fw_text_clear(text);
    int result = fw_text_add(text, path, length, err);
    if (result == FW_OK && path[length - 1] != '/')
        result = fw_text_add(text, "/", 1, err);
    if (result == FW_OK)
        result = fw_names_add(&walk->gathered->folders, text->bytes, text->used, &name, err);
    if (result == FW_OK)
        result = fw_folders_add(&walk->gathered->folders, FW_NONE, name, folder_out, err);
    if (result == FW_OK)
        set_identity(walk, *folder_out, status);
    return result;
}

int fw_walk_folder(struct fw_walk *walk, const char *path, int *error_out, struct fw_error *err)
{
    struct stat status;
    uint32_t folder;
    int fd = open(path, OPEN_FOLDER);
    if (fd < 0 || fstat(fd, &status) < 0) {
        *error_out = errno;
        if (fd >= 0)
            close(fd);
        return FW_END;
    }
    int result = FW_OK;
    if (is_output_folder(walk, &status))
        result = fail_output_folder(path, err);
    if (result == FW_OK)
        result = add_top(walk, path, &status, &folder, err);
    if (result < 0) {
        close(fd);
        return result;
    }
    result = push(walk, fd, folder, error_out, err);
    while (result == FW_OK && walk->depth > 0) {
        if (walk->frames[walk->depth - 1].next == walk->frames[walk->depth - 1].end)
            pop(walk);
        else
            result = visit(walk, err);
        if (result == FW_OK)
            result = fw_walk_cancelled(walk, err);
    }
    return result;
}

void fw_walk_deinit(struct fw_walk *walk)
{
    while (walk->depth > 0) {
        const struct fw_walk_frame *frame = &walk->frames[--walk->depth];
        if (frame->fd >= 0)
            close(frame->fd);
    }
    free(walk->frames);
    free(walk->entries);
    fw_text_deinit(&walk->text);
}
