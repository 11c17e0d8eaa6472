/* Tokens of FFmpeg's option and graph texts, with the byte each character came from. */
#ifndef FW_FILTERS_TOKEN_H
#define FW_FILTERS_TOKEN_H

#include "filter.h"

#include <stdbool.h>

/* origin[i] is the offset in the outermost text of text[i]; origin[bytes] of what follows it. */
struct fw_token {
    char *text;
    uint32_t *origin;
    size_t bytes;
};

/* Reads one token of `text` from *pos up to a byte of `terminators` (not consumed) and advances
 * *pos. Quoting is that of FFmpeg's documentation ("Quoting and escaping"): backslash protects one
 * byte, single quotes everything up to the next one, unprotected white space around the token is
 * dropped. `origin` maps `text` to an outer text; NULL: it is the outermost.
 * Returns 0, or -1 without memory. */
int fw_token_read(struct fw_token *token, const char *text, const uint32_t *origin, size_t *pos,
                  const char *terminators) FW_MUST_CHECK;
void fw_token_deinit(struct fw_token *token);
bool fw_token_is_space(char byte);

#endif
