/* Command lines. No position matters: a job is one input and one output. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term.h"

#define CANDIDATES_MAX 256

static bool add_option(struct fw_cli *cli, const char *name, const char *value, bool single)
{
    struct fw_cli_option *options = reallocarray(cli->options, cli->option_count + 1,
                                                 sizeof(*options));
    if (!options) {
        (void)fw_fail(&cli->err, FW_ERR_MEMORY, "no memory for the command line");
        return false;
    }
    cli->options = options;
    options[cli->option_count++] = (struct fw_cli_option){ name, value, single };
    return true;
}

static bool add_name(struct fw_cli *cli, const char *name)
{
    const char **names = reallocarray(cli->names, cli->name_count + 1, sizeof(*names));
    if (!names) {
        (void)fw_fail(&cli->err, FW_ERR_MEMORY, "no memory for the command line");
        return false;
    }
    cli->names = names;
    names[cli->name_count++] = name;
    return true;
}

static const struct fw_cli_extra *find_extra(const struct fw_verb *verb, const char *name)
{
    for (const struct fw_cli_extra *extra = verb->extras; extra && extra->name; extra++) {
        if (strcmp(extra->name, name) == 0)
            return extra;
    }
    return NULL;
}

/* "vv", "qqq": how often; 0 when the word is something else. */
static uint32_t repeated(const char *word)
{
    size_t bytes = strlen(word);
    if (bytes == 0 || (word[0] != 'v' && word[0] != 'q'))
        return 0;
    return strspn(word, word[0] == 'v' ? "v" : "q") == bytes ? (uint32_t)bytes : 0;
}

/* Options of encoders are no rows of ours. */
static bool takes_foreign(const struct fw_verb *verb)
{
    return verb->job_options && verb->scope != FW_SCOPE_IMAGES;
}

static void unknown(struct fw_cli *cli, const char *word, const char *name)
{
    const char *candidates[CANDIDATES_MAX];
    char shown[256];
    uint32_t count = 0;
    for (const struct fw_cli_extra *extra = cli->verb->extras; extra && extra->name; extra++)
        candidates[count++] = extra->name;
    const struct fw_job_option *row;
    for (uint32_t i = 0; cli->verb->job_options && (row = fw_option_at(cli->verb->scope, i)); i++) {
        if (row->help && strlen(row->name) > 1 && count < CANDIDATES_MAX)
            candidates[count++] = row->name;
    }
    const char *near = strlen(name) > 1 ? fw_nearest(name, candidates, count) : NULL;
    (void)fw_escape(word, shown, sizeof(shown), 0);
    if (near)
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "unknown option '%s'\nhint: did you mean '--%s'?",
                      shown, near);
    else
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "unknown option '%s'\nhint: framewheel help %s",
                      shown, cli->verb->name);
}

/* Words that are flags in FFmpeg: the job says what to use instead, and the next word is no value
 * of theirs. */
static bool is_foreign_flag(const char *name)
{
    static const char *const flags[] = {
        "vn",           "shortest",       "copyts",     "start_at_zero",    "accurate_seek",
        "stats",        "nostats",        "re",         "xerror",           "benchmark",
        "copy_unknown", "ignore_unknown", "autorotate", "noautorotate",     "noaccurate_seek",
        "psnr",         "vstats",         "stdin",      "find_stream_info", "deinterlace",
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i], name) == 0)
            return true;
    }
    return false;
}

/* Of the words that no row has, those that are alone: told about, or left to the job. Any other is
 * an option of an encoder with its value. */
static bool takes_no_value(struct fw_cli *cli, const char *word, const char *name, const char *next)
{
    char shown[256];
    bool before_option = next && next[0] == '-' && next[1] && fw_job_option_find(next + 1);
    if (is_foreign_flag(name) || before_option)
        return add_option(cli, name, NULL, true);
    /* No option of an encoder has a dot or a slash in it: a name was meant. */
    if (!strpbrk(word, "./"))
        return false;
    (void)fw_escape(word, shown, sizeof(shown), 0);
    (void)fw_fail(&cli->err, FW_ERR_USAGE,
                  "unknown option '%s'\nhint: a file of that name is ./%s, or stands behind --",
                  shown, shown);
    return true;
}

/* An option of the verb alone, at argv[index], with the value behind its '=', if any. */
static int parse_extra(struct fw_cli *cli, const struct fw_cli_extra *extra, const char *value,
                       int index, int argc, char **argv)
{
    if (!extra->value_name && value)
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "--%s takes no value", extra->name);
    if (extra->value_name && !value && index + 1 >= argc)
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "--%s wants a value: %s", extra->name,
                      extra->value_name);
    else if (extra->value_name && !value)
        value = argv[++index];
    (void)add_option(cli, extra->name, value, false);
    return index;
}

