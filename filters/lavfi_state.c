/* The class of a libavfilter filter under its options: what would make a frame depend on others, or
 * on the process it runs in. */
#include "lavfi_call.h"

#include "expr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libavutil/eval.h>

#define QUIET 1000 /* keeps the evaluator from logging */

static const char random_text[] = "draws random numbers, which run on from frame to frame";
static const char memory_text[] = "carries values from frame to frame by st() and ld()";
static const char clock_text[] =
    "reads the time of day, of which every process would see another one";
static const char color_text[] = "takes a random colour, of which every process would take another";
static const char state_text[] = "keeps state between frames with these options";
static const char tags_text[] = "reads what other filters found in earlier frames or this one";
static const char pulldown_text[] = "puts out more frames for some than for others";
static const char hidden_text[] = "would print with these options, which nobody would see";
static const char type_text[] = "would show the type of the coded picture, which frames do not "
                                "carry to filters here";
static const char picture_text[] =
    "asks for 'pict_type', which frames do not carry to filters here";
static const char place_text[] = "asks for 'pos', which frames do not carry to filters here";
static const char reload_text[] =
    "reads its file again and again with these options, after files are locked away";

/* What one option says. */
struct verdict {
    const char *sequential;
    const char *refusal;
};

/* Functions of libavutil's expressions and of drawtext. Those evaluated once, when the graph is
 * built, give every process the same, but for the time. */
static void judge_expression(struct verdict *verdict, const char *text, enum fw_class filter_class)
{
    if (fw_expr_calls(text, "print") && filter_class != FW_CLASS_PURE)
        verdict->refusal = hidden_text;
    if (fw_expr_calls(text, "time"))
        verdict->sequential = clock_text;
    else if (filter_class == FW_CLASS_PURE)
        return;
    else if (fw_expr_calls(text, "random") || fw_expr_calls(text, "rand"))
        verdict->sequential = random_text;
    else if (fw_expr_calls(text, "st") || fw_expr_calls(text, "ld"))
        verdict->sequential = memory_text;
}

/* What drawtext's texts expand: %{function:arguments}. */
static void judge_drawn(struct verdict *verdict, const char *text)
{
    for (const char *at = strstr(text, "%{"); at; at = strstr(at + 2, "%{")) {
        const char *name = at + 2 + strspn(at + 2, " \t");
        if (strncmp(name, "localtime", 9) == 0 || strncmp(name, "gmtime", 6) == 0)
            verdict->sequential = clock_text;
        else if (strncmp(name, "metadata", 8) == 0)
            verdict->sequential = tags_text;
        else if (strncmp(name, "pict_type", 9) == 0)
            verdict->refusal = type_text;
        else if (*name == 'e')
            judge_expression(verdict, name, FW_CLASS_INDEXED);
    }
}

static void judge_drawtext(struct verdict *verdict, const struct fw_lavfi_option *option)
{
    if (strcmp(option->key, "expansion") == 0 &&
        (strcmp(option->value, "strftime") == 0 || strcmp(option->value, "2") == 0))
        verdict->sequential = clock_text;
    if (strcmp(option->key, "reload") == 0 && strcmp(option->value, "0") != 0)
        verdict->refusal = reload_text;
    if (strcmp(option->key, "text") == 0 || strcmp(option->key, "fontcolor_expr") == 0)
        judge_drawn(verdict, option->value);
}

/* Patterns that move or are averaged from frame to frame: flags t and a of any plane. */
static void judge_noise(struct verdict *verdict, const struct fw_lavfi_option *option)
{
    size_t bytes = strlen(option->key);
    bool flags = strcmp(option->key + bytes - 1, "f") == 0 || strstr(option->key, "flags");
    bool seed = strstr(option->key, "seed") != NULL;
    if (flags && option->value[strcspn(option->value, "at0123456789")])
        verdict->sequential = random_text;
    if (seed && *option->value == '-')
        verdict->sequential = random_text;
}

/* Values that are words for people or names of files, not expressions. */
static bool is_plain(const struct fw_lavfi_call *call, const struct fw_lavfi_option *option)
{
    static const char names[] = " text textfile fontfile font fontcolor_expr filename f fontsdir "
                                "force_style charenc wrap_unicode enable file psfile ";
    char word[40];
    int written = snprintf(word, sizeof(word), " %s ", option->key);
    bool known = written > 0 && (size_t)written < sizeof(word);
    return call->row->file_option && known && strstr(names, word);
}

/* What libavfilter's frames know of their packets, and those here do not: it would be taken for
 * unknown without a word. */
static const char *find_unknown(const struct fw_lavfi_option *option)
{
    if (fw_expr_mentions(option->value, "pict_type"))
        return picture_text;
    bool place = fw_expr_mentions(option->value, "pos") || fw_expr_mentions(option->value, "POS");
    return place ? place_text : NULL;
}

