/* Folders of outputs: made, kept, synced, and never outside. */
#include "pipeline/tree.h"

#include "tests/support/tree.h"

#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

static struct fw_tree tree;
static struct fw_error err;
static unsigned fds_before;

static void set_up(void)
{
    tree_enter();
    fds_before = tree_fds();
}

static void tear_down(void)
{
    fw_tree_close(&tree);
    cr_expect_eq(tree_fds(), fds_before, "a descriptor stays open");
    tree_leave();
}

TestSuite(tree, .init = set_up, .fini = tear_down, .timeout = 120);

static int open_tree(const char *folder, bool create)
{
    fw_tree_close(&tree);
    err = (struct fw_error){ 0 };
    return fw_tree_open(&tree, folder, create, &err);
}

static int folder(const char *relative, int *fd)
{
    *fd = -1;
    err = (struct fw_error){ 0 };
    return fw_tree_folder(&tree, relative, fd, &err);
}

static bool is_folder(int fd, const char *path)
{
    struct stat one;
    struct stat other;
    return fstat(fd, &one) == 0 && stat(path, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev && S_ISDIR(one.st_mode);
}

Test(tree, the_top)
{
    tree_put("file");
    cr_expect_eq(open_tree("out", false), FW_ERR_OUTPUT);
    cr_expect_eq(open_tree("out/a//b/", true), FW_OK, "%s", err.text);
    cr_expect(is_folder(tree.fd, "out/a/b"));
    cr_expect_eq(open_tree("out", true), FW_OK);
    cr_assert_eq(symlink("out/a", "door"), 0);
    cr_expect_eq(open_tree("door", true), FW_OK, "the top may be a link");
    cr_expect(is_folder(tree.fd, "out/a"));
    cr_expect_eq(open_tree("door/c/d", true), FW_OK);
    cr_expect(is_folder(tree.fd, "out/a/c/d"));
    cr_expect_eq(open_tree("file", true), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "not a directory"), "%s", err.text);
    cr_expect_eq(open_tree("file/x", true), FW_ERR_OUTPUT);
    cr_expect_eq(open_tree("", true), FW_ERR_OUTPUT);
    cr_expect_null(tree.folder);
    char absolute[600];
    cr_assert_not_null(getcwd(absolute, sizeof(absolute) - 16));
    strcat(absolute, "/new/er");
    cr_expect_eq(open_tree(absolute, true), FW_OK, "%s", err.text);
    cr_expect(is_folder(tree.fd, "new/er"));
}

/* The same on a kernel without openat2. */
static void use_folders(bool step_by_step)
{
    int fd;
    struct stat status;
    mode_t old = umask(027);
    cr_assert_eq(open_tree("out", true), FW_OK);
    tree.step_by_step = step_by_step;
    cr_expect_eq(fw_tree_find(&tree, "a/b"), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(folder("", &fd), FW_OK);
    cr_expect(is_folder(fd, "out"));
    cr_expect_eq(folder("a/b/c", &fd), FW_OK, "%s", err.text);
    cr_expect(is_folder(fd, "out/a/b/c"));
    cr_expect_eq(stat("out/a", &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0750);
    umask(old);
    int again;
    cr_expect_eq(folder("a/b/c", &again), FW_OK);
    cr_expect_eq(fd, again, "held open");
    cr_expect_eq(folder("a/b/d", &fd), FW_OK);
    cr_expect_eq(folder("a/b", &fd), FW_OK);
    cr_expect_eq(folder("-x\n\xff%d", &fd), FW_OK);
    cr_expect(is_folder(fd, "out/-x\n\xff%d"));
    static const char *const wrong[] = { "..", ".", "a/..", "a/../a", "/", "/a", "a/", "a//b" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect_eq(folder(wrong[i], &fd), FW_ERR_OUTPUT, "%s", wrong[i]);
    char longest[300];
    memset(longest, 'x', sizeof(longest));
    longest[256] = '\0';
    cr_expect_eq(folder(longest, &fd), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "255"), "%s", err.text);
    longest[255] = '\0';
    cr_expect_eq(folder(longest, &fd), FW_OK);
    cr_expect_eq(tree.step_by_step, step_by_step);
}

Test(tree, folders)
{
    use_folders(false);
}

Test(tree, folders_step_by_step)
{
    use_folders(true);
}

Test(tree, links_are_not_followed)
{
    int fd;
    tree_put("outside/deep/x");
    tree_put("out/real/file");
    cr_assert_eq(symlink("../outside", "out/link"), 0);
    cr_assert_eq(symlink("real", "out/inner"), 0);
    cr_assert_eq(symlink("nowhere", "out/broken"), 0);
    static const char *const wrong[] = { "link",   "link/deep", "link/new", "inner",
                                         "broken", "broken/x",  "real/file" };
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(open_tree("out", true), FW_OK);
        tree.step_by_step = round == 1;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            cr_expect_eq(fw_tree_find(&tree, wrong[i]), -1);
            cr_expect(errno == ELOOP || errno == ENOTDIR, "%s: %d", wrong[i], errno);
            cr_expect_eq(folder(wrong[i], &fd), FW_ERR_OUTPUT, "%s", wrong[i]);
            cr_expect(strstr(err.text, "symbolic link"), "%s", err.text);
        }
    }
    cr_expect_eq(access("outside/new", F_OK), -1);
    cr_expect_eq(access("out/nowhere", F_OK), -1);
}

