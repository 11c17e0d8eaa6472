/* Expressions, colours and durations through libavutil. */
#include "expr.h"

#include "check.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libavutil/eval.h>
#include <libavutil/mem.h>
#include <libavutil/parseutils.h>

#define VARIABLES_MAX 32
#define FUNCTIONS_MAX 4
#define QUIET 1000 /* added to the level of av_log calls, so that none is shown */

struct fw_expr {
    AVExpr *tree;
};

static const char *const constants[] = { "PI", "E", "PHI", "QP2LAMBDA" };
static const char *const refused[] = { "st", "ld", "random", "print", "time" };
#define REFUSED_COUNT FW_COUNT(refused)

struct names {
    char text[512];
    const char *list[VARIABLES_MAX + 1];
    uint32_t count;
    const char *functions[FUNCTIONS_MAX + 1];
    uint32_t function_count;
    bool allowed[REFUSED_COUNT]; /* by the order of `refused` */
};

/* libavutil hands a function nothing that tells which one it is: one entry per place. */
static double call(void *opaque, double argument, uint32_t place)
{
    const struct fw_expr_calls *calls = opaque;
    return calls ? calls->functions[place](calls->context, argument) : NAN;
}

static double call_0(void *opaque, double argument)
{
    return call(opaque, argument, 0);
}

static double call_1(void *opaque, double argument)
{
    return call(opaque, argument, 1);
}

static double call_2(void *opaque, double argument)
{
    return call(opaque, argument, 2);
}

static double call_3(void *opaque, double argument)
{
    return call(opaque, argument, 3);
}

static double (*const calls_by_place[FUNCTIONS_MAX])(void *, double) = { call_0, call_1, call_2,
                                                                         call_3 };

/* Its place among the refused ones, or REFUSED_COUNT. */
static size_t refused_place(const char *name, size_t bytes)
{
    size_t i = 0;
    while (i < REFUSED_COUNT && (strlen(refused[i]) != bytes || strncmp(refused[i], name, bytes)))
        i++;
    return i;
}

static void add_function(struct names *names, char *name, size_t bytes)
{
    size_t place = refused_place(name, bytes);
    name[bytes] = '\0';
    if (place < REFUSED_COUNT) {
        names->allowed[place] = true;
        return;
    }
    FW_CHECK(names->function_count < FUNCTIONS_MAX);
    names->functions[names->function_count++] = name;
}

static void split_names(struct names *names, const char *variables)
{
    memset(names, 0, sizeof(*names));
    FW_CHECK(strlen(variables) < sizeof(names->text));
    (void)snprintf(names->text, sizeof(names->text), "%s", variables);
    char *rest = names->text;
    for (char *name = strtok_r(rest, " ", &rest); name; name = strtok_r(rest, " ", &rest)) {
        size_t bytes = strlen(name);
        if (bytes > 2 && strcmp(name + bytes - 2, "()") == 0) {
            add_function(names, name, bytes - 2);
            continue;
        }
        FW_CHECK(names->count < VARIABLES_MAX);
        names->list[names->count++] = name;
    }
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* The next identifier at or behind *at; numbers with their postfixes are skipped. */
static size_t next_name(const char *text, size_t *at)
{
    while (text[*at]) {
        size_t first = *at;
        if (isdigit((unsigned char)text[first]) || text[first] == '.') {
            while (is_name_byte(text[*at]) || text[*at] == '.')
                ++*at;
        } else if (is_name_byte(text[first])) {
            while (is_name_byte(text[*at]))
                ++*at;
            return first;
        } else {
            ++*at;
        }
    }
    return *at;
}

static bool is_one_of(const char *name, size_t bytes, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == bytes && strncmp(list[i], name, bytes) == 0)
            return true;
    }
    return false;
}

static int check_names(const char *text, const struct names *names, const char *variables,
                       struct fw_error *err)
{
    size_t at = 0;
    for (size_t first = next_name(text, &at); first != at; first = next_name(text, &at)) {
        const char *name = text + first;
        size_t bytes = at - first;
        const char *behind = text + at + strspn(text + at, " \t\n\r");
        if (*behind == '(') {
            size_t place = refused_place(name, bytes);
            if (place < REFUSED_COUNT && !names->allowed[place])
                return fw_fail(err, FW_ERR_USAGE,
                               "%.*s() is not allowed here: a frame must not depend on the frames "
                               "before it or on the time of day",
                               (int)bytes, name);
        } else if (!is_one_of(name, bytes, names->list, names->count) &&
                   !is_one_of(name, bytes, constants, FW_COUNT(constants))) {
            return fw_fail(err, FW_ERR_USAGE, "unknown variable '%.*s'; it may use: %s", (int)bytes,
                           name, *variables ? variables : "no variables");
        }
    }
    return FW_OK;
}

