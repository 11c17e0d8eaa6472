/* Items, attempts and runs, written in groups. */
#include "ledger.h"

#include "framewheel.h"
#include "ledger_file.h"
#include "ledger_lock.h"
#include "publish_path.h"

#include "filters/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char not_recorded[] = "cannot record what was done";

/* Columns of items that carry an fw_ledger_item, in the order of bind_item and read_item. */
#define COLUMNS                                                                                    \
    "output, source, state, settings, input_dev, input_ino, input_size, input_mtime_ns, "          \
    "input_xxh3, input_bytes, output_ino, output_bytes, output_mtime_ns, output_xxh3, "            \
    "frames_in, frames_out, exit_code, status, signal, message, losses, attempts, started, "       \
    "wall_s, cpu_s, run"

enum statement_kind { FIND, RECORD, ATTEMPT, STATEMENTS };

static const char *const statement_texts[STATEMENTS] = {
    [FIND] = "SELECT " COLUMNS " FROM items WHERE output = ?1",
    [RECORD] = "INSERT INTO items (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
               "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26) "
               "ON CONFLICT (output) DO UPDATE SET source = ?2, state = ?3, settings = ?4, "
               "input_dev = ?5, input_ino = ?6, input_size = ?7, input_mtime_ns = ?8, "
               "input_xxh3 = ?9, input_bytes = ?10, output_ino = ?11, output_bytes = ?12, "
               "output_mtime_ns = ?13, output_xxh3 = ?14, frames_in = ?15, frames_out = ?16, "
               "exit_code = ?17, status = ?18, signal = ?19, message = ?20, losses = ?21, "
               "attempts = ?22, started = ?23, wall_s = ?24, cpu_s = ?25, run = ?26 "
               "RETURNING id",
    [ATTEMPT] = "INSERT INTO attempts (item, run, attempt, state, exit_code, status, signal, "
                "message, started, wall_s, cpu_s) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};

struct fw_ledger {
    struct fw_ledger_file file;
    struct fw_folder_lock folder_lock;
    struct fw_folder_lock state_lock; /* of a database elsewhere */
    sqlite3_stmt *statements[STATEMENTS];
    int64_t run;
    bool grouped; /* a group is open */
    char *found;  /* texts of the last find */
    size_t found_bytes;
};

/* ---- values ------------------------------------------------------------------------------- */

/* Length of the UTF-8 character at `at`, of at most `bytes`; 0 when there is none. */
static size_t character(const unsigned char *at, size_t bytes)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (length == 1)
        return at[0] ? 1 : 0;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates and what lies above U+10FFFF. */
    bool bad = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
               (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return bad ? 0 : length;
}

/* A text where it is one, so that people can query by it; other bytes as they are. A name is always
 * stored the same way, so it stays a key. */
static void bind_bytes(sqlite3_stmt *statement, int index, const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t seen = 0;
    size_t length = 1;
    if (!text) {
        (void)sqlite3_bind_null(statement, index);
        return;
    }
    while (seen < bytes && (length = character(at + seen, bytes - seen)) > 0)
        seen += length;
    if (seen == bytes)
        (void)sqlite3_bind_text64(statement, index, text, bytes, SQLITE_STATIC, SQLITE_UTF8);
    else
        (void)sqlite3_bind_blob64(statement, index, text, bytes, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    bind_bytes(statement, index, text, text ? strlen(text) : 0);
}

/* SQLite's integers are signed: the upper half of ours is stored as negative numbers. */
static void bind_number(sqlite3_stmt *statement, int index, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, index, (sqlite3_int64)value);
}

static void bind_item(sqlite3_stmt *at, const struct fw_ledger_item *item, int64_t run)
{
    bind_bytes(at, 1, item->output, item->name_bytes);
    bind_text(at, 2, item->source);
    bind_text(at, 3, fw_item_state_name(item->state));
    bind_number(at, 4, item->settings);
    bind_number(at, 5, item->input.dev);
    bind_number(at, 6, item->input.ino);
    bind_number(at, 7, item->input.size);
    bind_number(at, 8, (uint64_t)item->input.mtime_ns);
    bind_number(at, 9, item->input.xxh3);
    bind_number(at, 10, item->input_bytes);
    bind_number(at, 11, item->output_ino);
    bind_number(at, 12, item->output_bytes);
    bind_number(at, 13, (uint64_t)item->output_mtime_ns);
    bind_number(at, 14, item->output_xxh3);
    bind_number(at, 15, item->frames_in);
    bind_number(at, 16, item->frames_out);
    (void)sqlite3_bind_int(at, 17, item->exit_code);
    (void)sqlite3_bind_int(at, 18, item->status);
    (void)sqlite3_bind_int(at, 19, item->signal);
    bind_text(at, 20, item->message);
    bind_text(at, 21, item->losses);
    bind_number(at, 22, item->attempts);
    (void)sqlite3_bind_double(at, 23, item->started);
    (void)sqlite3_bind_double(at, 24, item->wall_s);
    (void)sqlite3_bind_double(at, 25, item->cpu_s);
    (void)sqlite3_bind_int64(at, 26, run);
}

/* ---- finding ------------------------------------------------------------------------------ */

static enum fw_item_state state_of(const unsigned char *word)
{
    for (int i = 0; word && i < FW_ITEM_STATES; i++) {
        if (strcmp((const char *)word, fw_item_state_name((enum fw_item_state)i)) == 0)
            return (enum fw_item_state)i;
    }
    return FW_ITEM_INTERRUPTED; /* not reached: the table checks its words */
}

/* Copies columns that hold bytes behind each other: SQLite's own would keep a reader open. */
static int copy_texts(struct fw_ledger *ledger, sqlite3_stmt *row, struct fw_ledger_item *item,
                      struct fw_error *err)
{
    const int columns[] = { 0, 1, 19, 20 };
    const char **texts[] = { &item->output, &item->source, &item->message, &item->losses };
    size_t total = 0;
    for (size_t i = 0; i < FW_COUNT(columns); i++)
        total += (size_t)sqlite3_column_bytes(row, columns[i]) + 1;
    if (total > ledger->found_bytes) {
        char *larger = realloc(ledger->found, total);
        if (!larger)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for what is known of a file");
        ledger->found = larger;
        ledger->found_bytes = total;
    }
    char *to = ledger->found;
    for (size_t i = 0; i < FW_COUNT(columns); i++) {
        const void *from = sqlite3_column_blob(row, columns[i]);
        size_t bytes = (size_t)sqlite3_column_bytes(row, columns[i]);
        if (from)
            memcpy(to, from, bytes);
        to[bytes] = '\0';
        *texts[i] = sqlite3_column_type(row, columns[i]) == SQLITE_NULL ? NULL : to;
        to += bytes + 1;
    }
    item->name_bytes = (size_t)sqlite3_column_bytes(row, 0);
    return FW_OK;
}

static uint64_t number(sqlite3_stmt *row, int column)
{
    return (uint64_t)sqlite3_column_int64(row, column);
}

static int read_item(struct fw_ledger *ledger, sqlite3_stmt *row, struct fw_ledger_item *item,
                     struct fw_error *err)
{
    memset(item, 0, sizeof(*item));
    item->state = state_of(sqlite3_column_text(row, 2));
    item->settings = number(row, 3);
    item->input.dev = number(row, 4);
    item->input.ino = number(row, 5);
    item->input.size = number(row, 6);
    item->input.mtime_ns = sqlite3_column_int64(row, 7);
    item->input.xxh3 = number(row, 8);
    item->input_bytes = number(row, 9);
    item->output_ino = number(row, 10);
    item->output_bytes = number(row, 11);
    item->output_mtime_ns = sqlite3_column_int64(row, 12);
    item->output_xxh3 = number(row, 13);
    item->frames_in = number(row, 14);
    item->frames_out = number(row, 15);
    item->exit_code = sqlite3_column_int(row, 16);
    item->status = sqlite3_column_int(row, 17);
    item->signal = sqlite3_column_int(row, 18);
    item->attempts = (uint32_t)sqlite3_column_int64(row, 21);
    item->started = sqlite3_column_double(row, 22);
    item->wall_s = sqlite3_column_double(row, 23);
    item->cpu_s = sqlite3_column_double(row, 24);
    return copy_texts(ledger, row, item, err);
}

int fw_ledger_find(struct fw_ledger *ledger, const char *output, size_t bytes,
                   struct fw_ledger_item *item_out, struct fw_error *err)
{
    sqlite3_stmt *find = ledger->statements[FIND];
    int status = FW_END;
    bind_bytes(find, 1, output, bytes);
    int result = sqlite3_step(find);
    if (result == SQLITE_ROW)
        status = read_item(ledger, find, item_out, err);
    else if (result != SQLITE_DONE)
        status = fw_ledger_file_fail(&ledger->file, "cannot read it", err);
    (void)sqlite3_reset(find);
    return status;
}

int fw_ledger_interrupted(struct fw_ledger *ledger, void (*tell)(void *user, const char *output),
                          void *user, struct fw_error *err)
{
    static const char sql[] = "SELECT output FROM items WHERE state = 'interrupted'";
    sqlite3_stmt *rows = NULL;
    int status = fw_ledger_file_prepare(&ledger->file, sql, &rows, err);
    int result = status == FW_OK ? sqlite3_step(rows) : SQLITE_DONE;
    for (; result == SQLITE_ROW; result = sqlite3_step(rows)) {
        const void *bytes = sqlite3_column_blob(rows, 0);
        char *output = strndup(bytes ? bytes : "", (size_t)sqlite3_column_bytes(rows, 0));
        if (output)
            tell(user, output);
        free(output);
    }
    if (status == FW_OK && result != SQLITE_DONE)
        status = fw_ledger_file_fail(&ledger->file, "cannot read it", err);
    (void)sqlite3_finalize(rows);
    return status;
}

/* ---- recording ---------------------------------------------------------------------------- */

static void forget_group(struct fw_ledger *ledger)
{
    ledger->grouped = false;
    if (ledger->file.db && sqlite3_get_autocommit(ledger->file.db) == 0)
        (void)sqlite3_exec(ledger->file.db, "ROLLBACK", NULL, NULL, NULL);
}

static int begin_group(struct fw_ledger *ledger, struct fw_error *err)
{
    if (ledger->grouped)
        return FW_OK;
    int status = fw_ledger_file_run(&ledger->file, "BEGIN IMMEDIATE", not_recorded, err);
    ledger->grouped = status == FW_OK;
    return status;
}

/* Steps a statement to its end. A failure may have undone the group, so all of it is given up. */
static int finish(struct fw_ledger *ledger, sqlite3_stmt *statement, int64_t *id_out,
                  struct fw_error *err)
{
    int status = FW_OK;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        if (id_out)
            *id_out = sqlite3_column_int64(statement, 0);
        result = sqlite3_step(statement);
    }
    if (result != SQLITE_DONE)
        status = fw_ledger_file_fail(&ledger->file, not_recorded, err);
    (void)sqlite3_reset(statement);
    if (status < 0)
        forget_group(ledger);
    return status;
}

