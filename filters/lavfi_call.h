/* What the lavfi files that look at text share: the class table, calls and their options. */
#ifndef FW_FILTERS_LAVFI_CALL_H
#define FW_FILTERS_LAVFI_CALL_H

#include "lavfi.h"

#include <libavfilter/avfilter.h>

/* Options under which a filter has its class; otherwise it keeps state and is sequential. */
struct fw_lavfi_row {
    const char *name;
    enum fw_class filter_class;
    const char *only_option; /* NULL: always */
    const char *only_value;  /* the value that only_option must have; absent counts as default */
    bool value_is_default;
    const char *never;       /* " option=value option=value ": with these it keeps state, too */
    const char *file_option; /* names a file to read; "*": reads files whatever the options are */
    const char *stand_in;    /* takes the same formats and opens nothing; NULL: itself, no file */
    bool colors;             /* changes colour tags: plan runs one frame to see which */

    /* WINDOWED: output k is made from the inputs k - before to k + after. Where libavfilter puts
     * out fewer than it takes, those at the end are the ones that are missing. */
    int16_t before;
    int16_t after;
    const char *size_option; /* its value counts for before and after as well, in halves of it */
    int16_t size_default;
    int16_t before_halves;
    int16_t after_halves;
    const char *doubling; /* " option=value ": two outputs an input; "*" always */
    bool doubles_by_default;
    const char *never_doubled; /* as never, where it doubles */
    const char *step_option;   /* its value inputs give one output */
    int16_t step_default;
};

struct fw_lavfi_option {
    const char *key;
    const char *value; /* borrowed from the grammar */
};

struct fw_lavfi_call {
    const AVFilter *filter; /* NULL: a graph with branches */
    const struct fw_lavfi_row *row;
    enum fw_class filter_class;
    const char *reason;
    bool reads_files;
    int32_t before;
    int32_t after;
    int32_t rate_num; /* 0 where a sequential filter decides by itself */
    int32_t rate_den;
    uint32_t option_count;
    struct fw_lavfi_option *options;
    char *graph_text; /* a graph with branches, as libavfilter reads it */
    char *plan_text;  /* the same without files */
};

/* Row of the class table, or NULL: not known to be safe in parallel. */
const struct fw_lavfi_row *fw_lavfi_row_find(const char *name);
/* Why a filter cannot run here whatever its options are, or NULL; a sentence part. */
const char *fw_lavfi_refusal(const char *name);
/* Why a filter without a row is sequential; a sentence part. */
const char *fw_lavfi_sequence_reason(const char *name);

/* Resolves and checks every argument into call->options. */
int fw_lavfi_options_store(struct fw_lavfi_call *call, const struct fw_call *text,
                           struct fw_complaints *complaints) FW_MUST_CHECK;
/* Last value given for an option, or NULL. */
const char *fw_lavfi_option_value(const struct fw_lavfi_call *call, const char *key);
/* Names an unknown variable or what else is wrong with an option that is an expression; complains
 * about nothing else. */
void fw_lavfi_expression_check(const struct fw_lavfi_call *call, const struct fw_call *text,
                               const struct fw_arg *arg, const char *key,
                               struct fw_complaints *complaints);

/* Class, window, rate and reason under the call's options. Returns why it cannot run with them, or
 * NULL; a sentence part. */
const char *fw_lavfi_classify(struct fw_lavfi_call *call);

#endif
