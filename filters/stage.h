/*
 * The inside of a chain.
 *
 * chain.c holds the text, plan.c makes stages of it for an input, segment.c cuts their line into
 * segments. A process that runs a parallel segment goes through window.c (neighbours and what is
 * kept of them), pass.c (a frame through stages) and stage.c (one of them); one that runs a
 * sequential segment through sequential.c and stage.c.
 */
#ifndef FW_FILTERS_STAGE_H
#define FW_FILTERS_STAGE_H

#include "chain.h"
#include "convert.h"
#include "expr.h"
#include "grammar.h"
#include "image.h"
#include "lavfi.h"

#define FW_CHAIN_STAGES_MAX (3 * FW_CHAIN_FILTERS_MAX + 2)
#define FW_CHAIN_SPANS_MAX (FW_CHAIN_FILTERS_MAX + FW_CHAIN_SEGMENTS_MAX)
#define FW_CHAIN_TEXT_MAX 65536
#define FW_HALO_MAX 32768
#define FW_SCRATCH_MAX ((size_t)1 << 40)
#define FW_BANDS_MAX 32 /* stages that go together in bands */
#define FW_BANDS_BYTES                                                                             \
    (512u << 10) /* of their two intermediate images: a part of the L2 cache;                      \
                  */
#define FW_BANDS_NEAR_BYTES (64u << 10) /* of those that need no halo: about the first cache */
#define FW_BANDS_SKEW                                                                              \
    2112 /* between the two, so that rows of one do not alias those of the other */

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

/* What runs as one: frames of `in` to frames of `out`. */
struct fw_stage {
    enum fw_stage_kind kind;
    struct fw_item *item; /* the first one of a group */
    uint32_t item_count;
    uint32_t step; /* index of its first step in the listing */
    uint32_t step_count;
    struct fw_video in;
    struct fw_video out;
    struct fw_caps caps;
    struct fw_convert *convert;
    struct fw_lavfi *graph;
    bool started;
};

/* A result that later windows may ask for again. */
struct fw_kept {
    bool valid;
    bool dropped;          /* there is no such frame after all */
    struct fw_frame frame; /* its number is frame.index */
    struct fw_hdr hdr;
    void *block;
};

/* Stages of a parallel segment from one window to the next: its first stage may read neighbours,
 * the others read one frame. What it makes is kept for the window of the next span. */
struct fw_span {
    uint32_t stage_first;
    uint32_t stage_end;
    int32_t before; /* what its first stage reads around a frame */
    int32_t after;
    struct fw_kept *kept; /* kept_count, by number modulo that; the last span keeps nothing */
    uint32_t kept_count;
    const struct fw_frame **window; /* before + 1 + after */
};

/* A segment and its share of the stages. */
struct fw_part {
    struct fw_chain_segment shown;
    uint32_t stage_first;
    uint32_t stage_end;
    uint32_t span_first; /* parallel ones */
    uint32_t span_count;
    size_t image_bytes; /* of the largest image between two stages; 0: there is none */
    size_t band_bytes;  /* of each of the images that bands lie in; 0: no bands */
    size_t work_bytes;  /* of the largest scratch of a stage */
};

struct fw_crew; /* see crew.h */
struct fw_turn; /* a stage of a sequential segment and what it is at */

struct fw_chain {
    char *text;
    struct fw_grammar grammar;
    uint32_t item_count;
    struct fw_item items[FW_CHAIN_FILTERS_MAX];
    const struct fw_format *output_format;
    int32_t cpu; /* enum fw_cpu */

    bool negotiated;
    uint32_t stage_count;
    struct fw_stage stages[FW_CHAIN_STAGES_MAX];
    uint32_t step_count;
    struct fw_chain_step steps[FW_CHAIN_STAGES_MAX];
    uint32_t part_count;
    struct fw_part parts[FW_CHAIN_SEGMENTS_MAX];
    uint32_t span_count;
    struct fw_span spans[FW_CHAIN_SPANS_MAX];

    const struct fw_part *running; /* NULL: not started */
    void *images[2];               /* intermediate results, used in turn */
    void *bands[2];                /* rows of intermediate results, used in turn */
    void *scratch;                 /* of the filter that runs */
    struct fw_turn *turns;         /* sequential: one for each stage */
    struct fw_crew *crew;          /* sequential: threads for planes; NULL: no stage uses them */
    volatile uint32_t *cell;
    int32_t band_rows; /* for tests: bands of so many rows; -1: no bands; 0: as fits */
};

/* ---- chain.c ---- */

/* Fills the steps with the items alone, as before negotiate. */
void fw_chain_list_items(struct fw_chain *chain);
/* "built-in", "plugin" or "libavfilter". */
const char *fw_item_engine(const struct fw_item *item);
/* Why a step has its class, one sentence. */
const char *fw_class_reason(enum fw_class filter_class);

