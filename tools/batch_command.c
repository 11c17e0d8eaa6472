/* One batch: its progress, its report, its exit code; or its plan. */
#include "batch_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "log.h"
#include "progress.h"
#include "reports.h"
#include "run_options.h"
#include "signals.h"
#include "term.h"

/* What one run of the command holds. */
struct command {
    const struct fw_verb *verb;
    struct fw_cli cli;
    struct fw_run_options options;
    struct fw_view view;
    struct fw_batch *batch;
    struct fw_error err;
    int status;
    bool no_reports; /* they cannot be written, which has been said */
};

static void on_progress(void *user, const struct fw_batch_progress *progress)
{
    struct fw_view *view = user;
    if (fw_signals_caught())
        fw_view_interrupt(view);
    fw_view_update_batch(view, progress);
    if (fw_signals_asked())
        fw_view_line_now(view);
}

/* The report of a batch that never came to be. The caller frees it. */
static char *make_report(const struct command *command, int code)
{
    char shown[4 * FW_ERROR_TEXT];
    json_t *report = json_pack("{s:s,s:s,s:i,s:s}", "schema", "framewheel-batch/1", "status",
                               "failed", "exit", code, "error",
                               fw_escape(command->err.text, shown, sizeof(shown), 1));
    char *text = report ? json_dumps(report, JSON_INDENT(2)) : NULL;
    json_decref(report);
    return text;
}

static void print_summary(struct command *command, const char *report)
{
    char *text = fw_batch_summary(report, command->options.view.verbosity > 0);
    if (text) {
        fw_view_log(&command->view, "summary", text);
        if (command->options.view.verbosity >= 0)
            (void)fw_write_all(STDERR_FILENO, text, strlen(text));
    }
    free(text);
}

/* Tells everybody how it ended; the exit code. Does not return after a signal. */
static int finish(struct command *command)
{
    const char *report = command->batch ? fw_batch_report(command->batch) : NULL;
    int number = command->status == FW_ERR_CANCELLED ? fw_signals_caught() : 0;
    int code = fw_report_exit(report, fw_status_exit_code(command->status));
    char *own = NULL;
    if (!report)
        report = own = make_report(command, code);
    if (number) {
        char *named = fw_report_with_exit(report, 128 + number);
        if (named) {
            free(own);
            report = own = named;
        }
        code = 128 + number;
        fw_view_interrupt(&command->view);
    }
    if (command->status < 0)
        fw_view_message(&command->view, FW_MESSAGE_ERROR, command->err.text);
    if (report && !command->no_reports)
        code = fw_reports_write(&command->cli, report, code);
    fw_view_end(&command->view,
                number      ? "interrupted"
                : code == 0 ? "ok"
                            : "failed",
                code, command->status < 0 ? command->err.text : NULL, report);
    fw_view_close(&command->view);
    if (report)
        print_summary(command, report);
    if (command->options.json && report) {
        int printed = fw_print_data(command->verb->name, report);
        code = code == 0 ? printed : code;
    }
    free(own);
    if (number)
        fw_die_by(number);
    return code;
}

/* Texts that are kept among the sources are no sources. */
static bool is_text_name(const char *path)
{
    static const char *const endings[] = { ".json", ".log", ".tsv", ".txt", ".ndjson" };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcmp(dot, endings[i]) == 0)
            return true;
    }
    return false;
}

static bool is_source(const char *path, const char *source)
{
    struct stat one, two;
    if (stat(path, &one) < 0 || !S_ISREG(one.st_mode) || stat(source, &two) < 0)
        return false;
    if (one.st_dev == two.st_dev && one.st_ino == two.st_ino)
        return true;
    if (!S_ISDIR(two.st_mode) || is_text_name(path))
        return false;
    char *whole = realpath(path, NULL);
    char *folder = realpath(source, NULL);
    size_t bytes = folder ? strlen(folder) : 0;
    bool inside = whole && folder && strncmp(whole, folder, bytes) == 0 && whole[bytes] == '/';
    free(whole);
    free(folder);
    return inside;
}

/* What the command itself writes must not be a source: these files are opened before any other. */
static int check_files(const struct fw_cli *cli, struct fw_error *err)
{
    static const char *const words[] = { "progress-to", "log-file", "report" };
    char shown[256];
    for (uint32_t i = 0; i < cli->option_count; i++) {
        const struct fw_cli_option *option = &cli->options[i];
        bool writes = false;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            writes = writes || (option->value && strcmp(option->name, words[k]) == 0);
        for (uint32_t k = 0; writes && k < cli->name_count; k++) {
            if (is_source(option->value, cli->names[k]))
                return fw_fail(err, FW_ERR_USAGE, "--%s %s: it is one of the sources", option->name,
                               fw_escape(option->value, shown, sizeof(shown), 0));
        }
    }
    return FW_OK;
}

