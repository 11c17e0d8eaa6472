/* Which files are found, in which order, and what is said of the others. */
#include "pipeline/gather.h"

#include "tests/support/tree.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static struct fw_gathered found;
static struct fw_gather_options options;
static struct fw_error err;
static struct fw_text text;
static char *sources[64];
static char *excludes[8];
static unsigned fds_before;

static void set_up(void)
{
    tree_enter();
    memset(&options, 0, sizeof(options));
    options.sources.items = sources;
    options.excludes.items = excludes;
    fds_before = tree_fds();
}

static void tear_down(void)
{
    fw_gathered_deinit(&found);
    fw_text_deinit(&text);
    cr_expect_eq(tree_fds(), fds_before, "a descriptor stays open");
    tree_leave();
}

TestSuite(gather, .init = set_up, .fini = tear_down, .timeout = 60);

static void from(const char *source)
{
    sources[options.sources.count++] = (char *)(uintptr_t)source;
}

static void without(const char *glob)
{
    excludes[options.excludes.count++] = (char *)(uintptr_t)glob;
}

static int gather(void)
{
    fw_gathered_deinit(&found);
    err = (struct fw_error){ 0 };
    return fw_gather(&found, &options, &err);
}

static const char *relative(uint32_t file)
{
    cr_assert_eq(fw_gathered_relative(&found, file, &text, NULL), FW_OK);
    return text.bytes;
}

static const char *path(uint32_t file)
{
    cr_assert_eq(fw_gathered_path(&found, file, &text, NULL), FW_OK);
    return text.bytes;
}

/* The relative paths, each followed by a blank. */
static void expect_files(const char *wanted)
{
    char list[4096] = "";
    cr_assert_eq(gather(), FW_OK, "%s", err.text);
    for (uint32_t i = 0; i < found.count; i++) {
        strcat(list, relative(i));
        strcat(list, " ");
    }
    cr_expect_str_eq(list, wanted, "\"%s\", wanted \"%s\"", list, wanted);
}

static uint32_t skipped(enum fw_skip_reason reason)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < found.skipped_count; i++)
        count += found.skipped[i].reason == reason;
    return count;
}

Test(gather, a_tree_in_natural_order)
{
    tree_put("s/img10.png");
    tree_put("s/img2.png");
    tree_put("s/img2/x10");
    tree_put("s/img2/x9");
    tree_put("s/a-b");
    tree_put("s/a/z");
    tree_put("s/d10/1");
    tree_put("s/d9/1");
    tree_put("s/empty/");
    from("s");
    expect_files("a/z a-b d9/1 d10/1 img2/x9 img2/x10 img2.png img10.png ");
    cr_expect_eq(found.bytes, 8);
    cr_expect_str_eq(path(0), "s/a/z");
    struct stat status;
    cr_assert_eq(stat("s/a/z", &status), 0);
    cr_expect_eq(found.files[0].ino, status.st_ino);
    cr_expect_eq(found.files[0].size, 1);
    cr_expect_eq(found.files[0].mtime_ns / 1000000000, status.st_mtim.tv_sec);
    options.depth = 1;
    expect_files("a-b img2.png img10.png ");
    cr_expect_eq(skipped(FW_SKIP_DEPTH), 5);
    options.depth = 2;
    expect_files("a/z a-b d9/1 d10/1 img2/x9 img2/x10 img2.png img10.png ");
}

Test(gather, several_sources_merge)
{
    tree_put("one/b/2");
    tree_put("one/b/10");
    tree_put("two/b/9");
    tree_put("two/a");
    tree_put("three/b");
    tree_put("img10");
    tree_put("img9");
    from("one");
    from("two/");
    from("img10");
    from("./img9");
    from("three/b");
    expect_files("a b b/2 b/9 b/10 img9 img10 ");
    cr_expect_str_eq(path(0), "two/a");
    cr_expect_str_eq(path(1), "three/b");
    cr_expect_str_eq(path(3), "two/b/9");
    cr_expect_str_eq(path(5), "./img9");
    cr_expect_str_eq(path(6), "img10");
    cr_expect_eq(found.files[3].source, 1);
    cr_expect_eq(found.files[5].source, 3);
}

