/* What lavfi.c and the other lavfi files share. */
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
};

struct fw_lavfi_option {
    const char *key;
    const char *value; /* borrowed from the grammar */
};

struct fw_lavfi_call {
    const AVFilter *filter;
    const struct fw_lavfi_row *row;
    enum fw_class filter_class;
    bool reads_files;
    uint32_t option_count;
    struct fw_lavfi_option *options;
};

/* Row of the class table, or NULL: not known to be safe in parallel. */
const struct fw_lavfi_row *fw_lavfi_row_find(const char *name);
/* Why a filter without a usable row is refused; a sentence part. */
const char *fw_lavfi_refusal(const char *name);
/* Resolves and checks every argument into call->options. */
int fw_lavfi_options_store(struct fw_lavfi_call *call, const struct fw_call *text,
                           struct fw_complaints *complaints) FW_MUST_CHECK;
/* Why the filter is refused with its options, or NULL; a sentence part. */
const char *fw_lavfi_find_refusal(const struct fw_lavfi_call *call);
/* Whether a frame's pixels could depend on those that went through the graph before. */
bool fw_lavfi_graph_remembers(const AVFilterGraph *graph);
/* FW_ERR_USAGE when it remembers and cannot be built again for every frame. */
int fw_lavfi_check_memory(const AVFilterGraph *graph, struct fw_lavfi_call *const *calls,
                          uint32_t count, struct fw_error *err) FW_MUST_CHECK;

/* Everything but pixels and format. */
void fw_lavfi_frame_tag(AVFrame *frame, const struct fw_frame *in);
/* As side data; `hdr` may be NULL. Returns 0, or -1 without memory. */
int fw_lavfi_frame_set_hdr(AVFrame *frame, const struct fw_hdr *hdr) FW_MUST_CHECK;
struct fw_color fw_lavfi_frame_color(const AVFrame *frame);

/* Last value given for an option, or NULL. */
const char *fw_lavfi_option_value(const struct fw_lavfi_call *call, const char *key);

#endif
