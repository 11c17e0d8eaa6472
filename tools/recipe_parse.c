/* The lines of recipes, and which options may stand there. */
#include "recipe.h"

#include <stdlib.h>
#include <string.h>

#include "term.h"

#define BLANKS " \t"
#define CANDIDATES_MAX 256

/* The end of an unquoted value: before a comment, without the blanks there. */
static char *plain_end(char *value)
{
    char *end = value;
    for (char *c = value; *c; c++) {
        if (*c == '#' && (c == value || strchr(BLANKS, c[-1])))
            break;
        if (!strchr(BLANKS, *c))
            end = c + 1;
    }
    return end;
}

/* Takes the value from its quotes; between them nothing has a meaning. */
static int unquote(struct fw_recipe_line *line, uint32_t *column_out, struct fw_error *err)
{
    char mark = *line->value;
    char *end = strchr(line->value + 1, mark);
    if (!end)
        return fw_fail(err, FW_ERR_USAGE, "the quote %c has no second one", mark);
    char *rest = end + 1 + strspn(end + 1, BLANKS);
    if (*rest && *rest != '#') {
        *column_out += (uint32_t)(rest - line->value);
        return fw_fail(err, FW_ERR_USAGE, "something stands behind the quoted value");
    }
    line->value++;
    *end = '\0';
    return FW_OK;
}

int fw_recipe_parse_line(char *text, struct fw_recipe_line *line, uint32_t *column_out,
                         struct fw_error *err)
{
    char *key = text + strspn(text, BLANKS);
    memset(line, 0, sizeof(*line));
    *column_out = line->key_column = (uint32_t)(key - text) + 1;
    if (!*key || *key == '#')
        return FW_OK;
    if (*key == '[')
        return fw_fail(err, FW_ERR_USAGE, "recipes have no sections");
    if (*key == '=')
        return fw_fail(err, FW_ERR_USAGE, "an option's name is wanted before '='");
    char *end = key + strcspn(key, BLANKS "=#");
    char *next = end + strspn(end, BLANKS);
    line->key = key;
    if (*next == '=') {
        line->value = next + 1 + strspn(next + 1, BLANKS);
        *column_out = line->value_column = (uint32_t)(line->value - text) + 1;
    } else if (*next && *next != '#') {
        *column_out = (uint32_t)(next - text) + 1;
        return fw_fail(err, FW_ERR_USAGE, "'=' is wanted before the value");
    }
    *end = '\0';
    if (line->value && (*line->value == '"' || *line->value == '\''))
        return unquote(line, column_out, err);
    if (line->value)
        *plain_end(line->value) = '\0';
    return FW_OK;
}

/* What is a question of one run, or of trust, is said on its command line, where it is seen. */
static bool is_refused(const struct fw_job_option *row)
{
    static const char *const names[] = {
        "input",       "output",  "y",         "n",      "null",     "plugin",
        "plugin-path", "sandbox", "isolation", "report", "joblog",   "state",
        "files0-from", "jobs",    "exclude",   "wait",   "in-place", "retry-failed",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(row->name, names[i]) == 0)
            return true;
    }
    return row->command_only || !row->help;
}

/* A recipe may be for any of them; what a verb does not know is refused when it is applied. */
static const enum fw_scope scopes[] = { FW_SCOPE_RUN, FW_SCOPE_IMAGES, FW_SCOPE_BATCH };

static const struct fw_job_option *find_in_any(const char *name)
{
    const struct fw_job_option *row = NULL;
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]) && !row; i++)
        row = fw_option_find(scopes[i], name);
    return row;
}

