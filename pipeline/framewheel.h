/*
 * libframewheel: run filters over a video on every core.
 *
 * A job is a set of named options (those of `framewheel run`, by their long names), run once. All
 * functions return FW_OK or a negative enum fw_status with the text in *err. Strings are UTF-8 or
 * plain bytes where they are file names. Nothing here prints or exits. A struct fw_job belongs to
 * one thread; only fw_job_cancel may be called from elsewhere.
 */
#ifndef FW_PIPELINE_FRAMEWHEEL_H
#define FW_PIPELINE_FRAMEWHEEL_H

#include <framewheel/filter.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FW_PUBLIC __attribute__((visibility("default")))
#else
#define FW_PUBLIC
#endif

struct fw_job;

/* "0.1.0" */
FW_PUBLIC const char *fw_version(void);
/* Versions of the libraries, build type and features, as a JSON document ("framewheel-version/1").
 * The caller frees *json_out. */
FW_PUBLIC int fw_version_json(char **json_out, struct fw_error *err) FW_MUST_CHECK;
/* The exit code of the framewheel command for a status. */
FW_PUBLIC int fw_status_exit_code(int status);

/* ---- options ------------------------------------------------------------------------------ */

enum fw_arg_kind {
    FW_ARG_FLAG, /* no value */
    FW_ARG_VALUE
};

/* One row of the option table, the only one: parser, help, man page and completions read it. */
struct fw_job_option {
    const char *name;    /* canonical long name, without dashes */
    const char *aliases; /* other spellings, separated by spaces; a leading "-" marks single-dash
                            words such as "-vf"; or NULL */
    enum fw_arg_kind kind;
    const char *value_name;   /* "FILE", "N", "stop|conceal|skip", ...; NULL for flags */
    const char *group;        /* heading in the help */
    const char *help;         /* one sentence; NULL: for tests, not shown */
    const char *default_text; /* NULL: none worth showing */
    int repeatable;
    int command_only; /* concerns the framewheel command: a job accepts and ignores it */
};
FW_PUBLIC uint32_t fw_job_option_count(void);
FW_PUBLIC const struct fw_job_option *fw_job_option_at(uint32_t index); /* NULL past the end */
/* The row for a word without its dashes ("vf", "c:v", "y"), or NULL: then it may still be an option
 * of an encoder or muxer, which fw_job_set accepts and the job checks. */
FW_PUBLIC const struct fw_job_option *fw_job_option_find(const char *name);

/* What an option table is for: one job, a tree of pictures, or a queue of jobs. */
enum fw_scope { FW_SCOPE_RUN, FW_SCOPE_IMAGES, FW_SCOPE_BATCH };
/* The same for any of them; NULL past the end, or for a word that has no row there. */
FW_PUBLIC const struct fw_job_option *fw_option_at(enum fw_scope scope, uint32_t index);
FW_PUBLIC const struct fw_job_option *fw_option_find(enum fw_scope scope, const char *name);

/* Did-you-mean: the candidate nearest to `wanted`, or NULL when none is near. */
FW_PUBLIC const char *fw_nearest(const char *wanted, const char *const *candidates, uint32_t count);

/* ---- a job -------------------------------------------------------------------------------- */

FW_PUBLIC int fw_job_create(struct fw_job **job_out, struct fw_error *err) FW_MUST_CHECK;
FW_PUBLIC void fw_job_destroy(struct fw_job *job); /* NULL ok */
/* Sets one option. `value` is NULL for a flag. The texts are copied. */
FW_PUBLIC int fw_job_set(struct fw_job *job, const char *name, const char *value,
                         struct fw_error *err) FW_MUST_CHECK;

/* State of a running job, several times a second. Valid during the call. */
struct fw_progress {
    uint32_t struct_size;
    uint32_t workers;
    double elapsed_s;
    uint64_t frames;       /* written to the output so far */
    uint64_t frames_total; /* 0: unknown */
    int frames_total_exact;
    double fps; /* recent */
    double fps_mean;
    double eta_s;       /* negative: unknown */
    double media_s;     /* time of the last written frame in the output */
    uint64_t bytes;     /* written */
    uint32_t ring_used; /* frames between decoder and encoder, outputs asked for */
    uint32_t ring_slots;
    uint64_t duplicated;
    uint64_t dropped;
    uint64_t damaged;
    double busy_decoder; /* share of wall time, 0..1 */
    double busy_workers; /* mean over the workers */
    double busy_encoder;
    const char *limit;      /* "decoder", "filters", "sequential", "encoder", "cpu" or "" */
    double busy_sequential; /* the busiest process of filters that see all frames in order */
};

