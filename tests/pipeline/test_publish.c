/* The output file: what is there at which moment, and what is said when it cannot be. */
#include "pipeline/publish.h"

#include "pipeline/publish_path.h"
#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[512];
static struct fw_settings settings;
static struct fw_output output;
static struct fw_error err;
static char published[4096];

static void set_up(void)
{
    fw_temp_name(folder, sizeof(folder), "framewheel-publish-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    fw_settings_init(&settings);
    memset(&output, 0, sizeof(output));
    memset(&err, 0, sizeof(err));
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void tear_down(void)
{
    fw_output_close(&output);
    fw_settings_deinit(&settings);
    (void)chdir("/");
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(publish, .init = set_up, .fini = tear_down);

static void name_output(const char *name, enum fw_exists exists)
{
    free(settings.output);
    settings.output = strdup(name);
    settings.exists = exists;
    memset(&err, 0, sizeof(err));
}

static int check(int input_fd, bool *skip)
{
    memset(&err, 0, sizeof(err));
    return fw_output_check(&settings, input_fd, skip, &err);
}

static void put(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static bool holds(const char *name, const char *text)
{
    char seen[64] = "";
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, seen, sizeof(seen) - 1);
    if (fd >= 0)
        close(fd);
    return got == (ssize_t)strlen(text) && memcmp(seen, text, (size_t)got) == 0;
}

static unsigned entries(void)
{
    unsigned count = 0;
    DIR *list = opendir(".");
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

/* Writes `text` as the output from start to end. */
static int publish(const char *text, bool interrupted)
{
    int status = fw_output_open(&output, &settings, 0, &err);
    if (status == FW_OK) {
        cr_assert_eq(write(output.fd, text, strlen(text)), (ssize_t)strlen(text));
        status = fw_output_commit(&output, interrupted, published, sizeof(published), &err);
    }
    fw_output_close(&output);
    return status;
}

Test(publish, a_new_file_appears_whole_and_alone)
{
    mode_t old = umask(027);
    struct stat status;
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK, "%s", err.text);
    cr_expect_eq(access("out.mp4", F_OK), -1, "no name before the commit");
    cr_expect_eq(write(output.fd, "new", 3), 3);
    cr_expect_eq(fw_output_commit(&output, false, published, sizeof(published), &err), FW_OK);
    fw_output_close(&output);
    umask(old);
    cr_expect_str_eq(published, "out.mp4");
    cr_expect(holds("out.mp4", "new"));
    cr_expect_eq(stat("out.mp4", &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0640);
    cr_expect_eq(entries(), 1, "no lock and no temporary file stay");
}

Test(publish, dropped_leaves_nothing)
{
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK);
    cr_expect_eq(write(output.fd, "part", 4), 4);
    fw_output_close(&output);
    cr_expect_eq(entries(), 0);
}

Test(publish, an_existing_file_is_safe)
{
    bool skip = true;
    put("out.mp4", "old");
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "exists") && strstr(err.text, "-y"), "%s", err.text);
    cr_expect_not(skip);
    name_output("out.mp4", FW_EXISTS_SKIP);
    cr_expect_eq(check(-1, &skip), FW_OK);
    cr_expect(skip);
    name_output("out.mp4", FW_EXISTS_REPLACE);
    cr_expect_eq(check(-1, &skip), FW_OK);
    cr_expect_eq(publish("new", false), FW_OK, "%s", err.text);
    cr_expect(holds("out.mp4", "new"));
    cr_expect_eq(entries(), 1);
}

Test(publish, a_file_that_appears_meanwhile_is_safe)
{
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK);
    put("out.mp4", "other");
    cr_expect_eq(fw_output_commit(&output, false, published, sizeof(published), &err),
                 FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "appeared"), "%s", err.text);
    cr_expect_str_empty(published);
    fw_output_close(&output);
    cr_expect(holds("out.mp4", "other"));
    cr_expect_eq(entries(), 1);
}

