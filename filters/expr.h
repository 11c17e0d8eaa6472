/* What filter options need from libavutil's parsers: expressions, colours, durations. */
#ifndef FW_FILTERS_EXPR_H
#define FW_FILTERS_EXPR_H

#include "filter.h"

#include <stdbool.h>

struct fw_expr;

/* Functions of a filter's own, of one argument, and what they are given. */
struct fw_expr_calls {
    double (*const *functions)(void *context, double argument);
    void *context;
};

/* Parses an expression in FFmpeg's syntax over `variables`: names separated by spaces; one that
 * ends with "()" is a function of one argument, at most 4 of them. Refuses unknown names, and st(),
 * ld(), random(), print() and time(): they would give a frame a memory of the frames before it,
 * print, or differ from process to process. Where an expression makes a table once, nothing runs
 * on from frame to frame: "st()", "ld()" and "random()" among the variables allow these.
 * FW_ERR_USAGE with the reason, naming the allowed variables. */
int fw_expr_create(struct fw_expr **expr_out, const char *text, const char *variables,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_expr_destroy(struct fw_expr *expr); /* NULL ok */
/* `values` in the order of the variables. */
double fw_expr_value(const struct fw_expr *expr, const double *values);
/* The same with functions in the order of their names in the variables. */
double fw_expr_value_with(const struct fw_expr *expr, const double *values,
                          const struct fw_expr_calls *calls);
/* Create, value, destroy. */
int fw_expr_once(double *value_out, const char *text, const char *variables, const double *values,
                 struct fw_error *err) FW_MUST_CHECK;
/* A time base, rate or aspect as the value of a variable; `unknown` where a part of it is 0. */
double fw_expr_ratio(struct fw_rational value, double unknown);
/* Whether `name` stands in `text` as a variable. */
bool fw_expr_mentions(const char *text, const char *name);
/* Whether `name` stands in `text` as a function. */
bool fw_expr_calls(const char *text, const char *name);

/* A colour name or 0xRRGGBB[AA] or #..., with @alpha, to 0xRRGGBBAA; "random" is refused, it would
 * differ from process to process. Returns 0 or -1. */
int fw_color_read(const char *text, uint32_t *rgba_out) FW_MUST_CHECK;
/* To microseconds. Returns 0 or -1. */
int fw_duration_read(const char *text, int64_t *microseconds_out) FW_MUST_CHECK;
/* "640x480" or a name such as hd720. Returns 0 or -1. */
int fw_size_read(const char *text, int32_t *width_out, int32_t *height_out) FW_MUST_CHECK;

#endif
