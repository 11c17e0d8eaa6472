/* Options into a filter's state; suggestions; expressions. */
#include "check.h"
#include "expr.h"
#include "params.h"
#include "suggest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

struct state {
    int64_t number;
    double real;
    int32_t flag;
    int64_t word;
    int64_t mask;
    uint32_t color;
    char *text;
    int64_t time;
};

static const struct fw_choice words[] = {
    { "one", 1, "" }, { "two", 2, "" }, { "four", 4, "" }, { NULL, 0, NULL }
};
#define ROW(option, kind, field)                                                                   \
    .name = option, .type = kind, .offset = offsetof(struct state, field)
static const struct fw_option options[] = {
    { ROW("number", FW_OPTION_INT, number), .min = -5, .max = 500, .default_text = "7" },
    { ROW("n", FW_OPTION_INT, number), .min = -5, .max = 500, .default_text = "7" },
    { ROW("real", FW_OPTION_FLOAT, real), .min = 0, .max = 1, .default_text = "0.5" },
    { ROW("flag", FW_OPTION_BOOL, flag) },
    { ROW("word", FW_OPTION_ENUM, word), .choices = words, .default_text = "two" },
    { ROW("mask", FW_OPTION_FLAGS, mask), .choices = words },
    { ROW("color", FW_OPTION_COLOR, color) },
    { ROW("text", FW_OPTION_STRING, text) },
    { ROW("time", FW_OPTION_DURATION, time) },
    { .name = NULL },
};
static const struct fw_filter filter = { .name = "f",
                                         .options = options,
                                         .self_size = sizeof(struct state) };

static int store(struct state *state, const char *text, struct fw_error *err)
{
    struct fw_grammar grammar;
    struct fw_complaints complaints = { .text = text, .err = err };
    memset(state, 0, sizeof(*state));
    cr_assert_eq(fw_grammar_parse(&grammar, &complaints), FW_OK);
    int status = fw_params_store(state, &filter, &grammar.calls[0], &complaints);
    fw_grammar_deinit(&grammar);
    return status;
}

Test(params, defaults_positions_aliases_and_types)
{
    struct state state;
    struct fw_error err = { 0 };
    cr_assert_eq(store(&state, "f", &err), FW_OK);
    cr_assert_eq(state.number, 7);
    cr_assert_float_eq(state.real, 0.5, 0);
    cr_assert_eq(state.word, 2);
    cr_assert_eq(store(&state, "f=12:1/4:yes:mask=one+four:text='a\\:b':c=0", &err), FW_ERR_USAGE);
    err = (struct fw_error){ 0 };
    cr_assert_eq(store(&state,
                       "f=12:1/4:yes:four:mask=one+four:text=a\\\\:b:color=red@0.5:time=1:02.5",
                       &err),
                 FW_ERR_USAGE);
    err = (struct fw_error){ 0 };
    cr_assert_eq(
        store(&state, "f=12:1/4:yes:four:mask=one+four:text='a\\:b':color=red:time=2.5", &err),
        FW_OK, "%s", err.text);
    cr_assert_eq(state.number, 12);
    cr_assert_float_eq(state.real, 0.25, 0);
    cr_assert_eq(state.flag, 1);
    cr_assert_eq(state.word, 4);
    cr_assert_eq(state.mask, 5);
    cr_assert_str_eq(state.text, "a:b");
    cr_assert_eq(state.color, 0xFF0000FFu);
    cr_assert_eq(state.time, 2500000);
    fw_params_release(&state, &filter);
    cr_assert_null(state.text);
}

Test(params, mistakes)
{
    static const char *const wrong[] = { "f=n=501",        "f=n=-6",       "f=n=x",
                                         "f=real=2",       "f=flag=maybe", "f=word=three",
                                         "f=mask=one+six", "f=color=rad",  "f=time=soon",
                                         "f=nope=1",       "f=n=1:2" };
    for (size_t i = 0; i < FW_COUNT(wrong); i++) {
        struct state state;
        struct fw_error err = { 0 };
        cr_assert_eq(store(&state, wrong[i], &err), FW_ERR_USAGE, "%s", wrong[i]);
        cr_assert_not_null(strchr(err.text, '^'), "%s", err.text);
        fw_params_release(&state, &filter);
    }
}

static double twice(void *context, double argument)
{
    return 2 * argument + *(const double *)context;
}

Test(expr, functions_of_a_filter)
{
    static double (*const functions[])(void *, double) = { twice };
    const double values[] = { 3 };
    double context = 0.5;
    const struct fw_expr_calls calls = { functions, &context };
    struct fw_error err = { 0 };
    struct fw_expr *expr;
    cr_assert_eq(fw_expr_create(&expr, "twice(a)+st(0,1)", "a twice() st()", &err), FW_OK);
    cr_assert_float_eq(fw_expr_value_with(expr, values, &calls), 7.5, 1e-9);
    fw_expr_destroy(expr);
    cr_assert_eq(fw_expr_create(&expr, "twice(a)+ld(0)", "a twice() st()", &err), FW_ERR_USAGE);
    cr_assert(strstr(err.text, "ld() is not allowed"));
}

Test(expr, values_and_refusals)
{
    struct fw_error err = { 0 };
    const double values[] = { 3, 4 };
    double value;
    cr_assert_eq(fw_expr_once(&value, "hypot(a,b) + 1K + 0x10 + PI*0", "a b", values, &err), FW_OK);
    cr_assert_float_eq(value, 1021, 1e-9);
    cr_assert_eq(fw_expr_once(&value, "a+c", "a b", values, &err), FW_ERR_USAGE);
    cr_assert_not_null(strstr(err.text, "unknown variable 'c'; it may use: a b"));
    err = (struct fw_error){ 0 };
    cr_assert_eq(fw_expr_once(&value, "st(0,1)", "", NULL, &err), FW_ERR_USAGE);
    err = (struct fw_error){ 0 };
    cr_assert_eq(fw_expr_once(&value, "(a", "a", values, &err), FW_ERR_USAGE);
    cr_assert(fw_expr_mentions("in_w-n*2", "n"));
    cr_assert_not(fw_expr_mentions("in_w-min(ow,2)", "n"));
}

Test(suggest, distances)
{
    cr_assert_eq(fw_suggest_distance("gblur", "gbulr"), 1);
    cr_assert_eq(fw_suggest_distance("abc", ""), 3);
    cr_assert_eq(fw_suggest_distance("kitten", "sitting"), 3);
    cr_assert_eq(fw_suggest_distance("same", "SAME"), 0);
}

Test(error, first_failure_wins_and_prefixes_fit)
{
    struct fw_error err = { 0 };
    cr_assert_eq(fw_fail(&err, FW_ERR_INPUT, "one %d", 1), FW_ERR_INPUT);
    cr_assert_eq(fw_fail(&err, FW_ERR_USAGE, "two"), FW_ERR_INPUT);
    fw_error_prefix(&err, "frame %d", 7);
    cr_assert_str_eq(err.text, "frame 7: one 1");
    for (int i = 0; i < 400; i++)
        fw_error_prefix(&err, "%s", "a long context");
    cr_assert_lt(strlen(err.text), sizeof(err.text));
    cr_assert_eq(fw_fail(NULL, FW_ERR_MEMORY, "x"), FW_ERR_MEMORY);
    cr_assert_str_eq(fw_status_name(FW_ERR_STALLED), "stalled");
}