Test(publish, links_are_replaced_and_never_followed)
{
    bool skip;
    put("victim", "precious");
    cr_assert_eq(symlink("victim", "out.mp4"), 0);
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "symbolic link"), "%s", err.text);
    cr_assert_eq(symlink("nowhere", "dangling.mp4"), 0);
    name_output("dangling.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    name_output("out.mp4", FW_EXISTS_REPLACE);
    cr_expect_eq(check(-1, &skip), FW_OK, "%s", err.text);
    cr_expect_eq(publish("new", false), FW_OK);
    cr_expect(holds("victim", "precious"));
    cr_expect(holds("out.mp4", "new"));
}

Test(publish, planted_links_on_our_own_names_are_not_followed)
{
    char lock[64];
    char temp[64];
    put("victim", "precious");
    fw_path_hidden("out.mp4", "lock", lock, sizeof(lock));
    fw_path_hidden("out.mp4", "tmp", temp, sizeof(temp));
    cr_assert_eq(symlink("victim", temp), 0);
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(publish("new", false), FW_OK, "%s", err.text);
    cr_assert_eq(symlink("victim", lock), 0);
    name_output("out.mp4", FW_EXISTS_REPLACE);
    cr_expect_eq(publish("newer", false), FW_ERR_OUTPUT);
    cr_expect(holds("victim", "precious"));
}

Test(publish, the_input_is_never_the_output)
{
    bool skip;
    put("in.mp4", "media");
    cr_assert_eq(link("in.mp4", "hard.mp4"), 0);
    cr_assert_eq(symlink("in.mp4", "soft.mp4"), 0);
    int fd = open("in.mp4", O_RDONLY | O_CLOEXEC);
    static const char *const names[] = { "in.mp4", "./in.mp4", "hard.mp4", "soft.mp4" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name_output(names[i], FW_EXISTS_REPLACE);
        cr_expect_eq(check(fd, &skip), FW_ERR_USAGE, "%s", names[i]);
    }
    close(fd);
}

Test(publish, what_is_no_file_is_refused)
{
    bool skip;
    cr_assert_eq(mkdir("sub", 0755), 0);
    static const char *const names[] = { "sub", "sub/", ".", "..", "sub/..", "missing/out.mp4" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name_output(names[i], FW_EXISTS_REPLACE);
        cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT, "%s", names[i]);
    }
    cr_expect(strstr(err.text, "mkdir -p"), "%s", err.text);
    cr_expect_eq(entries(), 1);
}

Test(publish, names_are_bytes)
{
    static const char *const names[] = { "-x.mp4",   "data:x.png", "a%05d.mp4", "new\nline.mp4",
                                         "\xff\xfe", "concat:a|b", " ",         "..mp4",
                                         "\"'\\" };
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name_output(names[i], FW_EXISTS_FAIL);
        cr_expect_eq(publish("new", false), FW_OK, "%s", err.text);
        cr_expect(holds(names[i], "new"));
    }
    name_output(longest, FW_EXISTS_FAIL);
    cr_expect_eq(publish("new", false), FW_OK, "%s", err.text);
    cr_expect_eq(publish("new", true), FW_ERR_OUTPUT, "its final name is taken");
    char *too_long = NULL;
    bool skip;
    cr_assert_geq(asprintf(&too_long, "%sx", longest), 0);
    name_output(too_long, FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "255 bytes"), "%s", err.text);
    free(too_long);
}

Test(publish, interrupted_leaves_the_final_name_alone)
{
    put("out.mp4", "old");
    put("out.interrupted.mp4", "older");
    name_output("./out.mp4", FW_EXISTS_REPLACE);
    cr_expect_eq(publish("part", true), FW_OK, "%s", err.text);
    cr_expect_str_eq(published, "./out.interrupted.mp4");
    cr_expect(holds("out.mp4", "old"));
    cr_expect(holds("out.interrupted.mp4", "part"));
    cr_expect_eq(entries(), 2);
}