Test(tree, few_stay_open)
{
    char name[32];
    int fd;
    cr_assert_eq(open_tree("out", true), FW_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            (void)snprintf(name, sizeof(name), "d%d/e", i);
            cr_expect_eq(folder(name, &fd), FW_OK);
            char path[40];
            (void)snprintf(path, sizeof(path), "out/%s", name);
            cr_expect(is_folder(fd, path));
        }
    }
    cr_expect_leq(tree_fds(), fds_before + FW_TREE_OPEN + 1);
}

Test(tree, two_thousand_levels)
{
    struct fw_text path = { 0 };
    int fd = -1;
    cr_assert_eq(open_tree("out", true), FW_OK);
    for (int i = 0; i < 2000; i++) {
        cr_assert_eq(fw_text_add(&path, i == 0 ? "d" : "/d", i == 0 ? 1 : 2, &err), FW_OK);
        if (i % 100 == 0 || i > 1900)
            cr_assert_eq(folder(path.bytes, &fd), FW_OK, "%s", err.text);
    }
    cr_assert_eq(folder(path.bytes, &fd), FW_OK);
    cr_expect_eq(mkdirat(fd, "bottom", 0755), 0);
    fw_text_deinit(&path);
}

Test(tree, sync_forgets_what_is_done)
{
    int fd;
    cr_assert_eq(open_tree("out", true), FW_OK);
    cr_expect_eq(fw_tree_sync(&tree, &err), FW_OK);
    cr_expect_eq(folder("a/b", &fd), FW_OK);
    /* "" has the new name a, a has b. */
    cr_expect_eq(tree.touched.names_used, strlen("") + 1 + strlen("a") + 1);
    cr_expect_eq(fw_tree_touch(&tree, "a/b", &err), FW_OK);
    cr_expect_eq(fw_tree_touch(&tree, "a/b", &err), FW_OK);
    cr_expect_eq(fw_tree_touch(&tree, "a", &err), FW_OK);
    cr_expect_eq(tree.touched.names_used, 1 + 2 + 4);
    cr_expect_eq(fw_tree_sync(&tree, &err), FW_OK, "%s", err.text);
    cr_expect_eq(tree.touched.names_used, 0);
    cr_expect_eq(fw_tree_touch(&tree, "gone", &err), FW_OK);
    /* A folder that is gone took the names in it along: there is nothing left to keep. */
    cr_expect_eq(fw_tree_sync(&tree, &err), FW_OK, "%s", err.text);
    cr_expect_eq(tree.touched.names_used, 0);
}

