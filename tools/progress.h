/* Progress for people and programs. Never touches the terminal's modes; ESC and CR only in tty
 * mode. */
#ifndef FW_TOOLS_PROGRESS_H
#define FW_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <time.h>

#include <framewheel/framewheel.h>

enum fw_view_mode { FW_VIEW_NONE, FW_VIEW_LINE, FW_VIEW_TTY, FW_VIEW_JSON, FW_VIEW_FFMPEG };

struct fw_view_options {
    const char *mode;     /* NULL: auto */
    const char *to;       /* --progress-to; NULL: by mode */
    const char *interval; /* --progress-interval; NULL: by mode */
    const char *log_file; /* NULL: none */
    int verbosity;        /* -1 errors, 0 warnings, 1 info, 2 debug */
    bool stdout_is_data;  /* the output or a report goes there */
};

/* What progress of one sort looks like: the functions of progress_text.h or batch_text.h. */
struct fw_look {
    size_t bytes; /* of the progress */
    void (*line)(const void *progress, size_t width, char *text, size_t bytes);
    void (*json)(const void *progress, char *text, size_t bytes);
    void (*ffmpeg)(const void *progress, bool last, char *text, size_t bytes);
    const char *const *end_keys; /* of the report that the last record repeats; ends with NULL */
};
extern const struct fw_look fw_look_run;
extern const struct fw_look fw_look_batch;

union fw_view_progress {
    struct fw_progress run;
    struct fw_batch_progress batch;
};

struct fw_view {
    const char *verb;
    enum fw_view_mode mode;
    int fd;
    int log_fd;
    bool own_fd;
    bool broken;      /* nobody reads: say no more, go on with the job */
    bool interrupted; /* a signal came to end the job */
    bool line_shown;  /* tty: the cursor is behind a line of ours */
    int verbosity;
    double interval_s; /* 0: by mode */
    double shown_s;    /* job time of the last report; negative: none */
    double logged_s;   /* the same of the log */
    struct timespec started;
    const struct fw_look *look; /* of a run unless it is set after open */
    union fw_view_progress last;
    char limit[16]; /* a text of `last`, kept */
};

/* FW_ERR_USAGE for a mode or interval that is none, FW_ERR_OUTPUT for a file that cannot be opened.
 * The view is usable in every case: on failure it is as near to what was asked as can be. */
int fw_view_open(struct fw_view *view, const char *verb, const struct fw_view_options *options,
                 struct fw_error *err);
void fw_view_update(struct fw_view *view, const struct fw_progress *progress);
void fw_view_update_batch(struct fw_view *view, const struct fw_batch_progress *progress);
/* A signal came to end the job: the terminal has written ^C behind our line, which is left alone.
 */
void fw_view_interrupt(struct fw_view *view);
/* One line, now, on stderr. */
void fw_view_line_now(struct fw_view *view);
void fw_view_message(struct fw_view *view, enum fw_message_level level, const char *text);
/* The same as the callback of a job or a batch; `view` is the struct fw_view. */
void fw_view_hear(void *view, enum fw_message_level level, const char *text);
/* Something for the log file alone. */
void fw_view_log(struct fw_view *view, const char *word, const char *text);
/* The last record. `status` is that of the report; `report_json` may be NULL. */
void fw_view_end(struct fw_view *view, const char *status, int exit_code, const char *error_text,
                 const char *report_json);
void fw_view_close(struct fw_view *view);

#endif