static int write_item(struct fw_ledger *ledger, const struct fw_ledger_item *item, int64_t *id_out,
                      struct fw_error *err)
{
    if (!item->output || item->name_bytes == 0)
        return fw_fail(err, FW_ERR_INTERNAL, "an item without a name");
    int status = begin_group(ledger, err);
    if (status < 0)
        return status;
    bind_item(ledger->statements[RECORD], item, ledger->run);
    return finish(ledger, ledger->statements[RECORD], id_out, err);
}

int fw_ledger_begin_item(struct fw_ledger *ledger, const struct fw_ledger_item *item,
                         struct fw_error *err)
{
    struct fw_ledger_item running = {
        .output = item->output,
        .name_bytes = item->name_bytes,
        .source = item->source,
        .input = item->input,
        .settings = item->settings,
        .state = FW_ITEM_RUNNING,
        .attempts = item->attempts,
        .started = item->started,
        .output_ino = item->output_ino,
        .output_bytes = item->output_bytes,
        .output_mtime_ns = item->output_mtime_ns,
        .output_xxh3 = item->output_xxh3,
        .losses = item->losses,
        .frames_in = item->frames_in,
        .frames_out = item->frames_out,
        .wall_s = item->wall_s,
        .cpu_s = item->cpu_s,
        .input_bytes = item->input_bytes,
    };
    return write_item(ledger, &running, NULL, err);
}

