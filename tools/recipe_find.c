/* Where recipes are. */
#include "recipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "term.h"

#define ENDING ".conf"
#define NAME_BYTES_MAX 200
#define FILE_BYTES_MAX (1 << 20)
#define NAMES_MAX 10000
#define CANDIDATES_MAX 256

static char *in_config(void)
{
    char *path = NULL;
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int made = -1;
    /* A relative path would mean another folder in every place. */
    if (base && base[0] == '/')
        made = asprintf(&path, "%s/framewheel/recipes", base);
    else if (home && home[0] == '/')
        made = asprintf(&path, "%s/.config/framewheel/recipes", home);
    return made < 0 ? NULL : path;
}

/* A folder that has a fixed way from the one of this program. */
static char *near_program(const char *way)
{
    char *path = NULL;
    char self[4096];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (bytes <= 0 || bytes >= (ssize_t)sizeof(self) - 1)
        return NULL;
    self[bytes] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    if (asprintf(&path, "%s/%s/framewheel/recipes", self, way) < 0)
        return NULL;
    return path;
}

/* An empty text is a place that is not there today. */
static char *folder_at(uint32_t index)
{
    const char *given = getenv("FRAMEWHEEL_RECIPES");
    char *path = NULL;
    switch (index) {
    case 0:
        path = in_config();
        break;
    case 1:
        return strdup("/etc/framewheel/recipes");
    case 2:
        return strdup(given && given[0] == '/' ? given : "");
    case 3:
        path = near_program(FW_DATA_FROM_PROGRAM);
        break;
    case 4: /* not installed: what the build staged */
        path = near_program("share");
        break;
    default:
        return NULL;
    }
    return path ? path : strdup("");
}

char *fw_recipe_folder(uint32_t index)
{
    for (uint32_t i = 0;; i++) {
        char *path = folder_at(i);
        if (!path || (path[0] && index-- == 0))
            return path;
        free(path);
    }
}

/* "no recipe 'x'", and what was meant. */
static int fail_missing(const char *name, struct fw_error *err)
{
    struct fw_recipe_name *names = NULL;
    const char *candidates[CANDIDATES_MAX];
    struct fw_error ignored = { 0 };
    char shown[256];
    uint32_t count = 0;
    (void)fw_recipe_names(&names, &count, &ignored);
    for (uint32_t i = 0; i < count && i < CANDIDATES_MAX; i++)
        candidates[i] = names[i].name;
    const char *near = fw_nearest(name, candidates,
                                  count < CANDIDATES_MAX ? count : CANDIDATES_MAX);
    (void)fw_escape(name, shown, sizeof(shown), 0);
    char folder[256] = "";
    char *first = count == 0 ? fw_recipe_folder(0) : NULL;
    if (first)
        (void)fw_escape(first, folder, sizeof(folder), 0);
    free(first);
    if (near)
        (void)fw_fail(err, FW_ERR_USAGE, "no recipe '%s'\nhint: did you mean '%s'?", shown, near);
    else if (count == 0)
        (void)fw_fail(err, FW_ERR_USAGE,
                      "no recipe '%s'\nhint: none are installed; yours go to %s; a file is ./%s",
                      shown, folder, shown);
    else
        (void)fw_fail(err, FW_ERR_USAGE,
                      "no recipe '%s'\nhint: framewheel recipes lists them; a file is ./%s", shown,
                      shown);
    fw_recipe_names_free(names, count);
    return FW_ERR_USAGE;
}

/* A path: that of a recipe which another file names counts from that file. */
static int find_path(const char *name, const char *beside, char **path_out, struct fw_error *err)
{
    const char *slash = beside && name[0] != '/' ? strrchr(beside, '/') : NULL;
    int bytes = slash ? (int)(slash + 1 - beside) : 0;
    if (asprintf(path_out, "%.*s%s", bytes, slash ? beside : "", name) >= 0)
        return FW_OK;
    *path_out = NULL;
    return fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
}

