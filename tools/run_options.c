/* Options of `run` and `explain`. */
#include "run_options.h"

#include <stdlib.h>
#include <string.h>

#include "recipe.h"
#include "term.h"

static const char *const modes[] = { "auto", "tty", "line", "json", "ffmpeg", "none" };

/* FFmpeg's levels, by name or number. */
static int read_level(const char *text, int *verbosity, struct fw_error *err)
{
    static const struct {
        const char *name;
        int number;
        int verbosity;
    } levels[] = {
        { "quiet", -8, -1 },  { "panic", 0, -1 },   { "fatal", 8, -1 },
        { "error", 16, -1 },  { "warning", 24, 0 }, { "info", 32, 0 },
        { "verbose", 40, 1 }, { "debug", 48, 2 },   { "trace", 56, 2 },
    };
    char shown[128];
    char *end;
    const char *name = strrchr(text, '+') ? strrchr(text, '+') + 1 : text;
    long number = strtol(name, &end, 10);
    bool is_number = *name && !*end;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(name, levels[i].name) == 0 || (is_number && number <= levels[i].number)) {
            *verbosity = levels[i].verbosity;
            return FW_OK;
        }
    }
    return fw_fail(err, FW_ERR_USAGE,
                   "-loglevel '%s': the value is one of quiet|error|warning|info|verbose|debug",
                   fw_escape(text, shown, sizeof(shown), 0));
}

/* FFmpeg's `-progress URL` is ours with --progress=ffmpeg --progress-to URL. */
static int read_progress(struct fw_run_options *options, const struct fw_cli *cli,
                         struct fw_error *err)
{
    const char *value = NULL;
    bool single = false;
    char shown[128];
    for (uint32_t i = 0; i < cli->option_count; i++) {
        if (strcmp(cli->options[i].name, "progress") == 0) {
            value = cli->options[i].value;
            single = cli->options[i].single_dash;
        }
    }
    options->view.mode = value;
    options->view.to = fw_cli_value(cli, "progress-to");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!value || strcmp(value, modes[i]) == 0)
            return FW_OK;
    }
    if (!single)
        return FW_OK; /* the view says what is wrong */
    options->view.mode = "ffmpeg";
    options->view.to = value;
    if (strstr(value, "://"))
        return fw_fail(err, FW_ERR_USAGE, "-progress '%s': only files and pipe:N",
                       fw_escape(value, shown, sizeof(shown), 0));
    return FW_OK;
}

/* The names fill what no option gave: first the input, then the output. */
static void place_names(const struct fw_cli *cli, const char **input_out, const char **output_out)
{
    uint32_t next = 0;
    *input_out = NULL;
    *output_out = NULL;
    if (!fw_cli_value(cli, "input") && next < cli->name_count)
        *input_out = cli->names[next++];
    if (next < cli->name_count)
        *output_out = cli->names[next];
}

bool fw_run_options_name_output(const struct fw_cli *cli)
{
    const char *input;
    const char *output;
    place_names(cli, &input, &output);
    return output || fw_cli_value(cli, "output") || fw_cli_count(cli, "null") > 0;
}

int fw_run_options_read(struct fw_run_options *options, const struct fw_cli *cli,
                        struct fw_error *err)
{
    const char *input;
    const char *level = fw_cli_value(cli, "loglevel");
    int status = FW_OK;
    memset(options, 0, sizeof(*options));
    if (cli->verb->scope == FW_SCOPE_RUN)
        place_names(cli, &input, &options->output);
    if (fw_cli_value(cli, "output"))
        options->output = fw_cli_value(cli, "output");
    options->json = fw_cli_count(cli, "json") > 0;
    options->dry_run = fw_cli_count(cli, "dry-run") > 0;
    options->view.interval = fw_cli_value(cli, "progress-interval");
    options->view.log_file = fw_cli_value(cli, "log-file");
    options->view.stdout_is_data = options->json ||
                                   (cli->verb->scope == FW_SCOPE_RUN && options->output &&
                                    strcmp(options->output, "-") == 0);
    if (level)
        status = read_level(level, &options->view.verbosity, err);
    options->view.verbosity += (int)fw_cli_count(cli, "verbose");
    if (fw_cli_count(cli, "quiet") > 0)
        options->view.verbosity = -1;
    if (read_progress(options, cli, err) < 0)
        status = err->status;
    return status;
}

