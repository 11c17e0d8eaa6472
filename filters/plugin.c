/* Loads plugins and holds their tables. Nothing of an object is called before its file and its
 * tables have been looked at, but what the dynamic loader runs by itself. */
#include "plugin.h"

#include "plugin_check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILTERS_MAX 256 /* of all objects */

struct object {
    char *path;
    dev_t device;
    ino_t inode;
    void *handle;
};

struct fw_plugins {
    char *search_path;
    uint32_t object_count;
    struct object objects[FW_PLUGINS_MAX];
    uint32_t filter_count;
    uint32_t owners[FILTERS_MAX]; /* index of the object */
    const struct fw_filter *filters[FILTERS_MAX];
};

int fw_plugins_create(struct fw_plugins **plugins_out, const char *search_path,
                      struct fw_error *err)
{
    struct fw_plugins *plugins = calloc(1, sizeof(*plugins));
    *plugins_out = NULL;
    if (plugins && search_path)
        plugins->search_path = strdup(search_path);
    if (!plugins || (search_path && !plugins->search_path)) {
        free(plugins);
        return fw_fail(err, FW_ERR_MEMORY, "no memory for plugins");
    }
    *plugins_out = plugins;
    return FW_OK;
}

void fw_plugins_destroy(struct fw_plugins *plugins)
{
    if (!plugins)
        return;
    for (uint32_t i = 0; i < plugins->object_count; i++) {
        if (plugins->objects[i].handle)
            (void)dlclose(plugins->objects[i].handle);
        free(plugins->objects[i].path);
    }
    free(plugins->search_path);
    free(plugins);
}

/* Who could have put other code into the file than the one who runs it? */
static int check_file(const char *path, const struct stat *status, struct fw_error *err)
{
    if (!S_ISREG(status->st_mode))
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s' is no regular file", path);
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s' belongs to user %u, neither root nor you",
                       path, (unsigned)status->st_uid);
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return fw_fail(err, FW_ERR_USAGE,
                       "plugin '%s' can be written by others (mode %03o)\nhint: chmod go-w '%s'",
                       path, (unsigned)(status->st_mode & 0777), path);
    return FW_OK;
}

static bool is_loaded(const struct fw_plugins *plugins, const struct stat *status)
{
    for (uint32_t i = 0; i < plugins->object_count; i++) {
        const struct object *object = &plugins->objects[i];
        if (object->device == status->st_dev && object->inode == status->st_ino)
            return true;
    }
    return false;
}

static int check_taken(const struct fw_plugins *plugins, const struct fw_filter *filter,
                       const char *path, struct fw_error *err)
{
    for (uint32_t i = 0; i < plugins->filter_count; i++) {
        if (strcmp(plugins->filters[i]->name, filter->name) == 0)
            return fw_fail(err, FW_ERR_USAGE, "plugin '%s': '%s' has a filter '%s', too", path,
                           plugins->objects[plugins->owners[i]].path, filter->name);
    }
    return FW_OK;
}

static int add_filters(struct fw_plugins *plugins, const struct fw_plugin *plugin,
                       struct object *object, struct fw_error *err)
{
    int status = fw_plugin_check(plugin, object->path, err);
    uint32_t count = plugins->filter_count;
    for (uint32_t i = 0; status == FW_OK && plugin->filters[i]; i++) {
        if (count == FILTERS_MAX)
            return fw_fail(err, FW_ERR_USAGE, "plugins hold at most %d filters", FILTERS_MAX);
        status = check_taken(plugins, plugin->filters[i], object->path, err);
        plugins->owners[count] = plugins->object_count;
        plugins->filters[count++] = plugin->filters[i];
    }
    if (status == FW_OK)
        plugins->filter_count = count;
    return status;
}

/* The descriptor that was looked at is the one that is loaded: a name could mean another file by
 * now. */
static int load_open(struct fw_plugins *plugins, struct object *object, int fd,
                     struct fw_error *err)
{
    char name[48];
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    object->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!object->handle) {
        const char *reason = dlerror();
        size_t length = strlen(name); /* its text begins with the name, which says nothing */
        if (strncmp(reason, name, length) == 0)
            reason += length + strspn(reason + length, ": ");
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s' cannot be loaded: %s", object->path, reason);
    }
    const struct fw_plugin *plugin = dlsym(object->handle, FW_PLUGIN_SYMBOL);
    if (!plugin)
        return fw_fail(err, FW_ERR_USAGE, "'%s' is no plugin: it does not export %s", object->path,
                       FW_PLUGIN_SYMBOL);
    return add_filters(plugins, plugin, object, err);
}

