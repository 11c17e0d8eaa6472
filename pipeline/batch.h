/*
 * A batch from start to end: which files, which names, what is to be done, doing it, the account.
 *
 *   batch.c         the object, and the order of things; read this first
 *   batch_items.c   sources to items with names
 *   batch_list.c    lists of jobs
 *   batch_clash.c   what their outputs must not be
 *   batch_decide.c  what ledger and disk say of an item: do it, leave it, or refuse
 *   batch_images.c  items to the image pool, and what comes back
 *   batch_videos.c  items to job processes, and what comes back
 *   batch_plan.c    what would be done, for --dry-run
 *   batch_settle.c  finished outputs get their names in groups: synced, named, recorded
 *   batch_report.c  the account as JSON
 *
 * All of it runs in one supervising process, which reads no media.
 */
#ifndef FW_PIPELINE_BATCH_H
#define FW_PIPELINE_BATCH_H

#include "batch_settings.h"
#include "causes.h"
#include "gather.h"
#include "joblog.h"
#include "ledger.h"
#include "naming.h"
#include "losses.h"
#include "publish.h"
#include "tree.h"

#include <signal.h>
#include <sys/stat.h>

enum fw_fate {
    FW_FATE_WAITING, /* to be done */
    FW_FATE_RUNNING,
    FW_FATE_DONE,
    FW_FATE_UNCHANGED, /* done by an earlier run */
    FW_FATE_SKIPPED,
    FW_FATE_FAILED
};

/* One source and its output; small, since there may be a million. */
struct fw_item {
    uint32_t file;     /* in batch->gathered, and its name in batch->names; or FW_NONE: */
    uint32_t job;      /* in batch->jobs */
    uint32_t attempts; /* of earlier runs */
    uint8_t fate;      /* enum fw_fate */
    uint8_t tries;     /* of this run */
    uint8_t replaces;  /* what has its name is ours or was given up: it may be replaced */
    uint8_t alone;     /* a worker died in it: once more, with nothing beside it */
    uint8_t reason;    /* enum fw_reason */
    uint8_t workers;   /* of a running video */
    uint8_t degraded;  /* done, with damage or faults passed over */
};

/* Why an item is done, or is not. */
enum fw_reason {
    FW_REASON_NEW,
    FW_REASON_SOURCE_CHANGED,
    FW_REASON_SETTINGS_CHANGED,
    FW_REASON_OUTPUT_CHANGED, /* missing, or not what was written */
    FW_REASON_FAILED_BEFORE,
    FW_REASON_ASKED,     /* --if always */
    FW_REASON_NEWER,     /* the source is */
    FW_REASON_UNCHANGED, /* the rest are reasons not to */
    FW_REASON_FINISHED,  /* by a run that was killed before it could say so */
    FW_REASON_OLDER,
    FW_REASON_EXISTS,
    FW_REASON_NO_PICTURE,
    FW_REASON_NO_VIDEO,
    FW_REASON_UNREADABLE,
    FW_REASON_BLOCKED, /* something that is no folder stands where one has to be */
    FW_REASON_FOREIGN  /* the output exists and is nobody's */
};
const char *fw_reason_text(enum fw_reason reason);

/* How one try of an item ended. */
struct fw_item_end {
    int status;
    int signal;
    struct fw_error err; /* with FW_OK: what it warned of */
    bool degraded;
    uint64_t frames_in, frames_out;
    uint64_t output_bytes, output_xxh3;
    uint64_t source_xxh3; /* of its ends; 0: not taken */
    double started;       /* Unix time */
    double wall_s, cpu_s;
    bool passing; /* the trouble may be gone next time, whatever the status */
    char *losses; /* JSON array from malloc; NULL: none */
    uint32_t loss_count;
};

struct fw_batch_counts {
    uint64_t items, done, unchanged, skipped, failed;
    uint64_t no_media; /* of the skipped: no pictures, or no videos */
    uint64_t degraded; /* of those done, now or earlier */
    uint64_t bytes_in, bytes_out, frames_in, frames_out, lossy;
};

struct fw_batch_word {
    char *name;
    char *value; /* NULL for a flag */
};

