/* The state behind the public struct fw_job. */
#ifndef FW_PIPELINE_JOB_H
#define FW_PIPELINE_JOB_H

#include "framewheel.h"
#include "settings.h"

#include <stdbool.h>

/* One fw_job_set, kept to be sent to a helper as it was said. */
struct fw_job_word {
    char *name;
    char *value; /* NULL for a flag */
};

struct fw_job {
    struct fw_settings settings;
    struct fw_job_word *words;
    uint32_t word_count;
    char *report;
    int cancel_fd; /* eventfd: counts fw_job_cancel; shared with a helper */
    /* Asked before a complete output file gets its name, with its descriptor; NULL: nobody is. */
    int (*naming)(void *user, int fd, struct fw_error *err);
    void *naming_user;
    int end_fd; /* of a helper: readable when it is to end at once; 0: none */
};

#endif
