/*
 * The folders of a batch's outputs: made as needed, a few of them held open, and synced once files
 * have their names in them. A symbolic link in the tree is never followed, so nobody who may write
 * there can lead us outside. Runs in the one process that names outputs; not thread-safe.
 */
#ifndef FW_PIPELINE_TREE_H
#define FW_PIPELINE_TREE_H

#include "names.h"

#define FW_TREE_OPEN 64 /* folders held open at most */

struct fw_tree_slot {
    char *path; /* relative; NULL: free */
    int fd;
    uint32_t hash;
    uint64_t used;
};

/* Zeroed: nothing to close. */
struct fw_tree {
    char *folder; /* as given, for messages; NULL: not open */
    int fd;
    bool step_by_step; /* openat2 is not there: one component at a time */
    uint64_t clock;
    struct fw_tree_slot slots[FW_TREE_OPEN];
    struct fw_folders touched; /* `names` alone: relative paths not synced yet, one after another */
    struct fw_table touched_lookup;
};

/* Opens the top folder, through symbolic links if it is one. With `create`, it and what is missing
 * above it are made, durably. FW_ERR_OUTPUT; on failure *tree is closed. */
int fw_tree_open(struct fw_tree *tree, const char *folder, bool create,
                 struct fw_error *err) FW_MUST_CHECK;
/* Descriptor of a folder below the top ("" is the top, "a/b"), made when missing; borrowed, until
 * FW_TREE_OPEN - 1 more calls. FW_ERR_OUTPUT, also for "..", "." and empty components. */
int fw_tree_folder(struct fw_tree *tree, const char *relative, int *fd_out,
                   struct fw_error *err) FW_MUST_CHECK;
/* The same without making anything; -1 with errno: ENOENT, ENOTDIR or ELOOP (a file or a symbolic
 * link where a folder has to be). */
int fw_tree_find(struct fw_tree *tree, const char *relative);
/* Something was given a name in the folder, or lost it: to be synced. Folders that are made count
 * by themselves. */
int fw_tree_touch(struct fw_tree *tree, const char *relative, struct fw_error *err) FW_MUST_CHECK;
/* fsync of every folder touched since the last time and still there. FW_ERR_OUTPUT; then all count
 * as touched still. */
int fw_tree_sync(struct fw_tree *tree, struct fw_error *err) FW_MUST_CHECK;
void fw_tree_close(struct fw_tree *tree);

#endif