/* A job of a list, with options of its own. */
struct fw_listed_job {
    char *input;
    char *output; /* below the folder */
    struct fw_batch_word *words;
    uint32_t word_count;
    uint64_t stamp; /* of the files that its own chain reads */
    uint64_t size;
    uint64_t dev, ino;
    int64_t mtime_ns;
};

struct fw_settle;
#define FW_SETTLE_GROUP_MAX 64u

struct fw_batch {
    struct fw_batch_settings settings;
    struct fw_batch_word *words; /* as they were said: for jobs, and for the hash */
    uint32_t word_count;
    int cancel_fd;
    uint32_t cancels;             /* calls of cancel that were seen */
    volatile sig_atomic_t signal; /* the first one that cancelled; 0: none told */
    bool halted;                  /* start no more */
    bool hurried;                 /* end what runs at once */
    bool deciding;                /* nothing is at work yet */
    uint32_t group_max;           /* outputs that wait for their names together */
    char **real_folders; /* in place: of each gathered folder; NULL: none of its files is named */
    struct fw_gathered gathered;
    struct fw_output_names names;
    struct fw_listed_job *jobs; /* of --jobs, those with an output or options */
    uint32_t job_count;
    uint32_t job_room;
    struct fw_item *items;
    uint32_t item_count;
    struct fw_text source; /* the last path that was asked for, */
    struct fw_text output; /* and the last output's */
    struct fw_text folder;
    struct fw_tree tree;
    struct fw_ledger *ledger;
    struct fw_joblog joblog;
    struct fw_causes *causes;
    struct fw_causes *others; /* files that are left out for what they are: "HEIF cannot be read" */
    struct fw_causes *losses; /* of those that are done */
    bool hinted;              /* at -y, for outputs that are not the ledger's */
    struct fw_settle *settle;
    uint64_t hash; /* of all settings that decide an output's bytes */
    struct fw_batch_counts counts;
    const struct fw_batch_events *events;
    uint64_t start_ns;
    uint64_t shown_ns;
    uint64_t rate_ns;
    uint64_t rate_items;
    double rate;
    double fps, share; /* of running videos */
    uint32_t running;
    int first_code; /* of the first item that failed; -1 when others failed otherwise */
    int exit_code;
    struct fw_error error; /* why the batch as a whole failed */
    uint32_t workers;
    uint32_t deaths;
    uint32_t layers;
    char *sandbox; /* layers that videos ran in, the fewest; NULL: none ran */
    double cpu_s;
    bool list_items; /* the report holds every item, not the counts alone */
    char *report;
};

/* ---- batch_items.c ---- */