static int prepare(struct command *command, int argc, char **argv)
{
    struct fw_error *err = &command->err;
    int status = command->cli.err.status;
    if (status < 0)
        *err = command->cli.err;
    /* Not even opened: then nothing is told but the error. */
    if (status == FW_OK && check_files(&command->cli, err) < 0) {
        const struct fw_view_options plain = { 0 };
        (void)fw_view_open(&command->view, command->verb->name, &plain, NULL);
        command->no_reports = true;
        return err->status;
    }
    if (fw_run_options_read(&command->options, &command->cli, err) < 0)
        status = err->status;
    if (fw_view_open(&command->view, command->verb->name, &command->options.view, err) < 0)
        status = err->status;
    command->view.look = &fw_look_batch;
    fw_log_head(command->view.log_fd, command->verb->name, argc, argv);
    if (status == FW_OK) {
        status = fw_reports_check(&command->cli, err);
        command->no_reports = status < 0;
    }
    if (status == FW_OK)
        status = fw_batch_create(&command->batch, command->verb->scope, err);
    if (status == FW_OK)
        status = fw_run_options_apply_batch(&command->cli, command->batch, err);
    return status;
}

static int run_batch(struct command *command)
{
    const struct fw_batch_events events = { .struct_size = sizeof(events),
                                            .user = &command->view,
                                            .progress = on_progress,
                                            .message = fw_view_hear };
    fw_signals_start_batch(command->batch);
    command->status = fw_batch_supervise(command->batch, &events, &command->err);
    fw_signals_stop();
    return finish(command);
}

/* ---- --dry-run ---------------------------------------------------------------------------- */

struct planning {
    struct command *command;
    uint64_t counts[3]; /* do, skip, fail */
    int code;
};

/* As in every document: bytes that are no UTF-8 become {"bytes": base64}. */
static json_t *name_of(const char *name)
{
    json_t *text = name ? json_string(name) : json_null();
    char *packed = text ? NULL : fw_base64(name, strlen(name));
    if (packed)
        text = json_pack("{s:s}", "bytes", packed);
    free(packed);
    return text;
}

static void on_step(void *user, const struct fw_batch_step *step)
{
    struct planning *planning = user;
    char source[4096];
    char output[4096];
    char line[9000];
    const char *action = step->action;
    planning->counts[strcmp(action, "do") == 0 ? 0 : strcmp(action, "skip") == 0 ? 1 : 2]++;
    if (planning->command->options.json) {
        json_t *object = json_pack("{s:s,s:s,s:o,s:o,s:s}", "schema", "framewheel-batch-plan/1",
                                   "action", action, "source", name_of(step->source), "output",
                                   name_of(step->output), "reason", step->reason);
        char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        if (text && planning->code == 0)
            planning->code = fw_print_data(planning->command->verb->name, text);
        free(text);
        json_decref(object);
        return;
    }
    bool doing = strcmp(action, "do") == 0;
    (void)snprintf(line, sizeof(line), "%-4s %s%s%s  (%s)", action,
                   fw_escape(step->source, source, sizeof(source), 0),
                   doing && step->output ? " -> " : "",
                   doing && step->output ? fw_escape(step->output, output, sizeof(output), 0) : "",
                   step->reason);
    if (planning->code == 0)
        planning->code = fw_print_data(planning->command->verb->name, line);
}

/* A program that reads the plan has to see that there is none. */
static int tell_failure(const struct command *command, int code)
{
    char shown[4 * FW_ERROR_TEXT];
    json_t *object = json_pack("{s:s,s:s,s:i,s:s}", "schema", "framewheel-batch-plan/1", "action",
                               "error", "exit", code, "error",
                               fw_escape(command->err.text, shown, sizeof(shown), 1));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text && command->options.json)
        (void)fw_print_data(command->verb->name, text);
    free(text);
    json_decref(object);
    return code;
}

static int plan_batch(struct command *command)
{
    struct planning planning = { .command = command };
    char line[160];
    int status = fw_batch_plan(command->batch, on_step, &planning, &command->err);
    if (status < 0) {
        fw_complain_to_user(command->verb->name, command->err.text);
        fw_view_close(&command->view);
        return tell_failure(command, fw_status_exit_code(status));
    }
    (void)snprintf(line, sizeof(line), "%llu to do, %llu skipped, %llu that cannot be done\n",
                   (unsigned long long)planning.counts[0], (unsigned long long)planning.counts[1],
                   (unsigned long long)planning.counts[2]);
    if (!command->options.json && command->options.view.verbosity >= 0)
        (void)fw_write_all(STDERR_FILENO, line, strlen(line));
    fw_view_close(&command->view);
    return planning.code;
}

int fw_batch_command(const struct fw_verb *verb, int argc, char **argv)
{
    struct command command = { .verb = verb };
    int code = 0;
    (void)fw_cli_parse(&command.cli, verb, argc, argv);
    if (command.cli.help) {
        code = fw_verb_help(verb);
    } else {
        command.status = prepare(&command, argc, argv);
        if (command.status < 0 && command.options.dry_run) {
            fw_complain_to_user(verb->name, command.err.text);
            fw_view_close(&command.view);
            code = tell_failure(&command, fw_status_exit_code(command.status));
        } else if (command.status < 0)
            code = finish(&command);
        else if (command.options.dry_run)
            code = plan_batch(&command);
        else
            code = run_batch(&command);
    }
    fw_batch_destroy(command.batch);
    fw_cli_deinit(&command.cli);
    return code;
}