static int fail_unknown(const char *key, struct fw_error *err)
{
    const char *candidates[CANDIDATES_MAX];
    char shown[256];
    uint32_t count = 0;
    const char *bare = strncmp(key, "--", 2) == 0 ? key + 2 : key;
    (void)fw_escape(key, shown, sizeof(shown), 0);
    if (bare != key && find_in_any(bare))
        return fw_fail(err, FW_ERR_USAGE, "'%s': keys are written without '--'", shown);
    for (size_t k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++) {
        const struct fw_job_option *row;
        for (uint32_t i = 0; (row = fw_option_at(scopes[k], i)) && count < CANDIDATES_MAX; i++) {
            if (row->name[1] && !is_refused(row))
                candidates[count++] = row->name;
        }
    }
    const char *near = bare[0] && bare[1] ? fw_nearest(bare, candidates, count) : NULL;
    if (near)
        return fw_fail(err, FW_ERR_USAGE, "unknown key '%s' - did you mean '%s'?", shown, near);
    return fw_fail(err, FW_ERR_USAGE,
                   "unknown key '%s'\n"
                   "hint: an option that only the encoder knows keeps its dash: -%s=...",
                   shown, shown);
}

static int check_flag(const char *value, struct fw_recipe_entry *entry, struct fw_error *err)
{
    char shown[128];
    entry->off = value && strcmp(value, "no") == 0;
    if (!value || entry->off || strcmp(value, "yes") == 0)
        return FW_OK;
    return fw_fail(err, FW_ERR_USAGE, "'%s' is yes or no, not '%s'", entry->key,
                   fw_escape(value, shown, sizeof(shown), 0));
}

static int check_row(const struct fw_job_option *row, const struct fw_recipe_line *line,
                     struct fw_recipe_entry *entry, struct fw_error *err)
{
    entry->repeatable = row->repeatable;
    if (is_refused(row))
        return fw_fail(err, FW_ERR_USAGE, "'%s' may only stand on the command line", row->name);
    if (row->kind == FW_ARG_FLAG)
        return check_flag(line->value, entry, err);
    if (!line->value)
        return fw_fail(err, FW_ERR_USAGE, "'%s' wants a value: %s", row->name, row->value_name);
    if (strcmp(row->name, "f") == 0 && strcmp(line->value, "null") == 0)
        return fw_fail(err, FW_ERR_USAGE, "'f=null' may only stand on the command line");
    return FW_OK;
}

/* The row of a key; a dash in front is allowed, as on the command line. */
static const struct fw_job_option *find_row(const char *key)
{
    bool dash = key[0] == '-' && key[1] && key[1] != '-';
    /* FFmpeg's -strict takes a value and is not our flag. */
    return strcmp(key, "-strict") == 0 ? NULL : find_in_any(dash ? key + 1 : key);
}

int fw_recipe_check(const struct fw_recipe_line *line, struct fw_recipe_entry *entry,
                    uint32_t *column_out, struct fw_error *err)
{
    const char *key = line->key;
    const struct fw_job_option *row = find_row(key);
    bool text = line->value && !(row && row->kind == FW_ARG_FLAG);
    *column_out = line->key_column;
    entry->foreign = !row && key[0] == '-' && key[1] && key[1] != '-';
    entry->column = text ? line->value_column : line->key_column;
    if (!row && !entry->foreign)
        return fail_unknown(key, err);
    /* -strict has its dash in its name. */
    entry->key = strdup(row ? row->name : strcmp(key, "-strict") == 0 ? key : key + 1);
    entry->value = text ? strdup(line->value) : NULL;
    if (!entry->key || (text && !entry->value))
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
    if (row)
        return check_row(row, line, entry, err);
    if (!text)
        return fw_fail(err, FW_ERR_USAGE, "'%s' wants a value", entry->key);
    return FW_OK;
}

bool fw_recipe_rivals(const char *key, const char *other)
{
    static const char *const groups[][3] = {
        { "crf", "b:v", "q:v" },
        { "an", "c:a", "c:a" },
        { "sn", "c:s", "c:s" },
        { "t", "to", "to" },
    };
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        bool has_key = false, has_other = false;
        for (size_t j = 0; j < 3; j++) {
            has_key = has_key || strcmp(groups[i][j], key) == 0;
            has_other = has_other || strcmp(groups[i][j], other) == 0;
        }
        if (has_key && has_other)
            return true;
    }
    return strcmp(key, other) == 0;
}