Test(gather, absolute_sources)
{
    char folder[600];
    char wanted[620];
    tree_put("s/x");
    cr_assert_not_null(getcwd(folder, sizeof(folder) - 8));
    strcat(folder, "/s//");
    (void)snprintf(wanted, sizeof(wanted), "%sx", folder);
    from(folder);
    expect_files("x ");
    cr_expect_str_eq(path(0), wanted);
    options.sources.count = 0;
    from(wanted);
    expect_files("x ");
    cr_expect_str_eq(path(0), wanted);
    cr_assert_eq(chdir("s"), 0);
    options.sources.count = 0;
    from(".");
    expect_files("x ");
    cr_expect_str_eq(path(0), "./x");
}

Test(gather, a_path_counts_once)
{
    tree_put("s/a/x");
    cr_assert_eq(link("s/a/x", "s/a/y"), 0);
    cr_assert_eq(link("s/a/x", "s/x"), 0);
    cr_assert_eq(symlink("a/x", "s/link"), 0);
    cr_assert_eq(symlink("s", "door"), 0);
    from("s");
    expect_files("a/x a/y link x ");
    cr_expect_eq(found.twins, 0);
    from("s/a");
    from("./s//a/x");
    from("door");
    from("s");
    expect_files("a/x a/y link x ");
    cr_expect_eq(found.twins, 2 + 1 + 4 + 4);
    for (uint32_t i = 0; i < found.count; i++)
        cr_expect_eq(found.files[i].source, 0);
}

Test(gather, links_and_other_things)
{
    tree_put("s/file");
    tree_put("other/inside");
    tree_put("s/.framewheel.db");
    tree_put("s/.framewheel-1/x");
    tree_put("s/.hidden");
    cr_assert_eq(symlink("file", "s/soft"), 0);
    cr_assert_eq(symlink("../other", "s/folder"), 0);
    cr_assert_eq(symlink(".", "s/loop"), 0);
    cr_assert_eq(symlink("round", "s/round"), 0);
    cr_assert_eq(symlink("nowhere", "s/broken"), 0);
    cr_assert_eq(symlink("/dev/null", "s/null"), 0);
    cr_assert_eq(mkfifo("s/pipe", 0644), 0);
    cr_assert_eq(symlink("s", "door"), 0);
    from("door");
    expect_files(".hidden file soft ");
    cr_expect_eq(skipped(FW_SKIP_FOLDER_LINK), 2);
    cr_expect_eq(skipped(FW_SKIP_NOT_A_FILE), 2);
    cr_expect_eq(skipped(FW_SKIP_OWN_STATE), 2);
    cr_expect_eq(skipped(FW_SKIP_UNREADABLE), 2);
    cr_expect_eq(found.failed, 2);
    for (uint32_t i = 0; i < found.skipped_count; i++) {
        if (found.skipped[i].reason != FW_SKIP_UNREADABLE)
            continue;
        cr_assert_eq(fw_skipped_path(&found, i, &text, NULL), FW_OK);
        cr_expect(strcmp(text.bytes, "door/broken") == 0 || strcmp(text.bytes, "door/round") == 0);
        cr_expect(found.skipped[i].error == ENOENT || found.skipped[i].error == ELOOP);
    }
}