enum fw_message_level { FW_MESSAGE_ERROR, FW_MESSAGE_WARNING, FW_MESSAGE_INFO, FW_MESSAGE_DEBUG };

struct fw_events {
    uint32_t struct_size;
    void *user;
    void (*progress)(void *user, const struct fw_progress *progress);           /* may be NULL */
    void (*message)(void *user, enum fw_message_level level, const char *text); /* may be NULL */
};

/* Runs the job in a helper process (the installed `framewheel`, or $FRAMEWHEEL_HELPER) and waits.
 * Safe in a program with threads. `events` may be NULL. */
FW_PUBLIC int fw_job_run(struct fw_job *job, const struct fw_events *events,
                         struct fw_error *err) FW_MUST_CHECK;
/* Runs the job with this process as its supervisor. FW_ERR_USAGE when it has more than one thread.
 * For the framewheel command and the helper; SIGCHLD must not be ignored. */
FW_PUBLIC int fw_job_supervise(struct fw_job *job, const struct fw_events *events,
                               struct fw_error *err) FW_MUST_CHECK;
/* The helper's side of fw_job_run: serves one job from the socket. */
FW_PUBLIC int fw_job_serve(int socket_fd, struct fw_error *err) FW_MUST_CHECK;
/* First call: what is encoded is finished and published under STEM.interrupted.EXT. Second call:
 * nothing is left. Async-signal-safe. */
FW_PUBLIC void fw_job_cancel(struct fw_job *job);
/* The report as JSON ("framewheel-run/1"), whatever the outcome. Borrowed from the job; NULL before
 * a run. */
FW_PUBLIC const char *fw_job_report(const struct fw_job *job);
/* Checks and plans the job, reads the input's head, runs and writes nothing: stages, filters,
 * formats, streams, losses, memory ("framewheel-plan/1"). The caller frees *json_out. */
FW_PUBLIC int fw_job_explain(struct fw_job *job, char **json_out,
                             struct fw_error *err) FW_MUST_CHECK;

/* Every filter with a table of options that the job's chain can name, as a JSON array of
 * "framewheel-filter/1" objects: the built-in ones, and those of the job's plugins, which a locked
 * process loads. The caller frees *json_out. FW_ERR_USAGE names a plugin that cannot be loaded. */
FW_PUBLIC int fw_job_filters(struct fw_job *job, char **json_out,
                             struct fw_error *err) FW_MUST_CHECK;

/* ---- many files --------------------------------------------------------------------------- */

/* A tree of pictures (FW_SCOPE_IMAGES) or a queue of videos (FW_SCOPE_BATCH), resumable: what is
 * done is known in a database beside the outputs. Belongs to one thread. */
struct fw_batch;

FW_PUBLIC int fw_batch_create(struct fw_batch **batch_out, enum fw_scope scope,
                              struct fw_error *err) FW_MUST_CHECK;
FW_PUBLIC void fw_batch_destroy(struct fw_batch *batch); /* NULL ok */
/* One option of fw_option_at(scope, ...), or an encoder's; texts are copied. */
FW_PUBLIC int fw_batch_set(struct fw_batch *batch, const char *name, const char *value,
                           struct fw_error *err) FW_MUST_CHECK;
/* A file, or a folder with all that is in it. */
FW_PUBLIC int fw_batch_add(struct fw_batch *batch, const char *source,
                           struct fw_error *err) FW_MUST_CHECK;

/* State of a running batch, several times a second. Valid during the call. */
struct fw_batch_progress {
    uint32_t struct_size;
    uint32_t running; /* items in work */
    double elapsed_s;
    uint64_t items;     /* all that the batch consists of */
    uint64_t done;      /* by this run, named and recorded */
    uint64_t unchanged; /* by an earlier one */
    uint64_t skipped;   /* no pictures, or left alone as asked */
    uint64_t failed;
    uint64_t bytes_in;
    uint64_t bytes_out;
    double rate; /* items a second, recent */
    double rate_mean;
    double eta_s; /* negative: unknown */
    double fps;   /* of all running videos together; 0 for images */
};

