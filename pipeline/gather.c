/* Sources one after the other, what is reached twice, and the order of the whole. */
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gather_walk.h"
#include "listing.h"
#include "natural.h"
#include "publish_path.h"

#include "filters/check.h"

#define SHOWN_SHORT 160

/* A gathering under way. */
struct gathering {
    struct fw_walk walk;
    struct fw_listing bad; /* sources that cannot be taken */
    uint32_t file_folder;  /* of the last source that was a file; FW_NONE before */
    char *pending;         /* a name of files0 that is not whole yet */
    size_t pending_bytes;
};

/* ---- sources ------------------------------------------------------------------------------- */

/* The folder of a source that is a file: its path up to the last slash. Files of one folder come
 * one after the other, so the last one is worth a look. */
static int folder_of_file(struct gathering *g, const char *path, uint32_t *folder_out,
                          struct fw_error *err)
{
    struct fw_folders *folders = &g->walk.gathered->folders;
    size_t length = (size_t)(fw_path_name(path) - path);
    uint32_t name;
    struct stat status = { 0 };
    if (g->file_folder != FW_NONE) {
        const char *last = fw_names_get(folders, folders->items[g->file_folder].name);
        if (strlen(last) == length && memcmp(last, path, length) == 0) {
            *folder_out = g->file_folder;
            return FW_OK;
        }
    }
    int result = fw_names_add(folders, path, length, &name, err);
    if (result == FW_OK)
        result = fw_folders_add(folders, FW_NONE, name, folder_out, err);
    if (result < 0)
        return result;
    /* Without it, twins are found by their name alone, which is no harm. */
    if (stat(length > 0 ? fw_names_get(folders, name) : ".", &status) == 0) {
        folders->items[*folder_out].dev = status.st_dev;
        folders->items[*folder_out].ino = status.st_ino;
    }
    g->file_folder = *folder_out;
    return FW_OK;
}

static int take_file(struct gathering *g, const char *path, const struct stat *status,
                     struct fw_error *err)
{
    uint32_t folder = 0;
    uint32_t name;
    const char *last = fw_path_name(path);
    int result = folder_of_file(g, path, &folder, err);
    if (result == FW_OK)
        result = fw_names_add(&g->walk.gathered->folders, last, strlen(last), &name, err);
    if (result == FW_OK)
        result = fw_walk_file(&g->walk, folder, name, status, err);
    return result;
}

static void refuse(struct gathering *g, const char *path, const char *why)
{
    char shown[SHOWN_SHORT];
    fw_listing_add(&g->bad, "%s: %s", fw_path_shown(path, shown, sizeof(shown)),
                   why != NULL ? why : "unknown error");
}

static int take_source(struct gathering *g, const char *path, struct fw_error *err)
{
    struct stat status;
    int error = 0;
    int result = FW_OK;
    if (g->walk.source >= FW_GATHER_MAX)
        return fw_fail(err, FW_ERR_USAGE, "more than %u sources", FW_GATHER_MAX);
    if (stat(path, &status) < 0) {
        refuse(g, path, strerrordesc_np(errno));
    } else if (S_ISDIR(status.st_mode)) {
        /* When a source is missing nothing will start: the others are only looked at. */
        if (g->bad.count == 0)
            result = fw_walk_folder(&g->walk, path, &error, err);
        else if (access(path, R_OK | X_OK) < 0)
            error = errno;
    } else if (S_ISREG(status.st_mode)) {
        result = take_file(g, path, &status, err);
    } else {
        refuse(g, path, "neither a regular file nor a directory");
    }
    if (error != 0)
        refuse(g, path, strerrordesc_np(error));
    g->walk.source++;
    return result == FW_END ? FW_OK : result;
}

/* ---- files0 -------------------------------------------------------------------------------- */

static int fail_list(const char *list, int status, const char *what, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    bool standard = strcmp(list, "-") == 0;
    return fw_fail(err, status, "--files0-from %s: %s",
                   standard ? "-" : fw_path_shown(list, shown, sizeof(shown)), what);
}