int fw_plugin_path_apply(struct fw_job *job, struct fw_error *err)
{
    const char *path = getenv("FRAMEWHEEL_PLUGIN_PATH");
    return path && *path ? fw_job_set(job, "plugin-path", path, err) : FW_OK;
}

static int set_job(void *user, const char *key, const char *value, struct fw_error *err)
{
    return fw_job_set(user, key, value, err);
}

/* First, so that the command line's own words win. */
static int apply_recipes(const struct fw_cli *cli, struct fw_job *job, struct fw_error *err)
{
    struct fw_recipe recipe = { 0 };
    int status = fw_recipe_add_given(&recipe, cli, err);
    if (status == FW_OK)
        status = fw_recipe_apply(&recipe, cli, set_job, job, err);
    fw_recipe_deinit(&recipe);
    return status;
}

int fw_run_options_apply(const struct fw_cli *cli, struct fw_job *job, struct fw_error *err)
{
    const char *input;
    const char *output;
    int status = FW_OK;
    place_names(cli, &input, &output);
    if (output && fw_cli_value(cli, "output"))
        return fw_fail(err, FW_ERR_USAGE, "the output is given twice: as a name and by -o");
    status = apply_recipes(cli, job, err);
    for (uint32_t i = 0; i < cli->option_count && status == FW_OK; i++) {
        const struct fw_job_option *row = fw_job_option_find(cli->options[i].name);
        if (!row || !row->command_only)
            status = fw_job_set(job, cli->options[i].name, cli->options[i].value, err);
    }
    if (status == FW_OK && !fw_cli_value(cli, "plugin-path"))
        status = fw_plugin_path_apply(job, err);
    if (status == FW_OK && input)
        status = fw_job_set(job, "input", input, err);
    if (status == FW_OK && output)
        status = fw_job_set(job, "output", output, err);
    return status;
}

static int set_batch(void *user, const char *key, const char *value, struct fw_error *err)
{
    return fw_batch_set(user, key, value, err);
}

static int apply_batch_recipes(const struct fw_cli *cli, struct fw_batch *batch,
                               struct fw_error *err)
{
    struct fw_recipe recipe = { 0 };
    int status = fw_recipe_add_given(&recipe, cli, err);
    if (status == FW_OK)
        status = fw_recipe_apply(&recipe, cli, set_batch, batch, err);
    fw_recipe_deinit(&recipe);
    return status;
}

int fw_run_options_apply_batch(const struct fw_cli *cli, struct fw_batch *batch,
                               struct fw_error *err)
{
    const char *plugins = getenv("FRAMEWHEEL_PLUGIN_PATH");
    int status = apply_batch_recipes(cli, batch, err);
    for (uint32_t i = 0; i < cli->option_count && status == FW_OK; i++) {
        const struct fw_cli_option *word = &cli->options[i];
        const struct fw_job_option *row = fw_option_find(cli->verb->scope, word->name);
        /* --json lists every item in the report, which the batch has to know. */
        if (!row || !row->command_only || strcmp(row->name, "json") == 0)
            status = fw_batch_set(batch, word->name, word->value, err);
    }
    if (status == FW_OK && plugins && *plugins && !fw_cli_value(cli, "plugin-path"))
        status = fw_batch_set(batch, "plugin-path", plugins, err);
    for (uint32_t i = 0; i < cli->name_count && status == FW_OK; i++)
        status = fw_batch_add(batch, cli->names[i], err);
    return status;
}
