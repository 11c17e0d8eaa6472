/* A log of jobs in the columns of GNU parallel's --joblog: tab separated, one line a job. */
#ifndef FW_PIPELINE_JOBLOG_H
#define FW_PIPELINE_JOBLOG_H

#include "filters/filter.h"

struct fw_joblog {
    int fd; /* -1: none */
    char *path;
    char host[256];
};

struct fw_joblog_line {
    uint64_t sequence; /* from 1 */
    double started;    /* Unix time, seconds */
    double wall_s;
    uint64_t input_bytes;
    uint64_t output_bytes;
    int exit_code;
    int signal;          /* 0: none */
    const char *command; /* as a shell would take it */
};

/* Appends to a file that is there and a job log, else starts one. FW_ERR_OUTPUT. */
int fw_joblog_open(struct fw_joblog *log, const char *path, struct fw_error *err) FW_MUST_CHECK;
/* One write. Control bytes of the command, which stand between single quotes, become '$'\t'' and
 * the like, so that a line stays one. FW_ERR_OUTPUT. */
int fw_joblog_append(struct fw_joblog *log, const struct fw_joblog_line *line,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_joblog_close(struct fw_joblog *log); /* zeroed ok */

#endif
