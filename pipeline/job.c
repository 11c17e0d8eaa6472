#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int fw_job_create(struct fw_job **job_out, struct fw_error *err)
{
    struct fw_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a job");
    fw_settings_init(&job->settings);
    job->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->cancel_fd < 0) {
        int failed = errno;
        fw_job_destroy(job);
        return fw_fail(err, FW_ERR_SYSTEM, "eventfd: %s", strerror(failed));
    }
    *job_out = job;
    return FW_OK;
}

void fw_job_destroy(struct fw_job *job)
{
    if (job == NULL)
        return;
    if (job->cancel_fd >= 0)
        close(job->cancel_fd);
    for (uint32_t i = 0; i < job->word_count; i++) {
        free(job->words[i].name);
        free(job->words[i].value);
    }
    free(job->words);
    free(job->report);
    fw_settings_deinit(&job->settings);
    free(job);
}

static int keep_word(struct fw_job *job, const char *name, const char *value, struct fw_error *err)
{
    struct fw_job_word *words = realloc(job->words, (job->word_count + 1) * sizeof(words[0]));
    if (words == NULL)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    job->words = words;
    struct fw_job_word word = { strdup(name), value == NULL ? NULL : strdup(value) };
    if (word.name == NULL || (value != NULL && word.value == NULL)) {
        free(word.name);
        free(word.value);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an option");
    }
    words[job->word_count++] = word;
    return FW_OK;
}

int fw_job_set(struct fw_job *job, const char *name, const char *value, struct fw_error *err)
{
    int status = fw_settings_set(&job->settings, name, value, err);
    if (status == FW_OK)
        status = keep_word(job, name, value, err);
    return status;
}

void fw_job_cancel(struct fw_job *job)
{
    int saved = errno;
    uint64_t one = 1;
    /* An eventfd takes a write from a signal handler; it cannot be full at this count. */
    ssize_t ignored = write(job->cancel_fd, &one, sizeof(one));
    (void)ignored;
    errno = saved;
}

const char *fw_job_report(const struct fw_job *job)
{
    return job->report;
}

const char *fw_version(void)
{
    return FW_VERSION;
}

int fw_status_exit_code(int status)
{
    switch (status) {
    case FW_OK:
    case FW_END:
        return 0;
    case FW_ERR_USAGE:
    case FW_ERR_MEMORY:
    case FW_ERR_LIMIT:
        return 2;
    case FW_ERR_INPUT:
        return 4;
    case FW_ERR_OUTPUT:
        return 5;
    case FW_ERR_DIED:
    case FW_ERR_STALLED:
        return 6;
    case FW_ERR_VERIFY:
        return 7;
    case FW_ERR_INTERNAL:
        return 70;
    default:
        return 1;
    }
}
