/* Sources to items, and where each one's output is. */
#include "batch.h"

#include "control.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "publish_path.h"
#include "still.h"

/* ---- paths -------------------------------------------------------------------------------- */

const char *fw_item_source(struct fw_batch *batch, const struct fw_item *item)
{
    if (item->file == FW_NONE)
        return batch->jobs[item->job].input;
    fw_text_clear(&batch->source);
    if (fw_gathered_path(&batch->gathered, item->file, &batch->source, NULL) < 0)
        return "?";
    return batch->source.bytes ? batch->source.bytes : "?";
}

/* In place, names are below the root of all: what a link of the source's path leads to was found
 * once, and none is followed afterwards. */
static int add_real_folder(struct fw_batch *batch, uint32_t file, struct fw_text *text)
{
    const char *real = batch->real_folders[batch->gathered.files[file].folder];
    return real && real[1] ? fw_text_add(text, real + 1, strlen(real + 1), NULL) : FW_OK;
}

static int find_real_folder(struct fw_batch *batch, uint32_t file, struct fw_error *err)
{
    const struct fw_item item = { .file = file, .job = FW_NONE };
    char shown[FW_SHOWN_BYTES];
    char **real = &batch->real_folders[batch->gathered.files[file].folder];
    if (*real)
        return FW_OK;
    const char *path = fw_item_source(batch, &item);
    size_t bytes = (size_t)(fw_path_name(path) - path);
    char *folder = bytes > 0 ? strndup(path, bytes) : strdup(".");
    *real = folder ? realpath(folder, NULL) : NULL;
    int error = errno;
    free(folder);
    return *real ? FW_OK
                 : fw_fail(err, FW_ERR_INPUT, "folder of %s: %s",
                           fw_path_shown(path, shown, sizeof(shown)), strerrordesc_np(error));
}

static int find_real_folders(struct fw_batch *batch, struct fw_error *err)
{
    int status = FW_OK;
    if (!batch->settings.in_place)
        return FW_OK;
    batch->real_folders = calloc(batch->gathered.folders.count + 1, sizeof(*batch->real_folders));
    if (!batch->real_folders)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for names of folders");
    for (uint32_t i = 0; i < batch->gathered.count && status == FW_OK; i++)
        status = find_real_folder(batch, i, err);
    return status;
}

static int add_output(struct fw_batch *batch, const struct fw_item *item, struct fw_text *text)
{
    if (item->file == FW_NONE)
        return fw_text_add(text, batch->jobs[item->job].output,
                           strlen(batch->jobs[item->job].output), NULL);
    if (!batch->settings.in_place)
        return fw_output_names_path(&batch->names, &batch->gathered, item->file, text, NULL);
    const char *name = fw_output_names_name(&batch->names, item->file);
    if (add_real_folder(batch, item->file, text) < 0)
        return -1;
    int status = text->used > 0 ? fw_text_add(text, "/", 1, NULL) : FW_OK;
    return status == FW_OK ? fw_text_add(text, name, strlen(name), NULL) : status;
}

const char *fw_item_output(struct fw_batch *batch, const struct fw_item *item)
{
    fw_text_clear(&batch->output);
    if (add_output(batch, item, &batch->output) < 0 || !batch->output.bytes)
        return "?";
    return batch->output.bytes;
}

/* Cuts the last component off; the folder is in batch->folder. */
static int split_output(struct fw_batch *batch, const struct fw_item *item, const char **name_out,
                        struct fw_error *err)
{
    const char *path = fw_item_output(batch, item);
    const char *slash = strrchr(path, '/');
    *name_out = slash ? slash + 1 : path;
    fw_text_clear(&batch->folder);
    return fw_text_add(&batch->folder, path, slash ? (size_t)(slash - path) : 0, err);
}

static const char *folder_of(const struct fw_batch *batch)
{
    return batch->folder.bytes ? batch->folder.bytes : "";
}

int fw_item_place(struct fw_batch *batch, const struct fw_item *item, int *dir_fd_out,
                  const char **name_out, struct fw_error *err)
{
    int status = split_output(batch, item, name_out, err);
    return status < 0 ? status : fw_tree_folder(&batch->tree, folder_of(batch), dir_fd_out, err);
}

