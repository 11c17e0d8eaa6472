/* Filters of libavfilter as the user wrote them: found, classed and checked. */
#include "lavfi_call.h"

#include "check.h"
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fw_lavfi_exists(const char *name)
{
    return avfilter_get_by_name(name) != NULL;
}

static bool is_video(const AVFilterPad *pads, unsigned count)
{
    return count == 1 && avfilter_pad_get_type(pads, 0) == AVMEDIA_TYPE_VIDEO;
}

static bool is_dynamic(const AVFilter *filter)
{
    return filter->flags & (AVFILTER_FLAG_DYNAMIC_INPUTS | AVFILTER_FLAG_DYNAMIC_OUTPUTS);
}

static bool is_video_pair(const AVFilter *filter)
{
    return !is_dynamic(filter) && is_video(filter->inputs, avfilter_filter_pad_count(filter, 0)) &&
           is_video(filter->outputs, avfilter_filter_pad_count(filter, 1));
}

const char *fw_lavfi_next_name(void **state)
{
    const AVFilter *filter = av_filter_iterate(state);
    while (filter && (fw_lavfi_refusal(filter->name) ||
                      (!is_video_pair(filter) && strcmp(filter->name, "select") != 0)))
        filter = av_filter_iterate(state);
    return filter ? filter->name : NULL;
}

bool fw_foreign_next(void **state, struct fw_foreign *foreign_out)
{
    const AVFilter *filter = av_filter_iterate(state);
    while (filter && !is_video_pair(filter) && strcmp(filter->name, "select") != 0)
        filter = av_filter_iterate(state);
    if (!filter)
        return false;
    struct fw_lavfi_call call = { .filter = filter, .row = fw_lavfi_row_find(filter->name) };
    call.filter_class = call.row ? call.row->filter_class : FW_CLASS_SEQUENTIAL;
    (void)fw_lavfi_classify(&call);
    *foreign_out = (struct fw_foreign){
        .name = filter->name,
        .summary = filter->description ? filter->description : "",
        .filter_class = call.filter_class,
        .reason = call.reason,
        .refusal = fw_lavfi_refusal(filter->name),
    };
    return true;
}

/* How many inputs and outputs some filters have is known with their options. */
static bool becomes_video_pair(const struct fw_lavfi_call *call)
{
    AVFilterGraph *graph = avfilter_graph_alloc();
    AVFilterContext *filter = graph ? avfilter_graph_alloc_filter(graph, call->filter, NULL) : NULL;
    AVDictionary *options = NULL;
    int code = filter ? 0 : AVERROR(ENOMEM);
    for (uint32_t i = 0; i < call->option_count && code >= 0; i++)
        code = av_dict_set(&options, call->options[i].key, call->options[i].value, 0);
    if (code >= 0)
        code = avfilter_init_dict(filter, &options);
    bool pair = code >= 0 && is_video(filter->input_pads, filter->nb_inputs) &&
                is_video(filter->output_pads, filter->nb_outputs);
    av_dict_free(&options);
    avfilter_graph_free(&graph);
    return pair;
}

static bool reads_files(const struct fw_lavfi_call *call)
{
    const char *option = call->row ? call->row->file_option : NULL;
    return option && (strcmp(option, "*") == 0 || fw_lavfi_option_value(call, option));
}

/* Locked processes cannot write files, but building a graph to plan it would. */
static const char *writes_files(const struct fw_lavfi_call *call)
{
    static const struct {
        const char *filter;
        const char *option;
        const char *reason;
    } rows[] = {
        { "curves", "plot", "writes a file with 'plot', which locked processes may not" },
        { "deshake", "filename", "writes a file with 'filename', which locked processes may not" },
        { "metadata", "file", "writes a file with 'file', which locked processes may not" },
        { "psnr", "stats_file", "writes a file with 'stats_file', which locked processes may not" },
        { "psnr", "f", "writes a file with 'f', which locked processes may not" },
        { "ssim", "stats_file", "writes a file with 'stats_file', which locked processes may not" },
        { "ssim", "f", "writes a file with 'f', which locked processes may not" },
    };
    for (size_t i = 0; i < FW_COUNT(rows); i++)
        if (call->filter && strcmp(call->filter->name, rows[i].filter) == 0 &&
            fw_lavfi_option_value(call, rows[i].option))
            return rows[i].reason;
    return NULL;
}

/* Options and class; the pads are the caller's matter. */
static int check_words(struct fw_lavfi_call *call, const struct fw_call *text,
                       struct fw_complaints *complaints)
{
    uint32_t before = complaints->count;
    const char *refusal = fw_lavfi_refusal(text->name);
    int status = refusal ? FW_OK : fw_lavfi_options_store(call, text, complaints);
    call->reads_files = reads_files(call);
    if (!refusal)
        refusal = writes_files(call);
    if (status == FW_OK && !refusal && complaints->count == before)
        refusal = fw_lavfi_classify(call);
    if (refusal)
        fw_complain(complaints, text->name_first, text->name_end, NULL, "filter '%s' %s",
                    text->name, refusal);
    return status;
}