/* Takes the pending name, which is whole now. */
static int end_name(struct gathering *g, const char *list, struct fw_error *err)
{
    if (g->pending_bytes == 0)
        return fail_list(list, FW_ERR_INPUT, "an empty name in the list", err);
    g->pending[g->pending_bytes] = '\0';
    g->pending_bytes = 0;
    int status = take_source(g, g->pending, err);
    return status == FW_OK ? fw_walk_cancelled(&g->walk, err) : status;
}

static int take_bytes(struct gathering *g, const char *list, const char *bytes, size_t length,
                      struct fw_error *err)
{
    int status = FW_OK;
    while (length > 0 && status == FW_OK) {
        const char *end = memchr(bytes, '\0', length);
        size_t part = end != NULL ? (size_t)(end - bytes) : length;
        if (part >= PATH_MAX - g->pending_bytes)
            return fail_list(list, FW_ERR_INPUT,
                             "a name of more than 4095 bytes\n"
                             "hint: names are to be ended by a NUL, as find -print0 does",
                             err);
        memcpy(g->pending + g->pending_bytes, bytes, part);
        g->pending_bytes += part;
        if (end != NULL)
            status = end_name(g, list, err);
        bytes += part + (end != NULL);
        length -= part + (end != NULL);
    }
    return status;
}

/* Waits until the list has bytes, or somebody wants an end. */
static bool is_cancelled(int cancel_fd)
{
    struct pollfd entry = { .fd = cancel_fd, .events = POLLIN };
    return cancel_fd > 0 && poll(&entry, 1, 0) == 1;
}

int fw_list_open(const char *path, int cancel_fd)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR && !is_cancelled(cancel_fd));
    if (fd < 0 && errno == EINTR)
        errno = ECANCELED;
    return fd;
}

int fw_list_wait(int fd, int cancel_fd, struct fw_error *err)
{
    struct pollfd fds[] = {
        { .fd = fd, .events = POLLIN },
        { .fd = cancel_fd, .events = POLLIN },
    };
    nfds_t count = cancel_fd > 0 ? 2 : 1;
    while (poll(fds, count, -1) < 0) {
        if (errno != EINTR)
            return fw_fail(err, FW_ERR_SYSTEM, "cannot wait for a list of files");
    }
    if (count == 2 && fds[1].revents != 0)
        return fw_fail(err, FW_ERR_CANCELLED, "interrupted while reading a list of files");
    return FW_OK;
}

static int read_list(struct gathering *g, const char *list, int fd, struct fw_error *err)
{
    char bytes[16384];
    ssize_t got = 1;
    int status = FW_OK;
    while (status == FW_OK && got != 0) {
        status = fw_list_wait(fd, g->walk.options->cancel_fd, err);
        if (status < 0)
            break;
        got = read(fd, bytes, sizeof(bytes));
        if (got > 0)
            status = take_bytes(g, list, bytes, (size_t)got, err);
        else if (got < 0 && errno != EINTR && errno != EAGAIN)
            status = fail_list(list, FW_ERR_INPUT, strerrordesc_np(errno), err);
    }
    if (status == FW_OK && g->pending_bytes > 0)
        status = end_name(g, list, err);
    return status;
}

static int take_list(struct gathering *g, const char *list, struct fw_error *err)
{
    bool standard = strcmp(list, "-") == 0;
    int fd = standard ? STDIN_FILENO : fw_list_open(list, g->walk.options->cancel_fd);
    if (fd < 0)
        return fail_list(list, errno == ECANCELED ? FW_ERR_CANCELLED : FW_ERR_INPUT,
                         strerrordesc_np(errno), err);
    if (g->pending == NULL)
        g->pending = malloc(PATH_MAX);
    int status = g->pending != NULL ? read_list(g, list, fd, err)
                                    : fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    if (!standard)
        close(fd);
    return status;
}

/* ---- order and twins ----------------------------------------------------------------------- */

/* By components from the top. Climbing meets them last first, so the difference that was met last
 * decides. */
