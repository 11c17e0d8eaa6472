/* The tokenizer under the chain grammar. */
#include "token.h"

#include <stdlib.h>
#include <string.h>

bool fw_token_is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool ends(char byte, const char *terminators)
{
    return byte == '\0' || strchr(terminators, byte) != NULL;
}

static void put(struct fw_token *token, const char *text, const uint32_t *origin, size_t at)
{
    token->text[token->bytes] = text[at];
    token->origin[token->bytes] = origin ? origin[at] : (uint32_t)at;
    token->bytes++;
}

/* Appends what lies between quotes; returns the offset behind the closing one. */
static size_t put_quoted(struct fw_token *token, const char *text, const uint32_t *origin,
                         size_t at, size_t *protected_bytes)
{
    while (text[at] && text[at] != '\'')
        put(token, text, origin, at++);
    if (text[at]) {
        at++;
        *protected_bytes = token->bytes;
    }
    return at;
}

int fw_token_read(struct fw_token *token, const char *text, const uint32_t *origin, size_t *pos,
                  const char *terminators)
{
    size_t at = *pos;
    size_t room = strlen(text + at) + 1;
    memset(token, 0, sizeof(*token));
    token->text = malloc(room);
    token->origin = calloc(room, sizeof(*token->origin));
    if (!token->text || !token->origin) {
        fw_token_deinit(token);
        return -1;
    }
    while (fw_token_is_space(text[at]))
        at++;
    size_t protected_bytes = 0; /* white space before this length was escaped and stays */
    while (!ends(text[at], terminators)) {
        if (text[at] == '\\' && text[at + 1]) {
            put(token, text, origin, at + 1);
            at += 2;
            protected_bytes = token->bytes;
        } else if (text[at] == '\'') {
            at = put_quoted(token, text, origin, at + 1, &protected_bytes);
        } else {
            put(token, text, origin, at++);
        }
    }
    while (token->bytes > protected_bytes && fw_token_is_space(token->text[token->bytes - 1]))
        token->bytes--;
    token->text[token->bytes] = '\0';
    token->origin[token->bytes] = token->bytes ? token->origin[token->bytes - 1] + 1
                                               : (origin ? origin[at] : (uint32_t)at);
    *pos = at;
    return 0;
}

void fw_token_deinit(struct fw_token *token)
{
    free(token->text);
    free(token->origin);
    memset(token, 0, sizeof(*token));
}
