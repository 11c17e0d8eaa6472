/* The pixel formats that libavfilter's negotiation would settle on for a chain as a whole. */
#include "lavfi_call.h"

#include "format.h"
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

struct agreement {
    AVFilterGraph *graph;
    AVFilterContext *filters[FW_CHAIN_FILTERS_MAX + 2]; /* with source and sink */
    uint32_t count;
};

/* Built-ins with files take the same formats without them. */
static bool names_files(const char *name)
{
    const struct fw_filter *filter = fw_filter_find(name);
    const struct fw_option *option = filter ? filter->options : NULL;
    while (option && option->name && option->type != FW_OPTION_PATH)
        option++;
    return option && option->name;
}

/* Name and arguments as ffmpeg reads them; nothing in it may open a file. */
static char *text_of(const struct fw_call *text, const struct fw_lavfi_call *call)
{
    char *words = NULL;
    bool files = call ? call->reads_files : names_files(text->name);
    if (call && files && call->row->stand_in)
        return strdup(call->row->stand_in);
    bool bare = files || !*text->text;
    if (asprintf(&words, "%s%s%s", text->name, bare ? "" : "=", bare ? "" : text->text) < 0)
        return NULL;
    return words;
}

static int link_next(struct agreement *own, AVFilterContext *filter)
{
    AVFilterContext *before = own->count ? own->filters[own->count - 1] : NULL;
    own->filters[own->count++] = filter;
    return before ? avfilter_link(before, 0, filter, 0) : 0;
}

static int add_source(struct agreement *own, const struct fw_video *in)
{
    AVFilterContext *source = avfilter_graph_alloc_filter(own->graph,
                                                          avfilter_get_by_name("buffer"), "source");
    AVBufferSrcParameters *parameters = av_buffersrc_parameters_alloc();
    int code = AVERROR(ENOMEM);
    if (source && parameters) {
        bool timed = in->time_base.num > 0 && in->time_base.den > 0;
        parameters->format = av_get_pix_fmt(in->format->name);
        parameters->width = in->width;
        parameters->height = in->height;
        parameters->time_base = timed ? (AVRational){ in->time_base.num, in->time_base.den }
                                      : (AVRational){ 1, 1000000 };
        code = av_buffersrc_parameters_set(source, parameters);
    }
    av_free(parameters);
    if (code >= 0)
        code = avfilter_init_str(source, NULL);
    return code < 0 ? code : link_next(own, source);
}

static int add_filter(struct agreement *own, const struct fw_call *text,
                      const struct fw_lavfi_call *call)
{
    AVFilterInOut *inputs = NULL;
    AVFilterInOut *outputs = NULL;
    char *words = text_of(text, call);
    if (!words)
        return AVERROR(ENOMEM);
    int code = avfilter_graph_parse2(own->graph, words, &inputs, &outputs);
    bool line = code >= 0 && inputs && outputs && !inputs->next && !outputs->next &&
                inputs->filter_ctx == outputs->filter_ctx;
    if (line)
        code = link_next(own, inputs->filter_ctx);
    else if (code >= 0)
        code = AVERROR(EINVAL);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    free(words);
    return code;
}

static int add_sink(struct agreement *own)
{
    AVFilterContext *sink = avfilter_graph_alloc_filter(own->graph,
                                                        avfilter_get_by_name("buffersink"), "sink");
    int code = sink ? avfilter_init_str(sink, NULL) : AVERROR(ENOMEM);
    return code < 0 ? code : link_next(own, sink);
}

int fw_lavfi_agree(const struct fw_lavfi_word *words, uint32_t count, const struct fw_video *in,
                   struct fw_lavfi_need *needs_out)
{
    struct agreement own = { .graph = avfilter_graph_alloc() };
    memset(needs_out, 0, count * sizeof(*needs_out));
    int code = own.graph ? 0 : AVERROR(ENOMEM);
    if (code >= 0) {
        own.graph->nb_threads = 1;
        own.graph->thread_type = 0;
        code = add_source(&own, in);
    }
    for (uint32_t i = 0; i < count && code >= 0; i++)
        code = avfilter_get_by_name(words[i].text->name)
                   ? add_filter(&own, words[i].text, words[i].call)
                   : AVERROR_FILTER_NOT_FOUND;
    if (code >= 0)
        code = add_sink(&own);
    if (code >= 0)
        code = avfilter_graph_config(own.graph, NULL);
    for (uint32_t i = 0; i < count && code >= 0; i++) {
        const AVFilterLink *link = own.filters[i + 1]->inputs[0];
        needs_out[i].format = fw_format_find(av_get_pix_fmt_name(link->format));
        needs_out[i].converted = link->src != own.filters[i];
    }
    avfilter_graph_free(&own.graph);
    return code < 0 ? FW_END : FW_OK;
}
