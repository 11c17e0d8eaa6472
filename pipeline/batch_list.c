/*
 * Lists of jobs: a file name a line, or a JSON object a line:
 *   {"input": NAME, "output": NAME, "options": {"vf": "...", "crf": 20, "an": true}}
 * A name that is no UTF-8 is {"bytes": BASE64}. Output and options may be missing; an output is
 * below the batch's folder.
 */
#include "batch.h"

#include "document.h"
#include "encoder_options.h"
#include "loader.h"
#include "publish_path.h"
#include "read_paths.h"

#include "filters/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)
#define READ_BYTES ((size_t)64 << 10)

struct place {
    const char *list; /* shown */
    uint32_t line;
};

static int fail_at(const struct place *place, struct fw_error *err, const char *what)
{
    return fw_fail(err, FW_ERR_USAGE, "%s:%u: %s", place->list, place->line, what);
}

void fw_batch_free_jobs(struct fw_batch *batch)
{
    for (uint32_t i = 0; i < batch->job_count; i++) {
        struct fw_listed_job *job = &batch->jobs[i];
        for (uint32_t k = 0; k < job->word_count; k++) {
            free(job->words[k].name);
            free(job->words[k].value);
        }
        free(job->words);
        free(job->input);
        free(job->output);
    }
    free(batch->jobs);
    batch->jobs = NULL;
    batch->job_count = batch->job_room = 0;
}

/* ---- one job ------------------------------------------------------------------------------ */

/* An option's value as a text: true is a flag, false is none. FW_END: leave it out. */
static int value_text(const json_t *value, char **text_out)
{
    *text_out = NULL;
    switch (json_typeof(value)) {
    case JSON_TRUE:
        return FW_OK;
    case JSON_FALSE:
    case JSON_NULL:
        return FW_END;
    case JSON_STRING:
    case JSON_OBJECT:
        *text_out = fw_json_bytes(value);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        *text_out = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        break;
    case JSON_ARRAY:
        break;
    }
    return *text_out ? FW_OK : FW_ERR_USAGE;
}

static int add_word(struct fw_listed_job *job, const char *name, char *value)
{
    struct fw_batch_word *words = reallocarray(job->words, job->word_count + 1, sizeof(*words));
    char *copy = strdup(name);
    if (words)
        job->words = words;
    if (!words || !copy) {
        free(copy);
        free(value);
        return FW_ERR_MEMORY;
    }
    words[job->word_count++] = (struct fw_batch_word){ copy, value };
    return FW_OK;
}

/* NULL: a job may have it for its own. */
static const char *refusal(const char *name, const char *value)
{
    static const char *const others[] = { "input", "output", "report", "y",
                                          "n",     "null",   "recipe", "fault" };
    const struct fw_job_option *option = fw_job_option_find(name);
    const struct fw_av_option encoder = { (char *)(uintptr_t)name, NULL, 0 };
    bool batch = !option && fw_option_find(FW_SCOPE_BATCH, name);
    for (size_t i = 0; option && i < FW_COUNT(others); i++)
        batch = batch || strcmp(others[i], option->name) == 0;
    if (batch || (option && option->command_only))
        return "it is no job's own";
    if (!option && !fw_encoder_option_exists(&encoder))
        return "unknown option";
    return !option && !value ? "it wants a value" : NULL;
}

/* Plugins of the batch, for the filters of a job's own chain. */
static int set_plugins(const struct fw_batch *batch, struct fw_settings *probe,
                       struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < batch->word_count && status == FW_OK; i++) {
        const struct fw_batch_word *word = &batch->words[i];
        if (strcmp(word->name, "plugin") == 0 || strcmp(word->name, "plugin-path") == 0)
            status = fw_settings_set(probe, word->name, word->value, err);
    }
    return status;
}

static int set_option(struct fw_settings *probe, const char *name, const char *text,
                      struct fw_error *err)
{
    const char *fault = refusal(name, text);
    return fault ? fw_fail(err, FW_ERR_USAGE, "%s", fault)
                 : fw_settings_set(probe, name, text, err);
}

