/* A folder with a ledger for tests, and hands for it. */
#ifndef FW_TESTS_PIPELINE_LEDGER_BENCH_H
#define FW_TESTS_PIPELINE_LEDGER_BENCH_H

#include "pipeline/ledger.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[512];
static struct fw_ledger *ledger;
static struct fw_error err;

static inline void set_up(void)
{
    fw_temp_name(folder, sizeof(folder), "framewheel-ledger-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    memset(&err, 0, sizeof(err));
    ledger = NULL;
}

static inline int remove_entry(const char *path, const struct stat *status, int kind,
                               struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void tear_down(void)
{
    fw_ledger_close(ledger);
    (void)chdir("/");
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int open_ledger(const char *where, const char *state, bool wait, int cancel_fd)
{
    const struct fw_ledger_options options = { .folder = where,
                                               .state = state,
                                               .command = "framewheel images a -o b",
                                               .wait = wait,
                                               .cancel_fd = cancel_fd };
    memset(&err, 0, sizeof(err));
    return fw_ledger_open(&ledger, &options, &err);
}

static inline void must_open(void)
{
    cr_assert_eq(open_ledger(folder, NULL, false, -1), FW_OK, "%s", err.text);
}

static inline void close_ledger(void)
{
    fw_ledger_close(ledger);
    ledger = NULL;
}

static inline struct fw_ledger_item item_of(const char *name, enum fw_item_state state)
{
    return (struct fw_ledger_item){
        .output = name, .name_bytes = strlen(name), .source = name, .state = state, .attempts = 1
    };
}

static inline void record(const struct fw_ledger_item *item)
{
    cr_assert_eq(fw_ledger_record(ledger, item, &err), FW_OK, "%s", err.text);
}

static inline void commit(void)
{
    cr_assert_eq(fw_ledger_commit(ledger, &err), FW_OK, "%s", err.text);
}

static inline int find(const char *name, struct fw_ledger_item *item)
{
    return fw_ledger_find(ledger, name, strlen(name), item, &err);
}

static inline bool exists(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0;
}

static inline void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* Runs SQL the way a stranger would; the first column of the first row. */
static inline long long ask(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    long long value = -1;
    cr_assert_eq(sqlite3_open(FW_LEDGER_NAME, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    if (sqlite3_step(row) == SQLITE_ROW)
        value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return value;
}

#endif
