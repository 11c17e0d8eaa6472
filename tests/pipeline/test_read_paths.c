/* Files that a locked process may read, out of the words of a chain. */
#include "pipeline/read_paths.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES 40

static uint32_t count_of(const struct fw_read_paths *paths, const char *path)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < paths->count; i++)
        count += strcmp(paths->items[i], path) == 0;
    return count;
}

Test(read_paths, many_files_are_listed_once_each)
{
    static char names[FILES][512];
    static char chain[FILES * 540];
    struct fw_settings settings;
    struct fw_read_paths paths = { 0 };
    struct fw_error err = { 0 };
    fw_settings_init(&settings);
    for (int i = 0; i < FILES; i++) {
        fw_temp_name(names[i], sizeof(names[i]), "framewheel-table-XXXXXX");
        int fd = mkstemp(names[i]);
        cr_assert_geq(fd, 0);
        (void)close(fd);
        size_t used = strlen(chain);
        (void)snprintf(chain + used, sizeof(chain) - used, "%slut3d=file='%s'", i ? "," : "",
                       names[i]);
    }
    cr_assert_eq(fw_settings_set(&settings, "vf", chain, &err), FW_OK, "%s", err.text);
    fw_read_paths_collect(&paths, &settings);
    for (int i = 0; i < FILES; i++) {
        cr_expect_eq(count_of(&paths, names[i]), 1u, "%s", names[i]);
        (void)unlink(names[i]);
    }
    fw_read_paths_deinit(&paths);
    fw_settings_deinit(&settings);
}
