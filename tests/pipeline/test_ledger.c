/* The ledger: what is recorded is there again, and one run at a time has it. */
#include "tests/pipeline/ledger_bench.h"

#include "pipeline/ledger_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

TestSuite(ledger, .init = set_up, .fini = tear_down);

Test(ledger, what_is_recorded_is_found_after_reopening)
{
    struct fw_ledger_item item = item_of("dir/a.png", FW_ITEM_FAILED);
    struct fw_ledger_item seen;
    item.source = "/in/a.png";
    item.input = (struct fw_identity){ 1, UINT64_MAX, 3, -4, UINT64_MAX - 1 };
    item.settings = 0xfedcba9876543210u;
    item.exit_code = 4;
    item.status = FW_ERR_INPUT;
    item.signal = 9;
    item.message = "not a PNG";
    item.losses = "[{\"kind\":\"alpha\"}]";
    item.frames_in = 10;
    item.frames_out = 11;
    item.attempts = 12;
    item.started = 1.5e9 + 0.25;
    item.wall_s = 1.25;
    item.cpu_s = 2.5;
    item.input_bytes = 13;
    item.output_bytes = 1ull << 40;
    item.output_xxh3 = 14;
    item.output_mtime_ns = 15;
    item.output_ino = 16;
    must_open();
    cr_expect_eq(find("dir/a.png", &seen), FW_END);
    record(&item);
    commit();
    close_ledger();
    must_open();
    cr_assert_eq(find("dir/a.png", &seen), FW_OK, "%s", err.text);
    cr_expect_str_eq(seen.output, item.output);
    cr_expect_eq(seen.name_bytes, item.name_bytes);
    cr_expect_str_eq(seen.source, item.source);
    cr_expect_str_eq(seen.message, item.message);
    cr_expect_str_eq(seen.losses, item.losses);
    /* With its texts gone, all of it is the same, bit by bit. */
    seen.output = item.output;
    seen.source = item.source;
    seen.message = item.message;
    seen.losses = item.losses;
    cr_expect_eq(memcmp(&seen.input, &item.input, sizeof(item.input)), 0);
    cr_expect(seen.settings == item.settings && seen.state == item.state);
    cr_expect(seen.exit_code == 4 && seen.status == FW_ERR_INPUT && seen.signal == 9);
    cr_expect(seen.frames_in == 10 && seen.frames_out == 11 && seen.attempts == 12);
    cr_expect(seen.started == item.started && seen.wall_s == 1.25 && seen.cpu_s == 2.5);
    cr_expect(seen.input_bytes == 13 && seen.output_bytes == 1ull << 40);
    cr_expect(seen.output_xxh3 == 14 && seen.output_mtime_ns == 15 && seen.output_ino == 16);
}

Test(ledger, names_are_bytes)
{
    char longest[256];
    const char *const names[] = {
        "plain",    "with space", "new\nline",    "\xff\xfe broken", "\xc3\xa4 umlaut",  "\xc3",
        "'quote\"", "\x1b[31m",   "\xed\xa0\x80", longest,           "\xf4\x90\x80\x80", "a\\b",
    };
    const size_t count = sizeof(names) / sizeof(names[0]);
    struct fw_ledger_item seen;
    memset(longest, 'x', 255);
    longest[255] = '\0';
    must_open();
    for (size_t i = 0; i < count; i++) {
        struct fw_ledger_item item = item_of(names[i], FW_ITEM_DONE);
        item.frames_in = i;
        item.message = names[i];
        record(&item);
    }
    commit();
    close_ledger();
    must_open();
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(find(names[i], &seen), FW_OK, "%zu", i);
        cr_expect_eq(seen.frames_in, i);
        cr_expect_str_eq(seen.output, names[i]);
        cr_expect_str_eq(seen.source, names[i]);
        cr_expect_str_eq(seen.message, names[i]);
    }
    close_ledger();
    cr_expect_eq(ask("SELECT count(*) FROM items"), (long long)count);
    cr_expect_eq(ask("SELECT count(*) FROM done WHERE output = 'with space'"), 1);
    cr_expect_eq(ask("SELECT count(*) FROM items WHERE typeof(output) = 'blob'"), 4);
}

