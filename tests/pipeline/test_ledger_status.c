/* What a ledger says of itself while and after it is written. */
#include "tests/pipeline/ledger_bench.h"

#include "pipeline/framewheel.h"

#include <jansson.h>
#include <signal.h>
#include <sys/wait.h>

TestSuite(ledger_status, .init = set_up, .fini = tear_down);

static json_t *status_of(const char *where)
{
    char *text = NULL;
    memset(&err, 0, sizeof(err));
    cr_assert_eq(fw_status_json(where, NULL, &text, &err), FW_OK, "%s", err.text);
    json_t *document = json_loads(text, 0, NULL);
    cr_assert_not_null(document);
    free(text);
    return document;
}

static json_int_t count_of(const json_t *document, const char *state)
{
    return json_integer_value(json_object_get(json_object_get(document, "counts"), state));
}

Test(ledger_status, status_is_told_while_a_run_writes)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    must_open();
    item.input_bytes = 7;
    record(&item);
    item = item_of("b.png", FW_ITEM_RUNNING);
    cr_assert_eq(fw_ledger_begin_item(ledger, &item, &err), FW_OK);
    for (int i = 0; i < 3; i++) {
        const char *const names[] = { "c\xff", "d", "e" };
        char message[64];
        item = item_of(names[i], FW_ITEM_FAILED);
        (void)snprintf(message, sizeof(message), "x/%s: frame %d is damaged",
                       i ? names[i] : "c\\xff", i);
        item.message = message;
        record(&item);
    }
    commit();
    item = item_of("late", FW_ITEM_DONE);
    record(&item);
    json_t *seen = status_of(folder);
    cr_expect_str_eq(json_string_value(json_object_get(seen, "schema")), "framewheel-status/1");
    cr_expect(count_of(seen, "items") == 5 && count_of(seen, "done") == 1);
    cr_expect(count_of(seen, "failed") == 3 && count_of(seen, "running") == 1);
    const json_t *holder = json_object_get(seen, "holder");
    cr_expect_eq(json_integer_value(json_object_get(holder, "pid")), getpid());
    const json_t *causes = json_object_get(seen, "causes");
    cr_assert_eq(json_array_size(causes), 1);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(causes, 0), "cause")),
                     "frame N is damaged");
    cr_expect_eq(json_array_size(json_object_get(seen, "failed")), 3);
    cr_expect_eq(json_array_size(json_object_get(seen, "running")), 1);
    json_decref(seen);
    close_ledger();
    seen = status_of(folder);
    cr_expect(json_is_null(json_object_get(seen, "holder")));
    cr_expect(count_of(seen, "running") == 0 && count_of(seen, "interrupted") == 1);
    json_decref(seen);
    cr_expect_not(exists(FW_LEDGER_NAME "-wal"), "readers leave nothing");
    cr_expect_not(exists(FW_LEDGER_NAME "-shm"));
}

static json_int_t progress_of(const json_t *document, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(document, "progress"), key));
}

Test(ledger_status, what_is_left_is_told)
{
    struct fw_ledger_counts counts = { .items = 3 };
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    must_open();
    json_t *seen = status_of(folder);
    cr_expect(json_is_null(json_object_get(seen, "progress")), "it has told no number yet");
    json_decref(seen);
    cr_assert_eq(fw_ledger_plan_run(ledger, &counts, &err), FW_OK, "%s", err.text);
    record(&item);
    item = item_of("b", FW_ITEM_RUNNING);
    cr_assert_eq(fw_ledger_begin_item(ledger, &item, &err), FW_OK);
    commit();
    seen = status_of(folder);
    cr_expect(progress_of(seen, "items") == 3 && progress_of(seen, "done") == 1);
    cr_expect(progress_of(seen, "running") == 1 && progress_of(seen, "not_begun") == 1);
    json_decref(seen);
    item = item_of("b", FW_ITEM_INTERRUPTED);
    record(&item);
    counts.done = 1;
    cr_assert_eq(fw_ledger_end_run(ledger, &counts, 130, &err), FW_OK, "%s", err.text);
    commit();
    close_ledger();
    must_open();
    counts = (struct fw_ledger_counts){ .items = 4, .unchanged = 1, .skipped = 1, .failed = 1 };
    seen = status_of(folder);
    cr_expect(json_is_null(json_object_get(seen, "progress")), "a new run begins");
    json_decref(seen);
    cr_assert_eq(fw_ledger_plan_run(ledger, &counts, &err), FW_OK, "%s", err.text);
    commit();
    close_ledger();
    seen = status_of(folder);
    cr_expect(progress_of(seen, "unchanged") == 1 && progress_of(seen, "failed") == 1);
    cr_expect(progress_of(seen, "interrupted") == 0 && progress_of(seen, "not_begun") == 1);
    json_decref(seen);
}

Test(ledger_status, status_reads_what_a_killed_run_left)
{
    struct fw_ledger_item item = item_of("a", FW_ITEM_DONE);
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)!open_ledger(folder, NULL, false, -1);
        (void)!fw_ledger_record(ledger, &item, &err);
        (void)!fw_ledger_commit(ledger, &err);
        (void)!write(ready[1], "y", 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_expect(exists(FW_LEDGER_NAME "-wal"));
    json_t *seen = status_of(folder);
    cr_expect_eq(count_of(seen, "done"), 1);
    json_decref(seen);
}

Test(ledger_status, a_folder_without_a_database_has_no_status)
{
    char *text = NULL;
    cr_expect_eq(fw_status_json(folder, NULL, &text, &err), FW_ERR_INPUT);
    cr_expect_not_null(strstr(err.text, FW_LEDGER_NAME), "%s", err.text);
    memset(&err, 0, sizeof(err));
    cr_expect_eq(fw_status_json("nowhere", NULL, &text, &err), FW_ERR_INPUT);
    cr_expect_not(exists(FW_LEDGER_NAME), "looking makes nothing");
}