static int compare_files(const void *a, const void *b, void *context)
{
    const struct fw_gathered_file *one = a;
    const struct fw_gathered_file *other = b;
    const struct fw_folders *folders = context;
    const struct fw_folder *x = &folders->items[one->folder];
    const struct fw_folder *y = &folders->items[other->folder];
    uint32_t name_x = one->name;
    uint32_t name_y = other->name;
    int order = x->depth < y->depth ? -1 : x->depth > y->depth; /* if one is the other's start */
    for (; x->depth > y->depth; x = &folders->items[x->parent])
        name_x = x->name;
    for (; y->depth > x->depth; y = &folders->items[y->parent])
        name_y = y->name;
    for (;;) {
        int step = fw_natural_compare(fw_names_get(folders, name_x), fw_names_get(folders, name_y));
        order = step != 0 ? step : order;
        if (x->depth == 0 || x == y)
            break;
        name_x = x->name;
        name_y = y->name;
        x = &folders->items[x->parent];
        y = &folders->items[y->parent];
    }
    if (order == 0)
        order = one->source < other->source ? -1 : one->source > other->source;
    return order;
}

static bool same_path(const struct fw_folders *folders, const struct fw_gathered_file *a,
                      const struct fw_gathered_file *b)
{
    const struct fw_folder *x = &folders->items[a->folder];
    const struct fw_folder *y = &folders->items[b->folder];
    return a->dev == b->dev && a->ino == b->ino && x->dev == y->dev && x->ino == y->ino &&
           strcmp(fw_names_get(folders, a->name), fw_names_get(folders, b->name)) == 0;
}

/* A path is a name in a folder, however the folder was reached; the first source has it. */
static int drop_twins(struct fw_gathered *gathered, struct fw_error *err)
{
    const struct fw_folders *folders = &gathered->folders;
    struct fw_table table = { 0 };
    uint32_t kept = 0;
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < gathered->count; i++) {
        const struct fw_gathered_file *file = &gathered->files[i];
        const struct fw_folder *folder = &folders->items[file->folder];
        const char *name = fw_names_get(folders, file->name);
        uint32_t hash = fw_table_hash(name, strlen(name), folder->dev, folder->ino);
        uint32_t cursor = 0;
        uint32_t other = fw_table_find(&table, hash, &cursor);
        while (other != FW_NONE && !same_path(folders, &gathered->files[other], file))
            other = fw_table_find(&table, hash, &cursor);
        if (other != FW_NONE)
            continue;
        gathered->files[kept] = *file;
        status = fw_table_put(&table, hash, kept, err);
        kept++;
    }
    fw_table_deinit(&table);
    if (status < 0)
        return status;
    gathered->twins = gathered->count - kept;
    gathered->count = kept;
    return FW_OK;
}

static int settle(struct gathering *g, struct fw_error *err)
{
    struct fw_gathered *gathered = g->walk.gathered;
    if (g->bad.count > 0)
        return fw_listing_fail(&g->bad, FW_ERR_INPUT, "sources that cannot be read", NULL, err);
    if (g->walk.source > 1 && gathered->count > 0) {
        int status = drop_twins(gathered, err);
        if (status < 0)
            return status;
        qsort_r(gathered->files, gathered->count, sizeof(*gathered->files), compare_files,
                &gathered->folders);
    }
    for (uint32_t i = 0; i < gathered->count; i++)
        gathered->bytes += gathered->files[i].size;
    return FW_OK;
}

static int gather(struct gathering *g, struct fw_error *err)
{
    const struct fw_gather_options *options = g->walk.options;
    struct stat folder;
    int status = FW_OK;
    if (options->folder != NULL && stat(options->folder, &folder) == 0) {
        g->walk.has_folder = true;
        g->walk.folder_dev = folder.st_dev;
        g->walk.folder_ino = folder.st_ino;
    }
    for (uint32_t i = 0; status == FW_OK && i < options->sources.count; i++)
        status = take_source(g, options->sources.items[i], err);
    for (uint32_t i = 0; status == FW_OK && i < options->files0.count; i++)
        status = take_list(g, options->files0.items[i], err);
    return status == FW_OK ? settle(g, err) : status;
}

int fw_gather(struct fw_gathered *gathered, const struct fw_gather_options *options,
              struct fw_error *err)
{
    struct gathering *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to look for files");
    g->walk.gathered = gathered;
    g->walk.options = options;
    g->file_folder = FW_NONE;
    int status = gather(g, err);
    if (status < 0)
        fw_gathered_deinit(gathered);
    fw_walk_deinit(&g->walk);
    free(g->pending);
    free(g);
    return status;
}

