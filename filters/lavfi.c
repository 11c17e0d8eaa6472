/*
 * libavfilter graphs: built from checked calls, one frame in and one out.
 *
 * A graph runs single-threaded (processes are the parallelism). Its links are told the global frame
 * number before each push, since every process sees only some of the frames.
 */
#include "lavfi.h"

#include "check.h"
#include "format.h"
#include "image.h"
#include "lavfi_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>

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
    struct fw_image edged; /* copy of the input, where libswscale reads beyond its rows */
    void *edged_block;
    bool used;
    bool forgets;         /* every frame needs a graph of its own */
    uint32_t outstanding; /* planes of the caller's image that libavfilter still refers to */
};

bool fw_lavfi_exists(const char *name)
{
    return avfilter_get_by_name(name) != NULL;
}

static bool is_video_pair(const AVFilter *filter)
{
    const int dynamic = AVFILTER_FLAG_DYNAMIC_INPUTS | AVFILTER_FLAG_DYNAMIC_OUTPUTS;
    return !(filter->flags & dynamic) && avfilter_filter_pad_count(filter, 0) == 1 &&
           avfilter_filter_pad_count(filter, 1) == 1 &&
           avfilter_pad_get_type(filter->inputs, 0) == AVMEDIA_TYPE_VIDEO &&
           avfilter_pad_get_type(filter->outputs, 0) == AVMEDIA_TYPE_VIDEO;
}

const char *fw_lavfi_next_name(void **state)
{
    const AVFilter *filter = av_filter_iterate(state);
    while (filter && !is_video_pair(filter))
        filter = av_filter_iterate(state);
    return filter ? filter->name : NULL;
}

static bool reads_files(const struct fw_lavfi_call *call)
{
    const char *option = call->row ? call->row->file_option : NULL;
    return option && (strcmp(option, "*") == 0 || fw_lavfi_option_value(call, option));
}

static int check_call(struct fw_lavfi_call *call, const struct fw_call *text,
                      struct fw_complaints *complaints)
{
    char hint[96] = "";
    if (!is_video_pair(call->filter)) {
        fw_complain(complaints, text->name_first, text->name_end, NULL,
                    "filter '%s' does not have one video input and one video output: it needs a "
                    "graph with several branches, which is not supported yet",
                    text->name);
        return FW_OK;
    }
    int status = fw_lavfi_options_store(call, text, complaints);
    const char *refusal = status == FW_OK ? fw_lavfi_find_refusal(call) : NULL;
    if (refusal && call->row && call->row->only_option && strncmp(refusal, "keeps", 5) == 0)
        (void)snprintf(hint, sizeof(hint), "%s=%s makes it independent of other frames",
                       call->row->only_option, call->row->only_value);
    if (refusal)
        fw_complain(complaints, text->name_first, text->name_end, hint, "filter '%s' %s",
                    text->name, refusal);
    call->reads_files = reads_files(call);
    return status;
}

int fw_lavfi_call_create(struct fw_lavfi_call **call_out, const struct fw_call *text,
                         struct fw_complaints *complaints)
{
    uint32_t before = complaints->count;
    struct fw_lavfi_call *call = calloc(1, sizeof(*call));
    *call_out = NULL;
    if (!call)
        return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter '%s'", text->name);
    call->filter = avfilter_get_by_name(text->name);
    call->row = fw_lavfi_row_find(text->name);
    call->filter_class = call->row ? call->row->filter_class : FW_CLASS_SEQUENTIAL;
    int status = call->filter ? check_call(call, text, complaints) : FW_ERR_USAGE;
    if (status == FW_OK && complaints->count > before)
        status = FW_ERR_USAGE;
    if (status < 0) {
        fw_lavfi_call_destroy(call);
        return status;
    }
    *call_out = call;
    return FW_OK;
}

void fw_lavfi_call_destroy(struct fw_lavfi_call *call)
{
    if (!call)
        return;
    free(call->options);
    free(call);
}

void fw_lavfi_call_traits(const struct fw_lavfi_call *call, struct fw_lavfi_traits *traits_out)
{
    *traits_out = (struct fw_lavfi_traits){ .filter_class = call->filter_class,
                                            .rate_num = 1,
                                            .rate_den = 1 };
    traits_out->flags = call->reads_files ? FW_CAPS_READS_FILES : 0;
    traits_out->reason = call->filter_class == FW_CLASS_PURE ? "reads nothing but the frame"
                                                             : "reads the frame's number or time";
}

static AVRational to_av_rational(struct fw_rational value)
{
    return (AVRational){ value.num, value.den ? value.den : 1 };
}