int fw_ledger_record(struct fw_ledger *ledger, const struct fw_ledger_item *item,
                     struct fw_error *err)
{
    sqlite3_stmt *attempt = ledger->statements[ATTEMPT];
    int64_t id = 0;
    int status = write_item(ledger, item, &id, err);
    if (status < 0)
        return status;
    (void)sqlite3_bind_int64(attempt, 1, id);
    (void)sqlite3_bind_int64(attempt, 2, ledger->run);
    bind_number(attempt, 3, item->attempts);
    bind_text(attempt, 4, fw_item_state_name(item->state));
    (void)sqlite3_bind_int(attempt, 5, item->exit_code);
    (void)sqlite3_bind_int(attempt, 6, item->status);
    (void)sqlite3_bind_int(attempt, 7, item->signal);
    bind_text(attempt, 8, item->message);
    (void)sqlite3_bind_double(attempt, 9, item->started);
    (void)sqlite3_bind_double(attempt, 10, item->wall_s);
    (void)sqlite3_bind_double(attempt, 11, item->cpu_s);
    return finish(ledger, attempt, NULL, err);
}

int fw_ledger_commit(struct fw_ledger *ledger, struct fw_error *err)
{
    if (!ledger->grouped)
        return FW_OK;
    int status = fw_ledger_file_run(&ledger->file, "COMMIT", not_recorded, err);
    if (status < 0)
        forget_group(ledger);
    ledger->grouped = false;
    return status;
}

