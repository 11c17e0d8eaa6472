/*
 * libavfilter graphs, built from checked calls.
 *
 * A graph runs single-threaded: processes are the parallelism.
 */
#include "lavfi_graph.h"

#include "format.h"

#include <stdio.h>
#include <string.h>

#include <libavfilter/buffersrc.h>
#include <libavutil/dict.h>
#include <libavutil/pixdesc.h>

static int fail_av(struct fw_error *err, const char *name, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    (void)av_strerror(code, text, sizeof(text));
    int status = code == AVERROR(ENOMEM) ? FW_ERR_MEMORY : FW_ERR_USAGE;
    return fw_fail(err, status, "libavfilter's %s does not take these options or this input: %s",
                   name, text);
}

static int fail_graph(struct fw_error *err, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    (void)av_strerror(code, text, sizeof(text));
    return fw_fail(err, code == AVERROR(ENOMEM) ? FW_ERR_MEMORY : FW_ERR_USAGE,
                   "libavfilter does not build it: %s", text);
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
        parameters->time_base = fw_lavfi_time_base(in);
        parameters->frame_rate = fw_lavfi_rational(in->frame_rate);
        parameters->sample_aspect_ratio = fw_lavfi_rational(in->sample_aspect);
        code = av_buffersrc_parameters_set(lavfi->source, parameters);
    }
    av_free(parameters);
    if (code >= 0)
        code = avfilter_init_str(lavfi->source, NULL);
    return code < 0 ? fail_av(err, "buffer", code) : FW_OK;
}

/* A filter that the user did not write; NULL after an error. */
static AVFilterContext *add_own(struct fw_lavfi *lavfi, const char *name, const char *arguments,
                                struct fw_error *err)
{
    AVFilterContext *filter = avfilter_graph_alloc_filter(lavfi->graph, avfilter_get_by_name(name),
                                                          NULL);
    int code = filter ? avfilter_init_str(filter, arguments) : AVERROR(ENOMEM);
    if (code >= 0)
        return filter;
    (void)fail_av(err, name, code);
    return NULL;
}

/* "name" or "name=arguments" in place of a filter that would open a file. */
static AVFilterContext *add_stand_in(struct fw_lavfi *lavfi, const char *stand_in,
                                     struct fw_error *err)
{
    char name[32];
    size_t bytes = strcspn(stand_in, "=");
    (void)snprintf(name, sizeof(name), "%.*s", (int)bytes, stand_in);
    return add_own(lavfi, name, stand_in[bytes] ? stand_in + bytes + 1 : NULL, err);
}

static bool stands_in(const struct fw_lavfi_call *call)
{
    return call->filter && call->reads_files && call->row->stand_in;
}

static int set_options(AVDictionary **options, const struct fw_lavfi_call *call, bool with_files)
{
    int code = 0;
    for (uint32_t i = 0; i < call->option_count && code >= 0; i++) {
        const struct fw_lavfi_option *option = &call->options[i];
        bool file = call->reads_files && strcmp(option->key, call->row->file_option) == 0;
        if (!file || with_files)
            code = av_dict_set(options, option->key, option->value, AV_DICT_MATCH_CASE);
    }
    return code;
}

static int add_filter(struct fw_lavfi *lavfi, uint32_t index, bool with_files, struct fw_error *err)
{
    const struct fw_lavfi_call *call = lavfi->calls[index];
    AVDictionary *options = NULL;
    char name[80];
    if (stands_in(call) && !with_files) {
        lavfi->filters[index] = add_stand_in(lavfi, call->row->stand_in, err);
        return lavfi->filters[index] ? FW_OK : FW_ERR_USAGE;
    }
    (void)snprintf(name, sizeof(name), "%s_%u", call->filter->name, index);
    lavfi->filters[index] = avfilter_graph_alloc_filter(lavfi->graph, call->filter, name);
    int code = lavfi->filters[index] ? set_options(&options, call, with_files) : AVERROR(ENOMEM);
    if (code >= 0)
        code = avfilter_init_dict(lavfi->filters[index], &options);
    if (code >= 0 && av_dict_count(options) > 0)
        code = AVERROR_OPTION_NOT_FOUND;
    av_dict_free(&options);
    return code < 0 ? fail_av(err, call->filter->name, code) : FW_OK;
}

static int link_line(struct fw_lavfi *lavfi, AVFilterContext *last, struct fw_error *err)
{
    AVFilterContext *from = lavfi->source;
    int code = 0;
    for (uint32_t i = 0; i < lavfi->call_count && code >= 0; i++) {
        code = avfilter_link(from, 0, lavfi->filters[i], 0);
        from = lavfi->filters[i];
    }
    if (code >= 0)
        code = avfilter_link(from, 0, last, 0);
    return code < 0 ? fail_av(err, "filter group", code) : FW_OK;
}

/* One open input and one open output, of video both. */
static int check_ends(const AVFilterInOut *inputs, const AVFilterInOut *outputs,
                      struct fw_error *err)
{
    if (!inputs || inputs->next)
        return fw_fail(err, FW_ERR_USAGE,
                       "the graph leaves %s open: one is needed, '[in]' or one "
                       "without a label",
                       inputs ? "several inputs" : "no input");
    if (!outputs || outputs->next)
        return fw_fail(err, FW_ERR_USAGE,
                       "the graph leaves %s open: one is needed, '[out]' or one "
                       "without a label",
                       outputs ? "several outputs" : "no output");
    if (avfilter_pad_get_type(inputs->filter_ctx->input_pads, inputs->pad_idx) !=
            AVMEDIA_TYPE_VIDEO ||
        avfilter_pad_get_type(outputs->filter_ctx->output_pads, outputs->pad_idx) !=
            AVMEDIA_TYPE_VIDEO)
        return fw_fail(err, FW_ERR_USAGE, "the graph's open input and output must be video");
    return FW_OK;
}

