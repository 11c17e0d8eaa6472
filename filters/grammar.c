/* Chain text to calls: two levels of quoting, as FFmpeg's graph and option parsers have. */
#include "grammar.h"

#include "token.h"

#include <stdlib.h>
#include <string.h>

#define NAME_END "=,;["
#define ARGS_END "[],;"

static bool is_key_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '/' || byte == '.';
}

/* Takes "key =" at *pos if it is there. */
static bool read_key(const struct fw_token *args, size_t *pos, size_t *first, size_t *end)
{
    size_t at = *pos;
    while (fw_token_is_space(args->text[at]))
        at++;
    *first = at;
    while (is_key_byte(args->text[at]))
        at++;
    *end = at;
    while (fw_token_is_space(args->text[at]))
        at++;
    if (*end == *first || args->text[at] != '=')
        return false;
    *pos = at + 1;
    return true;
}

static int read_arg(struct fw_arg *arg, const struct fw_token *args, size_t *pos)
{
    size_t first;
    size_t end;
    memset(arg, 0, sizeof(*arg));
    if (read_key(args, pos, &first, &end)) {
        arg->key = strndup(args->text + first, end - first);
        arg->key_first = args->origin[first];
        arg->key_end = args->origin[end - 1] + 1;
        if (!arg->key)
            return -1;
    }
    struct fw_token value;
    if (fw_token_read(&value, args->text, args->origin, pos, ":") < 0)
        return -1;
    arg->value_first = value.origin[0];
    arg->value_end = value.bytes ? value.origin[value.bytes - 1] + 1 : value.origin[0];
    arg->value = value.text;
    value.text = NULL;
    fw_token_deinit(&value);
    return 0;
}

static int read_args(struct fw_call *call, const struct fw_token *args)
{
    size_t pos = 0;
    size_t room = 1;
    for (size_t i = 0; i < args->bytes; i++)
        room += args->text[i] == ':';
    call->args = calloc(room, sizeof(*call->args));
    if (!call->args)
        return -1;
    while (args->text[pos]) {
        if (read_arg(&call->args[call->arg_count], args, &pos) < 0)
            return -1;
        call->arg_count++;
        if (args->text[pos] != ':')
            break;
        pos++;
    }
    return 0;
}

/* Splits "fw.name@id". */
static int set_name(struct fw_call *call, const struct fw_token *token)
{
    const char *name = token->text;
    size_t skip = 0;
    if (strncmp(name, "lavfi.", 6) == 0) {
        call->engine = FW_ENGINE_LAVFI;
        skip = 6;
    } else if (strncmp(name, "fw.", 3) == 0) {
        call->engine = FW_ENGINE_OWN;
        skip = 3;
    }
    const char *at = strchr(name + skip, '@');
    size_t bytes = at ? (size_t)(at - name) - skip : strlen(name + skip);
    call->name = strndup(name + skip, bytes);
    call->id = at ? strdup(at + 1) : NULL;
    call->name_first = token->origin[0];
    call->name_end = token->origin[skip + bytes];
    return call->name && (!at || call->id) ? 0 : -1;
}

static int read_call(struct fw_call *call, const char *text, size_t *pos)
{
    struct fw_token token;
    if (fw_token_read(&token, text, NULL, pos, NAME_END) < 0)
        return -1;
    int status = set_name(call, &token);
    fw_token_deinit(&token);
    if (status < 0)
        return -1;
    call->end = (uint32_t)*pos;
    if (text[*pos] != '=') {
        call->text = strdup("");
        return call->text ? 0 : -1;
    }
    size_t first = ++*pos;
    if (fw_token_read(&token, text, NULL, pos, ARGS_END) < 0)
        return -1;
    call->end = (uint32_t)*pos;
    call->text = strndup(text + first, *pos - first);
    status = call->text ? read_args(call, &token) : -1;
    fw_token_deinit(&token);
    return status;
}

