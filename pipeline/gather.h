/*
 * Which files a batch works on: everything below its sources, in natural order, found before
 * anything starts. Runs in the supervising process; opens folders, never files.
 *
 * Names are bytes. Symbolic links to files are followed, those to folders only when they are
 * sources. What is left out is listed with its reason, nothing is lost silently.
 */
#ifndef FW_PIPELINE_GATHER_H
#define FW_PIPELINE_GATHER_H

#include "names.h"
#include "settings.h"

#include <stdbool.h>

#define FW_GATHER_MAX (1u << 24) /* sources, and files, at most */

/* All borrowed. Zeroed: no sources. */
struct fw_gather_options {
    struct fw_strings sources; /* files and folders */
    /* Files ("-": standard input) with more sources, each ended by a NUL; the last may lack it. */
    struct fw_strings files0;
    /* Globs as of fnmatch(3). Without a slash: matched against the name of every file and folder.
     * With one inside or in front: against the whole relative path, where a wildcard matches no
     * slash. With one at the end: folders alone. What matches is left out, a folder whole. */
    struct fw_strings excludes;
    const char *folder; /* of the outputs, need not exist: never walked into. NULL: none */
    uint32_t depth;     /* levels below a source that is a folder, 1: its own files; 0: all */
    int cancel_fd;      /* readable: FW_ERR_CANCELLED; 0: none */
};

/* Status of the file itself, links followed, when it was found. */
struct fw_gathered_file {
    uint64_t dev;
    uint64_t ino;
    uint64_t size;
    int64_t mtime_ns;
    uint32_t folder; /* in fw_gathered.folders */
    uint32_t name;   /* fw_names_get */
    uint32_t source; /* number of the source: `sources` first, then those of `files0` */
    bool found;      /* in a folder; else it was named itself */
};

enum fw_skip_reason {
    FW_SKIP_EXCLUDED,
    FW_SKIP_NOT_A_FILE,    /* a pipe, a device, a socket */
    FW_SKIP_FOLDER_LINK,   /* a symbolic link to a folder */
    FW_SKIP_OWN_STATE,     /* ".framewheel..." */
    FW_SKIP_OUTPUT_FOLDER, /* the folder of the outputs */
    FW_SKIP_DEPTH,         /* a folder below the last level */
    FW_SKIP_NO_PICTURE,    /* by fw_gathered_drop, as is */
    FW_SKIP_OWN_OUTPUT,    /* what an earlier run wrote beside its source */
    FW_SKIP_NO_VIDEO,      /* the same */
    FW_SKIP_UNREADABLE     /* a failure to be reported: `error` says which */
};

struct fw_skipped {
    uint32_t folder;
    uint32_t name;
    enum fw_skip_reason reason;
    int error;
};

/* Zeroed: nothing gathered. */
struct fw_gathered {
    struct fw_folders folders;
    struct fw_gathered_file *files; /* in natural order of the relative paths, then by source */
    uint32_t count;
    uint32_t room;
    struct fw_skipped *skipped;
    uint32_t skipped_count;
    uint32_t skipped_room;
    uint32_t failed; /* those of `skipped` that are FW_SKIP_UNREADABLE */
    uint32_t twins;  /* paths that were reached again and are taken once */
    uint64_t bytes;  /* of all files */
};

/* Fills a zeroed *gathered; on failure it is zeroed again. FW_ERR_INPUT lists the sources that are
 * missing, unreadable or neither file nor folder; FW_ERR_USAGE: the folder of the outputs is itself
 * a source, an empty glob; FW_ERR_MEMORY, FW_ERR_CANCELLED. No files at all is no failure here. */
int fw_gather(struct fw_gathered *gathered, const struct fw_gather_options *options,
              struct fw_error *err) FW_MUST_CHECK;
/* Opens a list of names; waits for the writer of a pipe. -1 with errno; ECANCELED when `cancel_fd`
 * (0: none) became readable. */
int fw_list_open(const char *path, int cancel_fd);
/* Until there is something to read. FW_ERR_CANCELLED. */
int fw_list_wait(int fd, int cancel_fd, struct fw_error *err) FW_MUST_CHECK;
/* Takes the files that `drop` tells out of the list, into the skipped ones. FW_ERR_MEMORY. */
int fw_gathered_drop(struct fw_gathered *gathered, bool (*drop)(void *user, uint32_t file),
                     void *user, enum fw_skip_reason reason, struct fw_error *err) FW_MUST_CHECK;
/* The path to open, as the source was given. Longer than PATH_MAX in a deep tree. */
int fw_gathered_path(const struct fw_gathered *gathered, uint32_t file, struct fw_text *text,
                     struct fw_error *err) FW_MUST_CHECK;
/* The path below its source, to be mirrored: a folder's contents lie at the top. */
int fw_gathered_relative(const struct fw_gathered *gathered, uint32_t file, struct fw_text *text,
                         struct fw_error *err) FW_MUST_CHECK;
int fw_skipped_path(const struct fw_gathered *gathered, uint32_t skipped, struct fw_text *text,
                    struct fw_error *err) FW_MUST_CHECK;
/* "excluded", "not a regular file", ...; never NULL. */
const char *fw_skip_word(enum fw_skip_reason reason);
/* Opens any path, however long, by pieces that the kernel takes; -1 with errno. */
int fw_path_open_long(const char *path, int flags);
void fw_gathered_deinit(struct fw_gathered *gathered);

#endif
