/*
 * A parsed filter chain: text in FFmpeg's -vf grammar to frames. No process knowledge here.
 *
 * create (text only) -> negotiate (input known) -> start of one segment (in the process that runs
 * it) -> process, or push and pull. A chain belongs to one thread.
 *
 * A negotiated chain is a line of segments, in turn parallel and sequential, the first and the last
 * one parallel. A parallel segment holds filters that take frames in any order, in as many
 * processes as there are; a sequential one filters that want all frames in order, in one process.
 * Either may be empty: an empty parallel segment changes nothing, an empty sequential one (a relay)
 * hands frames on, so that what lies before it is computed once for neighbours that share it.
 */
#ifndef FW_FILTERS_CHAIN_H
#define FW_FILTERS_CHAIN_H

#include "filter.h"

#include <stdbool.h>

#define FW_CHAIN_FILTERS_MAX 64
#define FW_CHAIN_SEGMENTS_MAX 15    /* 8 parallel ones and those between them */
#define FW_CHAIN_NEIGHBOURS_MAX 512 /* frames that a segment reads before or after one */
#define FW_CHAIN_RATE_MAX 64        /* frames that a segment makes of one */
#define FW_CHAIN_STEP_MAX 1000000   /* frames of which a segment keeps one */

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

/* Whether the files that the text names can be read from here. All faults at once, as of create. */
int fw_chain_check_files(const struct fw_chain *chain, struct fw_error *err) FW_MUST_CHECK;

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

/* Stages between two single processes, or one single process. Valid after negotiate. */
struct fw_chain_segment {
    bool sequential;
    uint32_t step_first;        /* in the listing */
    uint32_t step_count;        /* 0: empty */
    enum fw_class filter_class; /* the strictest of its steps */
    uint32_t flags;             /* union of their enum fw_caps_flags */
    int32_t before;             /* parallel: neighbours that one output reads, in input frames */
    int32_t after;
    int32_t rate_num; /* parallel: outputs asked for per input; of rate_num * k outputs of which */
    int32_t rate_den; /* every rate_den-th is kept. Sequential: 0/0 when data decides */
    uint32_t range_multiple; /* outputs in a row that one process should be given: a multiple of */
    uint32_t range_best;     /* this, and at least so many that recomputed neighbours cost little */
    size_t scratch_bytes;    /* per process: intermediate images, kept neighbours, scratch */
    double cost_ns;          /* rough, of one input frame on one core; 0 when unknown */
    struct fw_video in;
    struct fw_video out;
};
uint32_t fw_chain_segment_count(const struct fw_chain *chain);
void fw_chain_segment_at(const struct fw_chain *chain, uint32_t index,
                         struct fw_chain_segment *segment_out);

/* Takes memory, tables and graphs of one segment; the last point where files are opened. After it,
 * nothing is allocated for frames but what libavfilter takes by itself. */
int fw_chain_start(struct fw_chain *chain, uint32_t segment, struct fw_error *err) FW_MUST_CHECK;

/* Parallel segments: output number out->index, from in[-before] to in[after], NULL beyond the ends
 * of the stream. in[0]->index is out->index / rate_num. out->image is laid out by the caller for
 * the segment's output; the chain writes pixels there and sets the other fields of *out but its
 * index. Inputs are only read, and only during the call; consecutive outputs are cheap, because
 * intermediate images are kept by number, and any order gives the same bytes.
 *
 * FW_IDENTITY: no pixel of in[0] changes and out->image was not written (the other fields are set).
 * FW_DROP: this number has no frame. Errors carry the filter's name. */
int fw_chain_process(struct fw_chain *chain, const struct fw_frame *const *in, struct fw_frame *out,
                     struct fw_error *err) FW_MUST_CHECK;

/* Whether all that a started parallel segment does to such a frame works on rows: then the rows
 * that a part of the picture may start at are multiples of the result, else it is 0. */
int32_t fw_chain_row_unit(const struct fw_chain *chain, const struct fw_frame *frame);
/* Rows [row_first, row_end) of output out->index of such a frame, which stands alone; the others
 * are not touched. Several chains of one text may share a picture. As fw_chain_process else. */
int fw_chain_process_rows(struct fw_chain *chain, const struct fw_frame *in, struct fw_frame *out,
                          int32_t row_first, int32_t row_end, struct fw_error *err) FW_MUST_CHECK;

/* Sequential segments: the next frame, numbered from 0, or NULL behind the last one. *in and its
 * pixels must stay until pull has returned FW_END; only then comes the next push. */
int fw_chain_push(struct fw_chain *chain, const struct fw_frame *in,
                  struct fw_error *err) FW_MUST_CHECK;
/* FW_OK: the next output, with its pixels in out->image (laid out by the caller) and all fields of
 * *out set; index counts outputs from 0. FW_END: another push is wanted or, after the push of NULL,
 * all is over. */
int fw_chain_pull(struct fw_chain *chain, struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;
void fw_chain_stop(struct fw_chain *chain);

uint32_t fw_chain_step_count(const struct fw_chain *chain);
void fw_chain_step_at(const struct fw_chain *chain, uint32_t index, struct fw_chain_step *step_out);
/* Index in step order of the filter that runs; survives a crash of the process when
 * `cell` lies in shared memory. NULL: not recorded. */
void fw_chain_watch(struct fw_chain *chain, volatile uint32_t *cell);

/* What the whole chain is, as far as it is known: before negotiate, of the filters as written. */
struct fw_chain_needs {
    enum fw_class filter_class; /* the strictest */
    uint32_t flags;             /* FW_CAPS_PROCESS_ONLY and FW_CAPS_READS_FILES of any filter */
};
void fw_chain_needs(const struct fw_chain *chain, struct fw_chain_needs *needs_out);

#endif