/* Skips "[label]" once or several times; text[*pos] is behind them and white space. */
static void skip_labels(struct fw_grammar *grammar, struct fw_complaints *complaints, size_t *pos)
{
    const char *text = complaints->text;
    while (text[*pos] == '[') {
        size_t bytes = strcspn(text + *pos, "]");
        grammar->branched = true;
        if (!text[*pos + bytes] || bytes < 2)
            fw_complain(complaints, (uint32_t)*pos, (uint32_t)(*pos + bytes), NULL,
                        bytes < 2 ? "a label's name is missing here"
                                  : "this label has no closing ']'");
        *pos += bytes + (text[*pos + bytes] != '\0');
        *pos += strspn(text + *pos, " \n\t\r");
    }
}

/* "sws_flags=...;" before the first filter sets what libavfilter's own conversions do. */
static void skip_flags(struct fw_grammar *grammar, const char *text, size_t *pos)
{
    if (strncmp(text + *pos, "sws_flags=", 10) != 0)
        return;
    *pos += strcspn(text + *pos, ";");
    *pos += text[*pos] == ';';
    *pos += strspn(text + *pos, " \n\t\r");
    grammar->branched = true;
}

/* A filter with its labels, up to what separates it from the next one. */
static int read_step(struct fw_grammar *grammar, struct fw_complaints *complaints, size_t *pos)
{
    const char *text = complaints->text;
    struct fw_call *call = &grammar->calls[grammar->call_count];
    skip_labels(grammar, complaints, pos);
    grammar->call_count++;
    if (read_call(call, text, pos) < 0) {
        complaints->count++;
        return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory to read a filter chain");
    }
    skip_labels(grammar, complaints, pos);
    if (!*call->name)
        fw_complain(complaints, call->name_first, call->name_first, NULL,
                    "a filter's name is missing here");
    if (text[*pos] == ';')
        grammar->branched = true;
    if (text[*pos] && text[*pos] != ',' && text[*pos] != ';') {
        fw_complain(complaints, (uint32_t)*pos, (uint32_t)*pos + 1, NULL,
                    "',' or ';' is missing before this");
        *pos = strlen(text);
    }
    return FW_OK;
}

static int set_whole(struct fw_grammar *grammar, struct fw_complaints *complaints)
{
    struct fw_call *whole = &grammar->whole;
    whole->name = strdup("graph");
    whole->text = strdup(complaints->text);
    whole->name_end = whole->end = (uint32_t)strlen(complaints->text);
    if (whole->name && whole->text)
        return FW_OK;
    complaints->count++;
    return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory to read a filter graph");
}

int fw_grammar_parse(struct fw_grammar *grammar, struct fw_complaints *complaints)
{
    const char *text = complaints->text;
    size_t pos = strspn(text, " \n\t\r");
    memset(grammar, 0, sizeof(*grammar));
    skip_flags(grammar, text, &pos);
    while (text[pos] || grammar->call_count > 0) {
        if (grammar->call_count == FW_CHAIN_FILTERS_MAX) {
            fw_complain(complaints, (uint32_t)pos, (uint32_t)strlen(text), NULL,
                        "a chain takes at most %d filters", FW_CHAIN_FILTERS_MAX);
            break;
        }
        if (read_step(grammar, complaints, &pos) < 0)
            return FW_ERR_MEMORY;
        if (!text[pos])
            break;
        pos++;
        pos += strspn(text + pos, " \n\t\r");
    }
    if (grammar->branched && set_whole(grammar, complaints) < 0)
        return FW_ERR_MEMORY;
    return complaints->count ? FW_ERR_USAGE : FW_OK;
}

static void free_call(struct fw_call *call)
{
    for (uint32_t k = 0; k < call->arg_count; k++) {
        free(call->args[k].key);
        free(call->args[k].value);
    }
    free(call->args);
    free(call->name);
    free(call->id);
    free(call->text);
}

void fw_grammar_deinit(struct fw_grammar *grammar)
{
    for (uint32_t i = 0; i < FW_CHAIN_FILTERS_MAX; i++)
        free_call(&grammar->calls[i]);
    free_call(&grammar->whole);
    memset(grammar, 0, sizeof(*grammar));
}