int fw_expr_create(struct fw_expr **expr_out, const char *text, const char *variables,
                   struct fw_error *err)
{
    struct names names;
    *expr_out = NULL;
    split_names(&names, variables);
    int status = check_names(text, &names, variables, err);
    if (status < 0)
        return status;
    struct fw_expr *expr = calloc(1, sizeof(*expr));
    if (!expr)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for an expression");
    if (av_expr_parse(&expr->tree, text, names.list, names.functions, calls_by_place, NULL, NULL,
                      QUIET, NULL) < 0) {
        free(expr);
        return fw_fail(err, FW_ERR_USAGE, "'%s' is not an expression that can be read", text);
    }
    *expr_out = expr;
    return FW_OK;
}

void fw_expr_destroy(struct fw_expr *expr)
{
    if (!expr)
        return;
    av_expr_free(expr->tree);
    free(expr);
}

double fw_expr_value(const struct fw_expr *expr, const double *values)
{
    return av_expr_eval(expr->tree, values, NULL);
}

double fw_expr_value_with(const struct fw_expr *expr, const double *values,
                          const struct fw_expr_calls *calls)
{
    struct fw_expr_calls copy = *calls;
    return av_expr_eval(expr->tree, values, &copy);
}

int fw_expr_once(double *value_out, const char *text, const char *variables, const double *values,
                 struct fw_error *err)
{
    struct fw_expr *expr;
    int status = fw_expr_create(&expr, text, variables, err);
    if (status < 0)
        return status;
    *value_out = fw_expr_value(expr, values);
    fw_expr_destroy(expr);
    return FW_OK;
}

double fw_expr_ratio(struct fw_rational value, double unknown)
{
    return value.num && value.den ? (double)value.num / value.den : unknown;
}

bool fw_expr_mentions(const char *text, const char *name)
{
    size_t at = 0;
    for (size_t first = next_name(text, &at); first != at; first = next_name(text, &at)) {
        if (at - first == strlen(name) && strncmp(text + first, name, at - first) == 0)
            return true;
    }
    return false;
}

bool fw_expr_calls(const char *text, const char *name)
{
    size_t at = 0;
    for (size_t first = next_name(text, &at); first != at; first = next_name(text, &at)) {
        if (at - first == strlen(name) && strncmp(text + first, name, at - first) == 0 &&
            text[at + strspn(text + at, " \t\n\r")] == '(')
            return true;
    }
    return false;
}

/* libavutil logs what it refuses; a context whose levels are raised keeps that silent. */
struct quiet_context {
    const AVClass *av_class;
    int level_offset;
};

static const char *quiet_name(void *context)
{
    (void)context;
    return "framewheel";
}

static const AVClass quiet_class = {
    .class_name = "framewheel",
    .item_name = quiet_name,
    .version = LIBAVUTIL_VERSION_INT,
    .log_level_offset_offset = offsetof(struct quiet_context, level_offset),
};

int fw_color_read(const char *text, uint32_t *rgba_out)
{
    struct quiet_context quiet = { &quiet_class, QUIET };
    uint8_t rgba[4];
    if (strncasecmp(text, "random", 6) == 0 || strncasecmp(text, "bikeshed", 8) == 0)
        return -1;
    if (av_parse_color(rgba, text, -1, &quiet) < 0)
        return -1;
    *rgba_out = (uint32_t)rgba[0] << 24 | (uint32_t)rgba[1] << 16 | (uint32_t)rgba[2] << 8 |
                rgba[3];
    return 0;
}

int fw_duration_read(const char *text, int64_t *microseconds_out)
{
    return av_parse_time(microseconds_out, text, 1) < 0 ? -1 : 0;
}

int fw_size_read(const char *text, int32_t *width_out, int32_t *height_out)
{
    return av_parse_video_size(width_out, height_out, text) < 0 ? -1 : 0;
}
