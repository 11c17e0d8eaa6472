/* The database file itself: opening it with suspicion, its schema, and words for SQLite's errors.
 */
#ifndef FW_PIPELINE_LEDGER_FILE_H
#define FW_PIPELINE_LEDGER_FILE_H

#include "ledger.h"

#include <sqlite3.h>

#define FW_LEDGER_VERSION 1
#define FW_LEDGER_APPLICATION 0x4677686c /* "Fwhl" */

struct fw_ledger_file {
    sqlite3 *db;
    char *path;   /* whole, without symbolic links */
    char *folder; /* its folder, */
    char *name;   /* and its name there */
};

/* Finds out the path; the folder has to exist, the file need not. FW_ERR_OUTPUT. */
int fw_ledger_file_locate(struct fw_ledger_file *file, const char *folder, const char *state,
                          struct fw_error *err) FW_MUST_CHECK;
/* Opens it for writing, makes it where it is not there, and brings its schema up to date. */
int fw_ledger_file_open(struct fw_ledger_file *file, enum fw_durability durability,
                        struct fw_error *err) FW_MUST_CHECK;
/* Opens it for reading, whoever writes it, and leaves no files behind. FW_ERR_INPUT when there is
 * none. */
int fw_ledger_file_look(struct fw_ledger_file *file, struct fw_error *err) FW_MUST_CHECK;
void fw_ledger_file_close(struct fw_ledger_file *file);

/* FW_ERR_OUTPUT or FW_ERR_MEMORY for the last failure of this database: "PATH: WHAT: why". */
int fw_ledger_file_fail(const struct fw_ledger_file *file, const char *what, struct fw_error *err);
/* Statements without results. */
int fw_ledger_file_run(const struct fw_ledger_file *file, const char *sql, const char *what,
                       struct fw_error *err) FW_MUST_CHECK;
int fw_ledger_file_prepare(const struct fw_ledger_file *file, const char *sql,
                           sqlite3_stmt **statement_out, struct fw_error *err) FW_MUST_CHECK;

/* Makes the tables in an empty database, or brings those of an older version up to date. */
int fw_ledger_schema_apply(const struct fw_ledger_file *file, struct fw_error *err) FW_MUST_CHECK;
/* Whether it is a database of ours, of this version and as we make it. FW_ERR_OUTPUT. */
int fw_ledger_schema_check(const struct fw_ledger_file *file, struct fw_error *err) FW_MUST_CHECK;

#endif
