/* Typed options: reading, range checks, messages. */
#include "params.h"

#include "expr.h"
#include "suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(enum fw_option_type type)
{
    return type == FW_OPTION_STRING || type == FW_OPTION_PATH || type == FW_OPTION_EXPR;
}

static const char *type_name(enum fw_option_type type)
{
    switch (type) {
    case FW_OPTION_BOOL:
        return "0 or 1";
    case FW_OPTION_INT:
        return "integer";
    case FW_OPTION_FLOAT:
        return "number";
    case FW_OPTION_ENUM:
        return "one word";
    case FW_OPTION_FLAGS:
        return "words joined by '+'";
    case FW_OPTION_COLOR:
        return "colour";
    case FW_OPTION_STRING:
        return "text";
    case FW_OPTION_PATH:
        return "file name";
    case FW_OPTION_EXPR:
        return "expression";
    case FW_OPTION_DURATION:
        return "duration";
    }
    return "value";
}

static void append(char *text, size_t bytes, const char *piece)
{
    size_t used = strnlen(text, bytes);
    if (used < bytes)
        (void)snprintf(text + used, bytes - used, "%s", piece);
}

void fw_params_describe(char *text, size_t bytes, const struct fw_option *option)
{
    char piece[96];
    (void)snprintf(text, bytes, "(%s", type_name(option->type));
    bool ranged = option->type == FW_OPTION_INT || option->type == FW_OPTION_FLOAT;
    if (ranged && option->max > option->min) {
        (void)snprintf(piece, sizeof(piece), ", %.10g..%.10g", option->min, option->max);
        append(text, bytes, piece);
    }
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++) {
        append(text, bytes, choice == option->choices ? ": " : "|");
        append(text, bytes, choice->name);
    }
    if (option->variables) {
        append(text, bytes, " of ");
        append(text, bytes, option->variables);
    }
    if (option->unit) {
        append(text, bytes, ", in ");
        append(text, bytes, option->unit);
    }
    if (option->default_text) {
        append(text, bytes, ", default ");
        append(text, bytes, option->default_text);
    }
    append(text, bytes, ")");
}

static const struct fw_choice *find_choice(const struct fw_option *option, const char *name,
                                           size_t bytes)
{
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++) {
        if (strlen(choice->name) == bytes && strncmp(choice->name, name, bytes) == 0)
            return choice;
    }
    return NULL;
}

/* A number in FFmpeg's syntax: an expression without variables, so "1/3" and "4K" work. */
static int read_number(const char *text, double *value_out)
{
    return *text && fw_expr_once(value_out, text, "", NULL, NULL) == FW_OK && !isnan(*value_out)
               ? 0
               : -1;
}

static int read_flags(const struct fw_option *option, const char *text, int64_t *value_out)
{
    int64_t value = 0;
    char sign = '+';
    if (*text == '+' || *text == '-')
        sign = *text++;
    for (;;) {
        size_t bytes = strcspn(text, "+-");
        const struct fw_choice *choice = find_choice(option, text, bytes);
        if (!choice)
            return -1;
        value = sign == '+' ? value | choice->value : value & ~choice->value;
        if (!text[bytes])
            break;
        sign = text[bytes];
        text += bytes + 1;
    }
    *value_out = value;
    return 0;
}

enum verdict { STORED, UNREADABLE, OUT_OF_RANGE, NO_MEMORY };

static enum verdict store_number(void *slot, const struct fw_option *option, const char *text)
{
    double value;
    const struct fw_choice *choice = find_choice(option, text, strlen(text));
    if (choice)
        value = (double)choice->value;
    else if (read_number(text, &value) < 0)
        return UNREADABLE;
    if (option->max > option->min && (value < option->min || value > option->max))
        return OUT_OF_RANGE;
    if (option->type == FW_OPTION_FLOAT) {
        *(double *)slot = value;
        return STORED;
    }
    if (fabs(value) > 9e15)
        return OUT_OF_RANGE;
    *(int64_t *)slot = llrint(value);
    return STORED;
}

