/* Loads plugins where that may end badly, and asks such a process about chains. */
#include "loader.h"

#include "child.h"
#include "filter_document.h"
#include "job.h"
#include "read_paths.h"
#include "sandbox.h"

#include "filters/chain.h"
#include "filters/plugin.h"
#include "filters/registry.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_TIMEOUT_MS 20000

char *fw_settings_plugin_folders(const struct fw_settings *settings)
{
    char *folders = NULL;
    const char *own = settings->plugin_path;
    if (asprintf(&folders, "%s%s%s", own != NULL ? own : "", own != NULL ? ":" : "",
                 FW_PLUGIN_FOLDER) < 0)
        return NULL;
    return folders;
}

static bool holds_objects(const char *path)
{
    bool found = false;
    DIR *folder = *path != '\0' ? opendir(path) : NULL;
    if (folder == NULL)
        return false;
    for (struct dirent *entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
        size_t length = strlen(entry->d_name);
        found = length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0;
    }
    closedir(folder);
    return found;
}

bool fw_settings_has_plugins(const struct fw_settings *settings)
{
    char *folders = fw_settings_plugin_folders(settings);
    char *rest = folders;
    bool found = settings->plugins.count > 0;
    for (char *folder = strsep(&rest, ":"); folder != NULL && !found; folder = strsep(&rest, ":"))
        found = holds_objects(folder);
    free(folders);
    return found;
}

int fw_loader_lock(const struct fw_settings *settings, uint64_t address_space, struct fw_error *err)
{
    uint32_t layers = 0;
    struct fw_read_paths paths = { 0 };
    fw_read_paths_collect(&paths, settings);
    const struct fw_sandbox_options options = {
        .role = FW_SANDBOX_LOADER,
        .mode = settings->sandbox,
        .address_space = address_space,
        .read_paths = paths.items,
        .read_path_count = paths.count,
    };
    int status = fw_sandbox_enter(&options, &layers, err);
    fw_read_paths_deinit(&paths);
    return status;
}

int fw_loader_open(const struct fw_settings *settings, struct fw_plugins **plugins_out,
                   struct fw_error *err)
{
    *plugins_out = NULL;
    if (!fw_settings_has_plugins(settings))
        return FW_OK;
    char *folders = fw_settings_plugin_folders(settings);
    struct fw_plugins *plugins = NULL;
    int status = folders != NULL ? fw_plugins_create(&plugins, folders, err)
                                 : fw_fail(err, FW_ERR_MEMORY, "no memory for plugins");
    for (uint32_t i = 0; status == FW_OK && i < settings->plugins.count; i++)
        status = fw_plugins_load(plugins, settings->plugins.items[i], err);
    free(folders);
    if (status != FW_OK) {
        fw_plugins_destroy(plugins);
        return status;
    }
    *plugins_out = plugins;
    return FW_OK;
}

/* ---- questions to a locked process --------------------------------------------------------- */

static int check_chain(const struct fw_settings *settings, struct fw_plugins *plugins,
                       uint32_t *flags_out, struct fw_error *err)
{
    struct fw_chain *chain = NULL;
    struct fw_chain_needs needs = { 0 };
    int status = fw_chain_create_with(&chain, settings->chain, plugins, err);
    if (status == FW_OK)
        status = fw_chain_check_files(chain, err);
    if (status == FW_OK)
        fw_chain_needs(chain, &needs);
    *flags_out = needs.flags;
    fw_chain_destroy(chain);
    return status;
}

static int check_in_child(void *argument, int result_fd, struct fw_error *err)
{
    const struct fw_settings *settings = argument;
    struct fw_plugins *plugins = NULL;
    uint32_t flags = 0;
    int status = fw_loader_lock(settings, FW_ADDRESS_SPACE_BASE, err);
    if (status == FW_OK)
        status = fw_loader_open(settings, &plugins, err);
    if (status == FW_OK)
        status = check_chain(settings, plugins, &flags, err);
    if (status == FW_OK)
        status = fw_child_answer(result_fd, &flags, sizeof(flags), err);
    fw_plugins_destroy(plugins);
    return status;
}

static int ask(int (*body)(void *argument, int result_fd, struct fw_error *err),
               const struct fw_settings *settings, int cancel_fd, void **bytes_out,
               size_t *count_out, struct fw_error *err)
{
    const struct fw_child_question question = { .body = body,
                                                .arg = (void *)(uintptr_t)settings,
                                                .timeout_ms = LOAD_TIMEOUT_MS,
                                                .cancel_fd = cancel_fd };
    int status = fw_child_call(&question, bytes_out, count_out, err);
    if (status == FW_ERR_DIED || status == FW_ERR_STALLED)
        fw_error_prefix(err, "loading the plugins");
    return status;
}

int fw_loader_check_chain(const struct fw_settings *settings, int cancel_fd, uint32_t *flags_out,
                          struct fw_error *err)
{
    void *bytes = NULL;
    size_t count = 0;
    *flags_out = 0;
    if (!fw_settings_has_plugins(settings))
        return check_chain(settings, NULL, flags_out, err);
    int status = ask(check_in_child, settings, cancel_fd, &bytes, &count, err);
    if (status == FW_OK && count != sizeof(*flags_out))
        status = fw_fail(err, FW_ERR_INTERNAL, "the answer about the chain has %zu bytes", count);
    if (status == FW_OK)
        memcpy(flags_out, bytes, sizeof(*flags_out));
    free(bytes);
    return status;
}

static json_t *list_built_in(void)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < fw_filter_count(); i++)
        (void)json_array_append_new(list, fw_filter_document(fw_filter_at(i), NULL, NULL));
    return list;
}

static void list_foreign(json_t *list)
{
    struct fw_foreign foreign;
    void *state = NULL;
    while (fw_foreign_next(&state, &foreign))
        (void)json_array_append_new(list, fw_foreign_document(&foreign));
}

static int list_filters(struct fw_plugins *plugins, char **text_out, struct fw_error *err)
{
    json_t *list = list_built_in();
    const char *path = NULL;
    const struct fw_filter *filter = NULL;
    for (uint32_t i = 0; plugins != NULL; i++) {
        filter = fw_plugins_at(plugins, i, &path);
        if (filter == NULL)
            break;
        (void)json_array_append_new(list, fw_filter_document(filter, path, plugins));
    }
    list_foreign(list);
    *text_out = list != NULL ? json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(list);
    return *text_out != NULL ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for a list");
}

static int list_in_child(void *argument, int result_fd, struct fw_error *err)
{
    const struct fw_settings *settings = argument;
    struct fw_plugins *plugins = NULL;
    char *text = NULL;
    int status = fw_loader_lock(settings, FW_ADDRESS_SPACE_BASE, err);
    if (status == FW_OK)
        status = fw_loader_open(settings, &plugins, err);
    if (status == FW_OK)
        status = fw_plugins_load_all(plugins, err);
    if (status == FW_OK)
        status = list_filters(plugins, &text, err);
    if (status == FW_OK)
        status = fw_child_answer(result_fd, text, strlen(text), err);
    free(text);
    fw_plugins_destroy(plugins);
    return status;
}

int fw_job_filters(struct fw_job *job, char **json_out, struct fw_error *err)
{
    void *bytes = NULL;
    size_t count = 0;
    *json_out = NULL;
    if (!fw_settings_has_plugins(&job->settings))
        return list_filters(NULL, json_out, err);
    int status = ask(list_in_child, &job->settings, 0, &bytes, &count, err);
    *json_out = bytes;
    return status;
}
