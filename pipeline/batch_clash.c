/* Outputs of listed jobs that another job would write, too, or that are somebody's source. */
#include "batch.h"

#include "listing.h"
#include "publish_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clash {
    struct fw_batch *batch;
    struct fw_table outputs; /* items by their path */
    struct fw_table sources; /* items by their inode */
    struct fw_listing twins;
    struct fw_listing replaced;
};

static uint32_t hash_inode(uint64_t dev, uint64_t ino)
{
    const uint64_t both[] = { dev, ino };
    return fw_table_hash(both, sizeof(both), 0, 0);
}

static int fill_tables(struct clash *clash, struct fw_error *err)
{
    struct fw_batch *batch = clash->batch;
    int status = FW_OK;
    for (uint32_t i = 0; i < batch->item_count && status == FW_OK; i++) {
        struct fw_identity source;
        const char *path = fw_item_output(batch, &batch->items[i]);
        fw_item_identity(batch, &batch->items[i], &source);
        status = fw_table_put(&clash->outputs, fw_table_hash(path, strlen(path), 0, 0), i, err);
        if (status == FW_OK)
            status = fw_table_put(&clash->sources, hash_inode(source.dev, source.ino), i, err);
    }
    return status;
}

/* Whether another item's output is the first `bytes` of a path. */
static bool is_taken(struct clash *clash, const char *path, size_t bytes, uint32_t but)
{
    struct fw_batch *batch = clash->batch;
    uint32_t hash = fw_table_hash(path, bytes, 0, 0);
    uint32_t cursor = 0;
    uint32_t other = fw_table_find(&clash->outputs, hash, &cursor);
    for (; other != FW_NONE; other = fw_table_find(&clash->outputs, hash, &cursor)) {
        const char *theirs = fw_item_output(batch, &batch->items[other]);
        if (other != but && strlen(theirs) == bytes && memcmp(theirs, path, bytes) == 0)
            return true;
    }
    return false;
}

/* The name itself, and every folder of it. */
static void check_names(struct clash *clash, const char *path, uint32_t item)
{
    char shown[160];
    bool taken = is_taken(clash, path, strlen(path), item);
    for (const char *slash = strchr(path, '/'); slash && !taken; slash = strchr(slash + 1, '/'))
        taken = is_taken(clash, path, (size_t)(slash - path), item);
    if (taken)
        fw_listing_add(&clash->twins, "%s", fw_path_shown(path, shown, sizeof(shown)));
}

static int check_sources(struct clash *clash, const char *path, struct fw_error *err)
{
    struct fw_batch *batch = clash->batch;
    struct stat there;
    char *whole = NULL;
    char shown[160];
    uint32_t cursor = 0;
    if (asprintf(&whole, "%s/%s", batch->settings.folder, path) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a name");
    bool found = lstat(whole, &there) == 0;
    free(whole);
    uint32_t hash = found ? hash_inode(there.st_dev, there.st_ino) : 0;
    uint32_t other = found ? fw_table_find(&clash->sources, hash, &cursor) : FW_NONE;
    for (; other != FW_NONE; other = fw_table_find(&clash->sources, hash, &cursor)) {
        struct fw_identity source;
        fw_item_identity(batch, &batch->items[other], &source);
        if (source.dev == there.st_dev && source.ino == there.st_ino) {
            fw_listing_add(&clash->replaced, "%s", fw_path_shown(path, shown, sizeof(shown)));
            break;
        }
    }
    return FW_OK;
}

int fw_batch_check_listed(struct fw_batch *batch, struct fw_error *err)
{
    struct clash clash = { .batch = batch };
    int status = fill_tables(&clash, err);
    for (uint32_t i = 0; i < batch->item_count && status == FW_OK; i++) {
        struct fw_text mine = { 0 };
        const char *path = fw_item_output(batch, &batch->items[i]);
        status = fw_text_add(&mine, path, strlen(path), err);
        if (status == FW_OK)
            check_names(&clash, mine.bytes, i);
        if (status == FW_OK)
            status = check_sources(&clash, mine.bytes, err);
        fw_text_deinit(&mine);
    }
    fw_table_deinit(&clash.outputs);
    fw_table_deinit(&clash.sources);
    if (status == FW_OK && clash.twins.count > 0)
        status = fw_listing_fail(&clash.twins, FW_ERR_USAGE, "outputs that two jobs would write",
                                 NULL, err);
    if (status == FW_OK && clash.replaced.count > 0)
        status = fw_listing_fail(&clash.replaced, FW_ERR_USAGE,
                                 "outputs that would replace a source", NULL, err);
    return status;
}