static enum verdict store_bool(int32_t *slot, const char *text)
{
    static const char *const words[][2] = {
        { "0", "1" }, { "false", "true" },     { "no", "yes" },          { "off", "on" },
        { "n", "y" }, { "disable", "enable" }, { "disabled", "enabled" }
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (int32_t value = 0; value < 2; value++) {
            if (strcmp(words[i][value], text) == 0) {
                *slot = value;
                return STORED;
            }
        }
    }
    return UNREADABLE;
}

static enum verdict store_text(char **slot, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return NO_MEMORY;
    free(*slot);
    *slot = copy;
    return STORED;
}

static enum verdict store(void *self, const struct fw_option *option, const char *text)
{
    void *slot = (char *)self + option->offset;
    switch (option->type) {
    case FW_OPTION_BOOL:
        return store_bool(slot, text);
    case FW_OPTION_INT:
    case FW_OPTION_FLOAT:
        return store_number(slot, option, text);
    case FW_OPTION_ENUM: {
        const struct fw_choice *choice = find_choice(option, text, strlen(text));
        if (choice)
            *(int64_t *)slot = choice->value;
        else if (option->max > option->min)
            return store_number(slot, option, text);
        return choice ? STORED : UNREADABLE;
    }
    case FW_OPTION_FLAGS:
        return read_flags(option, text, slot) < 0 ? UNREADABLE : STORED;
    case FW_OPTION_COLOR:
        return fw_color_read(text, slot) < 0 ? UNREADABLE : STORED;
    case FW_OPTION_DURATION:
        return fw_duration_read(text, slot) < 0 ? UNREADABLE : STORED;
    case FW_OPTION_STRING:
    case FW_OPTION_PATH:
    case FW_OPTION_EXPR:
        return store_text(slot, text);
    }
    return UNREADABLE;
}

static void complain_value(const struct fw_option *option, const struct fw_call *call,
                           const struct fw_arg *arg, const char *what,
                           struct fw_complaints *complaints)
{
    char range[256];
    char hint[384];
    const char *near = NULL;
    struct fw_suggestion suggestion;
    fw_suggest_init(&suggestion, arg->value);
    for (const struct fw_choice *choice = option->choices; choice && choice->name; choice++)
        fw_suggest_offer(&suggestion, choice->name);
    near = fw_suggest_best(&suggestion);
    fw_params_describe(range, sizeof(range), option);
    if (near)
        (void)snprintf(hint, sizeof(hint), "did you mean '%s'?  %s", near, range);
    else
        (void)snprintf(hint, sizeof(hint), "%s %s", option->name, range);
    fw_complain(complaints, arg->value_first, arg->value_end, hint,
                "value '%s' of option '%s' of filter '%s' %s", arg->value, option->name, call->name,
                what);
}

static void complain_unknown(const struct fw_filter *filter, const struct fw_arg *arg,
                             struct fw_complaints *complaints)
{
    char range[256];
    char hint[384] = "";
    struct fw_suggestion suggestion;
    fw_suggest_init(&suggestion, arg->key);
    for (const struct fw_option *option = filter->options; option && option->name; option++)
        fw_suggest_offer(&suggestion, option->name);
    const char *near = fw_suggest_best(&suggestion);
    for (const struct fw_option *option = filter->options; near && option->name; option++) {
        if (strcmp(option->name, near) == 0) {
            fw_params_describe(range, sizeof(range), option);
            (void)snprintf(hint, sizeof(hint), "did you mean '%s'?  %s", near, range);
        }
    }
    if (!near) {
        append(hint, sizeof(hint), filter->options[0].name ? "it has: " : "it has no options");
        for (const struct fw_option *option = filter->options; option->name; option++) {
            append(hint, sizeof(hint), option == filter->options ? "" : " ");
            append(hint, sizeof(hint), option->name);
        }
    }
    fw_complain(complaints, arg->key_first, arg->key_end, hint,
                "unknown option '%s' for filter '%s'", arg->key, filter->name);
}