/* Gathers, names, finds conflicts. FW_ERR_USAGE, FW_ERR_INPUT before anything exists. */
int fw_batch_make_items(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;
/* The path to open, and the output's below the folder. Each borrowed until the next call of its
 * kind; "?" without memory, which no source has. */
const char *fw_item_source(struct fw_batch *batch, const struct fw_item *item);
const char *fw_item_output(struct fw_batch *batch, const struct fw_item *item);
/* The folder that an output is in, made when it is missing (borrowed as by fw_tree_folder), and its
 * name there. */
int fw_item_place(struct fw_batch *batch, const struct fw_item *item, int *dir_fd_out,
                  const char **name_out, struct fw_error *err) FW_MUST_CHECK;
/* Status of what has the output's name; -1 with errno. Makes nothing. */
int fw_item_stat(struct fw_batch *batch, const struct fw_item *item, struct stat *status_out);
/* Opens a file that has the output's name, to be read; -1 with errno. Follows no link. */
int fw_item_open(struct fw_batch *batch, const struct fw_item *item);
/* The source as it was found. */
void fw_item_identity(const struct fw_batch *batch, const struct fw_item *item,
                      struct fw_identity *identity_out);

/* Whether its first bytes are a picture's; *foreign_out as by fw_still_sniff. FW_END: they are not;
 * FW_ERR_INPUT. */
int fw_batch_sniff(int fd, const char **foreign_out, struct fw_error *err) FW_MUST_CHECK;

/* ---- batch_clash.c ---- */

/* Outputs of listed jobs against all others and all sources. FW_ERR_USAGE lists what cannot be. */
int fw_batch_check_listed(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;

/* ---- batch_list.c ---- */

/* Reads the lists of --jobs: lines of names go to the sources, jobs to batch->jobs. */
int fw_batch_read_lists(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;
void fw_batch_free_jobs(struct fw_batch *batch);

/* ---- batch_decide.c ---- */

/* Sets fate, reason, replaces and attempts of an item. FW_ERR_OUTPUT when the ledger cannot be
 * read. `ledger` may be NULL: nothing is known. */
int fw_batch_decide(struct fw_batch *batch, struct fw_item *item,
                    struct fw_error *err) FW_MUST_CHECK;
/* Whether what has the output's name may still go: nothing, what an earlier run put there, or
 * anything with -y. FW_END: it may not. */
int fw_batch_owns(struct fw_batch *batch, const struct fw_item *item,
                  struct fw_error *err) FW_MUST_CHECK;
/* Hash of all that decides what is in an item's output: words, files that the chain reads,
 * versions.
 */
uint64_t fw_batch_hash(const struct fw_batch *batch);
uint64_t fw_item_hash(const struct fw_batch *batch, const struct fw_item *item);
/* That, and the limits: what an item failed with. A limit that was raised gives it another try. */
uint64_t fw_item_limit_hash(const struct fw_batch *batch, const struct fw_item *item);

/* ---- batch_images.c, batch_videos.c ---- */

/* All items that wait. Failures of items are no failure. */
int fw_batch_run_images(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;
int fw_batch_run_videos(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;

/* ---- batch_settle.c ---- */

int fw_settle_open(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;
/* A complete output that has no name yet: takes it over, with the source's status. */
int fw_settle_finished(struct fw_batch *batch, struct fw_item *item, struct fw_output *output,
                       const struct stat *source, struct fw_item_end *end,
                       struct fw_error *err) FW_MUST_CHECK;
/* An item that ended without an output of ours to name: failed, or done by its own process. */
int fw_settle_ended(struct fw_batch *batch, struct fw_item *item, enum fw_fate fate,
                    struct fw_item_end *end, struct fw_error *err) FW_MUST_CHECK;
/* A try that failed and is followed by another one. */
int fw_settle_tried(struct fw_batch *batch, struct fw_item *item, const struct fw_item_end *end,
                    struct fw_error *err) FW_MUST_CHECK;
/* It runs (`end` NULL), or its output is complete, with its hash in `end`, and about to get its
 * name: durable when this returns FW_OK. */
int fw_settle_begun(struct fw_batch *batch, struct fw_item *item, const struct fw_item_end *end,
                    struct fw_error *err) FW_MUST_CHECK;
/* Names and records what waits, when enough of it does or `now`. */
int fw_settle_flush(struct fw_batch *batch, bool now, struct fw_error *err) FW_MUST_CHECK;
/* What waits is given up: it never gets its name. */
void fw_settle_close(struct fw_batch *batch);

/* ---- batch.c ---- */

/* Everything that can be known before a file is looked at. */
int fw_batch_check(struct fw_batch *batch, struct fw_error *err) FW_MUST_CHECK;
/* The folder whose batch this is, which holds its state; in place, that of the first source. From
 * malloc; NULL with errno. */
char *fw_batch_state_folder(struct fw_batch *batch);
/* Without `create`, a folder that is not there stays so, and the tree closed. */
int fw_batch_open_tree(struct fw_batch *batch, bool create, struct fw_error *err) FW_MUST_CHECK;
void fw_batch_close_books(struct fw_batch *batch);

/* Shows progress, when it is time; counts the calls of cancel. */
void fw_batch_tick(struct fw_batch *batch);
void fw_batch_say(const struct fw_batch *batch, enum fw_message_level level, const char *format,
                  ...) FW_PRINTF(3, 4);
/* An item will not be done, and why: one line for people, counted by cause. */
void fw_batch_note_failure(struct fw_batch *batch, struct fw_item *item,
                           const struct fw_item_end *end);

/* ---- batch_report.c ---- */

char *fw_batch_report_make(struct fw_batch *batch);

#endif
