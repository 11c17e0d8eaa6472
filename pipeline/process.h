/*
 * A process that works beside its parent and ends when it likes: image workers, and the supervisors
 * of a batch's jobs. child.h has those that answer one question, supervisor.h those of a job.
 */
#ifndef FW_PIPELINE_PROCESS_H
#define FW_PIPELINE_PROCESS_H

#include "filters/filter.h"

#include <stdbool.h>
#include <sys/types.h>

/* Zeroed: none. */
struct fw_process {
    pid_t pid;
    int pidfd; /* readable when it has ended */
};

struct fw_process_plan {
    const char *title; /* in ps; comm is "fw-" and the title, cut to 15 bytes */
    /* Runs in the child; what it returns is the exit code. */
    int (*body)(void *arg);
    void *arg;
    const int
        *keep_fds; /* every other one is closed, and 0 to 2 lead nowhere unless they are kept */
    uint32_t keep_count;
};

struct fw_process_end {
    int code;   /* -1 when a signal ended it */
    int signal; /* 0 when it exited */
    uint64_t cpu_ns;
    uint64_t peak_bytes; /* most memory it held */
};

/* Forks; the child dies with its parent, and ignores the keyboard's signals. FW_ERR_SYSTEM. */
int fw_process_start(struct fw_process *process, const struct fw_process_plan *plan,
                     struct fw_error *err) FW_MUST_CHECK;
/* Whether it has ended; then it is reaped, and zeroed. `wait`: until it does. */
bool fw_process_reap(struct fw_process *process, bool wait, struct fw_process_end *end_out);
/* To a process that was not reaped yet. */
void fw_process_signal(const struct fw_process *process, int number);

/* What the kernel says in a stat file of proc(5), from the state on, in the caller's `text`; ""
 * when it says nothing. */
const char *fw_process_stat(const char *path, char *text, size_t bytes);
/* In a process of ours: its name in ps, "framewheel: TITLE" and "fw-TITLE",
 * the first word cut where its number would not fit. */
void fw_process_title(const char *title);

#endif