int fw_recipe_find(const char *name, const char *beside, char **path_out, struct fw_error *err)
{
    char *folder;
    if (strchr(name, '/'))
        return find_path(name, beside, path_out, err);
    if (!name[0] || name[0] == '.' || strlen(name) > NAME_BYTES_MAX)
        return fail_missing(name, err);
    for (uint32_t i = 0; (folder = fw_recipe_folder(i)); i++) {
        int made = asprintf(path_out, "%s/%s" ENDING, folder, name);
        free(folder);
        if (made < 0)
            break;
        if (access(*path_out, F_OK) == 0)
            return FW_OK;
        free(*path_out);
    }
    *path_out = NULL;
    return fail_missing(name, err);
}

/* Up to the end; -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t room)
{
    size_t used = 0;
    while (used < room) {
        ssize_t got = read(fd, text + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

int fw_recipe_read(const char *path, char **text_out, struct fw_error *err)
{
    struct stat info;
    char shown[1024];
    (void)fw_escape(path, shown, sizeof(shown), 0);
    *text_out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) < 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return fw_fail(err, FW_ERR_USAGE, "%s: %s", shown, strerrordesc_np(error));
    }
    char *text = S_ISREG(info.st_mode) ? malloc(FILE_BYTES_MAX + 2) : NULL;
    ssize_t bytes = text ? read_all(fd, text, FILE_BYTES_MAX + 1) : 0;
    close(fd);
    if (!S_ISREG(info.st_mode))
        (void)fw_fail(err, FW_ERR_USAGE, "%s: a recipe is a regular file", shown);
    else if (!text)
        (void)fw_fail(err, FW_ERR_MEMORY, "no memory for a recipe");
    else if (bytes < 0)
        (void)fw_fail(err, FW_ERR_USAGE, "%s: %s", shown, strerrordesc_np(errno));
    else if (bytes > FILE_BYTES_MAX)
        (void)fw_fail(err, FW_ERR_USAGE, "%s: a recipe has at most 1 MiB", shown);
    else if (memchr(text, '\0', (size_t)bytes))
        (void)fw_fail(err, FW_ERR_USAGE, "%s: a zero byte: this is no recipe", shown);
    if (err->status < 0) {
        free(text);
        return err->status;
    }
    text[bytes] = '\0';
    *text_out = text;
    return FW_OK;
}

static bool has_name(const struct fw_recipe_name *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Those of one folder that no folder before it has. */
static int add_folder(const char *folder, struct fw_recipe_name **names, uint32_t *count,
                      struct fw_error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int status = FW_OK;
    while (dir && status == FW_OK && *count < NAMES_MAX && (entry = readdir(dir))) {
        const char *ending = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || !ending || strcmp(ending, ENDING) != 0)
            continue;
        struct fw_recipe_name found = { 0 };
        struct fw_recipe_name *grown = reallocarray(*names, *count + 1, sizeof(*grown));
        found.name = strndup(entry->d_name, (size_t)(ending - entry->d_name));
        if (grown)
            *names = grown;
        if (!grown || !found.name || asprintf(&found.path, "%s/%s", folder, entry->d_name) < 0) {
            free(found.name);
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for the list of recipes");
        } else if (has_name(grown, *count, found.name)) {
            free(found.name);
            free(found.path);
        } else {
            grown[(*count)++] = found;
        }
    }
    if (dir)
        (void)closedir(dir);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    const struct fw_recipe_name *left = a, *right = b;
    return strcmp(left->name, right->name);
}

int fw_recipe_names(struct fw_recipe_name **names_out, uint32_t *count_out, struct fw_error *err)
{
    char *folder;
    int status = FW_OK;
    *names_out = NULL;
    *count_out = 0;
    for (uint32_t i = 0; status == FW_OK && (folder = fw_recipe_folder(i)); i++) {
        status = add_folder(folder, names_out, count_out, err);
        free(folder);
    }
    if (*count_out > 1)
        qsort(*names_out, *count_out, sizeof(**names_out), compare_names);
    return status;
}

void fw_recipe_names_free(struct fw_recipe_name *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(names[i].name);
        free(names[i].path);
    }
    free(names);
}
