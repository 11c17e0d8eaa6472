/* The arguments of libavfilter's filters, checked through AVOptions before anything runs. */
#include "lavfi_call.h"

#include "check.h"
#include "expr.h"
#include "format.h"
#include "suggest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/eval.h>
#include <libavutil/opt.h>

#define SEARCH (AV_OPT_SEARCH_FAKE_OBJ | AV_OPT_SEARCH_CHILDREN)
#define CONSTANTS_MAX 256
#define QUIET 1000 /* keeps the evaluator from logging */

struct constants {
    const char *names[CONSTANTS_MAX + 1];
    double values[CONSTANTS_MAX];
    uint32_t count;
};

static const AVOption *next_plain(const AVClass *class, const AVOption *last)
{
    const AVOption *option = last;
    const void *object = &class;
    do
        option = class ? av_opt_next(object, option) : NULL;
    while (option && (option->type == AV_OPT_TYPE_CONST ||
                      (last && option->offset == last->offset && option->type == last->type)));
    return option;
}

static const AVOption *find_option(const AVClass *class, const char *name)
{
    void *object = &class;
    return class ? av_opt_find(object, name, NULL, 0, SEARCH) : NULL;
}

/* The first name of an option that has several. */
static const char *first_name(const AVClass *class, const AVOption *option)
{
    const void *object = &class;
    const AVOption *each = NULL;
    const AVOption *first = NULL;
    bool own = false; /* not one of libswscale's, which filters pass on */
    while ((each = av_opt_next(object, each))) {
        if (!first && each->type == option->type && each->offset == option->offset)
            first = each;
        own = own || each == option;
    }
    return own && first ? first->name : option->name;
}

static void add_constant(struct constants *list, const char *name, double value)
{
    if (list->count >= CONSTANTS_MAX)
        return;
    list->names[list->count] = name;
    list->values[list->count++] = value;
}

/* The words an option takes: the constants of its unit, and FFmpeg's own five. */
static void list_constants(struct constants *list, const AVClass *class, const AVOption *option,
                           bool own_words)
{
    memset(list, 0, sizeof(*list));
    const void *object = &class;
    const AVOption *each = NULL;
    while (option->unit && (each = av_opt_next(object, each))) {
        if (each->type == AV_OPT_TYPE_CONST && each->unit && strcmp(each->unit, option->unit) == 0)
            add_constant(list, each->name, (double)each->default_val.i64);
    }
    if (!own_words)
        return;
    bool real = option->type == AV_OPT_TYPE_FLOAT || option->type == AV_OPT_TYPE_DOUBLE;
    add_constant(list, "default", real ? option->default_val.dbl : (double)option->default_val.i64);
    add_constant(list, "max", option->max);
    add_constant(list, "min", option->min);
    add_constant(list, "none", 0);
    add_constant(list, "all", ~0);
}

static const char *type_name(const AVOption *option)
{
    switch (option->type) {
    case AV_OPT_TYPE_FLAGS:
        return "words joined by '+'";
    case AV_OPT_TYPE_INT:
    case AV_OPT_TYPE_INT64:
    case AV_OPT_TYPE_UINT64:
        return "integer";
    case AV_OPT_TYPE_FLOAT:
        return "float";
    case AV_OPT_TYPE_DOUBLE:
        return "double";
    case AV_OPT_TYPE_BOOL:
        return "0 or 1";
    case AV_OPT_TYPE_RATIONAL:
    case AV_OPT_TYPE_VIDEO_RATE:
        return "rational";
    case AV_OPT_TYPE_IMAGE_SIZE:
        return "WxH";
    case AV_OPT_TYPE_PIXEL_FMT:
        return "pixel format";
    case AV_OPT_TYPE_DURATION:
        return "duration";
    case AV_OPT_TYPE_COLOR:
        return "colour";
    default:
        return "text";
    }
}

static bool is_number(const AVOption *option)
{
    return option->type == AV_OPT_TYPE_INT || option->type == AV_OPT_TYPE_INT64 ||
           option->type == AV_OPT_TYPE_UINT64 || option->type == AV_OPT_TYPE_FLOAT ||
           option->type == AV_OPT_TYPE_DOUBLE;
}

static void append(char *text, size_t bytes, const char *piece)
{
    size_t used = strnlen(text, bytes);
    if (used < bytes)
        (void)snprintf(text + used, bytes - used, "%s", piece);
}