static struct fw_rational from_av_rational(AVRational value)
{
    return (struct fw_rational){ value.num, value.den };
}

static AVRational time_base_of(const struct fw_video *video)
{
    bool known = video->time_base.num > 0 && video->time_base.den > 0;
    return known ? to_av_rational(video->time_base) : (AVRational){ 1, 1000000 };
}

static int fail_av(struct fw_error *err, const char *name, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    (void)av_strerror(code, text, sizeof(text));
    int status = code == AVERROR(ENOMEM) ? FW_ERR_MEMORY : FW_ERR_USAGE;
    return fw_fail(err, status, "libavfilter's %s does not take these options or this input: %s",
                   name, text);
}

static int add_source(struct fw_lavfi *lavfi, const struct fw_video *in, struct fw_error *err)
{
    lavfi->source = avfilter_graph_alloc_filter(lavfi->graph, avfilter_get_by_name("buffer"),
                                                "source");
    AVBufferSrcParameters *parameters = av_buffersrc_parameters_alloc();
    int code = AVERROR(ENOMEM);
    if (lavfi->source && parameters) {
        parameters->format = av_get_pix_fmt(in->format->name);
        parameters->width = in->width;
        parameters->height = in->height;
        parameters->time_base = time_base_of(in);
        parameters->frame_rate = to_av_rational(in->frame_rate);
        parameters->sample_aspect_ratio = to_av_rational(in->sample_aspect);
        code = av_buffersrc_parameters_set(lavfi->source, parameters);
    }
    av_free(parameters);
    if (code >= 0)
        code = avfilter_init_str(lavfi->source, NULL);
    return code < 0 ? fail_av(err, "buffer", code) : FW_OK;
}

static int add_sink(struct fw_lavfi *lavfi, struct fw_error *err)
{
    lavfi->sink = avfilter_graph_alloc_filter(lavfi->graph, avfilter_get_by_name("buffersink"),
                                              "sink");
    int code = lavfi->sink ? avfilter_init_str(lavfi->sink, NULL) : AVERROR(ENOMEM);
    return code < 0 ? fail_av(err, "buffersink", code) : FW_OK;
}

/* "name" or "name=arguments" in place of a filter that would open a file. */
static int add_stand_in(struct fw_lavfi *lavfi, const char *stand_in, uint32_t index,
                        struct fw_error *err)
{
    char name[32];
    size_t bytes = strcspn(stand_in, "=");
    (void)snprintf(name, sizeof(name), "%.*s", (int)bytes, stand_in);
    AVFilterContext *filter = avfilter_graph_alloc_filter(lavfi->graph, avfilter_get_by_name(name),
                                                          NULL);
    const char *arguments = stand_in[bytes] ? stand_in + bytes + 1 : NULL;
    int code = filter ? avfilter_init_str(filter, arguments) : AVERROR(ENOMEM);
    lavfi->filters[index] = filter;
    return code < 0 ? fail_av(err, name, code) : FW_OK;
}

static int add_filter(struct fw_lavfi *lavfi, const struct fw_lavfi_call *call, uint32_t index,
                      bool with_files, struct fw_error *err)
{
    AVDictionary *options = NULL;
    char name[80];
    if (call->reads_files && !with_files && call->row->stand_in)
        return add_stand_in(lavfi, call->row->stand_in, index, err);
    (void)snprintf(name, sizeof(name), "%s_%u", call->filter->name, index);
    lavfi->filters[index] = avfilter_graph_alloc_filter(lavfi->graph, call->filter, name);
    int code = lavfi->filters[index] ? 0 : AVERROR(ENOMEM);
    for (uint32_t i = 0; i < call->option_count && code >= 0; i++) {
        const struct fw_lavfi_option *option = &call->options[i];
        bool file = call->reads_files && strcmp(option->key, call->row->file_option) == 0;
        if (file && !with_files)
            continue;
        code = av_dict_set(&options, option->key, option->value, AV_DICT_MATCH_CASE);
    }
    if (code >= 0)
        code = avfilter_init_dict(lavfi->filters[index], &options);
    if (code >= 0 && av_dict_count(options) > 0)
        code = AVERROR_OPTION_NOT_FOUND;
    av_dict_free(&options);
    return code < 0 ? fail_av(err, call->filter->name, code) : FW_OK;
}

