/* A database that anybody may have put there: opened by its real path, with SQLite's guards up. */
#include "ledger_file.h"

#include "publish_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 10000
#define TEXT_MAX (1 << 20)
#define CACHE_KIB "32768" /* most of what 100,000 items need */

/* ---- words -------------------------------------------------------------------------------- */

static int system_errno(const struct fw_ledger_file *file, int code)
{
    int error = file->db ? sqlite3_system_errno(file->db) : 0;
    if (code == SQLITE_FULL)
        return error == EDQUOT || error == EFBIG ? error : ENOSPC;
    return error;
}

static int fail_damaged(const char *shown, struct fw_error *err)
{
    return fw_fail(err, FW_ERR_OUTPUT,
                   "%s is damaged, or no database\n"
                   "hint: move it away to start anew; with -y finished files are made again",
                   shown);
}

int fw_ledger_file_fail(const struct fw_ledger_file *file, const char *what, struct fw_error *err)
{
    char shown[FW_SHOWN_BYTES];
    int code = file->db ? sqlite3_errcode(file->db) & 0xff : SQLITE_NOMEM;
    int error = system_errno(file, code);
    (void)fw_path_shown(file->path, shown, sizeof(shown));
    switch (code) {
    case SQLITE_NOMEM:
        return fw_fail(err, FW_ERR_MEMORY, "%s: %s: no memory", shown, what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail_damaged(shown, err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s: %s: another program holds it locked\n"
                       "hint: close the program that has it open",
                       shown, what);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s: %s: it cannot be written\n"
                       "hint: check who may write there (ls -l), or name another one with --state",
                       shown, what);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (error != 0)
            return fw_output_fail(file->path, what, error, err);
        break;
    default:
        break;
    }
    return fw_fail(err, FW_ERR_OUTPUT, "%s: %s: %s", shown, what,
                   file->db ? sqlite3_errmsg(file->db) : "no memory");
}

int fw_ledger_file_run(const struct fw_ledger_file *file, const char *sql, const char *what,
                       struct fw_error *err)
{
    if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return FW_OK;
    return fw_ledger_file_fail(file, what, err);
}

int fw_ledger_file_prepare(const struct fw_ledger_file *file, const char *sql,
                           sqlite3_stmt **statement_out, struct fw_error *err)
{
    if (sqlite3_prepare_v3(file->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL) ==
        SQLITE_OK)
        return FW_OK;
    return fw_ledger_file_fail(file, "cannot read it", err);
}

/* ---- where it is -------------------------------------------------------------------------- */

/* The state file's folder and name, as given. */
static int split(struct fw_ledger_file *file, const char *folder, const char *state)
{
    const char *name = state ? fw_path_name(state) : FW_LEDGER_NAME;
    char *given = NULL;
    if (!state)
        given = strdup(folder);
    else if (name == state)
        given = strdup(".");
    else
        given = strndup(state, (size_t)(name - state));
    file->name = strdup(name);
    file->folder = given ? realpath(given, NULL) : NULL;
    int error = given ? errno : ENOMEM;
    free(given);
    errno = error;
    return file->folder && file->name ? 0 : -1;
}