Test(publish, an_interrupted_file_takes_nobodys_place)
{
    put("out.interrupted.mp4", "mine");
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(publish("part", true), FW_OK, "%s", err.text);
    cr_expect_str_eq(published, "out.interrupted-2.mp4");
    cr_expect(holds("out.interrupted.mp4", "mine"));
    cr_expect(holds("out.interrupted-2.mp4", "part"));
    cr_expect_eq(publish("more", true), FW_OK, "%s", err.text);
    cr_expect_str_eq(published, "out.interrupted-3.mp4");
}

Test(publish, names_of_interrupted_files)
{
    char name[FW_NAME_BYTES + 1];
    char longest[256];
    fw_path_interrupted("clip.tar.mp4", 1, name, sizeof(name));
    cr_expect_str_eq(name, "clip.tar.interrupted.mp4");
    fw_path_interrupted("plain", 2, name, sizeof(name));
    cr_expect_str_eq(name, "plain.interrupted-2");
    fw_path_interrupted(".hidden", 1, name, sizeof(name));
    cr_expect_str_eq(name, ".hidden.interrupted");
    memset(longest, 'x', 255);
    memcpy(longest + 251, ".mp4", 5);
    fw_path_interrupted(longest, 1, name, sizeof(name));
    cr_expect_eq(strlen(name), 255);
    cr_expect_str_eq(name + 255 - 16, ".interrupted.mp4");
}

/* ---- two runs ----------------------------------------------------------------------------- */

Test(publish, two_runs_cannot_write_one_name)
{
    struct fw_output other = { 0 };
    char pid[32];
    name_output("out.mp4", FW_EXISTS_REPLACE);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK);
    cr_expect_eq(fw_output_open(&other, &settings, 0, &err), FW_ERR_OUTPUT);
    (void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    cr_expect(strstr(err.text, pid), "%s", err.text);
    fw_output_close(&other);
    fw_output_close(&output);
    memset(&err, 0, sizeof(err));
    cr_expect_eq(fw_output_open(&other, &settings, 0, &err), FW_OK, "%s", err.text);
    fw_output_close(&other);
    cr_expect_eq(entries(), 0);
}

Test(publish, what_a_killed_run_left_goes)
{
    char lock[64];
    char temp[64];
    fw_path_hidden("out.mp4", "lock", lock, sizeof(lock));
    fw_path_hidden("out.mp4", "tmp", temp, sizeof(temp));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        settings.output = strdup("out.mp4");
        if (fw_output_open(&output, &settings, 0, &err) < 0)
            _exit(1);
        put(temp, "rest");
        raise(SIGKILL);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    cr_expect_eq(access(lock, F_OK), 0);
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(publish("new", false), FW_OK, "%s", err.text);
    cr_expect(holds("out.mp4", "new"));
    cr_expect_eq(entries(), 1);
}

/* Many processes publish the same name without -y: exactly one may win. */
Test(publish, one_winner_of_many)
{
    enum { RUNS = 16 };
    int won = 0;
    pid_t children[RUNS];
    fflush(NULL);
    for (int i = 0; i < RUNS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            settings.output = strdup("out.mp4");
            int code = fw_output_open(&output, &settings, 0, &err);
            if (code == FW_OK && write(output.fd, "whole", 5) != 5)
                _exit(2);
            if (code == FW_OK)
                code = fw_output_commit(&output, false, published, sizeof(published), &err);
            fw_output_close(&output);
            _exit(code == FW_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < RUNS; i++) {
        int status = 0;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    cr_expect_eq(won, 1, "%d won", won);
    cr_expect(holds("out.mp4", "whole"));
    cr_expect_eq(entries(), 1);
}

/* ---- pipes and devices -------------------------------------------------------------------- */

static void *read_pipe(void *arg)
{
    char *text = arg;
    int fd = open("pipe", O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, text, 15);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
    return NULL;
}

Test(publish, a_pipe_is_written_in_place)
{
    char text[16] = "";
    pthread_t reader;
    bool skip = true;
    cr_assert_eq(mkfifo("pipe", 0644), 0);
    name_output("pipe", FW_EXISTS_FAIL);
    settings.stall_ms = 5000;
    cr_expect_eq(check(-1, &skip), FW_OK, "%s", err.text);
    cr_assert_eq(pthread_create(&reader, NULL, read_pipe, text), 0);
    cr_expect_eq(publish("data", false), FW_OK, "%s", err.text);
    cr_assert_eq(pthread_join(reader, NULL), 0);
    cr_expect_str_eq(text, "data");
    cr_expect_eq(entries(), 1);
}

Test(publish, a_pipe_without_a_reader_is_not_waited_for_ever)
{
    cr_assert_eq(mkfifo("pipe", 0644), 0);
    name_output("pipe", FW_EXISTS_FAIL);
    settings.stall_ms = 100;
    cr_expect_eq(fw_output_open(&output, &settings, 0, &err), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "nothing reads"), "%s", err.text);
}

Test(publish, devices_and_links_of_the_system)
{
    bool skip = true;
    name_output("/dev/null", FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_OK, "%s", err.text);
    cr_expect_not(skip);
    cr_expect_eq(publish("data", false), FW_OK, "%s", err.text);
    name_output("/dev/stdout", FW_EXISTS_REPLACE);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "'-'"), "%s", err.text);
}