static int check_call(struct fw_lavfi_call *call, const struct fw_call *text,
                      struct fw_complaints *complaints)
{
    uint32_t before = complaints->count;
    int status = check_words(call, text, complaints);
    if (status < 0 || complaints->count > before)
        return status;
    bool pair = is_dynamic(call->filter) ? becomes_video_pair(call) : is_video_pair(call->filter);
    if (!pair)
        fw_complain(complaints, text->name_first, text->name_end,
                    "for instance 'movie=logo.png[l];[in][l]overlay=10:10'",
                    "filter '%s' does not have one video input and one video output here: it "
                    "needs a graph with branches",
                    text->name);
    return status;
}

static struct fw_lavfi_call *take_call(const char *name)
{
    struct fw_lavfi_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    call->filter = name ? avfilter_get_by_name(name) : NULL;
    call->row = name ? fw_lavfi_row_find(name) : NULL;
    call->filter_class = call->row ? call->row->filter_class : FW_CLASS_SEQUENTIAL;
    return call;
}

int fw_lavfi_call_create(struct fw_lavfi_call **call_out, const struct fw_call *text,
                         struct fw_complaints *complaints)
{
    uint32_t before = complaints->count;
    struct fw_lavfi_call *call = take_call(text->name);
    *call_out = NULL;
    if (!call)
        return fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter '%s'", text->name);
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
    free(call->graph_text);
    free(call->plan_text);
    free(call);
}

void fw_lavfi_call_traits(const struct fw_lavfi_call *call, struct fw_lavfi_traits *traits_out)
{
    *traits_out = (struct fw_lavfi_traits){
        .filter_class = call->filter_class,
        .reason = call->reason,
        .flags = call->reads_files ? FW_CAPS_READS_FILES : 0,
        .before = call->before,
        .after = call->after,
        .rate_num = call->rate_num,
        .rate_den = call->rate_den,
    };
}

/* A filter inside of a graph: its options are checked as everywhere, its branches are not. */
static int check_inner(const struct fw_call *text, bool *reads_out, char **plan_out,
                       struct fw_complaints *complaints)
{
    struct fw_lavfi_call *call = take_call(text->name);
    int status = call ? FW_OK
                      : fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for filter '%s'",
                                text->name);
    *plan_out = NULL;
    if (call && (!call->filter || text->engine == FW_ENGINE_OWN))
        fw_complain(complaints, text->name_first, text->name_end, NULL,
                    "libavfilter, which runs graphs with branches, has no filter '%s'", text->name);
    else if (call)
        status = check_words(call, text, complaints);
    if (call && call->reads_files) {
        *reads_out = true;
        *plan_out = strdup(call->row->stand_in ? call->row->stand_in : call->filter->name);
        if (!*plan_out)
            status = fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for a filter graph");
    }
    fw_lavfi_call_destroy(call);
    return status;
}

/* Takes `words`, gives it back with more behind it; NULL without memory or without words. */
static char *append(char *words, const char *text, size_t bytes)
{
    char *longer = NULL;
    if (words && asprintf(&longer, "%s%.*s", words, (int)bytes, text) < 0)
        longer = NULL;
    free(words);
    return longer;
}

static char *append_call(char *words, const struct fw_call *call)
{
    words = append(words, call->name, strlen(call->name));
    if (call->id) {
        words = append(words, "@", 1);
        words = append(words, call->id, strlen(call->id));
    }
    if (*call->text)
        words = append(words, "=", 1);
    return append(words, call->text, strlen(call->text));
}

/* The text as libavfilter reads it: without engine prefixes, and for plan without files. */
static char *rewrite(const char *text, const struct fw_grammar *grammar, char *const *stand_ins)
{
    char *words = strdup("");
    size_t at = 0;
    for (uint32_t i = 0; i < grammar->call_count; i++) {
        const struct fw_call *call = &grammar->calls[i];
        const char *other = stand_ins ? stand_ins[i] : NULL;
        words = append(words, text + at, call->name_first - at);
        words = other ? append(words, other, strlen(other)) : append_call(words, call);
        at = call->end;
    }
    return append(words, text + at, strlen(text + at));
}

int fw_lavfi_graph_create(struct fw_lavfi_call **call_out, const struct fw_grammar *grammar,
                          struct fw_complaints *complaints)
{
    char *stand_ins[FW_CHAIN_FILTERS_MAX] = { NULL };
    uint32_t before = complaints->count;
    struct fw_lavfi_call *call = take_call(NULL);
    int status = call ? FW_OK
                      : fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for a filter graph");
    *call_out = NULL;
    for (uint32_t i = 0; i < grammar->call_count && status == FW_OK; i++)
        status = check_inner(&grammar->calls[i], &call->reads_files, &stand_ins[i], complaints);
    if (status == FW_OK && complaints->count == before) {
        call->reason = "is a graph with branches";
        call->graph_text = rewrite(complaints->text, grammar, NULL);
        call->plan_text = rewrite(complaints->text, grammar, stand_ins);
        if (!call->graph_text || !call->plan_text)
            status = fw_fail(complaints->err, FW_ERR_MEMORY, "no memory for a filter graph");
    }
    for (uint32_t i = 0; i < grammar->call_count; i++)
        free(stand_ins[i]);
    if (status == FW_OK && complaints->count > before)
        status = FW_ERR_USAGE;
    if (status < 0) {
        fw_lavfi_call_destroy(call);
        return status;
    }
    *call_out = call;
    return FW_OK;
}
