/* framewheel recipes: what is there, and what one says. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "paper.h"
#include "recipe.h"
#include "term.h"

/* The first line of a recipe, when it is a comment: what it is for. */
static void summary_of(const char *path, char *out, size_t bytes)
{
    struct fw_error ignored = { 0 };
    char *text = NULL;
    out[0] = '\0';
    if (fw_recipe_read(path, &text, &ignored) == FW_OK && text[0] == '#') {
        text[strcspn(text, "\r\n")] = '\0';
        (void)fw_escape(text + 1 + strspn(text + 1, "# \t"), out, bytes, 0);
    }
    free(text);
}

static void list_text(FILE *out, const struct fw_recipe_name *found, bool names)
{
    char name[512];
    char path[1024];
    char summary[512];
    (void)fw_escape(found->name, name, sizeof(name), 0);
    if (names) {
        /* Whoever reads names by line cannot use one that has more. */
        if (!strpbrk(found->name, "\n "))
            fprintf(out, "%s\n", found->name);
        return;
    }
    summary_of(found->path, summary, sizeof(summary));
    fprintf(out, "%-18s %s\n%-18s %s\n", name, summary, "",
            fw_escape(found->path, path, sizeof(path), 0));
}

static json_t *name_json(const struct fw_recipe_name *found)
{
    char name[512];
    char path[1024];
    char summary[512];
    summary_of(found->path, summary, sizeof(summary));
    return json_pack("{s:s,s:s,s:s}", "name", fw_escape(found->name, name, sizeof(name), 0),
                     "summary", summary, "file", fw_escape(found->path, path, sizeof(path), 0));
}

/* Nobody is left with an empty screen. */
static void tell_of_none(void)
{
    char shown[1024];
    char *folder = NULL;
    fputs("framewheel recipes: there are none in\n", stderr);
    for (uint32_t i = 0; (folder = fw_recipe_folder(i)) != NULL; i++) {
        fprintf(stderr, "  %s\n", fw_escape(folder, shown, sizeof(shown), 0));
        free(folder);
    }
}

static int list(const struct fw_cli *cli, struct fw_error *err)
{
    struct fw_recipe_name *names = NULL;
    struct fw_paper paper;
    uint32_t count = 0;
    bool json = fw_cli_count(cli, "json") > 0;
    json_t *array = json_array();
    int code = 70;
    int status = fw_recipe_names(&names, &count, err);
    if (status < 0)
        code = fw_status_exit_code(status);
    else if (fw_paper_open(&paper)) {
        for (uint32_t i = 0; i < count && json; i++)
            (void)json_array_append_new(array, name_json(&names[i]));
        for (uint32_t i = 0; i < count && !json; i++)
            list_text(paper.stream, &names[i], fw_cli_count(cli, "names") > 0);
        json_t *all = json_pack("{s:s,s:O}", "schema", "framewheel-recipes/1", "recipes", array);
        if (json)
            (void)json_dumpf(all, paper.stream, JSON_INDENT(2));
        json_decref(all);
        if (count == 0 && !json && fw_cli_count(cli, "names") == 0)
            tell_of_none();
        code = fw_paper_print(&paper, cli->verb->name);
    }
    json_decref(array);
    fw_recipe_names_free(names, count);
    return code;
}

/* As it could stand in a recipe. One that holds both quotes was read without any. */
static void print_value(FILE *out, const char *value)
{
    char shown[4096];
    size_t bytes = strlen(value);
    bool quoted = bytes == 0 || strchr(" \t\"'#", value[0]) || strchr(" \t", value[bytes - 1]) ||
                  strstr(value, " #") || strstr(value, "\t#");
    const char *quote = !quoted ? "" : strchr(value, '"') ? "'" : "\"";
    fprintf(out, "=%s%s%s", quote, fw_escape(value, shown, sizeof(shown), 0), quote);
}