static const struct fw_option *find_option(const struct fw_filter *filter, const char *name)
{
    for (const struct fw_option *option = filter->options; option && option->name; option++) {
        if (strcmp(option->name, name) == 0)
            return option;
    }
    return NULL;
}

/* The option behind `last` for a positional value; aliases share an offset and are skipped. */
static const struct fw_option *next_option(const struct fw_filter *filter,
                                           const struct fw_option *last)
{
    const struct fw_option *option = last ? last + 1 : filter->options;
    while (last && option->name && option->offset == last->offset)
        option++;
    return option->name ? option : NULL;
}

static int store_arg(void *self, const struct fw_option *option, const struct fw_call *call,
                     const struct fw_arg *arg, struct fw_complaints *complaints)
{
    if (option->type == FW_OPTION_EXPR && option->variables) {
        struct fw_error reason = { 0 };
        struct fw_expr *expr;
        if (fw_expr_create(&expr, arg->value, option->variables, &reason) < 0) {
            char what[320];
            (void)snprintf(what, sizeof(what), "is wrong: %.300s", reason.text);
            complain_value(option, call, arg, what, complaints);
            return FW_OK;
        }
        fw_expr_destroy(expr);
    }
    switch (store(self, option, arg->value)) {
    case STORED:
        return FW_OK;
    case UNREADABLE:
        complain_value(option, call, arg, "cannot be read", complaints);
        return FW_OK;
    case OUT_OF_RANGE:
        complain_value(option, call, arg, "is out of range", complaints);
        return FW_OK;
    case NO_MEMORY:
        break;
    }
    return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter options");
}

static int store_defaults(void *self, const struct fw_filter *filter, struct fw_error *err)
{
    for (const struct fw_option *option = filter->options; option && option->name; option++) {
        if (!option->default_text || store(self, option, option->default_text) == STORED)
            continue;
        return fw_fail(err, FW_ERR_INTERNAL, "default of option '%s' of filter '%s' is not valid",
                       option->name, filter->name);
    }
    return FW_OK;
}

int fw_params_store(void *self, const struct fw_filter *filter, const struct fw_call *call,
                    struct fw_complaints *complaints)
{
    uint32_t before = complaints->count;
    int status = store_defaults(self, filter, complaints->err);
    const struct fw_option *last = NULL;
    bool positional = true;
    for (uint32_t i = 0; i < call->arg_count && status == FW_OK; i++) {
        const struct fw_arg *arg = &call->args[i];
        const struct fw_option *option = NULL;
        if (arg->key) {
            positional = false;
            if (strcmp(arg->key, "enable") == 0)
                continue;
            option = find_option(filter, arg->key);
            if (!option)
                complain_unknown(filter, arg, complaints);
        } else {
            option = positional && filter->options ? next_option(filter, last) : NULL;
            last = option;
            if (!option)
                fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                            positional ? "filter '%s' takes fewer values than this"
                                       : "a value without a name cannot follow a named one in "
                                         "filter '%s'",
                            call->name);
            positional = option != NULL;
        }
        if (option)
            status = store_arg(self, option, call, arg, complaints);
    }
    if (status < 0)
        return status;
    return complaints->count > before ? FW_ERR_USAGE : FW_OK;
}

void fw_params_release(void *self, const struct fw_filter *filter)
{
    for (const struct fw_option *option = filter->options; option && option->name; option++) {
        if (!is_text(option->type))
            continue;
        char **slot = (char **)(void *)((char *)self + option->offset);
        free(*slot);
        *slot = NULL;
    }
}

const struct fw_arg *fw_params_enable(const struct fw_call *call)
{
    const struct fw_arg *found = NULL;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        if (call->args[i].key && strcmp(call->args[i].key, "enable") == 0)
            found = &call->args[i];
    }
    return found;
}
