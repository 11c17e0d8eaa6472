/* What gather.c and gather_walk.c share: one walk below one source after the other. */
#ifndef FW_PIPELINE_GATHER_WALK_H
#define FW_PIPELINE_GATHER_WALK_H

#include "gather.h"

#include <sys/stat.h>

#define FW_WALK_BUFFER 65536
#define FW_WALK_FDS 32 /* folders kept open on the way down, the innermost ones */

struct fw_walk_entry {
    uint32_t name;
    uint8_t type; /* DT_ */
};

/* A folder that the walk is in. */
struct fw_walk_frame {
    uint32_t folder;
    uint32_t first; /* its entries, a piece of fw_walk.entries */
    uint32_t next;
    uint32_t end;
    int fd;    /* -1: closed to save descriptors, or lost */
    int error; /* why it was lost */
};

/* Zeroed but for the borrowed members: ready. */
struct fw_walk {
    struct fw_gathered *gathered;
    const struct fw_gather_options *options;
    bool has_folder; /* the folder of the outputs exists: its identity */
    uint64_t folder_dev;
    uint64_t folder_ino;
    uint32_t source; /* number of the current one */

    struct fw_walk_frame *frames;
    uint32_t depth;
    uint32_t frame_room;
    struct fw_walk_entry *entries;
    uint32_t entry_count;
    uint32_t entry_room;
    uint32_t steps;
    struct fw_text text;
    _Alignas(8) char buffer[FW_WALK_BUFFER];
};

/* Takes all files below the source `path`, a folder. FW_END with errno in *error_out when the
 * folder itself cannot be read; FW_ERR_USAGE when it is the folder of the outputs. */
int fw_walk_folder(struct fw_walk *walk, const char *path, int *error_out,
                   struct fw_error *err) FW_MUST_CHECK;
/* Takes or skips one regular file: exclusion, own state, limits. */
int fw_walk_file(struct fw_walk *walk, uint32_t folder, uint32_t name, const struct stat *status,
                 struct fw_error *err) FW_MUST_CHECK;
/* FW_ERR_CANCELLED when that was asked for; looks once in many calls. */
int fw_walk_cancelled(struct fw_walk *walk, struct fw_error *err) FW_MUST_CHECK;
void fw_walk_deinit(struct fw_walk *walk);

#endif