static int add_branches(struct fw_lavfi *lavfi, const char *text, AVFilterContext *last,
                        struct fw_error *err)
{
    AVFilterInOut *inputs = NULL;
    AVFilterInOut *outputs = NULL;
    int code = avfilter_graph_parse2(lavfi->graph, text, &inputs, &outputs);
    int status = code < 0 ? fail_graph(err, code) : check_ends(inputs, outputs, err);
    if (status == FW_OK) {
        code = avfilter_link(lavfi->source, 0, inputs->filter_ctx, (unsigned)inputs->pad_idx);
        if (code >= 0)
            code = avfilter_link(outputs->filter_ctx, (unsigned)outputs->pad_idx, last, 0);
        status = code < 0 ? fail_graph(err, code) : FW_OK;
        lavfi->filters[0] = outputs->filter_ctx;
    }
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    return status;
}

/* What takes the graph's output: the sink, behind a conversion to the planned format where the plan
 * was made without the filters themselves. */
static AVFilterContext *add_end(struct fw_lavfi *lavfi, bool with_files, struct fw_error *err)
{
    bool guessed = false;
    for (uint32_t i = 0; i < lavfi->call_count; i++)
        guessed = guessed || stands_in(lavfi->calls[i]) ||
                  (lavfi->calls[i]->graph_text && lavfi->calls[i]->reads_files);
    lavfi->sink = add_own(lavfi, "buffersink", NULL, err);
    if (!lavfi->sink || !guessed || !with_files)
        return lavfi->sink;
    AVFilterContext *format = add_own(lavfi, "format", lavfi->video_out.format->name, err);
    if (!format || avfilter_link(format, 0, lavfi->sink, 0) < 0)
        return NULL;
    return format;
}

static int configure(struct fw_lavfi *lavfi, struct fw_error *err)
{
    const AVFilter *only = lavfi->call_count == 1 ? lavfi->calls[0]->filter : NULL;
    int code = avfilter_graph_config(lavfi->graph, NULL);
    if (code < 0)
        return only ? fail_av(err, only->name, code) : fail_graph(err, code);
    return FW_OK;
}

int fw_lavfi_build(struct fw_lavfi *lavfi, const struct fw_video *in, enum fw_lavfi_files files,
                   struct fw_error *err)
{
    bool with_files = files == FW_LAVFI_WITH_FILES;
    const struct fw_lavfi_call *first = lavfi->calls[0];
    lavfi->graph = avfilter_graph_alloc();
    lavfi->in = lavfi->in ? lavfi->in : av_frame_alloc();
    lavfi->out = lavfi->out ? lavfi->out : av_frame_alloc();
    if (!lavfi->graph || !lavfi->in || !lavfi->out)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    lavfi->graph->nb_threads = 1;
    lavfi->graph->thread_type = 0;
    if (lavfi->strict)
        avfilter_graph_set_auto_convert(lavfi->graph, (unsigned)AVFILTER_AUTO_CONVERT_NONE);
    int status = add_source(lavfi, in, err);
    for (uint32_t i = 0; i < lavfi->call_count && status == FW_OK && !first->graph_text; i++)
        status = add_filter(lavfi, i, with_files, err);
    AVFilterContext *end = status == FW_OK ? add_end(lavfi, with_files, err) : NULL;
    if (status == FW_OK && !end)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    if (status == FW_OK)
        status = first->graph_text
                     ? add_branches(lavfi, with_files ? first->graph_text : first->plan_text, end,
                                    err)
                     : link_line(lavfi, end, err);
    return status == FW_OK ? configure(lavfi, err) : status;
}

int fw_lavfi_read_link(const AVFilterLink *link, const struct fw_video *before,
                       struct fw_video *video, struct fw_error *err)
{
    const char *name = av_get_pix_fmt_name(link->format);
    *video = *before;
    video->format = fw_format_find(name);
    video->width = link->w;
    video->height = link->h;
    video->sample_aspect = (struct fw_rational){ link->sample_aspect_ratio.num,
                                                 link->sample_aspect_ratio.den };
    video->frame_rate = (struct fw_rational){ link->frame_rate.num, link->frame_rate.den };
    if (av_cmp_q(link->time_base, fw_lavfi_time_base(before)) != 0)
        video->time_base = (struct fw_rational){ link->time_base.num, link->time_base.den };
    if (!video->format)
        return fw_fail(err, FW_ERR_USAGE, "libavfilter puts out an unknown pixel format (%s)",
                       name ? name : "none");
    if (fw_lavfi_is_rgb(video->format) && !fw_lavfi_is_rgb(before->format)) {
        video->color.matrix = 0;
        video->color.range = 2;
    } else if (!fw_lavfi_is_rgb(video->format) && fw_lavfi_is_rgb(before->format)) {
        video->color.matrix = 6; /* libswscale converts untagged RGB by BT.601 */
        video->color.range = 1;
    }
    return FW_OK;
}

/* `n` in expressions and in enable= is a link's own count; a process that runs some frames only
 * must set it. The fields are marked private: 5.1 is the version whose layout this was checked
 * with. */
void fw_lavfi_set_frame_number(AVFilterGraph *graph, uint64_t index)
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
