/* Small helpers for JSON documents. File names are bytes; JSON is UTF-8. */
#ifndef FW_PIPELINE_DOCUMENT_H
#define FW_PIPELINE_DOCUMENT_H

#include "filters/filter.h"

#include <jansson.h>

/* A string; bytes that are no UTF-8 become {"bytes": base64}; NULL becomes null. */
json_t *fw_json_text(const char *text);
/* The bytes of what fw_json_text makes, from malloc; NULL: another value, a zero byte, no memory.
 */
char *fw_json_bytes(const json_t *value);
/* "num/den", or null for 0/x. */
json_t *fw_json_rational(struct fw_rational value);
/* The names of H.273 values that are set. */
json_t *fw_json_color(const struct fw_color *color);
/* One end of a filter: size, format, rates. */
json_t *fw_json_video(const struct fw_video *video);
/* A text from malloc, keys in the order they were set, with a newline at its end; takes the
 * reference. FW_ERR_MEMORY. */
int fw_json_finish(json_t *document, char **json_out, struct fw_error *err) FW_MUST_CHECK;

#endif