static int configure(struct fw_lavfi *lavfi, struct fw_lavfi_call *const *calls, uint32_t count,
                     struct fw_error *err)
{
    AVFilterContext *last = lavfi->source;
    int code = 0;
    for (uint32_t i = 0; i < count && code >= 0; i++) {
        code = avfilter_link(last, 0, lavfi->filters[i], 0);
        last = lavfi->filters[i];
    }
    if (code >= 0)
        code = avfilter_link(last, 0, lavfi->sink, 0);
    if (code >= 0)
        code = avfilter_graph_config(lavfi->graph, NULL);
    return code < 0 ? fail_av(err, count == 1 ? calls[0]->filter->name : "filter group", code)
                    : FW_OK;
}

static int build(struct fw_lavfi *lavfi, struct fw_lavfi_call *const *calls, uint32_t count,
                 const struct fw_video *in, bool with_files, struct fw_error *err)
{
    lavfi->video_in = *in;
    lavfi->graph = avfilter_graph_alloc();
    lavfi->in = lavfi->in ? lavfi->in : av_frame_alloc();
    lavfi->out = lavfi->out ? lavfi->out : av_frame_alloc();
    if (!lavfi->graph || !lavfi->in || !lavfi->out)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    lavfi->graph->nb_threads = 1;
    lavfi->graph->thread_type = 0;
    int status = add_source(lavfi, in, err);
    for (uint32_t i = 0; i < count && status == FW_OK; i++)
        status = add_filter(lavfi, calls[i], i, with_files, err);
    if (status == FW_OK)
        status = add_sink(lavfi, err);
    return status == FW_OK ? configure(lavfi, calls, count, err) : status;
}

static bool is_rgb(const struct fw_format *format)
{
    return format->flags & (FW_FORMAT_RGB | FW_FORMAT_PALETTE);
}

/* What the link behind a filter carries, in the input's time base. */
static int read_link(const AVFilterLink *link, const struct fw_video *before,
                     struct fw_video *video, struct fw_error *err)
{
    const char *name = av_get_pix_fmt_name(link->format);
    *video = *before;
    video->format = fw_format_find(name);
    video->width = link->w;
    video->height = link->h;
    video->sample_aspect = from_av_rational(link->sample_aspect_ratio);
    video->frame_rate = from_av_rational(link->frame_rate);
    if (!video->format)
        return fw_fail(err, FW_ERR_USAGE, "libavfilter puts out an unknown pixel format (%s)",
                       name ? name : "none");
    if (is_rgb(video->format) && !is_rgb(before->format)) {
        video->color.matrix = 0;
        video->color.range = 2;
    } else if (!is_rgb(video->format) && is_rgb(before->format)) {
        video->color.matrix = 6; /* libswscale converts untagged RGB by BT.601 */
        video->color.range = 1;
    }
    return FW_OK;
}

/* Planes are separate references of exact extent: a filter that works in place where "the buffer
 * has room" must not find the next plane to be room. */
static void release_plane(void *opaque, uint8_t *data)
{
    struct fw_lavfi *lavfi = opaque;
    (void)data;
    lavfi->outstanding--;
}

static int wrap_image(struct fw_lavfi *lavfi, const struct fw_image *image)
{
    AVFrame *frame = lavfi->in;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        ptrdiff_t stride = image->stride[plane];
        ptrdiff_t span = stride * (rows - 1);
        uint8_t *lowest = image->data[plane] + (span < 0 ? span : 0);
        size_t extent = (size_t)(span < 0 ? -span : span) + bytes;
        frame->buf[plane] = av_buffer_create(lowest, extent, release_plane, lavfi,
                                             AV_BUFFER_FLAG_READONLY);
        if (!frame->buf[plane])
            return -1;
        lavfi->outstanding++;
        frame->data[plane] = image->data[plane];
        /* libavfilter walks palettes like planes, and they have one row: no step. */
        bool palette = plane == 1 && (image->format->flags & FW_FORMAT_PALETTE);
        frame->linesize[plane] = palette ? 0 : (int)stride;
    }
    frame->format = av_get_pix_fmt(image->format->name);
    frame->width = image->width;
    frame->height = image->height;
    return 0;
}

/* `n` in expressions and in enable= is a link's own count; a process that runs some frames only
 * must set it. The fields are marked private: 5.1 is the version whose layout this was checked
 * with. */
static void set_frame_number(AVFilterGraph *graph, uint64_t index)
{
#if LIBAVFILTER_VERSION_MAJOR == 8
    for (unsigned i = 0; i < graph->nb_filters; i++) {
        for (unsigned k = 0; k < graph->filters[i]->nb_outputs; k++) {
            graph->filters[i]->outputs[k]->frame_count_in = (int64_t)index;
            graph->filters[i]->outputs[k]->frame_count_out = (int64_t)index;
        }
    }
#else
#error                                                                                             \
    "check that the links' frame counters are still reachable, or class indexed filters sequential"
#endif
}