/* ---- trouble ------------------------------------------------------------------------------ */

Test(publish, a_folder_that_vanishes)
{
    cr_assert_eq(mkdir("sub", 0755), 0);
    name_output("sub/out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK);
    char lock[80];
    (void)snprintf(lock, sizeof(lock), "sub/%s", output.lock_name);
    cr_assert_eq(unlink(lock), 0);
    cr_assert_eq(rmdir("sub"), 0);
    cr_expect_eq(fw_output_commit(&output, false, published, sizeof(published), &err),
                 FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "removed during the run"), "%s", err.text);
}

Test(publish, room_is_checked)
{
    name_output("out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK);
    cr_expect_eq(fw_output_room(&output, 1, &err), FW_OK);
    cr_expect_eq(fw_output_room(&output, UINT64_MAX / 2, &err), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "needed"), "%s", err.text);
}

/* A small file system of our own, in a mount namespace of this test's process. */
static bool mount_small(unsigned long flags)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdir("fs", 0755) == 0 &&
           mount("tmpfs", "fs", "tmpfs", flags, "size=64k") == 0;
}

Test(publish, a_full_disk)
{
    static char block[65536];
    if (!mount_small(0))
        cr_skip_test("a mount of our own needs root");
    name_output("fs/out.mp4", FW_EXISTS_FAIL);
    cr_assert_eq(fw_output_open(&output, &settings, 0, &err), FW_OK, "%s", err.text);
    cr_expect_eq(fw_output_room(&output, 1u << 20, &err), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "free"), "%s", err.text);
    while (write(output.fd, block, sizeof(block)) > 0)
        continue;
    cr_expect_eq(errno, ENOSPC);
    fw_output_close(&output);
    cr_expect_eq(access("fs/out.mp4", F_OK), -1);
    cr_expect_eq(umount("fs"), 0);
}

Test(publish, a_read_only_file_system)
{
    bool skip;
    if (!mount_small(MS_RDONLY))
        cr_skip_test("a mount of our own needs root");
    name_output("fs/out.mp4", FW_EXISTS_FAIL);
    cr_expect_eq(check(-1, &skip), FW_ERR_OUTPUT);
    cr_expect(strstr(err.text, "read-only"), "%s", err.text);
    memset(&err, 0, sizeof(err));
    cr_expect_eq(fw_output_open(&output, &settings, 0, &err), FW_ERR_OUTPUT);
    cr_expect_eq(umount("fs"), 0);
}

Test(publish, names_are_shown_escaped)
{
    char text[64];
    cr_expect_str_eq(fw_path_shown("a\nb\x1b[1m", text, sizeof(text)), "a\\x0ab\\x1b[1m");
    cr_expect_str_eq(fw_path_shown("\xc3\xa9\xff", text, sizeof(text)), "\xc3\xa9\\xff");
    fw_path_shown("0123456789012345678901234567890123456789", text, 24);
    cr_expect_str_eq(text + strlen(text) - 3, "...");
}
