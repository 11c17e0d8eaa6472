/*
 * The rows behind struct fw_job_option: what a value is and where it goes in struct fw_settings.
 *
 * To add an option: one row in options.c and, unless it is the command's or an encoder's, one field
 * in struct fw_settings.
 */
#ifndef FW_PIPELINE_OPTIONS_H
#define FW_PIPELINE_OPTIONS_H

#include "framewheel.h"
#include "settings.h"

enum fw_value_kind {
    FW_VALUE_COMMAND,  /* the command's own; the job accepts and ignores it */
    FW_VALUE_AV,       /* kept for encoder, codec or muxer */
    FW_VALUE_BOOL,     /* bool */
    FW_VALUE_YES,      /* enum fw_exists, to REPLACE */
    FW_VALUE_NO,       /* enum fw_exists, to SKIP */
    FW_VALUE_TEXT,     /* char * */
    FW_VALUE_LIST,     /* struct fw_strings, appended */
    FW_VALUE_PAIRS,    /* struct fw_strings of key=value, appended */
    FW_VALUE_REPORT,   /* struct fw_strings of FILE.json, appended */
    FW_VALUE_FORMAT,   /* char *; "null" also sets null_output */
    FW_VALUE_TIME,     /* int64_t, microseconds */
    FW_VALUE_MILLIS,   /* uint32_t, milliseconds, written as a time */
    FW_VALUE_RATE,     /* struct fw_rational */
    FW_VALUE_U32,      /* uint32_t in [min, max] */
    FW_VALUE_U32_AUTO, /* the same, or "auto" = 0 */
    FW_VALUE_LEVEL,    /* uint32_t, 1 + a number in [min, max]; 0: not set */
    FW_VALUE_U64,      /* uint64_t in [min, max] */
    FW_VALUE_PIXELS,   /* uint64_t, a count or WxH */
    FW_VALUE_BYTES,    /* uint64_t */
    FW_VALUE_WORD      /* enum: index of the word in value_name, "a|b|c" */
};

struct fw_option_row {
    struct fw_job_option option;
    enum fw_value_kind kind;
    size_t offset; /* in struct fw_settings */
    uint64_t min;
    uint64_t max;
};

/* The row with this name or alias, without dashes; NULL when there is none. */
const struct fw_option_row *fw_option_row_find(const char *name);
/* Stores a value in the struct that the row's offset is of: struct fw_settings, or what has its own
 * rows. FW_ERR_USAGE says what is wanted. */
int fw_option_row_set(void *base, const struct fw_option_row *row, const char *name,
                      const char *value, struct fw_error *err) FW_MUST_CHECK;
/* Whether `name` is the row's or one of its aliases. */
bool fw_option_row_is(const struct fw_option_row *row, const char *name);
/* The nearest name of any row; NULL when none is near. `buffer` holds the answer. */
const char *fw_option_nearest(const char *name, char *buffer, size_t bytes);

#endif