/* One frame through the graph into lavfi->out. */
static int push(struct fw_lavfi *lavfi, uint64_t index, struct fw_error *err)
{
    set_frame_number(lavfi->graph, index);
    int code = av_buffersrc_add_frame_flags(lavfi->source, lavfi->in, AV_BUFFERSRC_FLAG_PUSH);
    av_frame_unref(lavfi->in);
    if (code >= 0)
        code = av_buffersink_get_frame(lavfi->sink, lavfi->out);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
        return fw_fail(err, FW_ERR_FILTER, "libavfilter put out no frame for frame %llu",
                       (unsigned long long)index);
    if (code < 0) {
        char text[AV_ERROR_MAX_STRING_SIZE] = "";
        (void)av_strerror(code, text, sizeof(text));
        return fw_fail(err, code == AVERROR(ENOMEM) ? FW_ERR_MEMORY : FW_ERR_FILTER, "%s", text);
    }
    return FW_OK;
}

/* Some filters say what colours they put out in their frames alone. */
static int probe_colors(struct fw_lavfi *lavfi, const struct fw_video *in, struct fw_video *out,
                        struct fw_error *err)
{
    struct fw_frame tags = { .sample_aspect = in->sample_aspect, .color = in->color };
    fw_lavfi_frame_tag(lavfi->in, &tags);
    lavfi->in->format = av_get_pix_fmt(in->format->name);
    lavfi->in->width = in->width;
    lavfi->in->height = in->height;
    if (av_frame_get_buffer(lavfi->in, 0) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    for (uint32_t plane = 0; plane < in->format->plane_count; plane++) {
        int32_t rows = fw_format_plane_height(in->format, plane, in->height);
        size_t bytes = plane == 1 && in->format->flags & FW_FORMAT_PALETTE
                           ? 1024
                           : (size_t)lavfi->in->linesize[plane] * (size_t)rows;
        memset(lavfi->in->data[plane], 0, bytes);
    }
    int status = push(lavfi, 0, err);
    if (status == FW_OK)
        out->color = fw_lavfi_frame_color(lavfi->out);
    av_frame_unref(lavfi->out);
    return status;
}

int fw_lavfi_plan(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in,
                  struct fw_video *links_out, struct fw_error *err)
{
    bool colors = false;
    struct fw_lavfi *lavfi = calloc(1, sizeof(*lavfi));
    if (!lavfi)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    int status = build(lavfi, calls, count, in, false, err);
    if (status == FW_OK)
        status = fw_lavfi_check_memory(lavfi->graph, calls, count, err);
    for (uint32_t i = 0; i < count && status == FW_OK; i++) {
        colors = colors || calls[i]->row->colors;
        status = read_link(lavfi->filters[i]->outputs[0], i ? &links_out[i - 1] : in, &links_out[i],
                           err);
    }
    if (status == FW_OK && colors)
        status = probe_colors(lavfi, in, &links_out[count - 1], err);
    fw_lavfi_close(lavfi);
    return status;
}

int fw_lavfi_open(struct fw_lavfi **graph_out, struct fw_lavfi_call *const *calls, uint32_t count,
                  const struct fw_video *in, const struct fw_video *out, struct fw_error *err)
{
    struct fw_video last;
    struct fw_lavfi *lavfi = calloc(1, sizeof(*lavfi));
    *graph_out = NULL;
    if (!lavfi)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    int status = build(lavfi, calls, count, in, true, err);
    if (status == FW_OK)
        status = read_link(lavfi->filters[count - 1]->outputs[0], in, &last, err);
    if (status == FW_OK &&
        (last.format != out->format || last.width != out->width || last.height != out->height))
        status = fw_fail(
            err, FW_ERR_FILTER, "libavfilter puts out %s %dx%d where %s %dx%d was planned",
            last.format->name, last.width, last.height, out->format->name, out->width, out->height);
    if (status == FW_OK && fw_image_wants_edge(in)) {
        lavfi->edged_block = fw_image_take_with_edge(&lavfi->edged, in);
        if (!lavfi->edged_block)
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    }
    if (status < 0) {
        fw_lavfi_close(lavfi);
        return status;
    }
    lavfi->video_out = *out;
    lavfi->forgets = fw_lavfi_graph_remembers(lavfi->graph);
    lavfi->call_count = count;
    memcpy(lavfi->calls, calls, count * sizeof(*calls));
    *graph_out = lavfi;
    return FW_OK;
}

/* Copies the frame that came out; returns an error when it is not what was planned. */
static int take_output(struct fw_lavfi *lavfi, struct fw_frame *out, struct fw_error *err)
{
    const AVFrame *frame = lavfi->out;
    const struct fw_video *planned = &lavfi->video_out;
    AVRational in_base = time_base_of(&lavfi->video_in);
    AVRational out_base = av_buffersink_get_time_base(lavfi->sink);
    struct fw_image view = { .format = planned->format,
                             .width = planned->width,
                             .height = planned->height };
    if (frame->format != av_get_pix_fmt(planned->format->name) || frame->width != planned->width ||
        frame->height != planned->height)
        return fw_fail(err, FW_ERR_FILTER, "libavfilter changed size or format in mid-stream");
    for (uint32_t plane = 0; plane < FW_PLANES_MAX; plane++) {
        view.data[plane] = frame->data[plane];
        view.stride[plane] = frame->linesize[plane];
    }
    fw_image_copy(&out->image, &view);
    out->pts = frame->pts == AV_NOPTS_VALUE ? FW_NOPTS
                                            : av_rescale_q(frame->pts, out_base, in_base);
    out->sample_aspect = from_av_rational(frame->sample_aspect_ratio);
    struct fw_color color = fw_lavfi_frame_color(frame);
    bool family_changed = is_rgb(planned->format) != is_rgb(lavfi->video_in.format);
    if (!family_changed)
        out->color = color;
    out->flags &= ~(uint32_t)(FW_FRAME_INTERLACED | FW_FRAME_TOP_FIRST);
    out->flags |= frame->interlaced_frame ? FW_FRAME_INTERLACED : 0u;
    out->flags |= frame->top_field_first ? FW_FRAME_TOP_FIRST : 0u;
    return FW_OK;
}

/* A graph without a past where needed, and the frame that goes into it. */
static int prepare(struct fw_lavfi *lavfi, const struct fw_frame *in, struct fw_error *err)
{
    const struct fw_video video = lavfi->video_in;
    const struct fw_image *image = &in->image;
    if (lavfi->forgets && lavfi->used) {
        avfilter_graph_free(&lavfi->graph);
        int status = build(lavfi, lavfi->calls, lavfi->call_count, &video, true, err);
        if (status < 0)
            return status;
    }
    lavfi->used = true;
    if (lavfi->edged_block) {
        fw_image_copy_with_edge(&lavfi->edged, image);
        image = &lavfi->edged;
    }
    if (wrap_image(lavfi, image) < 0 || fw_lavfi_frame_set_hdr(lavfi->in, in->hdr) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    fw_lavfi_frame_tag(lavfi->in, in);
    return FW_OK;
}

int fw_lavfi_process(struct fw_lavfi *lavfi, const struct fw_frame *const *window, int32_t before,
                     int32_t after, struct fw_frame *out, struct fw_error *err)
{
    const struct fw_frame *in = window[0];
    FW_CHECK(before == 0 && after == 0);
    int status = prepare(lavfi, in, err);
    if (status < 0) {
        av_frame_unref(lavfi->in);
        return status;
    }
    status = push(lavfi, in->index, err);
    if (status == FW_OK)
        status = take_output(lavfi, out, err);
    av_frame_unref(lavfi->out);
    if (status == FW_OK && av_buffersink_get_frame(lavfi->sink, lavfi->out) >= 0) {
        av_frame_unref(lavfi->out);
        status = fw_fail(err, FW_ERR_FILTER,
                         "libavfilter put out more than one frame for frame %llu",
                         (unsigned long long)in->index);
    }
    /* The caller takes its image back on return: a filter that still holds it would read, later,
     * the pixels of another frame. */
    if (status == FW_OK && lavfi->outstanding)
        status = fw_fail(err, FW_ERR_FILTER, "libavfilter keeps frame %llu beyond its turn",
                         (unsigned long long)in->index);
    return status;
}

/* No filter of the class table keeps state: calls that do are refused when they are created. */
int fw_lavfi_push(struct fw_lavfi *lavfi, const struct fw_frame *in, struct fw_error *err)
{
    (void)lavfi;
    (void)in;
    return fw_fail(err, FW_ERR_INTERNAL, "libavfilter was given a frame of a sequence");
}

int fw_lavfi_pull(struct fw_lavfi *lavfi, struct fw_frame *out, struct fw_error *err)
{
    (void)lavfi;
    (void)out;
    return fw_fail(err, FW_ERR_INTERNAL, "libavfilter was asked for a frame of a sequence");
}

void fw_lavfi_close(struct fw_lavfi *lavfi)
{
    if (!lavfi)
        return;
    av_frame_free(&lavfi->in);
    av_frame_free(&lavfi->out);
    avfilter_graph_free(&lavfi->graph);
    free(lavfi->edged_block);
    free(lavfi);
}
