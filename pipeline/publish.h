/*
 * The output file: written without a name, given its final name only when it is complete and
 * durable. A final name holds the old file or a whole new one, never a part.
 *
 * Runs in the supervisor. Names are bytes; nothing here parses them.
 */
#ifndef FW_PIPELINE_PUBLISH_H
#define FW_PIPELINE_PUBLISH_H

#include "settings.h"

enum fw_output_kind {
    FW_OUTPUT_NONE,     /* null output */
    FW_OUTPUT_FILE,     /* published by name */
    FW_OUTPUT_PICTURES, /* numbered files, published together */
    FW_OUTPUT_DIRECT,   /* FIFO or device: written in place */
    FW_OUTPUT_STDOUT
};

struct fw_output_pictures;

/* Zeroed: nothing to close. */
struct fw_output {
    enum fw_output_kind kind;
    int fd; /* read-write for FILE; of PICTURES: where fw_file_ask makes them; the encoder's */
    int dir_fd;
    int lock_fd;
    char *name;         /* last component, in dir_fd */
    char *path;         /* as given, for messages */
    char temp_name[64]; /* "" when the file has no name (O_TMPFILE) */
    char lock_name[64];
    enum fw_exists exists;
    struct fw_output_pictures *pictures;
    uint64_t file_count; /* of PICTURES, set by the caller before commit: how many were written */
    bool unsynced;
};

/* Before any process: OUT missing, a directory, not allowed to exist (FW_ERR_OUTPUT), the same
 * inode as the input `input_fd` (FW_ERR_USAGE), a directory that is missing or unwritable. Sets
 * *skip when OUT exists and settings say to skip. Creates nothing. */
int fw_output_check(const struct fw_settings *settings, int input_fd, bool *skip,
                    struct fw_error *err) FW_MUST_CHECK;
/* Takes the lock (FW_ERR_OUTPUT names the holder's process id when another run writes this name)
 * and opens the nameless or temporary file; removes what a killed run left behind. A FIFO is waited
 * for until it has a reader, at most settings->stall_ms; FW_ERR_CANCELLED when a signal handler ran
 * meanwhile. `frames`: how many there will be, 0 when that is not known; names of as many pictures
 * are looked for. On failure *output is closed. */
int fw_output_open(struct fw_output *output, const struct fw_settings *settings, uint64_t frames,
                   struct fw_error *err) FW_MUST_CHECK;
/* The same for an output of a batch, whose folders are locked as a whole: `dir_fd` is borrowed
 * until close, `path` is for messages. FW_ERR_OUTPUT when something has the name and `exists` is
 * not REPLACE. */
int fw_output_open_in(struct fw_output *output, int dir_fd, const char *name, const char *path,
                      enum fw_exists exists, struct fw_error *err) FW_MUST_CHECK;
/* FW_ERR_OUTPUT when the file system has less than `bytes` free. */
int fw_output_room(const struct fw_output *output, uint64_t bytes,
                   struct fw_error *err) FW_MUST_CHECK;
/* Gives the file its name: no-clobber link, or atomic exchange with the old file under -y; fsync of
 * the directory. With `interrupted`, the name is STEM.interrupted.EXT and the final name stays
 * untouched (pictures: each of them so); where that name is taken, STEM.interrupted-2.EXT and so
 * on, unless -y. name_out: the path of what was published, with the folder as the user gave it; ""
 * on failure and for no output. Not to be called twice. */
int fw_output_commit(struct fw_output *output, bool interrupted, char *name_out, size_t name_bytes,
                     struct fw_error *err) FW_MUST_CHECK;
/* Gives a file its name as commit does, and syncs nothing: of an output whose bytes are durable
 * already, or need not be. */
int fw_output_name(struct fw_output *output, struct fw_error *err) FW_MUST_CHECK;
/* Removes what a killed run left of an output, unless a living one holds it. */
void fw_output_tidy(int dir_fd, const char *name);
/* Discards what was not committed, removes the lock. Accepts zeroed. */
void fw_output_close(struct fw_output *output);

#endif
