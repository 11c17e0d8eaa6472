/* Outputs that cannot all be: found among the names, then on disk, and listed together. */
#include "naming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listing.h"
#include "publish_path.h"
#include "tree.h"

#include "filters/check.h"

#define SHOWN_SHORT 120

struct collision {
    const struct fw_output_names *names;
    const struct fw_gathered *gathered;
    const struct fw_naming *naming;
    struct fw_listing listing;
    struct fw_table outputs; /* by folder and name */
    struct fw_table sources; /* by dev and ino */
    struct fw_tree tree;
    uint32_t folder; /* that `folder_fd` is of; FW_NONE: none yet */
    int folder_fd;   /* -1 with `folder_error` */
    int folder_error;
    struct fw_text text;
};

/* ---- words --------------------------------------------------------------------------------- */

static const char *show_source(struct collision *c, uint32_t file, char shown[SHOWN_SHORT])
{
    if (fw_gathered_path(c->gathered, file, &c->text, NULL) < 0)
        return "a source";
    return fw_path_shown(c->text.bytes, shown, SHOWN_SHORT);
}

static const char *show_output(struct collision *c, uint32_t file, char shown[SHOWN_SHORT])
{
    if (fw_output_names_path(c->names, c->gathered, file, &c->text, NULL) < 0)
        return "an output";
    return fw_path_shown(c->text.bytes, shown, SHOWN_SHORT);
}

/* ---- among the names ----------------------------------------------------------------------- */

/* In place, one folder may have been reached by two paths: then it is known by its inode. */
static bool same_folder(const struct collision *c, uint32_t a, uint32_t b)
{
    if (a == b || !c->names->in_place)
        return a == b;
    const struct fw_folder *x = &c->gathered->folders.items[a];
    const struct fw_folder *y = &c->gathered->folders.items[b];
    return x->ino != 0 && x->dev == y->dev && x->ino == y->ino;
}

static uint32_t output_hash(const struct collision *c, uint32_t folder, const char *name)
{
    size_t bytes = strlen(name);
    if (!c->names->in_place)
        return fw_table_hash(name, bytes, folder, 0);
    const struct fw_folder *known = &c->gathered->folders.items[folder];
    return fw_table_hash(name, bytes, known->dev, known->ino);
}

/* The output with that name, FW_NONE when there is none yet. */
static uint32_t find_output(const struct collision *c, uint32_t folder, const char *name)
{
    uint32_t cursor = 0;
    uint32_t hash = output_hash(c, folder, name);
    uint32_t found = fw_table_find(&c->outputs, hash, &cursor);
    while (found != FW_NONE && (!same_folder(c, c->names->items[found].folder, folder) ||
                                strcmp(fw_output_names_name(c->names, found), name) != 0))
        found = fw_table_find(&c->outputs, hash, &cursor);
    return found;
}

static int check_pairs(struct collision *c, struct fw_error *err)
{
    char one[SHOWN_SHORT];
    char other[SHOWN_SHORT];
    char shown[SHOWN_SHORT];
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < c->names->count; i++) {
        uint32_t folder = c->names->items[i].folder;
        const char *name = fw_output_names_name(c->names, i);
        uint32_t found = find_output(c, folder, name);
        if (found == FW_NONE)
            status = fw_table_put(&c->outputs, output_hash(c, folder, name), i, err);
        else
            fw_listing_add(&c->listing, "%s: from %s and from %s", show_output(c, i, shown),
                           show_source(c, found, one), show_source(c, i, other));
    }
    return status;
}

/* A folder of one output that is the name of another. */
static void check_folders(struct collision *c)
{
    char shown[SHOWN_SHORT];
    char source[SHOWN_SHORT];
    const struct fw_folders *folders = &c->names->folders;
    for (uint32_t i = 1; i < folders->count && !c->names->in_place; i++) {
        const struct fw_folder *folder = &folders->items[i];
        uint32_t found = find_output(c, folder->parent, fw_names_get(folders, folder->name));
        if (found != FW_NONE)
            fw_listing_add(&c->listing, "%s: from %s, and a directory of other outputs",
                           show_output(c, found, shown), show_source(c, found, source));
    }
}

/* ---- on disk ------------------------------------------------------------------------------- */

static uint32_t find_source(const struct collision *c, uint64_t dev, uint64_t ino)
{
    uint32_t cursor = 0;
    uint32_t hash = fw_table_hash("", 0, dev, ino);
    uint32_t found = fw_table_find(&c->sources, hash, &cursor);
    while (found != FW_NONE &&
           (c->gathered->files[found].dev != dev || c->gathered->files[found].ino != ino))
        found = fw_table_find(&c->sources, hash, &cursor);
    return found;
}

