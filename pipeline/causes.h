/* Failures grouped by their cause: messages that differ in names and numbers alone are one. Memory
 * is bounded, however many there are. */
#ifndef FW_PIPELINE_CAUSES_H
#define FW_PIPELINE_CAUSES_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_CAUSES_MAX 256     /* groups; what comes later joins "other causes" */
#define FW_CAUSE_NAMES_MAX 10 /* names kept of a group, the first ones */

struct fw_causes;

struct fw_cause {
    const char *text; /* one line; "N" stands for numbers that differ, "..." for names */
    uint64_t count;
    const char *const *names; /* bytes, as they were given */
    uint32_t name_count;
};

int fw_causes_create(struct fw_causes **causes_out, struct fw_error *err) FW_MUST_CHECK;
void fw_causes_destroy(struct fw_causes *causes); /* NULL ok */
/* The first line of the message counts; `name` is the item's, which the message may hold, with more
 * of a path before it. Both are copied; NULL is "". */
int fw_causes_add(struct fw_causes *causes, const char *message, const char *name,
                  struct fw_error *err) FW_MUST_CHECK;
uint32_t fw_causes_count(const struct fw_causes *causes);
/* Biggest first, then in the order they were met; borrowed until the next add. False past the end.
 */
bool fw_causes_at(struct fw_causes *causes, uint32_t index, struct fw_cause *cause_out);

#endif