Test(gather, exclusion)
{
    tree_put("s/keep.png");
    tree_put("s/thumb1.png");
    tree_put("s/a/thumb2.png");
    tree_put("s/a/b/c.png");
    tree_put("s/cache/x.png");
    tree_put("s/a/cache/y.png");
    tree_put("s/b/cache");
    from("s");
    without("thumb*");
    without("cache/");
    expect_files("a/b/c.png b/cache keep.png ");
    cr_expect_eq(skipped(FW_SKIP_EXCLUDED), 4);
    options.excludes.count = 0;
    without("a/*.png"); /* a wildcard matches no slash */
    expect_files("a/b/c.png a/cache/y.png b/cache cache/x.png keep.png thumb1.png ");
    options.excludes.count = 0;
    without("/cache");
    expect_files("a/b/c.png a/cache/y.png a/thumb2.png b/cache keep.png thumb1.png ");
    options.excludes.count = 0;
    without("a/b/");
    without("[ck]*");
    expect_files("a/thumb2.png thumb1.png ");
    options.excludes.count = 0;
    without("*");
    expect_files("");
    options.sources.count = 0;
    from("s/keep.png");
    expect_files("");
    options.excludes.count = 0;
    without("");
    cr_expect_eq(gather(), FW_ERR_USAGE);
    cr_expect(strstr(err.text, "empty"));
}

Test(gather, the_output_folder_inside_a_source)
{
    tree_put("s/a");
    tree_put("s/out/a");
    tree_put("s/out/deep/a");
    cr_assert_eq(symlink("s/out", "alias"), 0);
    from("s");
    options.folder = "alias";
    expect_files("a ");
    cr_expect_eq(skipped(FW_SKIP_OUTPUT_FOLDER), 1);
    options.folder = "s/not-there";
    expect_files("a out/a out/deep/a ");
    options.folder = "s/out";
    options.sources.count = 0;
    from("s/out/../out");
    cr_expect_eq(gather(), FW_ERR_USAGE);
    cr_expect(strstr(err.text, "--in-place"), "%s", err.text);
    cr_expect_null(found.files);
    options.sources.count = 0;
    from("s/out/deep");
    expect_files("a ");
}

Test(gather, missing_sources_are_named_together)
{
    char names[14][16];
    tree_put("s/a");
    cr_assert_eq(mkfifo("pipe", 0644), 0);
    for (int i = 0; i < 13; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "no\n%d", i);
        from(names[i]);
    }
    from("s");
    from("pipe");
    from("");
    cr_expect_eq(gather(), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "(15)") && strstr(err.text, "no\\x0a0") &&
                  strstr(err.text, "no\\x0a9") && !strstr(err.text, "no\\x0a10") &&
                  strstr(err.text, "and 5 more"),
              "%s", err.text);
    options.sources.count = 0;
    from("pipe");
    from("s/a/");
    cr_expect_eq(gather(), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "neither") && strstr(err.text, "Not a directory"), "%s", err.text);
}

/* Every byte that a name can have, and what shells, libraries and printf would make of names. */
static const char special[] =
    "-x\0--\0-rf\0%d\0%05d.png\0%n%s\0{n}\0{n:06}.png\0concat:a|b\0data:,x\0file:a\0http:x\0"
    "pipe:0\0new\nline\0\n\0\r\0tab\there\0\x1b[2J\0\x1b]0;t\a\0\xff\0\xc3\x28\0"
    "\xed\xa0\x80\0\xf0\x9f\x98\x80\0\xe2\x80\xae.png\0 \0  lead\0trail \0a b\0'\0\"\0`id`\0"
    "$(id)\0$HOME\0;\0&\0|\0*\0?\0[a]\0\\\0\\n\0~\0#\0!\0...\0..a\0.a\0a.\0a..b\0CON\0"
    "nul.png\0:\0<\0>\0=\0@\0^\0\x7f\0\x01\0";

