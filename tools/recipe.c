/* Recipes put together: what is inherited first, then each file's own. */
#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term.h"

/* One file of a line of inheritance. */
struct parsed {
    char *path;
    char *real;   /* by which loops are found */
    char *parent; /* NULL: inherits nothing */
    uint32_t parent_line;
    uint32_t parent_column;
    struct fw_recipe_entry *entries;
    uint32_t entry_count;
    bool placed; /* what is wrong within the file says where */
};

static void free_entries(struct fw_recipe_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(entries[i].key);
        free(entries[i].value);
    }
    free(entries);
}

static void free_parsed(struct parsed *parsed)
{
    free(parsed->path);
    free(parsed->real);
    free(parsed->parent);
    free_entries(parsed->entries, parsed->entry_count);
}

static void prefix(struct fw_error *err, const char *path, uint32_t line, uint32_t column)
{
    char shown[1024];
    fw_error_prefix(err, "%s:%u:%u", fw_escape(path, shown, sizeof(shown), 0), line, column);
}

/* `entry` is the list's from here on; it goes into `entries` as it is. */
static int append(struct fw_recipe_entry **entries, uint32_t *count,
                  const struct fw_recipe_entry *entry, struct fw_error *err)
{
    struct fw_recipe_entry *grown = NULL;
    if (*count >= FW_RECIPE_ENTRIES_MAX)
        return fw_fail(err, FW_ERR_USAGE, "more than %d options", FW_RECIPE_ENTRIES_MAX);
    grown = reallocarray(*entries, *count + 1, sizeof(*grown));
    if (!grown)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
    *entries = grown;
    grown[(*count)++] = *entry;
    return FW_OK;
}

static int read_parent(struct parsed *parsed, const struct fw_recipe_line *line, uint32_t number,
                       struct fw_error *err)
{
    if (parsed->parent || parsed->entry_count > 0)
        return fw_fail(err, FW_ERR_USAGE, "'inherit' is the first key, and stands once");
    if (!line->value || !line->value[0])
        return fw_fail(err, FW_ERR_USAGE, "'inherit' wants the name of a recipe");
    parsed->parent = strdup(line->value);
    parsed->parent_line = number;
    parsed->parent_column = line->value_column;
    return parsed->parent ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
}

static int read_entry(struct parsed *parsed, const struct fw_recipe_line *line, uint32_t number,
                      uint32_t *column_out, struct fw_error *err)
{
    struct fw_recipe_entry entry = { .line = number };
    int status = fw_recipe_check(line, &entry, column_out, err);
    for (uint32_t i = 0; i < parsed->entry_count && status == FW_OK && !entry.repeatable; i++) {
        if (strcmp(parsed->entries[i].key, entry.key) == 0)
            status = fw_fail(err, FW_ERR_USAGE, "'%s' is there already, in line %u", line->key,
                             parsed->entries[i].line);
    }
    if (status == FW_OK)
        status = append(&parsed->entries, &parsed->entry_count, &entry, err);
    if (status < 0) {
        free(entry.key);
        free(entry.value);
    }
    return status;
}

/* Cuts the text into lines, which are changed. */
static int parse_text(struct parsed *parsed, char *text, struct fw_error *err)
{
    uint32_t number = 0;
    int status = FW_OK;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (char *next = text; next && status == FW_OK;) {
        struct fw_recipe_line line;
        uint32_t column = 1;
        char *start = strsep(&next, "\n");
        size_t bytes = strlen(start);
        if (bytes > 0 && start[bytes - 1] == '\r')
            start[bytes - 1] = '\0';
        number++;
        status = fw_recipe_parse_line(start, &line, &column, err);
        bool inherits = status == FW_OK && line.key && strcmp(line.key, "inherit") == 0;
        if (inherits) {
            column = line.key_column;
            status = read_parent(parsed, &line, number, err);
        } else if (status == FW_OK && line.key) {
            status = read_entry(parsed, &line, number, &column, err);
        }
        if (status < 0)
            prefix(err, parsed->path, number, column);
    }
    parsed->placed = status < 0;
    return status;
}

static int load(struct parsed *parsed, const char *name, const char *beside, struct fw_error *err)
{
    char *text = NULL;
    int status = fw_recipe_find(name, beside, &parsed->path, err);
    if (status == FW_OK)
        status = fw_recipe_read(parsed->path, &text, err);
    if (status == FW_OK) {
        parsed->real = realpath(parsed->path, NULL);
        status = parse_text(parsed, text, err);
    }
    free(text);
    return status;
}