/* One option word, at argv[index]; returns the index of the last word it took. */
static int parse_option(struct fw_cli *cli, int index, int argc, char **argv)
{
    char *word = argv[index];
    bool single = word[1] != '-';
    char *name = word + (single ? 1 : 2);
    char *equals = single ? NULL : strchr(name, '=');
    char shown[256];
    const struct fw_job_option *row = NULL;
    if (single && repeated(name)) {
        for (uint32_t i = repeated(name); i > 0; i--)
            (void)add_option(cli, name[0] == 'v' ? "verbose" : "quiet", NULL, true);
        return index;
    }
    if (single && cli->verb->scope == FW_SCOPE_BATCH && name[0] == 'j' && name[1] &&
        name[1 + strspn(name + 1, "0123456789")] == '\0') {
        (void)add_option(cli, "j", name + 1, true); /* -j4, as make and parallel have it */
        return index;
    }
    char bare[128];
    (void)snprintf(bare, sizeof(bare), "%.*s", equals ? (int)(equals - name) : (int)strlen(name),
                   name);
    const struct fw_cli_extra *extra = find_extra(cli->verb, bare);
    if (extra)
        return parse_extra(cli, extra, equals ? equals + 1 : NULL, index, argc, argv);
    /* FFmpeg's -strict takes a value; --strict is a flag of ours. */
    if (single && strcmp(name, "strict") == 0)
        name = word;
    else if (cli->verb->job_options)
        row = fw_option_find(cli->verb->scope, bare);
    (void)fw_escape(word, shown, sizeof(shown), 0);
    if (!row && (!takes_foreign(cli->verb) || !single || !name[0])) {
        unknown(cli, word, bare);
        return index;
    }
    if (!row && takes_no_value(cli, word, name, index + 1 < argc ? argv[index + 1] : NULL))
        return index;
    if (row && row->kind == FW_ARG_FLAG) {
        if (equals)
            (void)fw_fail(&cli->err, FW_ERR_USAGE, "'%s': this option takes no value", shown);
        (void)add_option(cli, row->name, NULL, single);
        return index;
    }
    if (equals) {
        (void)add_option(cli, row->name, equals + 1, single);
        return index;
    }
    if (index + 1 >= argc) {
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "%s wants a value%s%s", shown, row ? ": " : "",
                      row ? row->value_name : "");
        return index;
    }
    (void)add_option(cli, row ? row->name : name, argv[index + 1], single);
    return index + 1;
}

int fw_cli_parse(struct fw_cli *cli, const struct fw_verb *verb, int argc, char **argv)
{
    bool names_only = false;
    memset(cli, 0, sizeof(*cli));
    cli->verb = verb;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (names_only || word[0] != '-' || !word[1])
            (void)add_name(cli, word);
        else if (strcmp(word, "--") == 0)
            names_only = true;
        else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
            cli->help = true;
        else
            i = parse_option(cli, i, argc, argv);
    }
    if (cli->name_count > verb->names_max) {
        char shown[256];
        (void)fw_fail(&cli->err, FW_ERR_USAGE, "'%s': one name too many\nUsage: framewheel %s %s",
                      fw_escape(cli->names[verb->names_max], shown, sizeof(shown), 0), verb->name,
                      verb->usage);
    }
    return cli->err.status;
}

void fw_cli_deinit(struct fw_cli *cli)
{
    free(cli->options);
    free(cli->names);
    memset(cli, 0, sizeof(*cli));
}

const char *fw_cli_value(const struct fw_cli *cli, const char *name)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < cli->option_count; i++) {
        if (strcmp(cli->options[i].name, name) == 0)
            value = cli->options[i].value;
    }
    return value;
}

uint32_t fw_cli_count(const struct fw_cli *cli, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cli->option_count; i++)
        count += strcmp(cli->options[i].name, name) == 0;
    return count;
}

int fw_cli_start(struct fw_cli *cli, const struct fw_verb *verb, int argc, char **argv)
{
    int status = fw_cli_parse(cli, verb, argc, argv);
    if (cli->help)
        return fw_verb_help(verb);
    if (status == FW_OK)
        return -1;
    fw_complain_to_user(verb->name, cli->err.text);
    return fw_status_exit_code(status);
}
