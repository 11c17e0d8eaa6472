/*
 * Control groups, versions 1 and 2. A limit holds for a group and all below it, so the smallest one
 * on the way up to the mount counts. A container may show its own group as the mount's root, or
 * name a path that is not mounted here: what is absent limits nothing.
 */
#include "cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one version of the interface calls things. */
struct hierarchy {
    const char *controller; /* in /proc/self/cgroup; "" is version 2 */
    const char *folder;     /* below the mount */
};

static const struct hierarchy memory_places[] = { { "", "" },
                                                  { "", "/unified" },
                                                  { "memory", "/memory" } };
static const struct hierarchy cpu_places[] = {
    { "", "" }, { "", "/unified" }, { "cpu", "/cpu" }, { "cpu", "/cpu,cpuacct" }
};
#define PLACES(array) (sizeof(array) / sizeof((array)[0]))

static bool lists(const char *controllers, const char *wanted)
{
    char word[32];
    char list[128];
    (void)snprintf(word, sizeof(word), ",%s,", wanted);
    (void)snprintf(list, sizeof(list), ",%s,", controllers);
    return wanted[0] == '\0' ? controllers[0] == '\0' : strstr(list, word) != NULL;
}

/* The group's path, "" for the root; false when the process is in none of that kind. */
static bool own_group(const char *self, const char *controller, char *path, size_t bytes)
{
    char line[PATH_MAX + 256];
    bool found = false;
    FILE *file = fopen(self, "re");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (group == NULL)
            continue;
        *group++ = '\0';
        found = lists(controllers + 1, controller);
        if (found)
            (void)snprintf(path, bytes, "%s", strcmp(group, "/") == 0 ? "" : group);
    }
    fclose(file);
    return found;
}

/* The first line of a file of a group; false when there is none. */
static bool read_line(const char *group, const char *name, char *text, size_t bytes)
{
    char path[2 * PATH_MAX + 64];
    (void)snprintf(path, sizeof(path), "%s/%s", group, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool got = fgets(text, (int)bytes, file) != NULL;
    fclose(file);
    return got;
}

/* `absent` without the file, or where it says "max". */
static uint64_t read_number(const char *group, const char *name, uint64_t absent)
{
    char text[64];
    char *end = text;
    if (!read_line(group, name, text, sizeof(text)))
        return absent;
    uint64_t value = strtoull(text, &end, 10);
    return end == text ? absent : value;
}

static uint64_t read_stat(const char *group, const char *wanted)
{
    char path[2 * PATH_MAX + 64];
    char name[64];
    unsigned long long value = 0, found = 0;
    (void)snprintf(path, sizeof(path), "%s/memory.stat", group);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (found == 0 && fscanf(file, "%63s %llu", name, &value) == 2)
        if (strcmp(name, wanted) == 0)
            found = value;
    fclose(file);
    return found;
}

static uint64_t group_memory(const char *group, bool second)
{
    uint64_t limit = read_number(group, second ? "memory.max" : "memory.limit_in_bytes",
                                 UINT64_MAX);
    if (limit == UINT64_MAX)
        return UINT64_MAX;
    uint64_t usage = read_number(group, second ? "memory.current" : "memory.usage_in_bytes", 0);
    uint64_t idle = read_stat(group, second ? "inactive_file" : "total_inactive_file");
    usage -= idle < usage ? idle : usage;
    return limit > usage ? limit - usage : 0;
}

static uint64_t group_cores(const char *group, bool second)
{
    char text[64];
    unsigned long long quota = 0, period = 0;
    if (second) {
        if (!read_line(group, "cpu.max", text, sizeof(text)) ||
            sscanf(text, "%llu %llu", &quota, &period) != 2)
            return UINT64_MAX;
    } else {
        quota = read_number(group, "cpu.cfs_quota_us", 0);
        period = read_number(group, "cpu.cfs_period_us", 0);
    }
    /* -1 means none, and reads as a number beyond any quota. */
    if (quota == 0 || period == 0 || quota > 1ull << 40)
        return UINT64_MAX;
    return (quota + period - 1) / period;
}

/* The smallest value from the process's group up to the mount's root. */
static uint64_t smallest(const char *mount, const char *self, const struct hierarchy *place,
                         uint64_t (*value)(const char *group, bool second))
{
    char path[PATH_MAX];
    char group[2 * PATH_MAX];
    uint64_t least = UINT64_MAX;
    bool more = own_group(self, place->controller, path, sizeof(path));
    while (more) {
        (void)snprintf(group, sizeof(group), "%s%s%s", mount, place->folder, path);
        uint64_t here = value(group, place->controller[0] == '\0');
        least = here < least ? here : least;
        char *slash = strrchr(path, '/');
        more = slash != NULL;
        if (more)
            *slash = '\0';
    }
    return least;
}

uint64_t fw_cgroup_memory(const char *mount, const char *self)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < PLACES(memory_places); i++) {
        uint64_t here = smallest(mount, self, &memory_places[i], group_memory);
        least = here < least ? here : least;
    }
    return least;
}

uint32_t fw_cgroup_cores(const char *mount, const char *self)
{
    uint64_t least = UINT32_MAX;
    for (size_t i = 0; i < PLACES(cpu_places); i++) {
        uint64_t here = smallest(mount, self, &cpu_places[i], group_cores);
        least = here < least ? here : least;
    }
    return (uint32_t)least;
}
