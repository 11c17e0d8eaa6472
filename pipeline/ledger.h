/*
 * The ledger of a batch: what became of every item, in one SQLite database beside the outputs.
 *
 * One process has it open, with one thread; children it forks leave it alone and do not keep its
 * descriptors. Names are bytes. What is recorded belongs to the open group and is durable once
 * fw_ledger_commit has returned FW_OK. docs/state.md describes the tables.
 *
 *   open -> find ... -> (begin_item, record ... commit) ... -> end_run -> commit -> close
 */
#ifndef FW_PIPELINE_LEDGER_H
#define FW_PIPELINE_LEDGER_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_LEDGER_NAME ".framewheel.db"
#define FW_LEDGER_LOCK_NAME ".framewheel.lock"

enum fw_durability {
    FW_DURABILITY_BATCH, /* a commit is on disk when it returns; outputs are synced by the group */
    FW_DURABILITY_FULL,  /* the same for the ledger; outputs are synced one by one */
    FW_DURABILITY_NONE   /* commits wait for no disk; a power cut may take the last ones back, but
                            leaves a whole database */
};

/* Which file an input was. Two are the same when size, time and, where both have it, the hash are:
 * numbers of devices and inodes change with mounts and copies and are for people. */
struct fw_identity {
    uint64_t dev;
    uint64_t ino;
    uint64_t size;
    int64_t mtime_ns;
    uint64_t xxh3; /* of the first and last 64 KiB and the size; 0: not taken */
};

/* Seconds since 1970. */
double fw_unix_time(void);
/* When a file was last written, as an identity has it; whatever a hostile file system says. */
struct stat;
int64_t fw_mtime_ns(const struct stat *status);
/* Of an open regular file. FW_ERR_INPUT. */
int fw_identity_take(struct fw_identity *identity, int fd, bool hash,
                     struct fw_error *err) FW_MUST_CHECK;
bool fw_identity_same(const struct fw_identity *a, const struct fw_identity *b);

enum fw_item_state {
    FW_ITEM_RUNNING,
    FW_ITEM_DONE,
    FW_ITEM_FAILED,
    FW_ITEM_SKIPPED,     /* left alone on purpose; done by an earlier run is not skipped */
    FW_ITEM_INTERRUPTED, /* the run ended before the item did */
    FW_ITEM_STATES
};

/* "running", "done", ...; never NULL. */
const char *fw_item_state_name(enum fw_item_state state);

struct fw_ledger_item {
    const char *output; /* the key: relative to the folder; ended by a NUL only when found */
    size_t name_bytes;
    const char *source; /* as the user knows it; NULL: not told */
    struct fw_identity input;
    uint64_t settings; /* hash of all that decides the output's bytes */
    enum fw_item_state state;
    int32_t exit_code;
    int32_t status;      /* enum fw_status */
    int32_t signal;      /* 0: none */
    const char *message; /* why it failed or was skipped; NULL */
    const char *losses;  /* JSON array; NULL */
    uint64_t frames_in;
    uint64_t frames_out;
    uint32_t attempts; /* including this one */
    double started;    /* Unix time, seconds */
    double wall_s;
    double cpu_s;
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t output_xxh3; /* of all of it; 0: not taken */
    int64_t output_mtime_ns;
    uint64_t output_ino;
};

struct fw_ledger_counts {
    uint64_t items; /* of the run: all that it looked at */
    uint64_t done;  /* by this run */
    uint64_t failed;
    uint64_t skipped;
    uint64_t unchanged; /* done by an earlier run */
};

struct fw_ledger;

struct fw_ledger_options {
    const char *folder;  /* the output folder; it exists */
    const char *state;   /* another place for the database; NULL: FW_LEDGER_NAME in the folder */
    const char *command; /* the command line, for people */
    enum fw_durability durability;
    bool wait;     /* until another run of this folder has ended */
    int cancel_fd; /* readable: stop waiting; -1: none */
};

/* Takes the folder's lock, opens or makes the database, marks as interrupted what a killed run left
 * running, and notes a new run. FW_ERR_OUTPUT: locked (names process and command), not writable, no
 * database of ours, or one of a newer framewheel; FW_ERR_CANCELLED while waiting. */
int fw_ledger_open(struct fw_ledger **ledger_out, const struct fw_ledger_options *options,
                   struct fw_error *err) FW_MUST_CHECK;
/* Opens it to be read alone, without a lock: find and close are all that may be called. FW_END:
 * there is none. */
int fw_ledger_look(struct fw_ledger **ledger_out, const char *folder, const char *state,
                   struct fw_error *err) FW_MUST_CHECK;
/* FW_END: never heard of. The texts in *item_out are borrowed until the next find. */
int fw_ledger_find(struct fw_ledger *ledger, const char *output, size_t bytes,
                   struct fw_ledger_item *item_out, struct fw_error *err) FW_MUST_CHECK;
/* Every item that a killed run left interrupted: its output's name, ended by a NUL. */
int fw_ledger_interrupted(struct fw_ledger *ledger, void (*tell)(void *user, const char *output),
                          void *user, struct fw_error *err) FW_MUST_CHECK;
/* Notes that an item runs, or that its output is about to get its name: output, source, input,
 * settings, attempts and started are read, and of output_ino, _bytes and _mtime_ns what has the
 * name until then (zero: nothing has). Of an output that is whole, output_xxh3 is its own, and
 * losses, numbers of frames and times are read. A run that dies leaves it as interrupted. */
int fw_ledger_begin_item(struct fw_ledger *ledger, const struct fw_ledger_item *item,
                         struct fw_error *err) FW_MUST_CHECK;
/* What became of an item: replaces what was known of it and adds a row to its attempts. */
int fw_ledger_record(struct fw_ledger *ledger, const struct fw_ledger_item *item,
                     struct fw_error *err) FW_MUST_CHECK;
/* Ends the group. On failure all of the group is forgotten, and what was committed before stays. */
int fw_ledger_commit(struct fw_ledger *ledger, struct fw_error *err) FW_MUST_CHECK;
/* Notes what this run is about to do, as part of the group: `items` are all that it will look at,
 * the rest is what was known of them before the first one began. */
int fw_ledger_plan_run(struct fw_ledger *ledger, const struct fw_ledger_counts *counts,
                       struct fw_error *err) FW_MUST_CHECK;
/* Notes how this run ended, as part of the group. */
int fw_ledger_end_run(struct fw_ledger *ledger, const struct fw_ledger_counts *counts,
                      int exit_code, struct fw_error *err) FW_MUST_CHECK;
/* Forgets a group that was not committed, and leaves the database alone in its folder. */
void fw_ledger_close(struct fw_ledger *ledger); /* NULL ok */

#endif
