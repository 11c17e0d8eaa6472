/* The tables, as docs/state.md describes them, and how a database gets them. */
#include "ledger_file.h"

#include "publish_path.h"

#include "filters/check.h"

#include <stdio.h>
#include <string.h>

/* In the words that SQLite keeps, so that a database can be compared with them: what a stranger
 * put there instead is never run. */
struct object {
    const char *name;
    const char *sql;
};

static const struct object objects[] = {
    { "runs", "CREATE TABLE runs (\n"
              "  id INTEGER PRIMARY KEY,\n"
              "  command ANY,\n"
              "  version TEXT NOT NULL,\n"
              "  host TEXT NOT NULL,\n"
              "  pid INTEGER NOT NULL,\n"
              "  started REAL NOT NULL,\n"
              "  ended REAL,\n"
              "  exit_code INTEGER,\n"
              "  items INTEGER NOT NULL DEFAULT 0,\n"
              "  done INTEGER NOT NULL DEFAULT 0,\n"
              "  failed INTEGER NOT NULL DEFAULT 0,\n"
              "  skipped INTEGER NOT NULL DEFAULT 0,\n"
              "  unchanged INTEGER NOT NULL DEFAULT 0\n"
              ") STRICT" },
    { "items", "CREATE TABLE items (\n"
               "  id INTEGER PRIMARY KEY,\n"
               "  output ANY NOT NULL UNIQUE,\n"
               "  source ANY,\n"
               "  state TEXT NOT NULL CHECK (state IN\n"
               "    ('running', 'done', 'failed', 'skipped', 'interrupted')),\n"
               "  settings INTEGER NOT NULL,\n"
               "  input_dev INTEGER NOT NULL,\n"
               "  input_ino INTEGER NOT NULL,\n"
               "  input_size INTEGER NOT NULL,\n"
               "  input_mtime_ns INTEGER NOT NULL,\n"
               "  input_xxh3 INTEGER NOT NULL,\n"
               "  input_bytes INTEGER NOT NULL,\n"
               "  output_ino INTEGER NOT NULL,\n"
               "  output_bytes INTEGER NOT NULL,\n"
               "  output_mtime_ns INTEGER NOT NULL,\n"
               "  output_xxh3 INTEGER NOT NULL,\n"
               "  frames_in INTEGER NOT NULL,\n"
               "  frames_out INTEGER NOT NULL,\n"
               "  exit_code INTEGER NOT NULL,\n"
               "  status INTEGER NOT NULL,\n"
               "  signal INTEGER NOT NULL,\n"
               "  message ANY,\n"
               "  losses ANY,\n"
               "  attempts INTEGER NOT NULL,\n"
               "  started REAL NOT NULL,\n"
               "  wall_s REAL NOT NULL,\n"
               "  cpu_s REAL NOT NULL,\n"
               "  run INTEGER NOT NULL REFERENCES runs (id)\n"
               ") STRICT" },
    { "items_open", "CREATE INDEX items_open ON items (state) WHERE state <> 'done'" },
    { "attempts", "CREATE TABLE attempts (\n"
                  "  id INTEGER PRIMARY KEY,\n"
                  "  item INTEGER NOT NULL REFERENCES items (id),\n"
                  "  run INTEGER NOT NULL REFERENCES runs (id),\n"
                  "  attempt INTEGER NOT NULL,\n"
                  "  state TEXT NOT NULL,\n"
                  "  exit_code INTEGER NOT NULL,\n"
                  "  status INTEGER NOT NULL,\n"
                  "  signal INTEGER NOT NULL,\n"
                  "  message ANY,\n"
                  "  started REAL NOT NULL,\n"
                  "  wall_s REAL NOT NULL,\n"
                  "  cpu_s REAL NOT NULL\n"
                  ") STRICT" },
    { "done", "CREATE VIEW done AS\n"
              "  SELECT output, source, output_bytes, frames_out, wall_s, losses,\n"
              "    datetime(started, 'unixepoch') AS started\n"
              "  FROM items WHERE state = 'done'" },
    { "failed", "CREATE VIEW failed AS\n"
                "  SELECT output, source, message, exit_code, signal, attempts,\n"
                "    datetime(started, 'unixepoch') AS started\n"
                "  FROM items WHERE state = 'failed'" },
    { "summary", "CREATE VIEW summary AS\n"
                 "  SELECT state, count(*) AS items, total(input_bytes) AS input_bytes,\n"
                 "    total(output_bytes) AS output_bytes, total(frames_in) AS frames_in,\n"
                 "    total(frames_out) AS frames_out, total(wall_s) AS wall_s,\n"
                 "    total(cpu_s) AS cpu_s\n"
                 "  FROM items GROUP BY state" },
    { "slowest", "CREATE VIEW slowest AS\n"
                 "  SELECT output, source, wall_s, cpu_s, frames_in, input_bytes\n"
                 "  FROM items ORDER BY wall_s DESC LIMIT 20" },
    { "history", "CREATE VIEW history AS\n"
                 "  SELECT id, datetime(started, 'unixepoch') AS started,\n"
                 "    round(ended - started, 3) AS seconds, exit_code, items, done, failed,\n"
                 "    skipped, unchanged, command\n"
                 "  FROM runs ORDER BY id DESC" },
};

