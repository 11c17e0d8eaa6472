/* What progress looks like. The line formats end with a newline, except the line for people. */
#ifndef FW_TOOLS_PROGRESS_TEXT_H
#define FW_TOOLS_PROGRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <framewheel/framewheel.h>

#include "progress.h"

/* Fields of the line for people, in their order. */
#define FW_FIELDS_MAX 12
struct fw_fields {
    char text[FW_FIELDS_MAX][64]; /* "": left out */
};
/* Joins them with spaces. What is too wide for `width` columns goes field by field, in the order of
 * `dispensable`; 0: all fields. */
void fw_fields_join(struct fw_fields *fields, const uint8_t *dispensable, uint32_t count,
                    size_t width, char *text, size_t bytes);
/* The one record of type "end". The caller frees it; NULL without memory. */
char *fw_progress_end(const struct fw_look *look, const char *status, int exit_code,
                      const char *error_text, const char *report_json, double elapsed_s);

#endif
