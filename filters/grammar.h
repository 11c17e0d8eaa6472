/* The text of a filter chain or graph, FFmpeg's -vf grammar: names, ids and arguments with offsets.
 */
#ifndef FW_FILTERS_GRAMMAR_H
#define FW_FILTERS_GRAMMAR_H

#include "chain.h"
#include "complain.h"

enum fw_engine {
    FW_ENGINE_ANY,  /* ours when there is one, else libavfilter's */
    FW_ENGINE_OWN,  /* fw.NAME */
    FW_ENGINE_LAVFI /* lavfi.NAME */
};

/* One value. Offsets are bytes of the chain text. */
struct fw_arg {
    char *key; /* NULL for a positional value */
    char *value;
    uint32_t key_first;
    uint32_t key_end;
    uint32_t value_first;
    uint32_t value_end;
};

/* One filter as written. */
struct fw_call {
    char *name; /* without engine prefix and id */
    char *id;   /* NULL when none */
    char *text; /* arguments as written, "" when none */
    enum fw_engine engine;
    uint32_t name_first;
    uint32_t name_end;
    uint32_t end; /* behind the arguments */
    uint32_t arg_count;
    struct fw_arg *args;
};

struct fw_grammar {
    uint32_t call_count;
    struct fw_call calls[FW_CHAIN_FILTERS_MAX];
    /* Has labels or several branches; then it is one thing, as `whole` says it. */
    bool branched;
    struct fw_call whole;
};

/* Splits complaints->text. Errors go to `complaints`; what could be read is in *grammar either way.
 * Returns FW_OK, FW_ERR_USAGE or FW_ERR_MEMORY. */
int fw_grammar_parse(struct fw_grammar *grammar, struct fw_complaints *complaints) FW_MUST_CHECK;
void fw_grammar_deinit(struct fw_grammar *grammar);

#endif