static void show_text(FILE *out, const struct fw_recipe *recipe, bool origin)
{
    for (uint32_t i = 0; i < recipe->entry_count; i++) {
        const struct fw_recipe_entry *entry = &recipe->entries[i];
        char key[256];
        char file[1024];
        fprintf(out, "%s%s", entry->foreign && entry->key[0] != '-' ? "-" : "",
                fw_escape(entry->key, key, sizeof(key), 0));
        if (entry->value)
            print_value(out, entry->value);
        if (origin)
            fprintf(out, "  # %s:%u", fw_escape(recipe->files[entry->file], file, sizeof(file), 0),
                    entry->line);
        fputc('\n', out);
    }
}

static json_t *entry_json(const struct fw_recipe *recipe, const struct fw_recipe_entry *entry)
{
    char key[256];
    char value[4096];
    char file[1024];
    return json_pack(
        "{s:s,s:s*,s:b,s:s,s:i}", "key", fw_escape(entry->key, key, sizeof(key), 0), "value",
        entry->value ? fw_escape(entry->value, value, sizeof(value), 0) : NULL, "encoder_option",
        entry->foreign, "file", fw_escape(recipe->files[entry->file], file, sizeof(file), 0),
        "line", (int)entry->line);
}

static int print_recipe(const struct fw_cli *cli, const struct fw_recipe *recipe)
{
    struct fw_paper paper;
    if (!fw_paper_open(&paper))
        return 70;
    if (fw_cli_count(cli, "json") > 0) {
        json_t *options = json_array();
        for (uint32_t i = 0; i < recipe->entry_count; i++)
            (void)json_array_append_new(options, entry_json(recipe, &recipe->entries[i]));
        json_t *all = json_pack("{s:s,s:o}", "schema", "framewheel-recipe/1", "options", options);
        (void)json_dumpf(all, paper.stream, JSON_INDENT(2));
        json_decref(all);
    } else {
        show_text(paper.stream, recipe, fw_cli_count(cli, "origin") > 0);
    }
    return fw_paper_print(&paper, cli->verb->name);
}

static int set_job(void *user, const char *key, const char *value, struct fw_error *err)
{
    return fw_job_set(user, key, value, err);
}

/* A job that never runs says whether the values are possible ones. */
static int check_values(const struct fw_recipe *recipe, struct fw_error *err)
{
    struct fw_job *job = NULL;
    int status = fw_job_create(&job, err);
    if (status == FW_OK)
        status = fw_recipe_apply(recipe, NULL, set_job, job, err);
    fw_job_destroy(job);
    return status;
}

static int show(const struct fw_cli *cli, const char *name, struct fw_error *err)
{
    struct fw_recipe recipe = { 0 };
    int status = fw_recipe_add(&recipe, name, err);
    if (status == FW_OK)
        status = check_values(&recipe, err);
    int code = status < 0 ? fw_status_exit_code(status) : print_recipe(cli, &recipe);
    fw_recipe_deinit(&recipe);
    return code;
}

int fw_cmd_recipes(const struct fw_verb *verb, int argc, char **argv)
{
    struct fw_cli cli;
    struct fw_error err = { 0 };
    char shown[256];
    int code = fw_cli_start(&cli, verb, argc, argv);
    if (code < 0 && cli.name_count == 0) {
        code = list(&cli, &err);
    } else if (code < 0 && cli.name_count == 2 && strcmp(cli.names[0], "show") == 0) {
        code = show(&cli, cli.names[1], &err);
    } else if (code < 0) {
        code = 2;
        (void)fw_fail(&err, FW_ERR_USAGE,
                      "the name of a recipe goes behind 'show'\n"
                      "hint: framewheel recipes show %s",
                      strcmp(cli.names[0], "show") == 0
                          ? "NAME"
                          : fw_escape(cli.names[0], shown, sizeof(shown), 0));
    }
    if (err.status < 0)
        fw_complain_to_user(verb->name, err.text);
    fw_cli_deinit(&cli);
    return code;
}
