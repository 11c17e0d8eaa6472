/* What progress looks like. The line formats end with a newline, except the line for people. */
#ifndef FW_TOOLS_PROGRESS_TEXT_H
#define FW_TOOLS_PROGRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <framewheel/framewheel.h>

/* The line for people. What is too wide for `width` columns goes field by field, the share and the
 * time left last; 0: all fields. */
void fw_progress_line(const struct fw_progress *progress, size_t width, char *text, size_t bytes);
/* One record of "framewheel-progress/1". */
void fw_progress_json(const struct fw_progress *progress, char *text, size_t bytes);
/* A block of the keys that FFmpeg's -progress writes, in its order. */
void fw_progress_ffmpeg(const struct fw_progress *progress, bool last, char *text, size_t bytes);
/* The one record of type "end". The caller frees it; NULL without memory. */
char *fw_progress_end(const char *status, int exit_code, const char *error_text,
                      const char *report_json, double elapsed_s);

#endif
