/* A libavfilter graph between its source and its sink. */
#ifndef FW_FILTERS_LAVFI_GRAPH_H
#define FW_FILTERS_LAVFI_GRAPH_H

#include "image.h"
#include "lavfi_call.h"

#include <libavfilter/avfilter.h>
#include <libavutil/frame.h>

struct fw_lavfi {
    AVFilterGraph *graph;
    AVFilterContext *source;
    AVFilterContext *sink;
    AVFilterContext *filters[FW_CHAIN_FILTERS_MAX];
    AVFrame *in;
    AVFrame *out;
    struct fw_lavfi_call *calls[FW_CHAIN_FILTERS_MAX];
    uint32_t call_count;
    struct fw_video video_in;
    struct fw_video video_out;
    struct fw_hdr hdr; /* of the frame pulled last */
    bool strict;       /* without conversions that libavfilter puts in */

    /* One frame in, one out. */
    struct fw_image edged; /* copy of the input, where it needs longer rows */
    void *edged_block;
    bool used;
    bool forgets;         /* every frame needs a graph of its own */
    uint32_t outstanding; /* planes of the caller's image that libavfilter still refers to */

    /* Windows. Numbers are those of the whole stream. */
    bool fed;          /* holds frames up to next_in */
    bool ended;        /* was told that no more come */
    uint64_t next_in;  /* the input to feed next */
    uint64_t next_out; /* the output that comes next */
    int64_t end_pts;   /* behind the last frame that was fed */
};

/* Without: files are left out, and filters that need them stood in for. */
enum fw_lavfi_files { FW_LAVFI_WITHOUT_FILES, FW_LAVFI_WITH_FILES };

/* Builds and configures lavfi->graph for lavfi->calls; what is half built is freed by close. */
int fw_lavfi_build(struct fw_lavfi *lavfi, const struct fw_video *in, enum fw_lavfi_files files,
                   struct fw_error *err) FW_MUST_CHECK;
/* What the link behind a filter carries. `before` is what the link in front carries. */
int fw_lavfi_read_link(const AVFilterLink *link, const struct fw_video *before,
                       struct fw_video *video, struct fw_error *err) FW_MUST_CHECK;
/* Whether a frame's pixels could depend on those that went through the graph before, because of a
 * conversion. */
bool fw_lavfi_graph_remembers(const AVFilterGraph *graph);
/* FW_ERR_USAGE when it remembers and cannot be built again for every frame. */
int fw_lavfi_check_memory(const AVFilterGraph *graph, struct fw_lavfi_call *const *calls,
                          uint32_t count, struct fw_error *err) FW_MUST_CHECK;
/* Sets the number that filters take the next frame to have. */
void fw_lavfi_set_frame_number(AVFilterGraph *graph, uint64_t index);

/* Says what libavfilter's code means; returns the status. */
int fw_lavfi_fail_frame(struct fw_error *err, int code);
/* A copy of `in` to the source, or (NULL) the end. */
int fw_lavfi_feed(struct fw_lavfi *lavfi, const struct fw_frame *in,
                  struct fw_error *err) FW_MUST_CHECK;
/* The next frame into lavfi->out; FW_END when it needs more input or is over. */
int fw_lavfi_fetch(struct fw_lavfi *lavfi, struct fw_error *err) FW_MUST_CHECK;
/* Copies lavfi->out to `out` and releases it; an error when it is not what was planned. */
int fw_lavfi_take(struct fw_lavfi *lavfi, struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;
/* An output of a window. */
int fw_lavfi_window(struct fw_lavfi *lavfi, const struct fw_frame *const *in, int before, int after,
                    struct fw_frame *out, struct fw_error *err) FW_MUST_CHECK;

/* How long the rows of frames are that libavfilter makes itself. */
int32_t fw_lavfi_row_pixels(int32_t width);
/* Takes pixels for a frame of a format and size, with rows as long as those of frames that
 * libavfilter makes itself: some filters copy planes by the length of the rows they write, and end
 * the process when the input's are shorter. */
int fw_lavfi_frame_take(AVFrame *frame) FW_MUST_CHECK;
/* Everything but pixels and format. */
void fw_lavfi_frame_tag(AVFrame *frame, const struct fw_frame *in);
/* As side data; `hdr` may be NULL. Returns 0, or -1 without memory. */
int fw_lavfi_frame_set_hdr(AVFrame *frame, const struct fw_hdr *hdr) FW_MUST_CHECK;
/* Returns whether the frame says anything. */
bool fw_lavfi_frame_hdr(const AVFrame *frame, struct fw_hdr *hdr_out);
struct fw_color fw_lavfi_frame_color(const AVFrame *frame);

static inline AVRational fw_lavfi_rational(struct fw_rational value)
{
    return (AVRational){ value.num, value.den ? value.den : 1 };
}

static inline AVRational fw_lavfi_time_base(const struct fw_video *video)
{
    bool known = video->time_base.num > 0 && video->time_base.den > 0;
    return known ? fw_lavfi_rational(video->time_base) : (AVRational){ 1, 1000000 };
}

static inline bool fw_lavfi_is_rgb(const struct fw_format *format)
{
    return format->flags & (FW_FORMAT_RGB | FW_FORMAT_PALETTE);
}

#endif