struct fw_batch_events {
    uint32_t struct_size;
    void *user;
    void (*progress)(void *user, const struct fw_batch_progress *progress);     /* may be NULL */
    void (*message)(void *user, enum fw_message_level level, const char *text); /* may be NULL */
};

/* What a batch would do with one file. Texts are borrowed for the call; names are bytes. */
struct fw_batch_step {
    uint32_t struct_size;
    const char *source;
    const char *output; /* below the folder; NULL when there is none */
    const char *action; /* "do", "skip" or "fail" */
    const char *reason; /* "new", "source changed", "unchanged", "no picture", ... */
};

/* Runs the batch with this process as its supervisor. FW_OK also when items failed: the report's
 * "exit" says so. FW_ERR_USAGE when the process has more than one thread; SIGCHLD must not be
 * ignored. `events` may be NULL. */
FW_PUBLIC int fw_batch_supervise(struct fw_batch *batch, const struct fw_batch_events *events,
                                 struct fw_error *err) FW_MUST_CHECK;
/* Tells what would be done, and does nothing: no folder is made, no database. */
FW_PUBLIC int fw_batch_plan(struct fw_batch *batch,
                            void (*step)(void *user, const struct fw_batch_step *step), void *user,
                            struct fw_error *err) FW_MUST_CHECK;
/* First call: what runs is finished, and nothing more is started. Second call: ends everything.
 * Async-signal-safe. */
FW_PUBLIC void fw_batch_cancel(struct fw_batch *batch);
/* The same for a signal that is about to end the process: database and report have the code that a
 * shell sees then, 128 + signal. Async-signal-safe. */
FW_PUBLIC void fw_batch_cancel_by(struct fw_batch *batch, int signal);
/* The report as JSON ("framewheel-batch/1"), whatever the outcome; borrowed from the batch. NULL
 * before a run, and without memory. */
FW_PUBLIC const char *fw_batch_report(struct fw_batch *batch);

/* ---- looking ------------------------------------------------------------------------------ */

/* What is in a file ("framewheel-probe/1"), read in a locked process. `count`: decode all of it and
 * count the frames. The caller frees *json_out. FW_ERR_USAGE when this process has more than one
 * thread, since it forks; neither may SIGCHLD be ignored. */
FW_PUBLIC int fw_probe(const char *path, int count, char **json_out,
                       struct fw_error *err) FW_MUST_CHECK;
/* What this machine offers and lacks ("framewheel-doctor/1"): every check with "ok" and a text. The
 * caller frees *json_out. */
FW_PUBLIC int fw_doctor(char **json_out, struct fw_error *err) FW_MUST_CHECK;
/* What became of a batch ("framewheel-status/1"), also while it runs: counts of all that was ever
 * recorded, "progress" of the last run (null before it knows its items; pictures that are being
 * made are not begun yet there), what runs, failures by cause, totals, the last runs. `state`: the
 * database, when it is not `.framewheel.db` in the folder, or NULL. Reads only. The caller frees
 * *json_out. FW_ERR_INPUT when there is none. */
FW_PUBLIC int fw_status_json(const char *folder, const char *state, char **json_out,
                             struct fw_error *err) FW_MUST_CHECK;
/* Built-in filters. */
FW_PUBLIC uint32_t fw_filter_count(void);
FW_PUBLIC const struct fw_filter *fw_filter_at(uint32_t index);
FW_PUBLIC const struct fw_filter *fw_filter_find(const char *name);

/* ---- pictures ----------------------------------------------------------------------------- */

/* Writes frame `number` (from 0) of two videos side by side as a PNG: before | after. Both files
 * are read in locked processes; the picture is published like any output. One thread, as fw_probe.
 */
FW_PUBLIC int fw_compare_png(const char *before, const char *after, uint64_t number,
                             const char *png, struct fw_error *err) FW_MUST_CHECK;
/* PSNR and SSIM of two videos of one size and pixel format, frame by frame in their order
 * ("framewheel-metrics/1"): means over all frames by component and together, as libavfilter's psnr
 * and ssim sum them up; null for infinity. Both are read in a locked process. The caller frees
 * *json_out. FW_ERR_USAGE: sizes or formats differ; FW_ERR_INPUT: one ends before the other. One
 * thread, as fw_probe. */
FW_PUBLIC int fw_compare_metrics(const char *before, const char *after, char **json_out,
                                 struct fw_error *err) FW_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
