/* framewheel run: one job, its progress, its report, its exit code. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "log.h"
#include "progress.h"
#include "reports.h"
#include "run_options.h"
#include "signals.h"
#include "summary.h"
#include "term.h"

/* Twelve digits: 0.6, not 0.59999999999999998. */
#define REPORT_FORM (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

/* What one run of the command holds. */
struct command {
    const struct fw_verb *verb;
    int argc; /* the words after the verb */
    char **argv;
    struct fw_cli cli;
    struct fw_run_options options;
    struct fw_view view;
    struct fw_job *job;
    struct fw_error err;
    int status;
    bool no_reports; /* they cannot be written, which has been said */
};

static void on_progress(void *user, const struct fw_progress *progress)
{
    struct fw_view *view = user;
    if (fw_signals_caught())
        fw_view_interrupt(view);
    fw_view_update(view, progress);
    if (fw_signals_asked())
        fw_view_line_now(view);
}

/* The report of a job that never came to be. The caller frees it. */
static char *make_report(const struct command *command, int exit_code)
{
    char shown[4 * FW_ERROR_TEXT];
    char name[4096];
    const char *output = command->options.output;
    json_t *report = json_pack("{s:s,s:s,s:i,s:s,s:s*}", "schema", "framewheel-run/1", "status",
                               "failed", "exit", exit_code, "error",
                               fw_escape(command->err.text, shown, sizeof(shown), 1), "output",
                               output ? fw_escape(output, name, sizeof(name), 0) : NULL);
    char *text = report ? json_dumps(report, REPORT_FORM) : NULL;
    json_decref(report);
    return text;
}

/* The reader of standard output is gone, and that is why the job failed. */
static bool stdout_is_broken(const struct command *command)
{
    struct pollfd entry = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return command->status != FW_OK && command->options.output &&
           strcmp(command->options.output, "-") == 0 && poll(&entry, 1, 0) == 1 &&
           (entry.revents & POLLERR);
}

/* The signal that ended the job, or 0: one that came when all was decided changes nothing. */
static int ending_signal(const char *report)
{
    json_t *document = report ? json_loads(report, 0, NULL) : NULL;
    const char *status = json_string_value(json_object_get(document, "status"));
    bool interrupted = !document || (status && strcmp(status, "interrupted") == 0);
    json_decref(document);
    return interrupted ? fw_signals_caught() : 0;
}

static void log_summary(struct command *command, const char *report)
{
    char *text = fw_summary_text(report, command->options.output, true);
    if (text && text[0])
        fw_view_log(&command->view, "summary", text);
    free(text);
}

static void print_summary(const struct command *command, const char *report)
{
    char *text = NULL;
    int verbosity = command->options.view.verbosity;
    if (verbosity >= 0)
        text = fw_summary_text(report, command->options.output, verbosity > 0);
    if (text)
        (void)fw_write_all(STDERR_FILENO, text, strlen(text));
    free(text);
}

/* Tells everybody how it ended; the exit code. Does not return after a signal. */
static int finish(struct command *command)
{
    char *own = NULL;
    char word[16];
    const char *report = command->job ? fw_job_report(command->job) : NULL;
    int number = ending_signal(report);
    int code = fw_report_exit(report, fw_status_exit_code(command->status));
    if (command->status != FW_OK && !number && stdout_is_broken(command))
        number = SIGPIPE;
    if (!report)
        report = own = make_report(command, code);
    if (number) {
        code = 128 + number;
        char *named = fw_report_with_exit(report, code);
        if (named) {
            free(own);
            report = own = named;
        }
    }
    if (number)
        fw_view_interrupt(&command->view);
    if (command->status != FW_OK && number != SIGPIPE)
        fw_view_message(&command->view, FW_MESSAGE_ERROR, command->err.text);
    if (report && !command->no_reports)
        code = fw_reports_write(&command->cli, report, code);
    json_t *document = report ? json_loads(report, 0, NULL) : NULL;
    const char *status = json_string_value(json_object_get(document, "status"));
    (void)snprintf(word, sizeof(word), "%s", number ? "interrupted" : status ? status : "failed");
    json_decref(document);
    if (report)
        log_summary(command, report);
    fw_view_end(&command->view, word, code, command->status == FW_OK ? NULL : command->err.text,
                report);
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

static int check_input(const struct command *command, struct fw_error *err)
{
    if (command->cli.name_count > 0 || fw_cli_value(&command->cli, "input"))
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE,
                   "no input given\nUsage: framewheel %s %s\nhint: framewheel help %s",
                   command->verb->name, command->verb->usage, command->verb->name);
}

static int check_channels(const struct command *command, struct fw_error *err)
{
    const char *output = command->options.output;
    if (command->options.json && output && strcmp(output, "-") == 0 &&
        fw_cli_count(&command->cli, "null") == 0 && !command->options.dry_run) {
        const char *format = fw_cli_value(&command->cli, "f");
        if (!format || strcmp(format, "null") != 0)
            return fw_fail(err, FW_ERR_USAGE,
                           "--json: standard output is the output\n"
                           "hint: --report FILE.json");
    }
    return FW_OK;
}

static int prepare(struct command *command)
{
    struct fw_error *err = &command->err;
    int status = command->cli.err.status;
    if (status < 0)
        *err = command->cli.err;
    /* On, whatever failed: how the end is told depends on these. */
    if (fw_run_options_read(&command->options, &command->cli, err) < 0)
        status = err->status;
    if (fw_view_open(&command->view, command->verb->name, &command->options.view, err) < 0)
        status = err->status;
    fw_log_head(command->view.log_fd, command->verb->name, command->argc, command->argv);
    if (status == FW_OK)
        status = check_input(command, err);
    if (status == FW_OK)
        status = check_channels(command, err);
    if (status == FW_OK) {
        status = fw_reports_check(&command->cli, err);
        command->no_reports = status < 0;
    }
    if (status == FW_OK)
        status = fw_job_create(&command->job, err);
    if (status == FW_OK)
        status = fw_run_options_apply(&command->cli, command->job, err);
    return status;
}

static int run_job(struct command *command)
{
    const struct fw_events events = { .struct_size = sizeof(events),
                                      .user = &command->view,
                                      .progress = on_progress,
                                      .message = fw_view_hear };
    fw_signals_start(command->job);
    command->status = fw_job_supervise(command->job, &events, &command->err);
    fw_signals_stop();
    return finish(command);
}

int fw_cmd_run(const struct fw_verb *verb, int argc, char **argv)
{
    struct command command = { .verb = verb, .argc = argc, .argv = argv };
    int code = 0;
    (void)fw_cli_parse(&command.cli, verb, argc, argv);
    if (command.cli.help)
        code = fw_verb_help(verb);
    else if (fw_cli_count(&command.cli, "dry-run") > 0)
        code = fw_cmd_explain(verb, argc, argv);
    else if ((command.status = prepare(&command)) < 0)
        code = finish(&command);
    else
        code = run_job(&command);
    fw_job_destroy(command.job);
    fw_cli_deinit(&command.cli);
    return code;
}
