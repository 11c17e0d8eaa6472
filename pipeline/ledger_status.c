/* fw_status_json: what a batch's database says, read while others may write it. */
#include "framewheel.h"

#include "causes.h"
#include "document.h"
#include "ledger_file.h"
#include "ledger_lock.h"
#include "publish_path.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct fw_ledger_file file;
    struct fw_lock_holder holder;
    json_t *document;
};

/* ---- values ------------------------------------------------------------------------------- */

/* Texts and bytes alike; NULL when the column is. Borrowed until the next step. */
static const char *text_at(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return NULL;
    const unsigned char *text = sqlite3_column_text(row, column);
    return text ? (const char *)text : "";
}

static json_t *number_at(sqlite3_stmt *row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        return json_null();
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(row, column));
    default:
        return json_integer(sqlite3_column_int64(row, column));
    }
}

/* A member for each column, called as the column is: names as names, the rest as it comes. */
static json_t *object_of(sqlite3_stmt *row)
{
    json_t *object = json_object();
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        int type = sqlite3_column_type(row, i);
        bool text = type == SQLITE_TEXT || type == SQLITE_BLOB;
        json_object_set_new(object, sqlite3_column_name(row, i),
                            text ? fw_json_text(text_at(row, i)) : number_at(row, i));
    }
    return object;
}

/* An array of the rows. */
static int read_rows(const struct reading *reading, const char *key, const char *sql,
                     struct fw_error *err)
{
    sqlite3_stmt *rows = NULL;
    int result = SQLITE_DONE;
    int status = fw_ledger_file_prepare(&reading->file, sql, &rows, err);
    if (status < 0)
        return status;
    json_t *array = json_array();
    while ((result = sqlite3_step(rows)) == SQLITE_ROW)
        json_array_append_new(array, object_of(rows));
    if (result != SQLITE_DONE)
        status = fw_ledger_file_fail(&reading->file, "cannot read it", err);
    (void)sqlite3_finalize(rows);
    json_object_set_new(reading->document, key, array);
    return status;
}

/* ---- parts -------------------------------------------------------------------------------- */

static json_t *whole(double value)
{
    return json_integer(value >= 0 && value < 9e18 ? (json_int_t)value : 0);
}

/* What says "running" under nobody's lock was killed. */
static const char *state_now(const struct reading *reading, const char *state)
{
    bool dead = strcmp(state, "running") == 0 && !reading->holder.held;
    return dead ? "interrupted" : state;
}

static int read_counts(const struct reading *reading, struct fw_error *err)
{
    static const char sql[] = "SELECT state, count(*), total(input_bytes), total(output_bytes), "
                              "total(frames_in), total(frames_out), total(wall_s), total(cpu_s) "
                              "FROM items GROUP BY state";
    sqlite3_stmt *rows = NULL;
    int64_t counts[FW_ITEM_STATES] = { 0 };
    int64_t items = 0;
    double totals[6] = { 0 };
    int result = SQLITE_DONE;
    int status = fw_ledger_file_prepare(&reading->file, sql, &rows, err);
    if (status < 0)
        return status;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *word = text_at(rows, 0);
        const char *state = state_now(reading, word ? word : "");
        items += sqlite3_column_int64(rows, 1);
        for (int i = 0; i < FW_ITEM_STATES; i++) {
            if (strcmp(state, fw_item_state_name((enum fw_item_state)i)) == 0)
                counts[i] += sqlite3_column_int64(rows, 1);
        }
        for (int i = 0; i < 6; i++)
            totals[i] += sqlite3_column_double(rows, i + 2);
    }
    if (result != SQLITE_DONE)
        status = fw_ledger_file_fail(&reading->file, "cannot read it", err);
    (void)sqlite3_finalize(rows);
    json_t *object = json_object();
    json_object_set_new(object, "items", json_integer(items));
    for (int i = 0; i < FW_ITEM_STATES; i++)
        json_object_set_new(object, fw_item_state_name((enum fw_item_state)i),
                            json_integer(counts[i]));
    json_object_set_new(reading->document, "counts", object);
    json_object_set_new(reading->document, "totals",
                        json_pack("{s:o,s:o,s:o,s:o,s:f,s:f}", "input_bytes", whole(totals[0]),
                                  "output_bytes", whole(totals[1]), "frames_in", whole(totals[2]),
                                  "frames_out", whole(totals[3]), "wall_s", totals[4], "cpu_s",
                                  totals[5]));
    return status;
}

