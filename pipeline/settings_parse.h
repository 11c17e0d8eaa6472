/* Values as people write them. Every function reads the whole text, never looks at the locale, and
 * returns false, leaving *out alone, when the text is not such a value or does not fit. */
#ifndef FW_PIPELINE_SETTINGS_PARSE_H
#define FW_PIPELINE_SETTINGS_PARSE_H

#include "filters/filter.h"

#include <stdbool.h>

/* Digits only. */
bool fw_parse_u64(const char *text, uint64_t *out);
/* FFmpeg's durations: 55, 0.2, 200ms, 10us, 1:02:03.5, 02:03; a leading '-' is allowed. */
bool fw_parse_time(const char *text, int64_t *us_out);
/* 4096, 512M, 1.5GiB (powers of 1024), 10MB (powers of 1000). */
bool fw_parse_size(const char *text, uint64_t *bytes_out);
/* 24, 30000/1001, 23.976, or FFmpeg's names (ntsc, pal, film, ntsc-film, ...); above zero. */
bool fw_parse_rate(const char *text, struct fw_rational *out);
/* A count, or WxH. */
bool fw_parse_pixels(const char *text, uint64_t *out);

#endif