/* Without an exit code the run goes on. */
static int note_run(struct fw_ledger *ledger, const struct fw_ledger_counts *counts,
                    const int *exit_code, struct fw_error *err)
{
    static const char sql[] =
        "UPDATE runs SET ended = ?2, exit_code = ?3, items = ?4, done = ?5, failed = ?6, "
        "skipped = ?7, unchanged = ?8 WHERE id = ?1";
    sqlite3_stmt *statement = NULL;
    int status = begin_group(ledger, err);
    if (status == FW_OK)
        status = fw_ledger_file_prepare(&ledger->file, sql, &statement, err);
    if (status < 0)
        return status;
    (void)sqlite3_bind_int64(statement, 1, ledger->run);
    if (exit_code) {
        (void)sqlite3_bind_double(statement, 2, fw_unix_time());
        (void)sqlite3_bind_int(statement, 3, *exit_code);
    }
    bind_number(statement, 4, counts->items);
    bind_number(statement, 5, counts->done);
    bind_number(statement, 6, counts->failed);
    bind_number(statement, 7, counts->skipped);
    bind_number(statement, 8, counts->unchanged);
    status = finish(ledger, statement, NULL, err);
    (void)sqlite3_finalize(statement);
    return status;
}

int fw_ledger_plan_run(struct fw_ledger *ledger, const struct fw_ledger_counts *counts,
                       struct fw_error *err)
{
    return note_run(ledger, counts, NULL, err);
}

int fw_ledger_end_run(struct fw_ledger *ledger, const struct fw_ledger_counts *counts,
                      int exit_code, struct fw_error *err)
{
    return note_run(ledger, counts, &exit_code, err);
}

/* ---- opening ------------------------------------------------------------------------------ */

static int take_locks(struct fw_ledger *ledger, const struct fw_ledger_options *options,
                      struct fw_error *err)
{
    char name[256];
    struct fw_lock_request request = { .folder = options->folder,
                                       .name = FW_LEDGER_LOCK_NAME,
                                       .shown = options->folder,
                                       .command = options->command,
                                       .wait = options->wait,
                                       .cancel_fd = options->cancel_fd };
    int status = fw_folder_lock_open(&ledger->folder_lock, &request, err);
    if (status < 0 || !options->state)
        return status;
    /* Two folders, one database: its numbers of names would be mixed up. */
    request.folder = ledger->file.folder;
    request.name = name;
    request.shown = options->state;
    fw_path_hidden(ledger->file.name, "lock", name, sizeof(name));
    return fw_folder_lock_open(&ledger->state_lock, &request, err);
}

