/* docs/state.md and the database say the same. */
#include "pipeline/ledger.h"

#include "tests/support/temp.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[512];
static char path[600];
static sqlite3 *db;
static FILE *page;

static void set_up(void)
{
    struct fw_ledger *ledger = NULL;
    struct fw_error err = { 0 };
    fw_temp_name(folder, sizeof(folder), "framewheel-state-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    const struct fw_ledger_options options = { .folder = folder, .cancel_fd = -1 };
    const struct fw_ledger_item item = { .output = "a", .name_bytes = 1, .state = FW_ITEM_DONE };
    cr_assert_eq(fw_ledger_open(&ledger, &options, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_ledger_record(ledger, &item, &err), FW_OK, "%s", err.text);
    cr_assert_eq(fw_ledger_commit(ledger, &err), FW_OK, "%s", err.text);
    fw_ledger_close(ledger);
    (void)snprintf(path, sizeof(path), "%s/" FW_LEDGER_NAME, folder);
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    page = fopen(FW_TREE "/docs/state.md", "r");
    cr_assert_not_null(page);
}

static void tear_down(void)
{
    fclose(page);
    sqlite3_close(db);
    (void)unlink(path);
    (void)rmdir(folder);
}

TestSuite(ledger_docs, .init = set_up, .fini = tear_down);

static void list_columns(const char *table, char *text, size_t bytes)
{
    sqlite3_stmt *row = NULL;
    text[0] = '\0';
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?1)", -1, &row, NULL),
                 SQLITE_OK);
    sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(row) == SQLITE_ROW) {
        size_t used = strlen(text);
        (void)snprintf(text + used, bytes - used, "%s ", (const char *)sqlite3_column_text(row, 0));
    }
    sqlite3_finalize(row);
}

Test(ledger_docs, columns_are_those_of_the_database)
{
    char line[1024];
    char word[64];
    char table[64] = "";
    char listed[1024] = "";
    char columns[1024];
    int tables = 0;
    while (fgets(line, sizeof(line), page)) {
        if (sscanf(line, "| %63s |", word) == 1 && word[0] != '-' && strcmp(word, "column") != 0)
            (void)snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed), "%s ", word);
        if (line[0] != '#')
            continue;
        if (listed[0]) {
            list_columns(table, columns, sizeof(columns));
            cr_expect_str_eq(listed, columns, "table %s", table);
            tables++;
        }
        listed[0] = '\0';
        (void)sscanf(line, "## %63s", table);
    }
    cr_expect_eq(tables, 3);
}

Test(ledger_docs, queries_run)
{
    char line[1024];
    bool sql = false;
    int queries = 0;
    while (fgets(line, sizeof(line), page)) {
        if (strncmp(line, "```", 3) == 0) {
            sql = strcmp(line, "```sql\n") == 0;
        } else if (sql) {
            char *why = NULL;
            cr_expect_eq(sqlite3_exec(db, line, NULL, NULL, &why), SQLITE_OK, "%s%s", line, why);
            sqlite3_free(why);
            queries++;
        }
    }
    cr_expect_gt(queries, 5);
}