/* ---- segment.c ---- */

/* Cuts the stages into parts and spans. FW_ERR_USAGE when a part would read too many neighbours,
 * change the rate too much, or when there would be too many parts. */
int fw_chain_cut(struct fw_chain *chain, const struct fw_video *in,
                 struct fw_error *err) FW_MUST_CHECK;
/* Number of the frame that goes into stage `first`, of output `number` of stage `end` - 1. */
uint64_t fw_number_before(const struct fw_chain *chain, uint32_t first, uint32_t end,
                          uint64_t number);
/* Output number of a parallel part that was asked for to the number behind its dropping stages.
 * Whether that is kept. */
bool fw_part_number(const struct fw_chain *chain, const struct fw_part *part, uint64_t asked,
                    uint64_t *number_out);

/* ---- stage.c ---- */

int fw_stage_start(const struct fw_chain *chain, struct fw_stage *stage,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_stage_stop(struct fw_stage *stage); /* accepts one that never started */
/* Whether it will do anything to a frame, as far as is known before it runs. */
bool fw_stage_is_active(const struct fw_stage *stage, const struct fw_frame *frame);
/* All of *out but image and index: what `in` has, in terms of the link behind the stage. */
void fw_stage_inherit(const struct fw_stage *stage, const struct fw_frame *in,
                      struct fw_frame *out);
/* The whole frame out->image, which is laid out, from in[0] and its neighbours. Returns as a
 * filter's process(); errors carry the name of the step. Not for sequential stages. */
int fw_stage_run(struct fw_chain *chain, struct fw_stage *stage, const struct fw_frame *const *in,
                 struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;
/* Notes which step runs. */
void fw_chain_note(struct fw_chain *chain, const struct fw_stage *stage);
/* What a filter returned, as a failure with a text when it is none of what its class may return, or
 * a failure without one. */
int fw_stage_settle(const struct fw_stage *stage, int status, struct fw_error *err);
/* Puts the name of the stage's step before a failure; returns `status`. */
int fw_stage_blame(const struct fw_chain *chain, const struct fw_stage *stage, int status,
                   struct fw_error *err);
/* A zeroed block at FW_IMAGE_ALIGN, touched; NULL without memory. For free(). */
void *fw_block_take(size_t bytes);
/* The image of a link at `block`. */
void fw_video_map(const struct fw_video *video, void *block, struct fw_image *image_out);

/* ---- pass.c ---- */

/* Stages [first, end) over in[0]; the first one reads in[-before] to in[after], too. `number` is
 * that of the output behind the last one. Returns as fw_chain_process; sets all of *out. */
int fw_pass_run(struct fw_chain *chain, uint32_t first, uint32_t end,
                const struct fw_frame *const *in, uint64_t number, struct fw_frame *out,
                struct fw_error *err) FW_MUST_CHECK;

/* ---- bands.c ---- */

/* Stages that go together in bands. */
struct fw_bands {
    uint32_t count;
    uint32_t stages[FW_BANDS_MAX];
    int32_t unit; /* whole chroma rows, in rows of luma height */
    int32_t rows; /* of a band; a multiple of unit */
};

/* Whether a stage may be one of them. */
bool fw_stage_has_bands(const struct fw_stage *stage);
/* Those from `first` on, before `end`, for a frame; stages that are not active are left out.
 * Returns their count: with less than two there is nothing to gain. */
uint32_t fw_bands_gather(const struct fw_chain *chain, uint32_t first, uint32_t end,
                         const struct fw_frame *frame, struct fw_bands *bands);
/* The frame through all of them to out->image; sets all of *out but its index. */
int fw_bands_run(struct fw_chain *chain, const struct fw_bands *bands, const struct fw_frame *in,
                 struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;

/* ---- window.c ---- */

int fw_window_open(struct fw_chain *chain, const struct fw_part *part,
                   struct fw_error *err) FW_MUST_CHECK;
void fw_window_close(struct fw_chain *chain, const struct fw_part *part);
/* Bytes that open takes. */
size_t fw_window_bytes(const struct fw_chain *chain, const struct fw_part *part);
/* Output `number` of the part (behind its dropping stages); in, out and result as
 * fw_chain_process. */
int fw_window_run(struct fw_chain *chain, const struct fw_part *part,
                  const struct fw_frame *const *in, uint64_t number, struct fw_frame *out,
                  struct fw_error *err) FW_MUST_CHECK;

/* ---- sequential.c ---- */

int fw_sequential_open(struct fw_chain *chain, const struct fw_part *part,
                       struct fw_error *err) FW_MUST_CHECK;
void fw_sequential_close(struct fw_chain *chain, const struct fw_part *part);
size_t fw_sequential_bytes(const struct fw_chain *chain, const struct fw_part *part);

#endif