static void put_hostile(const char *hostile)
{
    char name[300];
    (void)snprintf(name, sizeof(name), "s/%s", hostile);
    tree_put(name);
    (void)snprintf(name, sizeof(name), "s/d/%s", hostile);
    cr_assert_eq(mkdir(name, 0755), 0);
    int folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(folder, hostile, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    cr_assert_geq(fd, 0);
    close(fd);
    close(folder);
}

Test(gather, sixty_hostile_names)
{
    char longest[256];
    uint32_t count = 1;
    memset(longest, 'L', 255);
    longest[255] = '\0';
    cr_assert_eq(mkdir("s", 0755), 0);
    cr_assert_eq(mkdir("s/d", 0755), 0);
    put_hostile(longest);
    for (const char *name = special; *name != '\0'; name += strlen(name) + 1, count++)
        put_hostile(name);
    from("s");
    cr_assert_eq(gather(), FW_OK, "%s", err.text);
    cr_expect_eq(count, 60);
    cr_expect_eq(found.count, 2 * count);
    cr_expect_eq(found.skipped_count, 0);
    for (uint32_t i = 0; i < found.count; i++) {
        struct stat status;
        cr_assert_eq(stat(path(i), &status), 0);
        cr_expect_eq(status.st_ino, found.files[i].ino);
    }
}

/* ---- depth --------------------------------------------------------------------------------- */

static void dig(unsigned levels, const char *name)
{
    int at = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < levels; i++) {
        int fd = openat(at, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        cr_assert_geq(fd, 0);
        close(fd);
        cr_assert_eq(mkdirat(at, name, 0755), 0);
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = fd;
    }
    close(at);
}

Test(gather, five_thousand_levels)
{
    struct rlimit limit;
    const struct rlimit few = { fds_before + 40, fds_before + 40 };
    cr_assert_eq(mkdir("s", 0755), 0);
    cr_assert_eq(chdir("s"), 0);
    dig(5000, "down");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(prlimit(0, RLIMIT_NOFILE, &few, NULL), 0);
    from(".");
    without("nothing/at/all");
    cr_assert_eq(gather(), FW_OK, "%s", err.text);
    cr_expect_eq(found.count, 5000);
    cr_expect_eq(found.failed, 0);
    cr_expect_eq(strlen(path(0)), 2 + 5 * 4999 + 1);
    cr_expect_str_eq(relative(4999), "f");
    int fd = fw_path_open_long(path(0), O_RDONLY | O_NOFOLLOW);
    struct stat status;
    cr_assert_geq(fd, 0);
    cr_expect_eq(fstat(fd, &status), 0);
    cr_expect_eq(status.st_ino, found.files[0].ino);
    close(fd);
}

Test(gather, a_name_longer_than_any_path_is_no_path)
{
    char *endless = malloc(10001);
    memset(endless, 'x', 10000);
    endless[10000] = '\0';
    cr_expect_eq(fw_path_open_long(endless, O_RDONLY), -1);
    cr_expect_eq(errno, ENAMETOOLONG);
    free(endless);
}

/* ---- lists --------------------------------------------------------------------------------- */

struct feed {
    int fd;
    const char *bytes;
    size_t length;
};

static void *write_slowly(void *arg)
{
    struct feed *feed = arg;
    for (size_t i = 0; i < feed->length; i++)
        (void)!write(feed->fd, feed->bytes + i, 1);
    close(feed->fd);
    return NULL;
}

/* Gathers from a list that comes byte by byte through standard input. */
static int gather_list(const char *bytes, size_t length)
{
    static char dash[] = "-";
    static char *lists[] = { dash };
    pthread_t writer;
    int ends[2];
    int saved = dup(STDIN_FILENO);
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    struct feed feed = { ends[1], bytes, length };
    cr_assert_eq(pthread_create(&writer, NULL, write_slowly, &feed), 0);
    options.files0 = (struct fw_strings){ lists, 1 };
    int status = gather();
    cr_assert_eq(pthread_join(writer, NULL), 0);
    (void)dup2(saved, STDIN_FILENO);
    close(saved);
    return status;
}

Test(gather, a_list_through_a_pipe)
{
    tree_put("a\nb");
    tree_put("-d/x");
    tree_put("last");
    static const char list[] = "a\nb\0-d\0last";
    cr_expect_eq(gather_list(list, sizeof(list)), FW_OK, "%s", err.text);
    cr_expect_eq(found.count, 3);
    cr_expect_eq(gather_list(list, sizeof(list) - 1), FW_OK, "without the last NUL");
    cr_expect_eq(found.count, 3);
    cr_expect_str_eq(relative(0), "a\nb");
    cr_expect_eq(found.files[1].source, 2);
    cr_expect_eq(gather_list("", 0), FW_OK);
    cr_expect_eq(found.count, 0);
    cr_expect_eq(gather_list("last\0\0last", 10), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "empty name"), "%s", err.text);
    cr_expect_eq(gather_list("no\nsuch\0last", 12), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "no\\x0asuch"), "%s", err.text);
    char *endless = malloc(5000);
    memset(endless, 'y', 5000);
    cr_expect_eq(gather_list(endless, 5000), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "-print0"), "%s", err.text);
    free(endless);
    static char missing[] = "missing\n.list";
    static char *lists[] = { missing };
    options.files0 = (struct fw_strings){ lists, 1 };
    cr_expect_eq(gather(), FW_ERR_INPUT);
    cr_expect(strstr(err.text, "missing\\x0a.list"), "%s", err.text);
}