/* Whether the option stands in `list` as " key=value ". */
static bool is_listed(const struct fw_lavfi_option *option, const char *list)
{
    char word[64];
    int written = snprintf(word, sizeof(word), " %s=%s ", option->key, option->value);
    return list && written > 0 && (size_t)written < sizeof(word) && strstr(list, word);
}

static bool any_listed(const struct fw_lavfi_call *call, const char *list)
{
    for (uint32_t i = 0; i < call->option_count; i++) {
        if (is_listed(&call->options[i], list))
            return true;
    }
    return false;
}

static void judge_option(struct verdict *verdict, const struct fw_lavfi_call *call,
                         const struct fw_lavfi_option *option)
{
    const struct fw_lavfi_row *row = call->row;
    const char *name = row->name;
    if (strcmp(name, "drawtext") == 0)
        judge_drawtext(verdict, option);
    if (strcmp(name, "noise") == 0)
        judge_noise(verdict, option);
    if (is_listed(option, row->never))
        verdict->sequential = state_text;
    if (is_plain(call, option))
        return;
    if ((strncasecmp(option->value, "random", 6) == 0 && option->value[6] != '(') ||
        strncasecmp(option->value, "bikeshed", 8) == 0)
        verdict->sequential = color_text;
    judge_expression(verdict, option->value, row->filter_class);
}

static void judge_only(struct verdict *verdict, const struct fw_lavfi_call *call)
{
    const struct fw_lavfi_row *row = call->row;
    if (!row->only_option)
        return;
    const char *value = fw_lavfi_option_value(call, row->only_option);
    bool any = strcmp(row->only_value, "*") == 0;
    bool good = value ? any ? *value != '-' : strcmp(value, row->only_value) == 0
                      : row->value_is_default;
    if (!good)
        verdict->sequential = state_text;
}

static int32_t number_of(const struct fw_lavfi_call *call, const char *key, int32_t otherwise)
{
    const char *text = fw_lavfi_option_value(call, key);
    double value = otherwise;
    if (text && av_expr_parse_and_eval(&value, text, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                       QUIET, NULL) < 0)
        return otherwise;
    return (int32_t)value;
}

static bool doubles(const struct fw_lavfi_call *call)
{
    const struct fw_lavfi_row *row = call->row;
    const char *mode = fw_lavfi_option_value(call, "mode");
    if (!row->doubling)
        return false;
    if (strcmp(row->doubling, "*") == 0)
        return true;
    return row->doubles_by_default && !mode ? true : any_listed(call, row->doubling);
}

static void set_window(struct verdict *verdict, struct fw_lavfi_call *call)
{
    const struct fw_lavfi_row *row = call->row;
    int32_t size = row->size_option ? number_of(call, row->size_option, row->size_default) : 0;
    call->before = row->before + row->before_halves * size / 2;
    call->after = row->after + row->after_halves * size / 2;
    call->rate_num = doubles(call) ? 2 : 1;
    if (row->step_option || row->step_default)
        call->rate_den = row->step_option ? number_of(call, row->step_option, row->step_default)
                                          : row->step_default;
    if (call->rate_num == 2 && any_listed(call, row->never_doubled))
        verdict->sequential = pulldown_text;
    /* Filters that are switched from outside see no frame while they are off. */
    if (fw_lavfi_option_value(call, "enable"))
        verdict->sequential = "reads neighbouring frames, which 'enable' may take from it";
}

static const char *reason_of(enum fw_class filter_class)
{
    static const char *const reasons[] = {
        [FW_CLASS_PURE] = "reads nothing but the frame",
        [FW_CLASS_INDEXED] = "reads the frame's number or time",
        [FW_CLASS_WINDOWED] = "reads neighbouring frames",
        [FW_CLASS_SEQUENTIAL] = state_text,
    };
    return reasons[filter_class];
}

const char *fw_lavfi_classify(struct fw_lavfi_call *call)
{
    struct verdict verdict = { NULL, NULL };
    call->rate_num = 1;
    call->rate_den = 1;
    if (call->row && call->row->filter_class != FW_CLASS_SEQUENTIAL) {
        for (uint32_t i = 0; i < call->option_count; i++)
            judge_option(&verdict, call, &call->options[i]);
        judge_only(&verdict, call);
        if (call->filter_class == FW_CLASS_WINDOWED)
            set_window(&verdict, call);
    } else {
        verdict.sequential = fw_lavfi_sequence_reason(call->filter->name);
        if (call->row && any_listed(call, call->row->never))
            verdict.refusal = hidden_text;
    }
    for (uint32_t i = 0; i < call->option_count && !verdict.refusal; i++) {
        if (!call->row || !is_plain(call, &call->options[i]))
            verdict.refusal = find_unknown(&call->options[i]);
    }
    if (verdict.sequential)
        call->filter_class = FW_CLASS_SEQUENTIAL;
    if (call->filter_class == FW_CLASS_SEQUENTIAL) {
        call->before = call->after = 0;
        call->rate_num = call->rate_den = 0;
    }
    call->reason = verdict.sequential ? verdict.sequential : reason_of(call->filter_class);
    return verdict.refusal;
}