/* One name of a file that has several is enough. */
static int index_sources(struct collision *c, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; status == FW_OK && i < c->gathered->count; i++) {
        const struct fw_gathered_file *file = &c->gathered->files[i];
        if (find_source(c, file->dev, file->ino) == FW_NONE)
            status = fw_table_put(&c->sources, fw_table_hash("", 0, file->dev, file->ino), i, err);
    }
    return status;
}

/* Folders that no output could be put into are listed once. */
static void blame_folder(struct collision *c, uint32_t output)
{
    char shown[SHOWN_SHORT];
    const char *what = c->folder_error == ENOTDIR || c->folder_error == ELOOP
                           ? "a file or a symbolic link is where a directory has to be"
                           : strerrordesc_np(c->folder_error);
    if (c->folder_error == ENOENT)
        return; /* it will be made */
    if (fw_output_names_folder(c->names, c->gathered, output, &c->text, NULL) < 0)
        return;
    fw_listing_add(&c->listing, "%s: %s", fw_path_shown(c->text.bytes, shown, sizeof(shown)),
                   what != NULL ? what : "unknown error");
}

/* Outputs come mostly folder by folder: the last one is kept. */
static int enter_folder(struct collision *c, uint32_t output, struct fw_error *err)
{
    uint32_t folder = c->names->items[output].folder;
    if (folder == c->folder)
        return FW_OK;
    int status = fw_output_names_folder(c->names, c->gathered, output, &c->text, err);
    if (status < 0)
        return status;
    if (c->names->in_place) {
        if (c->folder_fd >= 0)
            close(c->folder_fd);
        c->folder_fd = fw_path_open_long(c->text.bytes, O_PATH | O_DIRECTORY);
    } else {
        c->folder_fd = fw_tree_find(&c->tree, c->text.bytes);
    }
    c->folder_error = c->folder_fd < 0 ? errno : 0;
    c->folder = folder;
    if (c->folder_fd < 0)
        blame_folder(c, output);
    return FW_OK;
}

static bool is_own_name(const struct collision *c, uint32_t output)
{
    const struct fw_gathered_file *file = &c->gathered->files[output];
    return c->names->in_place && strcmp(fw_names_get(&c->gathered->folders, file->name),
                                        fw_output_names_name(c->names, output)) == 0;
}

static int check_on_disk(struct collision *c, uint32_t output, struct fw_error *err)
{
    char shown[SHOWN_SHORT];
    char source[SHOWN_SHORT];
    struct stat status;
    if (is_own_name(c, output))
        return FW_OK;
    int result = enter_folder(c, output, err);
    if (result < 0 || c->folder_fd < 0)
        return result;
    const char *name = fw_output_names_name(c->names, output);
    if (fstatat(c->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return FW_OK;
    if (S_ISDIR(status.st_mode)) {
        fw_listing_add(&c->listing, "%s: from %s, but it is a directory",
                       show_output(c, output, shown), show_source(c, output, source));
        return FW_OK;
    }
    if (S_ISLNK(status.st_mode) && fstatat(c->folder_fd, name, &status, 0) < 0)
        return FW_OK;
    uint32_t found = find_source(c, status.st_dev, status.st_ino);
    if (found != FW_NONE)
        fw_listing_add(&c->listing, "%s: it is the source %s", show_output(c, output, shown),
                       show_source(c, found, source));
    return FW_OK;
}

static int check_disk(struct collision *c, struct fw_error *err)
{
    struct stat status;
    int result = FW_OK;
    if (!c->names->in_place) {
        if (stat(c->naming->folder, &status) < 0 && errno == ENOENT)
            return FW_OK; /* nothing is there to collide with */
        result = fw_tree_open(&c->tree, c->naming->folder, false, err);
    }
    if (result == FW_OK)
        result = index_sources(c, err);
    for (uint32_t i = 0; result == FW_OK && i < c->names->count; i++)
        result = check_on_disk(c, i, err);
    if (c->names->in_place && c->folder_fd >= 0)
        close(c->folder_fd);
    return result;
}

int fw_output_names_check(const struct fw_output_names *names, const struct fw_gathered *gathered,
                          const struct fw_naming *naming, struct fw_error *err)
{
    struct collision *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory to compare the names of the outputs");
    c->names = names;
    c->gathered = gathered;
    c->naming = naming;
    c->folder = FW_NONE;
    c->folder_fd = -1;
    int status = check_pairs(c, err);
    if (status == FW_OK) {
        check_folders(c);
        status = check_disk(c, err);
    }
    if (status == FW_OK && c->listing.count > 0)
        status = fw_listing_fail(&c->listing, FW_ERR_USAGE, "outputs that cannot be",
                                 "choose other names with --name, or another directory", err);
    fw_tree_close(&c->tree);
    fw_table_deinit(&c->outputs);
    fw_table_deinit(&c->sources);
    fw_text_deinit(&c->text);
    free(c);
    return status;
}