/* The folder that an output is in, if it is there; borrowed. -1 with errno. */
static int find_place(struct fw_batch *batch, const struct fw_item *item, const char **name_out)
{
    if (batch->tree.folder == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (split_output(batch, item, name_out, NULL) < 0) {
        errno = ENOMEM;
        return -1;
    }
    return fw_tree_find(&batch->tree, folder_of(batch));
}

int fw_item_stat(struct fw_batch *batch, const struct fw_item *item, struct stat *status_out)
{
    const char *name = NULL;
    int dir_fd = find_place(batch, item, &name);
    return dir_fd < 0 ? -1 : fstatat(dir_fd, name, status_out, AT_SYMLINK_NOFOLLOW);
}

int fw_item_open(struct fw_batch *batch, const struct fw_item *item)
{
    const char *name = NULL;
    int dir_fd = find_place(batch, item, &name);
    return dir_fd < 0
               ? -1
               : openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void fw_item_identity(const struct fw_batch *batch, const struct fw_item *item,
                      struct fw_identity *identity_out)
{
    if (item->file == FW_NONE) {
        const struct fw_listed_job *job = &batch->jobs[item->job];
        *identity_out = (struct fw_identity){ job->dev, job->ino, job->size, job->mtime_ns, 0 };
        return;
    }
    const struct fw_gathered_file *file = &batch->gathered.files[item->file];
    *identity_out = (struct fw_identity){ file->dev, file->ino, file->size, file->mtime_ns, 0 };
}

/* ---- making ------------------------------------------------------------------------------- */

static int gather(struct fw_batch *batch, struct fw_error *err)
{
    const struct fw_batch_settings *settings = &batch->settings;
    const struct fw_gather_options options = { .sources = settings->sources,
                                               .files0 = settings->files0,
                                               .excludes = settings->excludes,
                                               .folder = settings->folder,
                                               .cancel_fd = batch->cancel_fd };
    if (settings->sources.count + settings->files0.count == 0)
        return FW_OK; /* all jobs are listed ones */
    return fw_gather(&batch->gathered, &options, err);
}

int fw_batch_sniff(int fd, const char **foreign_out, struct fw_error *err)
{
    uint8_t start[FW_STILL_SNIFF_BYTES];
    ssize_t got = pread(fd, start, sizeof(start), 0);
    if (got < 0)
        return fw_fail(err, FW_ERR_INPUT, "cannot read: %s", strerrordesc_np(errno));
    return fw_still_sniff(start, (size_t)got, foreign_out) == FW_STILL_NONE ? FW_END : FW_OK;
}

/* What cannot be opened stays, to fail by name later. */
static bool is_no_picture(void *user, uint32_t file)
{
    struct fw_batch *batch = user;
    const struct fw_item item = { .file = file, .job = FW_NONE };
    int fd = fw_path_open_long(fw_item_source(batch, &item),
                               O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool none = fw_batch_sniff(fd, NULL, NULL) == FW_END;
    (void)close(fd);
    return none;
}

struct own_outputs {
    struct fw_batch *batch;
    struct fw_ledger *ledger;
};

/* Beside their sources, outputs of an earlier run are found again when the folder is searched. */
static bool is_own_output(void *user, uint32_t file)
{
    const struct own_outputs *own = user;
    const struct fw_item item = { .file = file, .job = FW_NONE };
    struct fw_text key = { 0 };
    struct fw_ledger_item known;
    const char *name = fw_path_name(fw_item_source(own->batch, &item));
    bool found = add_real_folder(own->batch, file, &key) == FW_OK &&
                 (key.used == 0 || fw_text_add(&key, "/", 1, NULL) == FW_OK) &&
                 fw_text_add(&key, name, strlen(name), NULL) == FW_OK &&
                 fw_ledger_find(own->ledger, key.bytes, key.used, &known, NULL) == FW_OK;
    /* One that took its source's place is a source still. */
    bool own_name = found && known.source && strcmp(fw_path_name(known.source), name) == 0;
    fw_text_deinit(&key);
    return found && !own_name && known.state != FW_ITEM_SKIPPED;
}

static int drop_own_outputs(struct fw_batch *batch, struct fw_error *err)
{
    struct own_outputs own = { .batch = batch };
    if (!batch->settings.in_place || (!batch->settings.name && !batch->settings.to))
        return FW_OK;
    char *folder = fw_batch_state_folder(batch);
    int status = folder ? fw_ledger_look(&own.ledger, folder, batch->settings.state, err) : FW_END;
    free(folder);
    if (status == FW_OK)
        status = fw_gathered_drop(&batch->gathered, is_own_output, &own, FW_SKIP_OWN_OUTPUT, err);
    fw_ledger_close(own.ledger);
    return status == FW_END ? FW_OK : status;
}

static int make_names(struct fw_batch *batch, struct fw_error *err)
{
    const struct fw_naming naming = { .template_text = batch->settings.name,
                                      .extension = batch->settings.to,
                                      .folder = batch->settings.folder,
                                      .in_place = batch->settings.in_place };
    int status = fw_output_names_make(&batch->names, &batch->gathered, &naming, err);
    if (status == FW_OK)
        status = fw_output_names_check(&batch->names, &batch->gathered, &naming, err);
    return status;
}

/* Files whose outputs another file's output would be, too. */
static int mark_shared(struct fw_batch *batch, bool *shared, struct fw_error *err)
{
    struct fw_table table = { 0 };
    int status = FW_OK;
    for (uint32_t i = 0; i < batch->gathered.count && status == FW_OK; i++) {
        const struct fw_output_name *name = &batch->names.items[i];
        const char *text = fw_output_names_name(&batch->names, i);
        uint32_t cursor = 0;
        uint32_t hash = fw_table_hash(text, strlen(text), name->folder, 0);
        uint32_t other = fw_table_find(&table, hash, &cursor);
        for (; other != FW_NONE; other = fw_table_find(&table, hash, &cursor))
            shared[i] = shared[other] = true; /* or looks like it, which costs a look */
        status = fw_table_put(&table, hash, i, err);
    }
    fw_table_deinit(&table);
    return status;
}

struct doubt {
    struct fw_batch *batch;
    bool *shared;
};

static bool is_no_video(void *user, uint32_t file)
{
    const struct doubt *doubt = user;
    const struct fw_item item = { .file = file, .job = FW_NONE };
    return doubt->shared[file] && doubt->batch->gathered.files[file].found &&
           fw_probe_film(fw_item_source(doubt->batch, &item)) == FW_END;
}

/* Looking into all files takes time, so only those are looked at that are in a conflict. */
static int drop_others(struct fw_batch *batch, struct fw_error *err)
{
    if (batch->settings.scope == FW_SCOPE_IMAGES)
        return fw_gathered_drop(&batch->gathered, is_no_picture, batch, FW_SKIP_NO_PICTURE, err);
    struct doubt doubt = { batch, calloc(batch->gathered.count, sizeof(bool)) };
    if (!doubt.shared)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for names");
    int status = mark_shared(batch, doubt.shared, err);
    if (status == FW_OK)
        status = fw_gathered_drop(&batch->gathered, is_no_video, &doubt, FW_SKIP_NO_VIDEO, err);
    free(doubt.shared);
    return status;
}

/* Two files may only want one name because one of them is no picture, or no video: a film beside
 * its poster. */
static int name_outputs(struct fw_batch *batch, struct fw_error *err)
{
    struct fw_error conflict = { 0 };
    uint32_t count = batch->gathered.count;
    int status = make_names(batch, &conflict);
    if (status == FW_ERR_USAGE && batch->names.count > 0) {
        status = drop_others(batch, err);
        if (status < 0)
            return status;
        status = FW_ERR_USAGE;
        if (batch->gathered.count < count) {
            fw_output_names_deinit(&batch->names);
            conflict = (struct fw_error){ 0 };
            status = make_names(batch, &conflict);
        }
    }
    batch->counts.items += count - batch->gathered.count;
    batch->counts.skipped += count - batch->gathered.count;
    batch->counts.no_media += count - batch->gathered.count;
    return status < 0 ? fw_fail(err, status, "%s", conflict.text) : FW_OK;
}

int fw_batch_make_items(struct fw_batch *batch, struct fw_error *err)
{
    int status = fw_batch_read_lists(batch, err);
    if (status == FW_OK)
        status = gather(batch, err);
    if (status == FW_OK)
        status = find_real_folders(batch, err);
    if (status == FW_OK)
        status = drop_own_outputs(batch, err);
    if (status == FW_OK && batch->gathered.count > 0)
        status = name_outputs(batch, err);
    if (status < 0)
        return status;
    batch->item_count = batch->gathered.count + batch->job_count;
    batch->items = calloc(batch->item_count > 0 ? batch->item_count : 1, sizeof(*batch->items));
    if (!batch->items)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for %u items", batch->item_count);
    for (uint32_t i = 0; i < batch->item_count; i++) {
        bool listed = i >= batch->gathered.count;
        batch->items[i].file = listed ? FW_NONE : i;
        batch->items[i].job = listed ? i - batch->gathered.count : FW_NONE;
    }
    batch->counts.items += batch->item_count;
    return batch->job_count > 0 ? fw_batch_check_listed(batch, err) : FW_OK;
}