/* Nobody else is at work, so what still runs was killed. */
static int note_start(struct fw_ledger *ledger, const char *command, struct fw_error *err)
{
    static const char sql[] = "INSERT INTO runs (command, version, host, pid, started) "
                              "VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    sqlite3_stmt *statement = NULL;
    char host[256] = "";
    char shown[FW_SHOWN_BYTES];
    int status = begin_group(ledger, err);
    if (status == FW_OK)
        status = fw_ledger_file_run(&ledger->file,
                                    "UPDATE items SET state = 'interrupted' "
                                    "WHERE state <> 'done' AND state = 'running'",
                                    not_recorded, err);
    if (status == FW_OK)
        status = fw_ledger_file_prepare(&ledger->file, sql, &statement, err);
    if (status < 0)
        return status;
    (void)gethostname(host, sizeof(host) - 1);
    bind_text(statement, 1, command);
    (void)sqlite3_bind_text(statement, 2, fw_version(), -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 3, fw_path_shown(host, shown, sizeof(shown)), -1,
                            SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 4, getpid());
    (void)sqlite3_bind_double(statement, 5, fw_unix_time());
    status = finish(ledger, statement, &ledger->run, err);
    (void)sqlite3_finalize(statement);
    return status == FW_OK ? fw_ledger_commit(ledger, err) : status;
}

int fw_ledger_look(struct fw_ledger **ledger_out, const char *folder, const char *state,
                   struct fw_error *err)
{
    struct fw_ledger *ledger = calloc(1, sizeof(*ledger));
    if (!ledger)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the ledger");
    ledger->folder_lock.fd = ledger->folder_lock.dir_fd = -1;
    ledger->state_lock.fd = ledger->state_lock.dir_fd = -1;
    int status = fw_ledger_file_locate(&ledger->file, folder, state, err);
    if (status == FW_OK && access(ledger->file.path, F_OK) < 0)
        status = FW_END;
    if (status == FW_OK)
        status = fw_ledger_file_look(&ledger->file, err);
    if (status == FW_OK)
        status = fw_ledger_file_prepare(&ledger->file, statement_texts[FIND],
                                        &ledger->statements[FIND], err);
    if (status == FW_OK)
        *ledger_out = ledger;
    else
        fw_ledger_close(ledger);
    return status;
}

int fw_ledger_open(struct fw_ledger **ledger_out, const struct fw_ledger_options *options,
                   struct fw_error *err)
{
    struct fw_ledger *ledger = calloc(1, sizeof(*ledger));
    if (!ledger)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the ledger");
    ledger->folder_lock.fd = ledger->folder_lock.dir_fd = -1;
    ledger->state_lock.fd = ledger->state_lock.dir_fd = -1;
    int status = fw_ledger_file_locate(&ledger->file, options->folder, options->state, err);
    if (status == FW_OK)
        status = take_locks(ledger, options, err);
    if (status == FW_OK)
        status = fw_ledger_file_open(&ledger->file, options->durability, err);
    for (int i = 0; status == FW_OK && i < STATEMENTS; i++)
        status = fw_ledger_file_prepare(&ledger->file, statement_texts[i], &ledger->statements[i],
                                        err);
    if (status == FW_OK)
        status = note_start(ledger, options->command, err);
    if (status == FW_OK)
        *ledger_out = ledger;
    else
        fw_ledger_close(ledger);
    return status;
}

void fw_ledger_close(struct fw_ledger *ledger)
{
    if (!ledger)
        return;
    forget_group(ledger);
    for (int i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(ledger->statements[i]);
    /* The last one to close writes the log into the database and removes it. */
    fw_ledger_file_close(&ledger->file);
    fw_folder_lock_close(&ledger->state_lock);
    fw_folder_lock_close(&ledger->folder_lock);
    free(ledger->found);
    free(ledger);
}
