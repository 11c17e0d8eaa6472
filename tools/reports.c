/* Reports as files. */
#include "reports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "term.h"

/* Twelve digits: 0.6, not 0.59999999999999998. */
#define REPORT_FORM (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

static int write_text(int fd, const char *text)
{
    size_t bytes = strlen(text);
    bool ended = bytes > 0 && text[bytes - 1] == '\n';
    return fw_write_all(fd, text, bytes) < 0 || (!ended && fw_write_all(fd, "\n", 1) < 0) ? -1 : 0;
}

/* A pipe or a device keeps its name: nothing may take its place. errno, or 0. */
static int write_into(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    int error = fd < 0 || write_text(fd, text) < 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    return error;
}

/* Whole or not at all: under another name first. errno, or 0. */
static int write_beside(const char *path, char *temp, const char *text)
{
    int error = 0;
    int fd = mkostemp(temp, O_CLOEXEC);
    mode_t mask = umask(0);
    (void)umask(mask);
    if (fd < 0 || write_text(fd, text) < 0 || fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0 ||
        rename(temp, path) < 0)
        error = errno;
    if (fd >= 0)
        (void)close(fd);
    if (error && fd >= 0)
        (void)unlink(temp);
    return error;
}

static int write_report(const char *path, const char *text, struct fw_error *err)
{
    char *temp = NULL;
    char shown[256];
    struct stat there;
    /* In the same folder, and short whatever the report is called. */
    const char *slash = strrchr(path, '/');
    if (asprintf(&temp, "%.*s.framewheel-XXXXXX", slash ? (int)(slash - path) + 1 : 0, path) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a report");
    bool special = stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
    int error = special ? write_into(path, text) : write_beside(path, temp, text);
    free(temp);
    if (error)
        return fw_fail(err, FW_ERR_OUTPUT, "--report %s: %s",
                       fw_escape(path, shown, sizeof(shown), 0), strerrordesc_np(error));
    return FW_OK;
}

/* A name that was refused is not written, not even to say so. */
static bool is_taken(const char *path)
{
    size_t bytes = path ? strlen(path) : 0;
    return bytes > 5 && strcmp(path + bytes - 5, ".json") == 0;
}

int fw_reports_write(const struct fw_cli *cli, const char *text, int exit_code)
{
    for (uint32_t i = 0; i < cli->option_count; i++) {
        struct fw_error err = { 0 };
        if (strcmp(cli->options[i].name, "report") != 0 || !is_taken(cli->options[i].value) ||
            write_report(cli->options[i].value, text, &err) == FW_OK)
            continue;
        fw_complain_to_user(cli->verb->name, err.text);
        if (exit_code == 0)
            exit_code = fw_status_exit_code(err.status);
    }
    return exit_code;
}

char *fw_report_with_exit(const char *report, int code)
{
    json_t *document = report ? json_loads(report, 0, NULL) : NULL;
    char *text = NULL;
    if (document && json_object_set_new(document, "exit", json_integer(code)) == 0)
        text = json_dumps(document, REPORT_FORM);
    json_decref(document);
    return text;
}

int fw_report_exit(const char *report, int fallback)
{
    json_t *document = report ? json_loads(report, 0, NULL) : NULL;
    int code = document ? (int)json_integer_value(json_object_get(document, "exit")) : fallback;
    json_decref(document);
    return code;
}

static bool is_below_output(const struct fw_cli *cli, const char *folder)
{
    const char *output = fw_cli_value(cli, "output");
    size_t bytes = output ? strlen(output) : 0;
    while (bytes > 1 && output[bytes - 1] == '/')
        bytes--;
    return bytes > 0 && strncmp(folder, output, bytes) == 0 &&
           (folder[bytes] == '/' || !folder[bytes]);
}

int fw_reports_check(const struct fw_cli *cli, struct fw_error *err)
{
    for (uint32_t i = 0; i < cli->option_count; i++) {
        const char *path = cli->options[i].value;
        char shown[256];
        if (strcmp(cli->options[i].name, "report") != 0 || !path)
            continue;
        const char *slash = strrchr(path, '/');
        size_t bytes = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
        char *folder = slash ? strndup(path, bytes) : strdup(".");
        struct stat there;
        int error = !folder ? ENOMEM : access(folder, W_OK | X_OK) < 0 ? errno : 0;
        /* A batch makes its folder, and those above it. */
        if (error == ENOENT && cli->verb->scope != FW_SCOPE_RUN && is_below_output(cli, folder))
            error = 0;
        if (error == 0 && stat(path, &there) < 0 && errno != ENOENT)
            error = errno;
        else if (error == 0 && errno != ENOENT && S_ISDIR(there.st_mode))
            error = EISDIR;
        free(folder);
        if (error)
            return fw_fail(err, FW_ERR_OUTPUT, "--report %s: %s",
                           fw_escape(path, shown, sizeof(shown), 0), strerrordesc_np(error));
    }
    return FW_OK;
}