Test(gather, can_be_cancelled)
{
    static char silent[] = "pipe";
    static char *lists[] = { silent };
    tree_put("s/a");
    from("s");
    options.cancel_fd = eventfd(1, EFD_CLOEXEC);
    cr_expect_eq(gather(), FW_ERR_CANCELLED);
    cr_expect_null(found.files);
    cr_assert_eq(mkfifo("pipe", 0644), 0);
    int writer = open("pipe", O_RDWR | O_CLOEXEC);
    options.sources.count = 0;
    options.files0 = (struct fw_strings){ lists, 1 };
    cr_expect_eq(gather(), FW_ERR_CANCELLED, "a list that never comes");
    close(writer);
    close(options.cancel_fd);
}

/* ---- rights -------------------------------------------------------------------------------- */

/* Root may read everything, so the look is taken by somebody else; the child tells by its code. */
static int look_as_nobody(void)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 77;
    if (fw_gather(&found, &options, &err) != FW_OK)
        return 1;
    if (found.count != 2 || found.failed != 1 || found.skipped[0].error != EACCES)
        return 2;
    if (fw_skipped_path(&found, 0, &text, NULL) != FW_OK || strcmp(text.bytes, "s/locked") != 0)
        return 3;
    fw_gathered_deinit(&found);
    sources[options.sources.count++] = (char *)(uintptr_t) "s/locked";
    if (fw_gather(&found, &options, &err) != FW_ERR_INPUT || !strstr(err.text, "s/locked"))
        return 4;
    return 0;
}

Test(gather, an_unreadable_folder_is_reported)
{
    int status = 0;
    tree_put("s/a");
    tree_put("s/locked/x");
    tree_put("s/z");
    cr_assert_eq(chmod(".", 0755), 0);
    cr_assert_eq(chmod("s/locked", 0), 0);
    from("s");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(look_as_nobody());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(chmod("s/locked", 0755), 0);
    cr_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        cr_skip_test("no other user can be taken on here");
    cr_expect_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

/* ---- size ---------------------------------------------------------------------------------- */

Test(gather, many_files_cost_little)
{
    struct timespec start;
    struct timespec end;
    bool all = getenv("FW_LONG") != NULL;
    int files = all ? 100000 : 10000;
    char name[64];
    for (int d = 0; d < 10; d++) {
        (void)snprintf(name, sizeof(name), "s/folder%d/", d);
        tree_put(name);
    }
    for (int i = 0; i < files; i++) {
        (void)snprintf(name, sizeof(name), "s/folder%d/picture-%d.png", i % 10, i);
        int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        cr_assert_geq(fd, 0);
        close(fd);
    }
    from("s");
    cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start), 0);
    cr_assert_eq(gather(), FW_OK);
    cr_assert_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end), 0);
    double ms = (double)(end.tv_sec - start.tv_sec) * 1e3 +
                (double)(end.tv_nsec - start.tv_nsec) / 1e6;
    size_t bytes = found.room * sizeof(*found.files) + found.folders.names_room +
                   found.folders.room * sizeof(*found.folders.items);
    cr_log_info("%d files: %.0f ms, %.1f MiB", files, ms, (double)bytes / 1048576.0);
    cr_expect_eq(found.count, (uint32_t)files);
    cr_expect_lt(bytes, (size_t)files * 150 + 65536);
}
