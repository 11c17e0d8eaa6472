/*
 * A parsed filter chain: text in FFmpeg's -vf grammar to frames. No process knowledge here.
 *
 * create (text only) -> negotiate (input known) -> start (in the process that runs it) -> process.
 * A chain belongs to one thread.
 */
#ifndef FW_FILTERS_CHAIN_H
#define FW_FILTERS_CHAIN_H

#include "filter.h"

#include <stdbool.h>

#define FW_CHAIN_FILTERS_MAX 64

struct fw_chain;

/* What `explain` says of one filter. Strings are borrowed until the chain is destroyed. */
struct fw_chain_step {
    const char *name;
    const char *engine; /* "built-in" or "libavfilter" */
    const char *args;   /* as written, "" when none */
    const char *reason; /* why it has its class, one sentence */
    bool inserted;      /* a conversion that the user did not write */
    enum fw_class filter_class;
    uint32_t flags; /* enum fw_caps_flags; 0 before negotiate */
    int32_t before;
    int32_t after;
    struct fw_video in; /* format NULL before negotiate */
    struct fw_video out;
};

/* Parses `text` ("" and NULL: no filter), finds every filter and checks every option. All errors of
 * the text come at once in err->text, each with the chain, a caret line, the allowed range or a
 * suggestion. Never touches the file system. */
int fw_chain_create(struct fw_chain **chain_out, const char *text,
                    struct fw_error *err) FW_MUST_CHECK;
/* The same with filters of plugins beside the built-in ones. `plugins` is borrowed until the chain
 * is destroyed; NULL: none. */
struct fw_plugins;
int fw_chain_create_with(struct fw_chain **chain_out, const char *text, struct fw_plugins *plugins,
                         struct fw_error *err) FW_MUST_CHECK;
/* NULL ok. */
void fw_chain_destroy(struct fw_chain *chain);

/* Fits the chain to an input: inserts conversions (libswscale, FFmpeg's default flags), computes
 * what comes out. May be called again with another input before start. FW_ERR_USAGE names filter
 * and reason. */
int fw_chain_negotiate(struct fw_chain *chain, const struct fw_video *in, struct fw_video *out,
                       struct fw_error *err) FW_MUST_CHECK;
/* Appends a conversion to `format` at the chain's end, as a conversion that the user did not write.
 * After create, before negotiate; NULL removes it. */
void fw_chain_set_output_format(struct fw_chain *chain, const struct fw_format *format);

/* The highest level of instructions that built-in filters use, an enum fw_cpu; before start. What
 * the machine has, unless it is set. */
void fw_chain_set_cpu(struct fw_chain *chain, int level);

/* Takes memory, tables and graphs; the last point where files are opened. After it, process()
 * allocates nothing but what libavfilter does by itself. */
int fw_chain_start(struct fw_chain *chain, struct fw_error *err) FW_MUST_CHECK;
/* One frame through all filters. out->image is laid out by the caller for the negotiated output;
 * the chain writes pixels there and sets the other fields of *out. FW_IDENTITY: the chain changed
 * no pixel and out->image was not written (the other fields of *out are set). FW_DROP: no output.
 * Errors carry the filter's name. `in` is only read. */
int fw_chain_process(struct fw_chain *chain, const struct fw_frame *in, struct fw_frame *out,
                     struct fw_error *err) FW_MUST_CHECK;
void fw_chain_stop(struct fw_chain *chain);

uint32_t fw_chain_step_count(const struct fw_chain *chain);
void fw_chain_step_at(const struct fw_chain *chain, uint32_t index, struct fw_chain_step *step_out);
/* Index in step order of the filter that process() is in; survives a crash of the process when
 * `cell` lies in shared memory. NULL: not recorded. */
void fw_chain_watch(struct fw_chain *chain, volatile uint32_t *cell);

/* The strictest class, and the neighbours the whole chain reads, after negotiate. */
struct fw_chain_needs {
    enum fw_class filter_class;
    int32_t before;
    int32_t after;
    uint32_t flags;       /* union of the filters' enum fw_caps_flags */
    size_t scratch_bytes; /* memory each worker takes for intermediate images */
};
void fw_chain_needs(const struct fw_chain *chain, struct fw_chain_needs *needs_out);

#endif
