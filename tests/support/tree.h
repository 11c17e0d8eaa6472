/* A folder for one test, as its working directory, and files in it. */
#ifndef FW_TESTS_SUPPORT_TREE_H
#define FW_TESTS_SUPPORT_TREE_H

#include "temp.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_folder[512];

static inline void tree_enter(void)
{
    fw_temp_name(tree_folder, sizeof(tree_folder), "framewheel-tree-XXXXXX");
    cr_assert_not_null(mkdtemp(tree_folder));
    cr_assert_eq(chdir(tree_folder), 0);
}

/* Trees here may be deeper than a path is long: rm climbs. */
static inline void tree_leave(void)
{
    char command[600];
    (void)chdir("/");
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", tree_folder);
    cr_assert_eq(system(command), 0);
}

/* Makes the folders above, then the file; a path that ends in a slash is a folder alone. */
static inline void tree_put(const char *path)
{
    char copy[4096];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        cr_assert(mkdir(copy, 0755) == 0 || errno == EEXIST, "%s", copy);
        *slash = '/';
    }
    if (copy[strlen(copy) - 1] == '/')
        return;
    int fd = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_geq(fd, 0, "%s", copy);
    cr_assert_eq(write(fd, "x", 1), 1);
    close(fd);
}

/* Descriptors that are open now. */
static inline unsigned tree_fds(void)
{
    unsigned count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (readdir(list))
        count++;
    closedir(list);
    return count;
}

#endif