/* How far the last run is. What it left alone has no row of its own, so that is as it was noted
 * when the run began; of one that ended, so is everything. Null: it has not noted its items. */
static json_t *progress_of(const struct reading *reading, sqlite3_stmt *run)
{
    enum { ENDED, ITEMS, DONE, FAILED, SKIPPED, UNCHANGED, ROWS };
    bool ended = sqlite3_column_type(run, ENDED) != SQLITE_NULL;
    int64_t rows[FW_ITEM_STATES];
    for (int i = 0; i < FW_ITEM_STATES; i++)
        rows[i] = sqlite3_column_int64(run, ROWS + i);
    int64_t items = sqlite3_column_int64(run, ITEMS);
    int64_t unchanged = sqlite3_column_int64(run, UNCHANGED);
    int64_t done = ended ? sqlite3_column_int64(run, DONE) : rows[FW_ITEM_DONE];
    int64_t failed = sqlite3_column_int64(run, FAILED) + (ended ? 0 : rows[FW_ITEM_FAILED]);
    int64_t skipped = sqlite3_column_int64(run, SKIPPED) + (ended ? 0 : rows[FW_ITEM_SKIPPED]);
    bool alive = reading->holder.held && !ended;
    int64_t running = alive ? rows[FW_ITEM_RUNNING] : 0;
    int64_t interrupted = rows[FW_ITEM_INTERRUPTED] + rows[FW_ITEM_RUNNING] - running;
    int64_t begun = done + failed + skipped + unchanged + running + interrupted;
    if (items <= 0)
        return json_null();
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "items", (json_int_t)items, "done",
                     (json_int_t)done, "unchanged", (json_int_t)unchanged, "failed",
                     (json_int_t)failed, "skipped", (json_int_t)skipped, "running",
                     (json_int_t)running, "interrupted", (json_int_t)interrupted, "not_begun",
                     (json_int_t)(items > begun ? items - begun : 0));
}

static int read_progress(const struct reading *reading, struct fw_error *err)
{
    /* Counts in the order of enum fw_item_state. */
    static const char sql[] =
        "SELECT ended, runs.items, done, failed, skipped, unchanged, "
        "count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'done'), "
        "count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'skipped'), "
        "count(*) FILTER (WHERE state = 'interrupted') "
        "FROM runs LEFT JOIN items ON items.run = runs.id "
        "WHERE runs.id = (SELECT max(id) FROM runs) GROUP BY runs.id";
    sqlite3_stmt *run = NULL;
    int status = fw_ledger_file_prepare(&reading->file, sql, &run, err);
    if (status < 0)
        return status;
    int result = sqlite3_step(run);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        status = fw_ledger_file_fail(&reading->file, "cannot read it", err);
    json_object_set_new(reading->document, "progress",
                        result == SQLITE_ROW ? progress_of(reading, run) : json_null());
    (void)sqlite3_finalize(run);
    return status;
}

static json_t *causes_json(struct fw_causes *causes)
{
    struct fw_cause cause;
    json_t *array = json_array();
    for (uint32_t i = 0; fw_causes_at(causes, i, &cause); i++) {
        json_t *names = json_array();
        for (uint32_t n = 0; n < cause.name_count; n++)
            json_array_append_new(names, fw_json_text(cause.names[n]));
        json_array_append_new(array, json_pack("{s:o,s:I,s:o}", "cause", fw_json_text(cause.text),
                                               "count", (json_int_t)cause.count, "sources", names));
    }
    return array;
}