/* A chain that the job before had, too, is no news. */
static int check_own_chain(const struct fw_batch *batch, struct fw_listed_job *job,
                           const struct fw_settings *probe, struct fw_error *err)
{
    uint32_t flags = 0;
    const char *before = NULL;
    if (!probe->chain)
        return FW_OK;
    job->stamp = fw_read_paths_stamp(probe);
    const struct fw_listed_job *last = batch->job_count > 1 ? &batch->jobs[batch->job_count - 2]
                                                            : NULL;
    for (uint32_t i = 0; last && i < last->word_count; i++) {
        if (strcmp(last->words[i].name, "vf") == 0)
            before = last->words[i].value;
    }
    bool same = before && strcmp(before, probe->chain) == 0 && last->stamp == job->stamp;
    return same ? FW_OK : fw_loader_check_chain(probe, batch->cancel_fd, &flags, err);
}

/* Every option is tried on settings of their own, so that mistakes are found before the start. */
static int try_options(const struct fw_batch *batch, struct fw_listed_job *job, json_t *options,
                       const struct place *place, struct fw_error *err)
{
    struct fw_settings probe;
    struct fw_error own = { 0 };
    const char *name;
    json_t *value;
    fw_settings_init(&probe);
    int status = set_plugins(batch, &probe, err);
    json_object_foreach(options, name, value)
    {
        char *text = NULL;
        const struct fw_job_option *option = fw_job_option_find(name);
        int taken = status == FW_OK ? value_text(value, &text) : FW_END;
        if (taken == FW_END)
            continue;
        if (taken < 0)
            (void)fw_fail(&own, FW_ERR_USAGE, "a value is a text, a number, true or false");
        else
            taken = set_option(&probe, name, text, &own);
        if (taken < 0)
            free(text);
        status = taken < 0 ? fw_fail(err, FW_ERR_USAGE, "%s:%u: option \"%s\": %s", place->list,
                                     place->line, name, own.text)
                           : add_word(job, option ? option->name : name, text);
    }
    if (status == FW_OK && check_own_chain(batch, job, &probe, &own) < 0)
        status = fw_fail(err, own.status, "%s:%u: %s", place->list, place->line, own.text);
    fw_settings_deinit(&probe);
    return status == FW_ERR_MEMORY ? fw_fail(err, status, "no memory for a job") : status;
}

static int read_options(const struct fw_batch *batch, struct fw_listed_job *job, json_t *options,
                        const struct place *place, struct fw_error *err)
{
    if (!options)
        return FW_OK;
    if (!json_is_object(options))
        return fail_at(place, err, "\"options\" is an object of names and values");
    return try_options(batch, job, options, place, err);
}

static int find_source(struct fw_listed_job *job, const struct place *place, struct fw_error *err)
{
    struct stat status;
    char shown[FW_SHOWN_BYTES];
    (void)fw_path_shown(job->input, shown, sizeof(shown));
    if (stat(job->input, &status) < 0)
        return fw_fail(err, FW_ERR_INPUT, "%s:%u: %s: %s", place->list, place->line, shown,
                       strerrordesc_np(errno));
    if (!S_ISREG(status.st_mode))
        return fw_fail(err, FW_ERR_INPUT, "%s:%u: %s is no file", place->list, place->line, shown);
    job->dev = status.st_dev;
    job->ino = status.st_ino;
    job->size = (uint64_t)status.st_size;
    job->mtime_ns = fw_mtime_ns(&status);
    return FW_OK;
}

/* A name below the folder: no way up, no way to the root, and none of our own. */
static bool is_below(const char *output)
{
    if (!output[0] || output[0] == '/' || output[strlen(output) - 1] == '/')
        return false;
    for (const char *at = output; at; at = strchr(at, '/')) {
        at += *at == '/';
        size_t bytes = strcspn(at, "/");
        if (strncmp(at, ".framewheel", 11) == 0)
            return false;
        if (bytes == 0 || bytes > FW_NAME_BYTES || (bytes == 1 && at[0] == '.') ||
            (bytes == 2 && at[0] == '.' && at[1] == '.'))
            return false;
    }
    return true;
}

static int name_job(const struct fw_batch *batch, struct fw_listed_job *job, json_t *output,
                    const struct place *place, struct fw_error *err)
{
    if (output)
        job->output = fw_json_bytes(output);
    else if (batch->settings.name)
        return fail_at(place, err, "a job with options of its own and --name wants an \"output\"");
    else
        job->output = strdup(fw_path_name(job->input));
    if (!job->output || !is_below(job->output))
        return fail_at(
            place, err,
            "\"output\" is a name below the folder of the outputs, and not .framewheel...");
    return FW_OK;
}

