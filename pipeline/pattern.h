/* Numbered file names: "frame%05d.png", "frame{n:05}.png". */
#ifndef FW_PIPELINE_PATTERN_H
#define FW_PIPELINE_PATTERN_H

#include "filters/filter.h"

#include <stdbool.h>

#define FW_PATTERN_BYTES 255 /* of one file name */
#define FW_PATTERN_WIDTH 18  /* digits at most */

/* What stands before and after the number. */
struct fw_pattern {
    char before[FW_PATTERN_BYTES + 1];
    char after[FW_PATTERN_BYTES + 1];
    uint32_t width; /* digits at least, filled with zeros; 1: none */
};

/* A file name with one number in it: %d, %0Nd, {n} or {n:0N}; "%%" is a percent sign; every other
 * percent sign or brace is itself. FW_END: the name has no number, it is a plain name.
 * FW_ERR_USAGE: two numbers, a width of more than FW_PATTERN_WIDTH, more than 255 bytes. */
int fw_pattern_parse(struct fw_pattern *pattern, const char *name,
                     struct fw_error *err) FW_MUST_CHECK;
/* FW_ERR_USAGE when the name comes to more than 255 bytes or does not fit into `bytes`. */
int fw_pattern_format(const struct fw_pattern *pattern, uint64_t number, char *name, size_t bytes,
                      struct fw_error *err) FW_MUST_CHECK;
/* Whether `name` is what fw_pattern_format makes of some number: "f7.png" and "f007.png" are not
 * both of one pattern. */
bool fw_pattern_match(const struct fw_pattern *pattern, const char *name, uint64_t *number_out);

#endif