/* One row for each version that is older than this one: what turns it into the next. */
static const struct {
    int from;
    const char *sql;
} migrations[] = {
    { 0, NULL }, /* empty: all of `objects` is made */
};

static int read_number(const struct fw_ledger_file *file, const char *sql, int64_t *value_out,
                       struct fw_error *err)
{
    sqlite3_stmt *statement = NULL;
    int status = fw_ledger_file_prepare(file, sql, &statement, err);
    if (status == FW_OK && sqlite3_step(statement) != SQLITE_ROW)
        status = fw_ledger_file_fail(file, "cannot read it", err);
    if (status == FW_OK)
        *value_out = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

static int read_version(const struct fw_ledger_file *file, int64_t *version_out,
                        struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    int64_t application = 0;
    int64_t count = 0;
    int status = read_number(file, "PRAGMA application_id", &application, err);
    if (status == FW_OK)
        status = read_number(file, "SELECT count(*) FROM sqlite_schema", &count, err);
    if (status == FW_OK)
        status = read_number(file, "PRAGMA user_version", version_out, err);
    if (status < 0)
        return status;
    (void)fw_path_shown(file->path, shown, sizeof(shown));
    if (application == 0 && count == 0 && *version_out == 0)
        return FW_OK;
    if (application != FW_LEDGER_APPLICATION || *version_out < 1)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s is a database of another program\n"
                       "hint: name another one with --state, or move it away",
                       shown);
    if (*version_out > FW_LEDGER_VERSION)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s was written by a newer framewheel (schema %lld, this one knows %d)\n"
                       "hint: use that framewheel, or name another database with --state",
                       shown, (long long)*version_out, FW_LEDGER_VERSION);
    return FW_OK;
}

static int migrate(const struct fw_ledger_file *file, int64_t version, struct fw_error *err)
{
    static const char what[] = "cannot make its tables";
    char stamp[128];
    int status = FW_OK;
    for (size_t i = 0; status == FW_OK && version == 0 && i < FW_COUNT(objects); i++)
        status = fw_ledger_file_run(file, objects[i].sql, what, err);
    for (size_t i = 0; status == FW_OK && version > 0 && i < FW_COUNT(migrations); i++) {
        if (migrations[i].from >= version)
            status = fw_ledger_file_run(file, migrations[i].sql, what, err);
    }
    (void)snprintf(stamp, sizeof(stamp), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   FW_LEDGER_APPLICATION, FW_LEDGER_VERSION);
    if (status == FW_OK)
        status = fw_ledger_file_run(file, stamp, what, err);
    return status;
}

int fw_ledger_schema_apply(const struct fw_ledger_file *file, struct fw_error *err)
{
    static const char what[] = "cannot make its tables";
    int64_t version = 0;
    int status = read_version(file, &version, err);
    if (status < 0 || version == FW_LEDGER_VERSION)
        return status;
    status = fw_ledger_file_run(file, "BEGIN IMMEDIATE", what, err);
    if (status == FW_OK)
        status = migrate(file, version, err);
    if (status == FW_OK)
        status = fw_ledger_file_run(file, "COMMIT", what, err);
    if (status < 0 && sqlite3_get_autocommit(file->db) == 0)
        (void)sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static bool is_ours(sqlite3_stmt *statement, const struct object *object)
{
    (void)sqlite3_reset(statement);
    (void)sqlite3_bind_text(statement, 1, object->name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return false;
    const unsigned char *sql = sqlite3_column_text(statement, 0);
    return sql != NULL && strcmp((const char *)sql, object->sql) == 0;
}

int fw_ledger_schema_check(const struct fw_ledger_file *file, struct fw_error *err)
{
    sqlite3_stmt *statement = NULL;
    char shown[FW_SHOWN_BYTES];
    int64_t version = 0;
    int64_t triggers = 0;
    int status = read_version(file, &version, err);
    if (status == FW_OK)
        status = read_number(file, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'",
                             &triggers, err);
    if (status == FW_OK)
        status = fw_ledger_file_prepare(file, "SELECT sql FROM sqlite_schema WHERE name = ?1",
                                        &statement, err);
    if (status < 0)
        return status;
    bool good = version == FW_LEDGER_VERSION && triggers == 0;
    for (size_t i = 0; good && i < FW_COUNT(objects); i++)
        good = is_ours(statement, &objects[i]);
    (void)sqlite3_finalize(statement);
    if (!good)
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s: its tables are not those of framewheel\n"
                       "hint: move it away to start anew; finished files are made again",
                       fw_path_shown(file->path, shown, sizeof(shown)));
    return FW_OK;
}
