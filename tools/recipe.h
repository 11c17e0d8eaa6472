/*
 * Recipes: files of long options, one `key=value` a line, '#' before a comment, values in quotes
 * where they need them, `inherit=NAME` as the first key. A flag is `key`, `key=yes` or `key=no`. An
 * option that only the encoder or the container knows keeps its dash: `-slices=16`.
 */
#ifndef FW_TOOLS_RECIPE_H
#define FW_TOOLS_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

#define FW_RECIPE_DEPTH_MAX 8
#define FW_RECIPE_ENTRIES_MAX 1000

struct fw_recipe_entry {
    char *key;       /* as fw_job_set wants it */
    char *value;     /* NULL: a flag */
    uint32_t file;   /* index in files */
    uint32_t line;   /* from 1 */
    uint32_t column; /* of the value, or of the flag */
    bool foreign;    /* of the encoder or container */
    bool off;        /* `key=no`: a flag that is taken back */
    bool repeatable;
};

/* What several recipes, and those that they inherit, say together. */
struct fw_recipe {
    struct fw_recipe_entry *entries;
    uint32_t entry_count;
    char **files;
    uint32_t file_count;
};

/* Adds a recipe; where it names an option that is there, the new value replaces the old one. `name`
 * with a slash is a path. FW_ERR_USAGE with "FILE:LINE:COLUMN: what" for what is wrong in it. */
int fw_recipe_add(struct fw_recipe *recipe, const char *name, struct fw_error *err);
void fw_recipe_deinit(struct fw_recipe *recipe);
/* All of --recipe, left to right. */
int fw_recipe_add_given(struct fw_recipe *recipe, const struct fw_cli *cli, struct fw_error *err);

typedef int (*fw_recipe_set_fn)(void *user, const char *key, const char *value,
                                struct fw_error *err);
/* Hands over every entry that the words of the command line leave to the recipes. `cli` may be
 * NULL. Errors get the entry's place in front. */
int fw_recipe_apply(const struct fw_recipe *recipe, const struct fw_cli *cli, fw_recipe_set_fn set,
                    void *user, struct fw_error *err);

/* ---- files -------------------------------------------------------------------------------- */

/* The folders that recipes are looked for in, the user's first. The caller frees the text; NULL
 * past the end or without memory. */
char *fw_recipe_folder(uint32_t index);
/* The file of a recipe; `beside` is the file that names it, or NULL. The caller frees *path_out.
 * FW_ERR_USAGE when there is none. */
int fw_recipe_find(const char *name, const char *beside, char **path_out, struct fw_error *err);
/* A whole file, at most 1 MiB. The caller frees *text_out. */
int fw_recipe_read(const char *path, char **text_out, struct fw_error *err);

struct fw_recipe_name {
    char *name;
    char *path;
};
/* All recipes that a name finds, sorted. The caller gives the list to fw_recipe_names_free. */
int fw_recipe_names(struct fw_recipe_name **names_out, uint32_t *count_out, struct fw_error *err);
void fw_recipe_names_free(struct fw_recipe_name *names, uint32_t count);

/* ---- lines -------------------------------------------------------------------------------- */

struct fw_recipe_line {
    char *key;           /* within the text; NULL: an empty line or a comment */
    char *value;         /* NULL: there is no '=' */
    uint32_t key_column; /* from 1 */
    uint32_t value_column;
};
/* Parts a line, which is changed. The text of an error has no place in front; *column_out is where
 * it is. */
int fw_recipe_parse_line(char *text, struct fw_recipe_line *line, uint32_t *column_out,
                         struct fw_error *err);
/* Whether `key` decides the same as `other`, by the same name or in its place: -b:v and -crf. */
bool fw_recipe_rivals(const char *key, const char *other);
/* Whether the key and value may stand in a recipe; fills the entry, whose strings the caller frees.
 * Errors as fw_recipe_parse_line. */
int fw_recipe_check(const struct fw_recipe_line *line, struct fw_recipe_entry *entry,
                    uint32_t *column_out, struct fw_error *err);

#endif
