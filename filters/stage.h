/* The inside of a chain, shared by chain.c (text, listing), plan.c (negotiation) and run.c
 * (frames). */
#ifndef FW_FILTERS_STAGE_H
#define FW_FILTERS_STAGE_H

#include "chain.h"
#include "convert.h"
#include "expr.h"
#include "grammar.h"
#include "lavfi.h"

#define FW_CHAIN_STAGES_MAX (3 * FW_CHAIN_FILTERS_MAX + 2)
#define FW_CHAIN_TEXT_MAX 65536

/* One filter that the user wrote: a built-in with its state, or a checked libavfilter call. */
struct fw_item {
    const struct fw_call *call;
    const struct fw_filter *filter; /* NULL: libavfilter */
    void *self;
    struct fw_expr *enable; /* built-ins; libavfilter evaluates its own */
    struct fw_lavfi_call *foreign;
    bool plugged; /* `filter` is a plugin's */
};

enum fw_stage_kind {
    FW_STAGE_FILTER, /* one built-in */
    FW_STAGE_LAVFI,  /* neighbouring libavfilter filters as one graph */
    FW_STAGE_CONVERT /* an inserted libswscale conversion */
};

/* What process() runs one after the other. */
struct fw_stage {
    enum fw_stage_kind kind;
    struct fw_item *item; /* the first one of a group */
    uint32_t item_count;
    uint32_t step; /* index of its first step in the listing */
    struct fw_video in;
    struct fw_video out;
    struct fw_caps caps;
    struct fw_convert *convert;
    struct fw_lavfi *graph;
    bool started;
};

struct fw_chain {
    char *text;
    struct fw_grammar grammar;
    uint32_t item_count;
    struct fw_item items[FW_CHAIN_FILTERS_MAX];
    const struct fw_format *output_format;
    int32_t cpu; /* enum fw_cpu */

    bool negotiated;
    bool started;
    uint32_t stage_count;
    struct fw_stage stages[FW_CHAIN_STAGES_MAX];
    uint32_t step_count;
    struct fw_chain_step steps[FW_CHAIN_STAGES_MAX];

    void *images[2]; /* intermediate results, used in turn */
    size_t image_bytes;
    void *scratch; /* of the filter that runs */
    size_t scratch_bytes;
    volatile uint32_t *cell;
};

/* Fills the steps with the items alone, as before negotiate. */
void fw_chain_list_items(struct fw_chain *chain);
/* "built-in", "plugin" or "libavfilter". */
const char *fw_item_engine(const struct fw_item *item);
/* Class of an item before it knows its input. */
enum fw_class fw_item_class(const struct fw_item *item);

#endif