static int add_job(struct fw_batch *batch, json_t *object, const struct place *place,
                   struct fw_error *err)
{
    static const char *const members[] = { "input", "output", "options" };
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < FW_COUNT(members); i++)
            known = known || strcmp(members[i], key) == 0;
        if (!known)
            return fw_fail(err, FW_ERR_USAGE,
                           "%s:%u: unknown member \"%s\": input, output, options", place->list,
                           place->line, key);
    }
    if (fw_grow((void **)&batch->jobs, &batch->job_room, batch->job_count, sizeof(*batch->jobs),
                err) < 0)
        return FW_ERR_MEMORY;
    struct fw_listed_job *job = &batch->jobs[batch->job_count];
    memset(job, 0, sizeof(*job));
    batch->job_count++;
    job->input = fw_json_bytes(json_object_get(object, "input"));
    if (!job->input || !job->input[0])
        return fail_at(place, err, "\"input\" is missing, or no name");
    int status = find_source(job, place, err);
    if (status == FW_OK)
        status = read_options(batch, job, json_object_get(object, "options"), place, err);
    if (status == FW_OK)
        status = name_job(batch, job, json_object_get(object, "output"), place, err);
    return status;
}

/* ---- a list ------------------------------------------------------------------------------- */

static int read_line(struct fw_batch *batch, char *line, size_t bytes, const struct place *place,
                     struct fw_error *err)
{
    json_error_t reason;
    if (bytes > 0 && line[bytes - 1] == '\r')
        line[--bytes] = '\0';
    if (bytes == 0)
        return FW_OK;
    if (memchr(line, 0, bytes))
        return fail_at(place, err, "a zero byte in a list of lines\nhint: --files0-from");
    if (line[0] != '{')
        return fw_batch_add(batch, line, err);
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &reason);
    if (!object)
        return fw_fail(err, FW_ERR_USAGE, "%s:%u:%d: %s", place->list, place->line, reason.column,
                       reason.text);
    int status = add_job(batch, object, place, err);
    json_decref(object);
    return status;
}

static int read_all(const char *path, const char *shown, struct fw_text *text, int cancel_fd,
                    struct fw_error *err)
{
    char buffer[READ_BYTES];
    bool own = strcmp(path, "-") != 0;
    int fd = own ? fw_list_open(path, cancel_fd) : STDIN_FILENO;
    int status = fd < 0 ? fw_fail(err, errno == ECANCELED ? FW_ERR_CANCELLED : FW_ERR_INPUT,
                                  "%s: %s", shown, strerrordesc_np(errno))
                        : FW_OK;
    ssize_t got = 1;
    while (status == FW_OK && got != 0) {
        status = fw_list_wait(fd, cancel_fd, err);
        got = status == FW_OK ? read(fd, buffer, sizeof(buffer)) : 0;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            status = fw_fail(err, FW_ERR_INPUT, "%s: %s", shown, strerrordesc_np(errno));
        else if (got > 0 && text->used + (size_t)got > LIST_BYTES_MAX)
            status = fw_fail(err, FW_ERR_INPUT, "%s: longer than 1 GiB", shown);
        else if (got > 0)
            status = fw_text_add(text, buffer, (size_t)got, err);
    }
    if (own && fd >= 0)
        (void)close(fd);
    return status;
}

static int read_list(struct fw_batch *batch, const char *path, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    struct fw_text text = { 0 };
    struct place place = { .list = fw_path_shown(path, shown, sizeof(shown)) };
    int status = read_all(path, shown, &text, batch->cancel_fd, err);
    char *at = text.bytes;
    char *end = at ? at + text.used : at;
    while (status == FW_OK && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((newline ? newline : end) - at);
        place.line++;
        at[bytes] = '\0'; /* the text has a byte more */
        status = read_line(batch, at, bytes, &place, err);
        at += bytes + 1;
    }
    fw_text_deinit(&text);
    return status;
}

int fw_batch_read_lists(struct fw_batch *batch, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < batch->settings.lists.count && status == FW_OK; i++)
        status = read_list(batch, batch->settings.lists.items[i], err);
    return status;
}