/* ---- what was gathered --------------------------------------------------------------------- */

int fw_gathered_drop(struct fw_gathered *gathered, bool (*drop)(void *user, uint32_t file),
                     void *user, enum fw_skip_reason reason, struct fw_error *err)
{
    uint32_t kept = 0;
    uint32_t i = 0;
    int status = FW_OK;
    for (; i < gathered->count && status == FW_OK; i++) {
        const struct fw_gathered_file *file = &gathered->files[i];
        if (!drop(user, i)) {
            gathered->files[kept++] = *file;
            continue;
        }
        status = fw_grow((void **)&gathered->skipped, &gathered->skipped_room,
                         gathered->skipped_count, sizeof(*gathered->skipped), err);
        if (status == FW_OK)
            gathered->skipped[gathered->skipped_count++] =
                (struct fw_skipped){ .folder = file->folder, .name = file->name, .reason = reason };
    }
    gathered->count = kept;
    return status;
}

int fw_gathered_path(const struct fw_gathered *gathered, uint32_t file, struct fw_text *text,
                     struct fw_error *err)
{
    const struct fw_gathered_file *item = &gathered->files[file];
    const char *name = fw_names_get(&gathered->folders, item->name);
    return fw_folders_path(&gathered->folders, item->folder, name, true, text, err);
}

int fw_gathered_relative(const struct fw_gathered *gathered, uint32_t file, struct fw_text *text,
                         struct fw_error *err)
{
    const struct fw_gathered_file *item = &gathered->files[file];
    const char *name = fw_names_get(&gathered->folders, item->name);
    return fw_folders_path(&gathered->folders, item->folder, name, false, text, err);
}

int fw_skipped_path(const struct fw_gathered *gathered, uint32_t skipped, struct fw_text *text,
                    struct fw_error *err)
{
    const struct fw_skipped *item = &gathered->skipped[skipped];
    const char *name = fw_names_get(&gathered->folders, item->name);
    return fw_folders_path(&gathered->folders, item->folder, name, true, text, err);
}

const char *fw_skip_word(enum fw_skip_reason reason)
{
    static const char *const words[] = {
        [FW_SKIP_EXCLUDED] = "excluded",
        [FW_SKIP_NOT_A_FILE] = "not a regular file",
        [FW_SKIP_FOLDER_LINK] = "a symbolic link to a directory",
        [FW_SKIP_OWN_STATE] = "a file of framewheel's own",
        [FW_SKIP_OUTPUT_FOLDER] = "the directory of the outputs",
        [FW_SKIP_OWN_OUTPUT] = "an output of an earlier run",
        [FW_SKIP_NO_PICTURE] = "no picture",
        [FW_SKIP_NO_VIDEO] = "no video",
        [FW_SKIP_DEPTH] = "a directory below the last level",
        [FW_SKIP_UNREADABLE] = "unreadable",
    };
    return (size_t)reason < FW_COUNT(words) ? words[reason] : "skipped";
}

int fw_path_open_long(const char *path, int flags)
{
    char piece[PATH_MAX];
    int folder = AT_FDCWD;
    size_t length = strlen(path);
    while (length >= sizeof(piece)) {
        size_t cut = sizeof(piece) - 1;
        while (cut > 0 && path[cut] != '/')
            cut--;
        if (cut == 0) {
            errno = ENAMETOOLONG;
            break;
        }
        memcpy(piece, path, cut);
        piece[cut] = '\0';
        int next = openat(folder, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0)
            close(folder);
        folder = next;
        if (folder < 0)
            return -1;
        path += cut + strspn(path + cut, "/");
        length = strlen(path);
    }
    int fd = length < sizeof(piece) ? openat(folder, path, flags | O_CLOEXEC) : -1;
    int error = errno;
    if (folder >= 0)
        close(folder);
    errno = error;
    return fd;
}

void fw_gathered_deinit(struct fw_gathered *gathered)
{
    fw_folders_deinit(&gathered->folders);
    free(gathered->files);
    free(gathered->skipped);
    *gathered = (struct fw_gathered){ 0 };
}