/* "(float, 0..1024, default 0.5)" */
static void describe(char *text, size_t bytes, const AVClass *class, const AVOption *option)
{
    char piece[96] = "";
    struct constants words;
    list_constants(&words, class, option, false);
    (void)snprintf(text, bytes, "(%s",
                   words.count && is_number(option) ? "word" : type_name(option));
    if (is_number(option) && !words.count) {
        (void)snprintf(piece, sizeof(piece), ", %.10g..%.10g", option->min, option->max);
        append(text, bytes, piece);
    }
    for (uint32_t i = 0; i < words.count && i < 24; i++) {
        append(text, bytes, i ? "|" : ": ");
        append(text, bytes, words.names[i]);
    }
    piece[0] = '\0';
    if (option->type == AV_OPT_TYPE_FLOAT || option->type == AV_OPT_TYPE_DOUBLE)
        (void)snprintf(piece, sizeof(piece), ", default %.6g", option->default_val.dbl);
    else if (is_number(option) || option->type == AV_OPT_TYPE_BOOL)
        (void)snprintf(piece, sizeof(piece), ", default %lld", (long long)option->default_val.i64);
    else if (type_name(option)[0] == 't' && option->default_val.str && *option->default_val.str)
        (void)snprintf(piece, sizeof(piece), ", default %.60s", option->default_val.str);
    append(text, bytes, piece);
    append(text, bytes, ")");
}

static bool flags_ok(const struct constants *words, const char *text)
{
    text += *text == '+' || *text == '-';
    while (*text) {
        size_t bytes = strcspn(text, "+-");
        bool found = text[0] >= '0' && text[0] <= '9';
        for (uint32_t i = 0; i < words->count && !found; i++)
            found = strlen(words->names[i]) == bytes && strncmp(words->names[i], text, bytes) == 0;
        if (!found)
            return false;
        text += bytes + (text[bytes] != '\0');
    }
    return true;
}

static bool bool_ok(const char *text)
{
    static const char words[] =
        " 0 1 -1 auto true false y n yes no enable disable enabled disabled "
        "on off ";
    char wrapped[24];
    int written = snprintf(wrapped, sizeof(wrapped), " %s ", text);
    return written > 2 && (size_t)written < sizeof(wrapped) && strstr(words, wrapped);
}

/* NULL when the value is good, else what is wrong with it. */
static const char *judge(const AVClass *class, const AVOption *option, const char *text)
{
    struct constants words;
    uint32_t color;
    int64_t duration;
    double value;
    list_constants(&words, class, option, true);
    if (is_number(option)) {
        if (av_expr_parse_and_eval(&value, text, words.names, words.values, NULL, NULL, NULL, NULL,
                                   NULL, QUIET, NULL) < 0 ||
            isnan(value))
            return "cannot be read";
        return value < option->min || value > option->max ? "is out of range" : NULL;
    }
    switch (option->type) {
    case AV_OPT_TYPE_FLAGS:
        return flags_ok(&words, text) ? NULL : "cannot be read";
    case AV_OPT_TYPE_BOOL:
        return bool_ok(text) ? NULL : "cannot be read";
    case AV_OPT_TYPE_COLOR:
        return fw_color_read(text, &color) == 0 ? NULL : "is not a colour";
    case AV_OPT_TYPE_DURATION:
        return fw_duration_read(text, &duration) == 0 ? NULL : "is not a duration";
    case AV_OPT_TYPE_PIXEL_FMT:
        return fw_format_find(text) || strcmp(text, "none") == 0 ? NULL : "is not a pixel format";
    default:
        return NULL;
    }
}

static void complain_value(const struct fw_call *text, const struct fw_arg *arg,
                           const AVClass *class, const AVOption *option, const char *what,
                           struct fw_complaints *complaints)
{
    char range[320];
    char hint[448];
    struct constants words;
    struct fw_suggestion suggestion;
    list_constants(&words, class, option, false);
    fw_suggest_init(&suggestion, arg->value);
    for (uint32_t i = 0; i < words.count; i++)
        fw_suggest_offer(&suggestion, words.names[i]);
    const char *near = fw_suggest_best(&suggestion);
    describe(range, sizeof(range), class, option);
    if (near)
        (void)snprintf(hint, sizeof(hint), "did you mean '%s'?  %s", near, range);
    else
        (void)snprintf(hint, sizeof(hint), "%s %s", option->name, range);
    fw_complain(complaints, arg->value_first, arg->value_end, hint,
                "value '%s' of option '%s' of filter '%s' %s", arg->value, option->name, text->name,
                what);
}