static int group_failures(const struct reading *reading, struct fw_causes *causes,
                          struct fw_error *err)
{
    /* Messages name the source. */
    static const char sql[] = "SELECT message, output, source FROM items "
                              "WHERE state <> 'done' AND state = 'failed' ORDER BY id";
    sqlite3_stmt *rows = NULL;
    int result = SQLITE_DONE;
    int status = fw_ledger_file_prepare(&reading->file, sql, &rows, err);
    if (status < 0)
        return status;
    while (status == FW_OK && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *source = text_at(rows, 2);
        status = fw_causes_add(causes, text_at(rows, 0), source ? source : text_at(rows, 1), err);
    }
    if (status == FW_OK && result != SQLITE_DONE)
        status = fw_ledger_file_fail(&reading->file, "cannot read it", err);
    (void)sqlite3_finalize(rows);
    return status;
}

static int read_failures(const struct reading *reading, struct fw_error *err)
{
    struct fw_causes *causes = NULL;
    int status = fw_causes_create(&causes, err);
    if (status == FW_OK)
        status = group_failures(reading, causes, err);
    if (status == FW_OK)
        json_object_set_new(reading->document, "causes", causes_json(causes));
    fw_causes_destroy(causes);
    if (status == FW_OK)
        status = read_rows(reading, "failed",
                           "SELECT output, source, message, exit_code, signal, attempts, started "
                           "FROM items WHERE state <> 'done' AND state = 'failed' ORDER BY id",
                           err);
    return status;
}

static json_t *holder_json(const struct fw_lock_holder *holder)
{
    if (!holder->held)
        return json_null();
    return json_pack("{s:o,s:o,s:o,s:f}", "pid",
                     holder->pid > 0 ? json_integer(holder->pid) : json_null(), "host",
                     fw_json_text(holder->host), "command", fw_json_text(holder->command), "since",
                     holder->since);
}

/* All of it from one moment, whatever is written meanwhile. */
static int read_all(const struct reading *reading, struct fw_error *err)
{
    json_object_set_new(reading->document, "holder", holder_json(&reading->holder));
    int status = fw_ledger_file_run(&reading->file, "BEGIN", "cannot read it", err);
    if (status == FW_OK)
        status = read_counts(reading, err);
    if (status == FW_OK)
        status = read_progress(reading, err);
    if (status == FW_OK && reading->holder.held)
        status = read_rows(reading, "running",
                           "SELECT output, source, started, attempts FROM items "
                           "WHERE state <> 'done' AND state = 'running' "
                           "ORDER BY started LIMIT 256",
                           err);
    else
        json_object_set_new(reading->document, "running", json_array());
    if (status == FW_OK)
        status = read_failures(reading, err);
    if (status == FW_OK)
        status = read_rows(reading, "runs",
                           "SELECT id, command, version, host, pid, started, ended, exit_code, "
                           "items, done, failed, skipped, unchanged FROM runs "
                           "ORDER BY id DESC LIMIT 10",
                           err);
    return status;
}

static void look_for_holder(struct reading *reading, const char *folder, const char *state)
{
    char name[256];
    fw_folder_lock_look(folder, FW_LEDGER_LOCK_NAME, &reading->holder);
    if (reading->holder.held || !state)
        return;
    fw_path_hidden(reading->file.name, "lock", name, sizeof(name));
    fw_folder_lock_look(reading->file.folder, name, &reading->holder);
}

int fw_status_json(const char *folder, const char *state, char **json_out, struct fw_error *err)
{
    struct reading reading = { .document = json_object() };
    int status = fw_ledger_file_locate(&reading.file, folder, state, err);
    if (status == FW_OK) {
        look_for_holder(&reading, folder, state);
        status = fw_ledger_file_look(&reading.file, err);
    }
    if (status == FW_OK) {
        json_object_set_new(reading.document, "schema", json_string("framewheel-status/1"));
        json_object_set_new(reading.document, "folder", fw_json_text(folder));
        json_object_set_new(reading.document, "state", fw_json_text(reading.file.path));
        status = read_all(&reading, err);
    }
    if (status == FW_OK)
        status = fw_json_finish(json_incref(reading.document), json_out, err);
    json_decref(reading.document);
    fw_ledger_file_close(&reading.file);
    /* Nothing is written here: what is missing or damaged is an input. */
    if (status == FW_ERR_OUTPUT) {
        status = FW_ERR_INPUT;
        if (err)
            err->status = status;
    }
    return status;
}
