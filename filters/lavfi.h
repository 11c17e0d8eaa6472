/* libavfilter behind the chain: checked calls, and groups of them as one graph. The other side of
 * this header is the only code that includes libavfilter. */
#ifndef FW_FILTERS_LAVFI_H
#define FW_FILTERS_LAVFI_H

#include "grammar.h"

/* One of libavfilter's filters as the user wrote it; options checked. */
struct fw_lavfi_call;
/* Consecutive calls as one libavfilter graph: one frame in, one frame out. */
struct fw_lavfi;

struct fw_lavfi_traits {
    enum fw_class filter_class;
    const char *reason;
    uint32_t flags; /* enum fw_caps_flags */
    int32_t before; /* windowed: neighbours it reads */
    int32_t after;
    int32_t rate_num; /* as in struct fw_caps */
    int32_t rate_den;
};

/* Whether libavfilter has a filter of this name. */
bool fw_lavfi_exists(const char *name);
/* Names with one video input and output, for suggestions; NULL past the end. *state starts NULL. */
const char *fw_lavfi_next_name(void **state);

/* Finds the filter, its class and every option. Errors go to `complaints`; then NULL comes back
 * with FW_ERR_USAGE. Opens no file. */
int fw_lavfi_call_create(struct fw_lavfi_call **call_out, const struct fw_call *call,
                         struct fw_complaints *complaints) FW_MUST_CHECK;
/* A text with branches as one sequential call: it is checked filter by filter. */
int fw_lavfi_graph_create(struct fw_lavfi_call **call_out, const struct fw_grammar *grammar,
                          struct fw_complaints *complaints) FW_MUST_CHECK;
void fw_lavfi_call_destroy(struct fw_lavfi_call *call); /* NULL ok */
void fw_lavfi_call_traits(const struct fw_lavfi_call *call, struct fw_lavfi_traits *traits_out);

/* A filter of a chain: as written, and as checked where libavfilter runs it. */
struct fw_lavfi_word {
    const struct fw_call *text;
    const struct fw_lavfi_call *call; /* NULL: a built-in */
};
/* What it is given. */
struct fw_lavfi_need {
    const struct fw_format *format; /* NULL: not known */
    bool converted;                 /* by a conversion in front of it */
};
/* The formats that libavfilter would settle on if it ran the whole chain, built-ins being its own
 * filters of the same name. FW_END when it cannot tell: then every filter chooses for itself. */
int fw_lavfi_agree(const struct fw_lavfi_word *words, uint32_t count, const struct fw_video *in,
                   struct fw_lavfi_need *needs_out) FW_MUST_CHECK;

/* What comes out of each of the calls for `in`; links_out holds `count` entries. Opens no file:
 * a filter that reads one is stood in for by one that takes the same formats. */
int fw_lavfi_plan(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in,
                  struct fw_video *links_out, struct fw_error *err) FW_MUST_CHECK;
/* Builds the graph. `out` is what fw_lavfi_plan said of the last call. */
int fw_lavfi_open(struct fw_lavfi **graph_out, struct fw_lavfi_call *const *calls, uint32_t count,
                  const struct fw_video *in, const struct fw_video *out,
                  struct fw_error *err) FW_MUST_CHECK;
/* Graphs that are not sequential: the output for in[0], copied into out->image; pts, flags and
 * colour of *out are set. in[-before] to in[after] are there, NULL beyond the ends of the stream.
 */
int fw_lavfi_process(struct fw_lavfi *graph, const struct fw_frame *const *in, int32_t before,
                     int32_t after, struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;
/* Sequential graphs: a frame, copied, or NULL at the end; then pull until it returns FW_END. */
int fw_lavfi_push(struct fw_lavfi *graph, const struct fw_frame *in,
                  struct fw_error *err) FW_MUST_CHECK;
int fw_lavfi_pull(struct fw_lavfi *graph, struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;
void fw_lavfi_close(struct fw_lavfi *graph); /* NULL ok */

#endif