Test(ledger, a_later_result_replaces_the_item_and_adds_an_attempt)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_FAILED);
    struct fw_ledger_item seen;
    must_open();
    item.message = "no";
    record(&item);
    item.state = FW_ITEM_DONE;
    item.message = NULL;
    item.source = NULL;
    item.attempts = 2;
    record(&item);
    commit();
    cr_assert_eq(find("a", &seen), FW_OK);
    cr_expect_eq(seen.state, FW_ITEM_DONE);
    cr_expect_null(seen.message);
    cr_expect_null(seen.source);
    close_ledger();
    cr_expect_eq(ask("SELECT count(*) FROM items"), 1);
    cr_expect_eq(ask("SELECT count(*) FROM attempts"), 2);
    cr_expect_eq(ask("SELECT count(*) FROM attempts WHERE state = 'failed'"), 1);
}

Test(ledger, a_group_that_is_not_committed_is_forgotten)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    struct fw_ledger_item seen;
    must_open();
    record(&item);
    commit();
    item.output = "b";
    record(&item);
    cr_expect_eq(find("b", &seen), FW_OK, "seen within the group");
    close_ledger();
    must_open();
    cr_expect_eq(find("a", &seen), FW_OK);
    cr_expect_eq(find("b", &seen), FW_END);
}

Test(ledger, a_closed_ledger_leaves_one_file)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    must_open();
    cr_expect(exists(FW_LEDGER_LOCK_NAME));
    record(&item);
    commit();
    close_ledger();
    cr_expect(exists(FW_LEDGER_NAME));
    cr_expect_not(exists(FW_LEDGER_NAME "-wal"));
    cr_expect_not(exists(FW_LEDGER_NAME "-shm"));
    cr_expect_not(exists(FW_LEDGER_LOCK_NAME));
}

Test(ledger, what_ran_when_a_run_was_killed_is_interrupted)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    struct fw_ledger_item seen;
    must_open();
    cr_assert_eq(fw_ledger_begin_item(ledger, &item, &err), FW_OK, "%s", err.text);
    commit();
    cr_assert_eq(find("a", &seen), FW_OK);
    cr_expect_eq(seen.state, FW_ITEM_RUNNING);
    close_ledger();
    must_open();
    cr_assert_eq(find("a", &seen), FW_OK);
    cr_expect_eq(seen.state, FW_ITEM_INTERRUPTED);
    close_ledger();
    cr_expect_eq(ask("SELECT count(*) FROM attempts"), 0);
}

Test(ledger, runs_are_noted)
{
    const struct fw_ledger_counts counts = { 10, 5, 1, 2, 2 };
    must_open();
    cr_assert_eq(fw_ledger_end_run(ledger, &counts, 3, &err), FW_OK, "%s", err.text);
    commit();
    close_ledger();
    must_open();
    close_ledger();
    cr_expect_eq(ask("SELECT count(*) FROM history"), 2);
    cr_expect_eq(ask("SELECT count(*) FROM runs WHERE ended >= started AND exit_code = 3 AND "
                     "items = 10 AND done = 5 AND failed = 1 AND skipped = 2 AND unchanged = 2"),
                 1);
    cr_expect_eq(ask("SELECT pid FROM runs WHERE ended IS NULL"), getpid());
}

/* ---- locks -------------------------------------------------------------------------------- */

/* A process that has the ledger open until the pipe's end is closed, or it is killed. */
static pid_t start_holder(int *stop_fd, const char *where, const char *state)
{
    int ready[2];
    int stop[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    cr_assert_eq(pipe(stop), 0);
    pid_t child = fork();
    if (child == 0) {
        close(stop[1]);
        bool open = open_ledger(where, state, false, -1) == FW_OK;
        (void)!write(ready[1], open ? "y" : "n", 1);
        (void)!read(stop[0], &byte, 1);
        fw_ledger_close(ledger);
        _exit(0);
    }
    cr_assert_gt(child, 0);
    close(ready[1]);
    close(stop[0]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(byte, 'y');
    close(ready[0]);
    *stop_fd = stop[1];
    return child;
}

Test(ledger, a_second_run_is_told_who_holds_the_folder)
{
    char wanted[64];
    int stop;
    pid_t holder = start_holder(&stop, folder, NULL);
    (void)snprintf(wanted, sizeof(wanted), "process %ld: framewheel images a -o b", (long)holder);
    cr_expect_eq(open_ledger(folder, NULL, false, -1), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, wanted), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "being worked on"), "%s", err.text);
    close(stop);
    waitpid(holder, NULL, 0);
    must_open();
}

