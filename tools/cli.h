/* The words of a command line, sorted into options and names by the public option table. */
#ifndef FW_TOOLS_CLI_H
#define FW_TOOLS_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <framewheel/framewheel.h>

/* An option that one verb has beside, or instead of, those of a job. */
struct fw_cli_extra {
    const char *name;
    const char *value_name; /* NULL: a flag */
    const char *help;       /* NULL: for the build, not shown */
};

#define FW_NAMES_ANY UINT32_MAX

/* What a verb takes. */
struct fw_verb {
    const char *name;
    const char *summary;               /* for the main help; NULL: hidden */
    const char *usage;                 /* "IN OUT [OPTIONS]" */
    bool job_options;                  /* all of an option table, */
    enum fw_scope scope;               /* this one; run and batch also take those of encoders */
    const char *options_of;            /* the verb whose help lists them; NULL: its own */
    const struct fw_cli_extra *extras; /* ends with a NULL name; or NULL */
    uint32_t names_max;                /* FW_NAMES_ANY: no limit */
    int (*run)(const struct fw_verb *verb, int argc, char **argv); /* words after the verb */
};

struct fw_cli_option {
    const char *name;  /* canonical where the table has it, else as given */
    const char *value; /* NULL for a flag */
    bool single_dash;
};

struct fw_cli {
    const struct fw_verb *verb;
    struct fw_cli_option *options;
    uint32_t option_count;
    const char **names;
    uint32_t name_count;
    bool help;
    struct fw_error err; /* the first thing wrong; what came after it is parsed all the same */
};

/* The strings are borrowed from argv. FW_ERR_USAGE or FW_ERR_MEMORY with the text in cli->err. */
int fw_cli_parse(struct fw_cli *cli, const struct fw_verb *verb, int argc, char **argv);
void fw_cli_deinit(struct fw_cli *cli);
/* The last value given; NULL when there is none. */
const char *fw_cli_value(const struct fw_cli *cli, const char *name);
uint32_t fw_cli_count(const struct fw_cli *cli, const char *name);
/* parse() for verbs without a job: tells what is wrong, or prints the help. Returns -1 to go on,
 * else the exit code. */
int fw_cli_start(struct fw_cli *cli, const struct fw_verb *verb, int argc, char **argv);

const struct fw_verb *fw_verb_find(const char *name);
const struct fw_verb *fw_verb_at(uint32_t index); /* NULL past the end */
/* The verb's help on stdout; the exit code. */
int fw_verb_help(const struct fw_verb *verb);
int fw_main_help(void);

int fw_cmd_run(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_images(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_batch(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_explain(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_compare(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_probe(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_doctor(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_filters(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_help(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_status(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_completion(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_recipes(const struct fw_verb *verb, int argc, char **argv);
int fw_cmd_version(const struct fw_verb *verb, int argc, char **argv);
/* Shows a plan as text on stdout; the exit code. */
int fw_explain_print(const char *verb, const char *plan_json);

#endif
