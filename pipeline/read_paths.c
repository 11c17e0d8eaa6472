/* Which files a chain could want to read: its words, plugins, and what libraries look up. */
#include "read_paths.h"

#include "loader.h"

#include "filters/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xxhash.h>

/* Libraries and their data, fonts, and how many cores of which kind there are. */
static const char *const system_paths[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/var/cache/fontconfig",
    "/sys/devices/system",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/self/fd",
    "/dev/null",
};

static bool is_listed(const struct fw_read_paths *paths, const char *word)
{
    for (uint32_t i = 0; i < paths->count; i++) {
        if (strcmp(paths->items[i], word) == 0)
            return true;
    }
    return false;
}

/* Takes the word. One that names a file may be read; a folder only when it is written as a path. */
static void offer(struct fw_read_paths *paths, char *word)
{
    struct stat status;
    bool found = word != NULL && !is_listed(paths, word) && stat(word, &status) == 0;
    bool folder = found && S_ISDIR(status.st_mode);
    bool wanted = found && (!folder || (strchr(word, '/') != NULL && word[strspn(word, "/.")]));
    if (wanted && paths->count < FW_READ_PATHS_MAX) {
        paths->items[paths->count++] = word;
        paths->words[paths->word_count++] = word;
    } else {
        free(word);
    }
}

/* A folder of plugins, however it is written. */
static void offer_folder(struct fw_read_paths *paths, const char *folder)
{
    struct stat status;
    char *word = strdup(folder);
    if (word != NULL && !is_listed(paths, word) && stat(word, &status) == 0 &&
        S_ISDIR(status.st_mode) && paths->count < FW_READ_PATHS_MAX) {
        paths->items[paths->count++] = word;
        paths->words[paths->word_count++] = word;
    } else {
        free(word);
    }
}

/* Takes off one level of escapes, or all that is only there to escape. */
static void unescape(char *text, bool all)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (all && (*from == '\\' || *from == '\''))
            continue;
        if (!all && *from == '\\' && from[1] != '\0')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

static void offer_word(struct fw_read_paths *paths, const char *start, size_t length)
{
    char *plain = strndup(start, length);
    char *once = strndup(start, length);
    char *bare = strndup(start, length);
    if (once != NULL)
        unescape(once, false);
    if (bare != NULL)
        unescape(bare, true);
    offer(paths, plain);
    offer(paths, once);
    offer(paths, bare);
}

/* The text has two levels of quotes and escapes, and each filter its own options, so every word
 * that could be a name is tried: what a user wrote into a chain is not what the lock is against. */
static void collect_words(struct fw_read_paths *paths, const char *chain, bool quotes)
{
    bool quoted = false;
    const char *start = chain;
    for (const char *c = chain; start != NULL; c++) {
        bool escaped = c > chain && c[-1] == '\\';
        if (quotes && *c == '\'' && !escaped)
            quoted = !quoted;
        bool ends = *c == '\0' || (!quoted && !escaped && strchr("=:,;|[]", *c) != NULL);
        if (ends && c > start)
            offer_word(paths, start, (size_t)(c - start));
        if (ends)
            start = *c == '\0' ? NULL : c + 1;
    }
}

/* Plugins named by the user, and the folders where others are looked for. */
static void collect_plugins(struct fw_read_paths *paths, const struct fw_settings *settings)
{
    char *folders = fw_settings_plugin_folders(settings);
    char *rest = folders;
    for (uint32_t i = 0; i < settings->plugins.count; i++)
        offer(paths, strdup(settings->plugins.items[i]));
    for (char *folder = strsep(&rest, ":"); folder != NULL; folder = strsep(&rest, ":")) {
        if (*folder != '\0')
            offer_folder(paths, folder);
    }
    free(folders);
}

void fw_read_paths_collect(struct fw_read_paths *paths, const struct fw_settings *settings)
{
    for (size_t i = 0; i < FW_COUNT(system_paths); i++)
        paths->items[paths->count++] = system_paths[i];
    if (settings->chain != NULL) {
        collect_words(paths, settings->chain, true);
        collect_words(paths, settings->chain, false);
    }
    collect_plugins(paths, settings);
}

bool fw_read_paths_wanted(const struct fw_settings *settings)
{
    static const char *const fonts[] = { "drawtext", "subtitles", "ass" };
    struct fw_read_paths paths = { 0 };
    fw_read_paths_collect(&paths, settings);
    bool wanted = paths.word_count > 0;
    fw_read_paths_deinit(&paths);
    for (size_t i = 0; i < FW_COUNT(fonts) && settings->chain != NULL; i++)
        wanted = wanted || strstr(settings->chain, fonts[i]) != NULL;
    return wanted;
}

uint64_t fw_read_paths_stamp(const struct fw_settings *settings)
{
    struct fw_read_paths paths = { 0 };
    uint64_t stamp = 0;
    fw_read_paths_collect(&paths, settings);
    for (uint32_t i = 0; i < paths.word_count; i++) {
        struct stat status;
        if (stat(paths.words[i], &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        const uint64_t facts[] = { status.st_dev, status.st_ino, (uint64_t)status.st_size,
                                   (uint64_t)status.st_mtim.tv_sec,
                                   (uint64_t)status.st_mtim.tv_nsec };
        stamp = XXH3_64bits_withSeed(facts, sizeof(facts), stamp);
    }
    fw_read_paths_deinit(&paths);
    return stamp;
}

void fw_read_paths_deinit(struct fw_read_paths *paths)
{
    for (uint32_t i = 0; i < paths->word_count; i++)
        free(paths->words[i]);
    *paths = (struct fw_read_paths){ 0 };
}