static int load_object(struct fw_plugins *plugins, struct object *object, struct fw_error *err)
{
    struct stat status;
    int fd = open(object->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        int error = errno;
        if (fd >= 0)
            (void)close(fd);
        return fw_fail(err, FW_ERR_USAGE, "plugin '%s': %s", object->path, strerror(error));
    }
    int result = check_file(object->path, &status, err);
    if (result == FW_OK && is_loaded(plugins, &status))
        result = FW_END;
    object->device = status.st_dev;
    object->inode = status.st_ino;
    if (result == FW_OK)
        result = load_open(plugins, object, fd, err);
    (void)close(fd);
    return result;
}

int fw_plugins_load(struct fw_plugins *plugins, const char *path, struct fw_error *err)
{
    if (plugins->object_count == FW_PLUGINS_MAX)
        return fw_fail(err, FW_ERR_USAGE, "at most %d plugins can be loaded", FW_PLUGINS_MAX);
    struct object object = { .path = strdup(path) };
    int status = object.path ? load_object(plugins, &object, err)
                             : fw_fail(err, FW_ERR_MEMORY, "no memory for a plugin");
    if (status == FW_OK) {
        plugins->objects[plugins->object_count++] = object;
        return FW_OK;
    }
    if (object.handle)
        (void)dlclose(object.handle);
    free(object.path);
    return status == FW_END ? FW_OK : status;
}

/* The next folder of a search path, or NULL; empty ones are left out. *rest moves on. */
static char *next_folder(const char **rest)
{
    while (*rest && **rest == ':')
        (*rest)++;
    size_t length = *rest ? strcspn(*rest, ":") : 0;
    if (length == 0)
        return NULL;
    char *folder = strndup(*rest, length);
    *rest += length;
    return folder;
}

static bool is_object_name(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && name[0] != '.' && strcmp(name + length - 3, ".so") == 0;
}

static int load_folder(struct fw_plugins *plugins, const char *folder, struct fw_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    int first = FW_OK;
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        if (is_object_name(entries[i]->d_name) &&
            asprintf(&path, "%s/%s", folder, entries[i]->d_name) > 0) {
            int status = fw_plugins_load(plugins, path, err);
            if (first == FW_OK)
                first = status;
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    return first;
}

int fw_plugins_load_all(struct fw_plugins *plugins, struct fw_error *err)
{
    const char *rest = plugins->search_path;
    int first = FW_OK;
    for (char *folder = next_folder(&rest); folder; folder = next_folder(&rest)) {
        int status = load_folder(plugins, folder, err);
        if (first == FW_OK)
            first = status;
        free(folder);
    }
    return first;
}

static const struct fw_filter *find_loaded(const struct fw_plugins *plugins, const char *name)
{
    for (uint32_t i = 0; i < plugins->filter_count; i++) {
        if (strcmp(plugins->filters[i]->name, name) == 0)
            return plugins->filters[i];
    }
    return NULL;
}

/* NAME.so of the first folder that has one. */
static int load_named(struct fw_plugins *plugins, const char *name, struct fw_error *err)
{
    const char *rest = plugins->search_path;
    int status = FW_END;
    if (strchr(name, '/'))
        return FW_END;
    for (char *folder = next_folder(&rest); folder && status == FW_END;
         folder = status == FW_END ? next_folder(&rest) : NULL) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s.so", folder, name) < 0)
            path = NULL;
        if (!path)
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for a plugin's name");
        else if (access(path, F_OK) == 0)
            status = fw_plugins_load(plugins, path, err);
        free(path);
        free(folder);
    }
    return status;
}

int fw_plugins_find(struct fw_plugins *plugins, const char *name,
                    const struct fw_filter **filter_out, struct fw_error *err)
{
    *filter_out = find_loaded(plugins, name);
    if (*filter_out)
        return FW_OK;
    int status = load_named(plugins, name, err);
    if (status != FW_OK)
        return status;
    *filter_out = find_loaded(plugins, name);
    return *filter_out ? FW_OK : FW_END;
}

const struct fw_filter *fw_plugins_at(const struct fw_plugins *plugins, uint32_t index,
                                      const char **path_out)
{
    if (index >= plugins->filter_count)
        return NULL;
    *path_out = plugins->objects[plugins->owners[index]].path;
    return plugins->filters[index];
}
