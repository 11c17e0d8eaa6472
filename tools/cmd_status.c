/* framewheel status: what became of a batch, or how far it is. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "paper.h"
#include "term.h"

#define NAMES_SHOWN 3
#define CAUSES_SHOWN 10
#define SIGNAL_CODES 128 /* and the signal's number: what a shell sees */

static const char *time_text(double seconds, char *out, size_t bytes)
{
    time_t whole = seconds > 0 && seconds < 4e11 ? (time_t)seconds : 0;
    struct tm parts;
    if (!localtime_r(&whole, &parts) || strftime(out, bytes, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        (void)snprintf(out, bytes, "?");
    return out;
}

/* Of a run that is not through, its own items; else all that the folder ever had. */
static void print_counts(FILE *out, const json_t *status)
{
    static const char *const states[][2] = {
        { "done", "done" },       { "failed", "failed" },           { "skipped", "skipped" },
        { "running", "running" }, { "interrupted", "interrupted" }, { "not_begun", "not begun" },
    };
    const json_t *counts = json_object_get(status, "counts");
    const json_t *progress = json_object_get(status, "progress");
    char name[1024];
    long long unchanged = 0;
    if (fw_json_count_of(progress, "running") + fw_json_count_of(progress, "interrupted") +
            fw_json_count_of(progress, "not_begun") >
        0) {
        counts = progress;
        unchanged = fw_json_count_of(progress, "unchanged");
    }
    fprintf(out, "%s: %lld items", fw_json_name_of(status, "folder", name, sizeof(name)),
            fw_json_count_of(counts, "items"));
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        long long count = fw_json_count_of(counts, states[i][0]) + (i == 0 ? unchanged : 0);
        if (count > 0)
            fprintf(out, ", %lld %s", count, states[i][1]);
    }
    fputc('\n', out);
}

static void print_totals(FILE *out, const json_t *totals)
{
    char in[32];
    char made[32];
    char wall[32];
    char cpu[32];
    fprintf(out, "  %s read, %s written, %s of work, %s of CPU time\n",
            fw_bytes_text(fw_json_number_of(totals, "input_bytes"), in, sizeof(in)),
            fw_bytes_text(fw_json_number_of(totals, "output_bytes"), made, sizeof(made)),
            fw_duration_text(fw_json_number_of(totals, "wall_s"), wall, sizeof(wall)),
            fw_duration_text(fw_json_number_of(totals, "cpu_s"), cpu, sizeof(cpu)));
}

static void print_holder(FILE *out, const json_t *status)
{
    const json_t *holder = json_object_get(status, "holder");
    const json_t *item;
    size_t index;
    char since[64];
    char text[1024];
    if (!json_is_object(holder))
        return;
    fputs("  being worked on", out);
    if (fw_json_count_of(holder, "pid") > 0)
        fprintf(out, " by process %lld on %s", fw_json_count_of(holder, "pid"),
                fw_json_name_of(holder, "host", text, sizeof(text)));
    fprintf(out, " since %s: %s\n",
            time_text(fw_json_number_of(holder, "since"), since, sizeof(since)),
            fw_json_name_of(holder, "command", text, sizeof(text)));
    json_array_foreach(json_object_get(status, "running"), index, item)
        fprintf(out, "    %s\n", fw_json_name_of(item, "output", text, sizeof(text)));
}

/* "  3 x not a PNG: a.png b.png c.png" */
static void print_cause(FILE *out, const json_t *cause)
{
    const json_t *names = json_object_get(cause, "sources");
    char text[1024];
    size_t count = json_array_size(names);
    long long all = fw_json_count_of(cause, "count");
    fprintf(out, "  %lld x %s:", all, fw_json_name_of(cause, "cause", text, sizeof(text)));
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        json_t *wrapped = json_pack("{s:O}", "name", json_array_get(names, i));
        fprintf(out, " %s", fw_json_name_of(wrapped, "name", text, sizeof(text)));
        json_decref(wrapped);
    }
    fputs(all > NAMES_SHOWN ? " ...\n" : "\n", out);
}

static void print_causes(FILE *out, const json_t *status)
{
    const json_t *causes = json_object_get(status, "causes");
    size_t count = json_array_size(causes);
    if (count > 0)
        fprintf(out, "failed (framewheel status --failed lists all):\n");
    for (size_t i = 0; i < count && i < CAUSES_SHOWN; i++)
        print_cause(out, json_array_get(causes, i));
    if (count > CAUSES_SHOWN)
        fprintf(out, "  and %zu other causes\n", count - CAUSES_SHOWN);
}

static void print_runs(FILE *out, const json_t *status)
{
    const json_t *run;
    size_t index;
    char when[64];
    char text[1024];
    bool held = json_is_object(json_object_get(status, "holder"));
    fputs("runs:\n", out);
    json_array_foreach(json_object_get(status, "runs"), index, run)
    {
        double started = fw_json_number_of(run, "started");
        bool ended = json_is_number(json_object_get(run, "ended"));
        fprintf(out, "  %s  ", time_text(started, when, sizeof(when)));
        long long code = fw_json_count_of(run, "exit_code");
        if (ended)
            fprintf(out, "%sexit %lld after %s, %lld done, %lld failed",
                    code > SIGNAL_CODES ? "interrupted, " : "", code,
                    fw_duration_text(fw_json_number_of(run, "ended") - started, text, sizeof(text)),
                    fw_json_count_of(run, "done"), fw_json_count_of(run, "failed"));
        else
            fputs(held && index == 0 ? "running" : "did not end", out);
        fprintf(out, "  %s\n", fw_json_name_of(run, "command", text, sizeof(text)));
    }
}

static void print_failed(FILE *out, const json_t *status)
{
    const json_t *item;
    size_t index;
    char name[4096];
    char message[4096];
    json_array_foreach(json_object_get(status, "failed"), index, item)
    {
        bool told = !json_is_null(json_object_get(item, "source"));
        (void)fw_json_name_of(item, told ? "source" : "output", name, sizeof(name));
        (void)fw_json_name_of(item, "message", message, sizeof(message));
        char *hint = strstr(message, "\\x0ahint:");
        if (hint)
            *hint = '\0';
        fprintf(out, "%s\t%s\n", name, message);
    }
}

static int print_status(const char *verb, const char *json, bool failed)
{
    struct fw_paper paper;
    json_t *status = json_loads(json, 0, NULL);
    if (!status || !fw_paper_open(&paper)) {
        json_decref(status);
        return 70;
    }
    if (failed) {
        print_failed(paper.stream, status);
    } else {
        print_counts(paper.stream, status);
        print_totals(paper.stream, json_object_get(status, "totals"));
        print_holder(paper.stream, status);
        print_causes(paper.stream, status);
        print_runs(paper.stream, status);
    }
    json_decref(status);
    return fw_paper_print(&paper, verb);
}

int fw_cmd_status(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char *json = NULL;
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0) {
        const char *folder = cli.name_count > 0 ? cli.names[0] : ".";
        int status = fw_status_json(folder, fw_cli_value(&cli, "state"), &json, &err);
        code = fw_status_exit_code(status);
        if (status < 0)
            fw_complain_to_user(verb->name, err.text);
        else
            code = fw_cli_count(&cli, "json") > 0
                       ? fw_print_data(verb->name, json)
                       : print_status(verb->name, json, fw_cli_count(&cli, "failed") > 0);
    }
    free(json);
    fw_cli_deinit(&cli);
    return code;
}