int fw_ledger_file_locate(struct fw_ledger_file *file, const char *folder, const char *state,
                          struct fw_error *err)
{
    const char *asked = state ? state : folder;
    char shown[FW_SHOWN_BYTES];
    struct stat status;
    memset(file, 0, sizeof(*file));
    if (split(file, folder, state) < 0) {
        int error = errno;
        if (error == ENOMEM)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
        return fw_output_fail(asked, "cannot open its directory", error, err);
    }
    if (!file->name[0])
        return fw_fail(err, FW_ERR_OUTPUT, "%s is a directory, not a file",
                       fw_path_shown(asked, shown, sizeof(shown)));
    if (asprintf(&file->path, "%s/%s", file->folder[1] ? file->folder : "", file->name) < 0) {
        file->path = NULL;
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    }
    if (lstat(file->path, &status) == 0 && !S_ISREG(status.st_mode))
        return fw_fail(err, FW_ERR_OUTPUT,
                       "%s is %s, not a file\nhint: move it away, or name another with --state",
                       fw_path_shown(file->path, shown, sizeof(shown)),
                       S_ISLNK(status.st_mode)   ? "a symbolic link"
                       : S_ISDIR(status.st_mode) ? "a directory"
                                                 : "something special");
    return FW_OK;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* What a database may make SQLite do while it is being read. */
static int put_guards_up(const struct fw_ledger_file *file, struct fw_error *err)
{
    (void)sqlite3_extended_result_codes(file->db, 1);
    (void)sqlite3_db_config(file->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(file->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_limit(file->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
    (void)sqlite3_busy_timeout(file->db, BUSY_MS);
    return fw_ledger_file_run(file,
                              "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
                              "PRAGMA cache_size = -" CACHE_KIB,
                              "cannot set it up", err);
}

int fw_ledger_file_open(struct fw_ledger_file *file, enum fw_durability durability,
                        struct fw_error *err)
{
    static const char what[] = "cannot set it up";
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_NOFOLLOW;
    if (sqlite3_open_v2(file->path, &file->db, flags, NULL) != SQLITE_OK)
        return fw_ledger_file_fail(file, "cannot open it", err);
    int status = put_guards_up(file, err);
    if (status == FW_OK)
        status = fw_ledger_file_run(file, "PRAGMA journal_mode = WAL", what, err);
    if (status == FW_OK)
        status = fw_ledger_file_run(file,
                                    durability == FW_DURABILITY_NONE ? "PRAGMA synchronous = NORMAL"
                                                                     : "PRAGMA synchronous = FULL",
                                    what, err);
    if (status == FW_OK)
        status = fw_ledger_schema_apply(file, err);
    if (status == FW_OK)
        status = fw_ledger_schema_check(file, err);
    return status;
}

/* "file:///a%20b?immutable=1" */
static char *uri_of(const char *path)
{
    static const char tail[] = "?immutable=1";
    size_t room = 3 * strlen(path) + sizeof("file://") + sizeof(tail);
    char *uri = malloc(room);
    if (!uri)
        return NULL;
    size_t used = (size_t)snprintf(uri, room, "file://");
    for (const char *at = path; *at; at++) {
        bool plain = (*at >= '-' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= 'a' && *at <= 'z') || *at == '_';
        used += (size_t)snprintf(uri + used, room - used, plain ? "%c" : "%%%02X",
                                 (unsigned char)*at);
    }
    (void)snprintf(uri + used, room - used, "%s", tail);
    return uri;
}

/* Without a log beside it the database is whole and nobody writes: read as it is, it needs no files
 * of SQLite's own, which would stay behind and which a folder may not take. */
static bool is_at_rest(const struct fw_ledger_file *file)
{
    struct stat status;
    char *log = NULL;
    bool rests = asprintf(&log, "%s-wal", file->path) >= 0 && lstat(log, &status) < 0;
    free(log);
    return rests;
}

int fw_ledger_file_look(struct fw_ledger_file *file, struct fw_error *err)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    char shown[FW_SHOWN_BYTES];
    if (access(file->path, R_OK) < 0)
        return fw_fail(err, FW_ERR_INPUT, "%s: %s%s",
                       fw_path_shown(file->path, shown, sizeof(shown)), strerrordesc_np(errno),
                       errno == ENOENT ? "\nhint: name the directory that a batch wrote to" : "");
    bool rests = is_at_rest(file);
    char *uri = uri_of(file->path);
    if (!uri)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a file name");
    int result = sqlite3_open_v2(rests ? uri : file->path, &file->db,
                                 rests ? flags | SQLITE_OPEN_URI : flags, NULL);
    free(uri);
    if (result != SQLITE_OK)
        return fw_ledger_file_fail(file, "cannot open it", err);
    int status = put_guards_up(file, err);
    if (status == FW_OK)
        status = fw_ledger_schema_check(file, err);
    return status;
}

void fw_ledger_file_close(struct fw_ledger_file *file)
{
    (void)sqlite3_close(file->db);
    free(file->path);
    free(file->folder);
    free(file->name);
    memset(file, 0, sizeof(*file));
}