/* The recipe and what it inherits, from the last of the line to the first. */
static int load_line(struct parsed *line, uint32_t *count, const char *name, struct fw_error *err)
{
    int status = FW_OK;
    for (*count = 0; status == FW_OK;) {
        struct parsed *child = *count > 0 ? &line[*count - 1] : NULL;
        if (child && !child->parent)
            return FW_OK;
        if (*count == FW_RECIPE_DEPTH_MAX) {
            (void)fw_fail(err, FW_ERR_USAGE, "more than %d recipes that inherit each other",
                          FW_RECIPE_DEPTH_MAX);
            prefix(err, child->path, child->parent_line, child->parent_column);
            return err->status;
        }
        struct parsed *next = &line[(*count)++];
        status = load(next, child ? child->parent : name, child ? child->path : NULL, err);
        for (uint32_t i = 0; i + 1 < *count && status == FW_OK; i++) {
            if (next->real && line[i].real && strcmp(next->real, line[i].real) == 0)
                status = fw_fail(err, FW_ERR_USAGE, "the recipe inherits itself");
        }
        if (status < 0 && child && !next->placed)
            prefix(err, child->path, child->parent_line, child->parent_column);
    }
    return status;
}

static void drop(struct fw_recipe *recipe, uint32_t index)
{
    free(recipe->entries[index].key);
    free(recipe->entries[index].value);
    recipe->entry_count--;
    memmove(&recipe->entries[index], &recipe->entries[index + 1],
            (recipe->entry_count - index) * sizeof(*recipe->entries));
}

/* Moves one entry over; what an earlier file said in its place goes. */
static int merge_entry(struct fw_recipe *recipe, struct fw_recipe_entry *entry,
                       struct fw_error *err)
{
    for (uint32_t i = recipe->entry_count; i > 0; i--) {
        const struct fw_recipe_entry *old = &recipe->entries[i - 1];
        if (!entry->repeatable && old->file != entry->file &&
            fw_recipe_rivals(old->key, entry->key))
            drop(recipe, i - 1);
    }
    if (entry->off)
        return FW_OK;
    int status = append(&recipe->entries, &recipe->entry_count, entry, err);
    if (status == FW_OK)
        entry->key = entry->value = NULL;
    return status;
}

static int merge(struct fw_recipe *recipe, struct parsed *parsed, struct fw_error *err)
{
    int status = FW_OK;
    char **files = reallocarray(recipe->files, recipe->file_count + 1, sizeof(*files));
    if (!files)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
    recipe->files = files;
    files[recipe->file_count++] = parsed->path;
    parsed->path = NULL;
    for (uint32_t i = 0; i < parsed->entry_count && status == FW_OK; i++) {
        parsed->entries[i].file = recipe->file_count - 1;
        status = merge_entry(recipe, &parsed->entries[i], err);
    }
    return status;
}

int fw_recipe_add(struct fw_recipe *recipe, const char *name, struct fw_error *err)
{
    struct parsed line[FW_RECIPE_DEPTH_MAX] = { 0 };
    uint32_t count = 0;
    int status = load_line(line, &count, name, err);
    for (uint32_t i = count; i > 0 && status == FW_OK; i--)
        status = merge(recipe, &line[i - 1], err);
    for (uint32_t i = 0; i < count; i++)
        free_parsed(&line[i]);
    return status;
}

int fw_recipe_add_given(struct fw_recipe *recipe, const struct fw_cli *cli, struct fw_error *err)
{
    int status = FW_OK;
    for (uint32_t i = 0; i < cli->option_count && status == FW_OK; i++) {
        if (strcmp(cli->options[i].name, "recipe") == 0 && cli->options[i].value)
            status = fw_recipe_add(recipe, cli->options[i].value, err);
    }
    return status;
}

/* Tags of the command line come on top of a recipe's, one by one. */
static bool overruled(const struct fw_recipe_entry *entry, const struct fw_cli *cli)
{
    for (uint32_t i = 0; cli && i < cli->option_count; i++) {
        if (strcmp(entry->key, "metadata") != 0 &&
            fw_recipe_rivals(cli->options[i].name, entry->key))
            return true;
    }
    return false;
}

int fw_recipe_apply(const struct fw_recipe *recipe, const struct fw_cli *cli, fw_recipe_set_fn set,
                    void *user, struct fw_error *err)
{
    for (uint32_t i = 0; i < recipe->entry_count; i++) {
        const struct fw_recipe_entry *entry = &recipe->entries[i];
        if (overruled(entry, cli))
            continue;
        int status = set(user, entry->key, entry->value, err);
        if (status < 0) {
            prefix(err, recipe->files[entry->file], entry->line, entry->column);
            return status;
        }
    }
    return FW_OK;
}

void fw_recipe_deinit(struct fw_recipe *recipe)
{
    for (uint32_t i = 0; i < recipe->file_count; i++)
        free(recipe->files[i]);
    free(recipe->files);
    free_entries(recipe->entries, recipe->entry_count);
    memset(recipe, 0, sizeof(*recipe));
}