Test(ledger, one_database_elsewhere_serves_one_run)
{
    char state[600];
    int stop;
    cr_assert_eq(mkdir("one", 0755), 0);
    cr_assert_eq(mkdir("two", 0755), 0);
    (void)snprintf(state, sizeof(state), "%s/jobs.db", folder);
    pid_t holder = start_holder(&stop, "one", state);
    cr_expect_eq(open_ledger("two", state, false, -1), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "jobs.db is being worked on"), "%s", err.text);
    cr_expect_not(exists("two/" FW_LEDGER_LOCK_NAME));
    close(stop);
    waitpid(holder, NULL, 0);
    cr_assert_eq(open_ledger("two", "jobs.db", false, -1), FW_OK, "%s", err.text);
    close_ledger();
    cr_expect_not(exists("two/" FW_LEDGER_NAME));
}

Test(ledger, waiting_ends_with_the_holder)
{
    int stop;
    pid_t holder = start_holder(&stop, folder, NULL);
    pid_t ender = fork();
    if (ender == 0) {
        usleep(150000);
        kill(holder, SIGTERM);
        _exit(0);
    }
    cr_expect_eq(open_ledger(folder, NULL, true, -1), FW_OK, "%s", err.text);
    waitpid(holder, NULL, 0);
    waitpid(ender, NULL, 0);
    close(stop);
}

Test(ledger, waiting_can_be_cancelled)
{
    int stop;
    int cancel[2];
    cr_assert_eq(pipe(cancel), 0);
    pid_t holder = start_holder(&stop, folder, NULL);
    cr_assert_eq(write(cancel[1], "x", 1), 1);
    cr_expect_eq(open_ledger(folder, NULL, true, cancel[0]), FW_ERR_CANCELLED);
    close(stop);
    waitpid(holder, NULL, 0);
}

Test(ledger, the_lock_of_a_dead_process_is_nobodys)
{
    struct fw_lock_holder seen;
    int stop;
    pid_t holder = start_holder(&stop, folder, NULL);
    fw_folder_lock_look(folder, FW_LEDGER_LOCK_NAME, &seen);
    cr_expect(seen.held && seen.pid == holder);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    cr_expect(exists(FW_LEDGER_LOCK_NAME));
    fw_folder_lock_look(folder, FW_LEDGER_LOCK_NAME, &seen);
    cr_expect_not(seen.held);
    must_open();
    close(stop);
}

/* ---- identities --------------------------------------------------------------------------- */

Test(ledger, an_input_is_known_by_size_time_and_ends)
{
    struct fw_identity a;
    struct fw_identity b;
    put("in", "some bytes");
    int fd = open("in", O_RDWR);
    cr_assert_eq(fw_identity_take(&a, fd, true, &err), FW_OK);
    cr_assert_eq(fw_identity_take(&b, fd, false, &err), FW_OK);
    cr_expect(a.size == 10 && a.xxh3 != 0 && b.xxh3 == 0);
    cr_expect(fw_identity_same(&a, &b));
    const struct timespec times[] = { { a.mtime_ns / 1000000000, a.mtime_ns % 1000000000 },
                                      { a.mtime_ns / 1000000000, a.mtime_ns % 1000000000 } };
    cr_assert_eq(pwrite(fd, "S", 1, 0), 1);
    cr_assert_eq(futimens(fd, times), 0);
    cr_assert_eq(fw_identity_take(&b, fd, true, &err), FW_OK);
    cr_expect_eq(a.mtime_ns, b.mtime_ns);
    cr_expect_not(fw_identity_same(&a, &b), "the hash tells");
    cr_assert_eq(ftruncate(fd, 1 << 20), 0);
    cr_assert_eq(fw_identity_take(&a, fd, true, &err), FW_OK);
    cr_assert_eq(pwrite(fd, "x", 1, (1 << 20) - 65536), 1);
    cr_assert_eq(fw_identity_take(&b, fd, true, &err), FW_OK);
    cr_expect_neq(a.xxh3, b.xxh3, "the tail counts");
    close(fd);
}
