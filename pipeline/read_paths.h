/* Files and folders that stay readable where a chain is opened under a lock. */
#ifndef FW_PIPELINE_READ_PATHS_H
#define FW_PIPELINE_READ_PATHS_H

#include "settings.h"

#define FW_READ_PATHS_MAX 96

struct fw_read_paths {
    const char *items[FW_READ_PATHS_MAX];
    char *words[FW_READ_PATHS_MAX]; /* those of `items` that are from malloc */
    uint32_t count;
    uint32_t word_count;
};

/* Fills a zeroed list: what libraries look up in the system, every word of the chain that names a
 * file, plugins and the folders where they are looked for. More than fit are left out. */
void fw_read_paths_collect(struct fw_read_paths *paths, const struct fw_settings *settings);
/* Whether the chain names a file, or a filter that looks for fonts. */
bool fw_read_paths_wanted(const struct fw_settings *settings);
/* What the files that chain and plugins name are: another number when one is changed or replaced.
 */
uint64_t fw_read_paths_stamp(const struct fw_settings *settings);
void fw_read_paths_deinit(struct fw_read_paths *paths);

#endif