static int use_as_nobody(void)
{
    int fd;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 77;
    if (open_tree("locked/x", true) != FW_ERR_OUTPUT || !strstr(err.text, "who may write"))
        return 1;
    if (open_tree("out", true) != FW_OK)
        return 2;
    if (folder("locked/x", &fd) != FW_ERR_OUTPUT || !strstr(err.text, "out/locked/x"))
        return 3;
    /* May be written to and searched, but not listed. */
    if (folder("blind/x", &fd) != FW_OK || folder("blind", &fd) != FW_OK)
        return 4;
    return fw_tree_sync(&tree, &err) == FW_OK ? 0 : 5;
}

Test(tree, rights)
{
    int status = 0;
    tree_put("locked/");
    tree_put("out/locked/");
    tree_put("out/blind/");
    cr_assert_eq(chmod(".", 0755), 0);
    cr_assert_eq(chmod("out/blind", 0333), 0);
    cr_assert_eq(chmod("locked", 0555), 0);
    cr_assert_eq(chmod("out/locked", 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(use_as_nobody());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(chmod("out/blind", 0755) | chmod("locked", 0755) | chmod("out/locked", 0755), 0);
    cr_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        cr_skip_test("no other user can be taken on here");
    cr_expect_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

/* ---- an attacker in the tree --------------------------------------------------------------- */

static atomic_bool stop;
static atomic_uint flips;

static void *flip(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        (void)renameat2(AT_FDCWD, "out/a", AT_FDCWD, "out/evil", RENAME_EXCHANGE);
        atomic_fetch_add(&flips, 1);
    }
    return NULL;
}

/* out/a is now a folder, now a link to a folder outside with the same names in it. */
static void attack(bool step_by_step, unsigned *opened, unsigned *refused)
{
    struct stat outside;
    struct stat deeper;
    struct stat seen;
    cr_assert_eq(stat("outside", &outside), 0);
    cr_assert_eq(stat("outside/b", &deeper), 0);
    /* On a busy machine the other thread has long pauses: until both cases were seen. */
    for (int i = 0; i < 2000 || (i < 200000 && (*opened < 100 || *refused < 100)); i++) {
        char name[32];
        int fd;
        cr_assert_eq(open_tree("out", true), FW_OK);
        tree.step_by_step = step_by_step;
        (void)snprintf(name, sizeof(name), i % 3 == 0 ? "a" : i % 3 == 1 ? "a/b" : "a/new%d", i);
        if (folder(name, &fd) != FW_OK) {
            ++*refused;
            continue;
        }
        ++*opened;
        cr_assert_eq(fstat(fd, &seen), 0);
        cr_assert(seen.st_ino != outside.st_ino && seen.st_ino != deeper.st_ino);
        /* What was made lies in the real folder, never in the other one. */
        cr_assert_eq(fstatat(fd, "..", &seen, 0), 0);
        cr_assert_neq(seen.st_ino, outside.st_ino);
    }
}

Test(tree, flipped_links_never_lead_outside)
{
    pthread_t attacker;
    tree_put("outside/b/");
    tree_put("out/a/b/");
    cr_assert_eq(symlink("../outside", "out/evil"), 0);
    if (renameat2(AT_FDCWD, "out/a", AT_FDCWD, "out/evil", RENAME_EXCHANGE) != 0)
        cr_skip_test("this file system cannot exchange names");
    cr_assert_eq(pthread_create(&attacker, NULL, flip, NULL), 0);
    for (int round = 0; round < 2; round++) {
        unsigned opened = 0;
        unsigned refused = 0;
        attack(round == 1, &opened, &refused);
        cr_expect_geq(opened, 100, "%u opened, %u refused", opened, refused);
        cr_expect_geq(refused, 100, "%u opened, %u refused", opened, refused);
    }
    atomic_store(&stop, true);
    cr_assert_eq(pthread_join(attacker, NULL), 0);
    cr_expect_gt(atomic_load(&flips), 100);
    unsigned inside = 0;
    DIR *list = opendir("outside");
    while (readdir(list))
        inside++;
    closedir(list);
    cr_expect_eq(inside, 3, "., .. and b");
}
