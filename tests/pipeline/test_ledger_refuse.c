/* What a ledger refuses, and what is said when a disk is full. */
#include "tests/pipeline/ledger_bench.h"

#include "pipeline/framewheel.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

TestSuite(ledger_refuse, .init = set_up, .fini = tear_down);

static void expect_refusal(const char *words)
{
    cr_expect_eq(open_ledger(folder, NULL, false, -1), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, words), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "hint: "), "%s", err.text);
    cr_expect_not(exists(FW_LEDGER_LOCK_NAME), "no lock stays");
}

Test(ledger_refuse, a_newer_schema_is_refused)
{
    must_open();
    close_ledger();
    (void)ask("PRAGMA user_version = 2");
    expect_refusal("written by a newer framewheel (schema 2, this one knows 1)");
}

Test(ledger_refuse, other_files_are_refused_and_left_alone)
{
    char text[4097];
    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put(FW_LEDGER_NAME, text);
    expect_refusal("damaged, or no database");
    cr_assert_eq(unlink(FW_LEDGER_NAME), 0);
    (void)ask("CREATE TABLE other (x)");
    expect_refusal("database of another program");
    cr_assert_eq(unlink(FW_LEDGER_NAME), 0);
    cr_assert_eq(symlink("/nonexistent/x", FW_LEDGER_NAME), 0);
    expect_refusal("a symbolic link");
    cr_assert_eq(unlink(FW_LEDGER_NAME), 0);
    cr_assert_eq(mkdir(FW_LEDGER_NAME, 0755), 0);
    expect_refusal("a directory");
}

Test(ledger_refuse, tables_that_are_not_ours_are_never_run)
{
    must_open();
    close_ledger();
    (void)ask("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM items; END");
    expect_refusal("its tables are not those of framewheel");
    (void)ask("DROP TRIGGER t");
    (void)ask("DROP VIEW failed");
    expect_refusal("its tables are not those of framewheel");
    (void)ask("CREATE VIEW failed AS WITH RECURSIVE f(x) AS (SELECT 1 UNION ALL SELECT x FROM f) "
              "SELECT * FROM f");
    expect_refusal("its tables are not those of framewheel");
}

Test(ledger_refuse, a_damaged_database_is_said_to_be)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    struct fw_ledger_item seen;
    char name[64];
    int status = FW_OK;
    must_open();
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        item.output = name;
        item.name_bytes = strlen(name);
        record(&item);
    }
    commit();
    close_ledger();
    int fd = open(FW_LEDGER_NAME, O_RDWR);
    off_t end = lseek(fd, 0, SEEK_END);
    for (off_t at = 16 * 4096; at < end; at += 4096)
        cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, at), 8);
    close(fd);
    must_open();
    for (int i = 0; i < 2000 && status >= 0; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        status = find(name, &seen);
    }
    cr_expect_eq(status, FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "damaged"), "%s", err.text);
}

Test(ledger_refuse, a_missing_folder_is_refused)
{
    cr_expect_eq(open_ledger("nowhere", NULL, false, -1), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "nowhere"), "%s", err.text);
}

/* A small file system of our own, in a mount namespace of this test's process. */
static bool mount_small(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdir("fs", 0755) == 0 &&
           mount("tmpfs", "fs", "tmpfs", 0, "size=512k") == 0;
}

/* Groups of ten until one does not fit; how many did. */
static int fill_disk(void)
{
    char name[64];
    int status = FW_OK;
    int groups = 0;
    for (; status == FW_OK && groups < 10000; groups += status == FW_OK) {
        for (int i = 0; status == FW_OK && i < 10; i++) {
            (void)snprintf(name, sizeof(name), "item-%d", groups * 10 + i);
            struct fw_ledger_item item = item_of(name, FW_ITEM_DONE);
            status = fw_ledger_record(ledger, &item, &err);
        }
        if (status == FW_OK)
            status = fw_ledger_commit(ledger, &err);
    }
    cr_expect_eq(status, FW_ERR_OUTPUT);
    return groups;
}

Test(ledger_refuse, a_full_disk_is_said_and_takes_nothing_back)
{
    struct fw_ledger_item seen;
    char name[64];
    if (!mount_small())
        cr_skip_test("a mount of our own needs root");
    cr_assert_eq(open_ledger("fs", NULL, false, -1), FW_OK, "%s", err.text);
    int groups = fill_disk();
    cr_expect_not_null(strstr(err.text, "No space left on device"), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "hint: free some space"), "%s", err.text);
    cr_expect_gt(groups, 10);
    close_ledger();
    cr_assert_eq(mount("tmpfs", "fs", "tmpfs", MS_REMOUNT, "size=4m"), 0);
    cr_assert_eq(open_ledger("fs", NULL, false, -1), FW_OK, "%s", err.text);
    for (int i = 0; i < groups * 10 + 10; i++) {
        (void)snprintf(name, sizeof(name), "item-%d", i);
        cr_expect_eq(find(name, &seen), i < groups * 10 ? FW_OK : FW_END, "%d", i);
    }
    close_ledger();
    cr_assert_eq(mount("tmpfs", "fs", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    cr_expect_eq(open_ledger("fs", NULL, false, -1), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "Read-only file system"), "%s", err.text);
    char *text = NULL;
    memset(&err, 0, sizeof(err));
    cr_expect_eq(fw_status_json("fs", NULL, &text, &err), FW_OK, "%s", err.text);
    free(text);
    cr_expect_eq(umount("fs"), 0);
}