static void complain_unknown(const struct fw_call *text, const struct fw_arg *arg,
                             const AVClass *class, struct fw_complaints *complaints)
{
    char range[320];
    char hint[448] = "";
    const AVOption *each = NULL;
    struct fw_suggestion suggestion;
    fw_suggest_init(&suggestion, arg->key);
    while ((each = next_plain(class, each)))
        fw_suggest_offer(&suggestion, each->name);
    const char *near = fw_suggest_best(&suggestion);
    if (near) {
        describe(range, sizeof(range), class, find_option(class, near));
        (void)snprintf(hint, sizeof(hint), "did you mean '%s'?  %s", near, range);
    } else {
        append(hint, sizeof(hint), "it has:");
        while ((each = next_plain(class, each))) {
            append(hint, sizeof(hint), " ");
            append(hint, sizeof(hint), each->name);
        }
    }
    fw_complain(complaints, arg->key_first, arg->key_end, hint,
                "unknown option '%s' for filter '%s'", arg->key, text->name);
}

/* Options every libavfilter filter has. Returns true when `arg` is one of them. */
static bool take_generic(struct fw_lavfi_call *call, const struct fw_call *text,
                         const struct fw_arg *arg, struct fw_complaints *complaints)
{
    struct fw_error reason = { 0 };
    struct fw_expr *expr = NULL;
    if (strcmp(arg->key, "threads") == 0 || strcmp(arg->key, "thread_type") == 0)
        return true; /* processes do that here: one thread each */
    if (strcmp(arg->key, "enable") != 0)
        return false;
    if (!(call->filter->flags & AVFILTER_FLAG_SUPPORT_TIMELINE))
        fw_complain(complaints, arg->key_first, arg->key_end, NULL,
                    "filter '%s' cannot be switched with 'enable'", text->name);
    else if (fw_expr_create(&expr, arg->value, "t n pos w h", &reason) < 0)
        fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                    "value '%.200s' of option 'enable' of filter '%s' is wrong: %.400s", arg->value,
                    text->name, reason.text);
    fw_expr_destroy(expr);
    call->options[call->option_count++] = (struct fw_lavfi_option){ "enable", arg->value };
    if (call->filter_class == FW_CLASS_PURE)
        call->filter_class = FW_CLASS_INDEXED;
    return true;
}

/* A seed that nobody gave would be another one in every process and every run. */
static void settle_seed(struct fw_lavfi_call *call)
{
    static const char *const seeded[] = { "elbg", "random", "shufflepixels" };
    for (size_t i = 0; i < FW_COUNT(seeded); i++) {
        if (strcmp(call->filter->name, seeded[i]) == 0 && !fw_lavfi_option_value(call, "seed"))
            call->options[call->option_count++] = (struct fw_lavfi_option){ "seed", "1" };
    }
}

int fw_lavfi_options_store(struct fw_lavfi_call *call, const struct fw_call *text,
                           struct fw_complaints *complaints)
{
    const AVClass *class = call->filter->priv_class;
    const AVOption *last = NULL;
    bool positional = true;
    call->options = calloc(text->arg_count + 2u, sizeof(*call->options)); /* and a seed */
    if (!call->options)
        return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter options");
    for (uint32_t i = 0; i < text->arg_count; i++) {
        const struct fw_arg *arg = &text->args[i];
        const AVOption *option;
        if (arg->key) {
            positional = false;
            if (take_generic(call, text, arg, complaints))
                continue;
            option = find_option(class, arg->key);
            if (!option)
                complain_unknown(text, arg, class, complaints);
        } else {
            option = positional ? next_plain(class, last) : NULL;
            last = option;
            if (!option)
                fw_complain(complaints, arg->value_first, arg->value_end, NULL,
                            positional ? "filter '%s' takes fewer values than this"
                                       : "a value without a name cannot follow a named one in "
                                         "filter '%s'",
                            text->name);
            positional = option != NULL;
        }
        if (!option)
            continue;
        const char *what = judge(class, option, arg->value);
        if (what)
            complain_value(text, arg, class, option, what, complaints);
        else if (option->type == AV_OPT_TYPE_STRING)
            fw_lavfi_expression_check(call, text, arg, option->name, complaints);
        call->options[call->option_count++] = (struct fw_lavfi_option){ first_name(class, option),
                                                                        arg->value };
    }
    settle_seed(call);
    return FW_OK;
}

const char *fw_lavfi_option_value(const struct fw_lavfi_call *call, const char *key)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < call->option_count; i++) {
        if (strcmp(call->options[i].key, key) == 0)
            value = call->options[i].value;
    }
    return value;
}
