/* What would make a frame depend on others, or on the process it runs in: in the options of
 * libavfilter's filters, and in their graphs. */
#include "lavfi_call.h"

#include "expr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libavutil/pixdesc.h>

static const char random_text[] =
    "is sequential with these options: random numbers run on from frame to frame";
static const char memory_text[] =
    "is sequential with these options: st() and ld() carry values from frame to frame";
static const char clock_text[] =
    "reads the time of day with these options: every process would see another one";
static const char tags_text[] = "would show what frames do not carry to filters here";
static const char state_text[] = "keeps state between frames with these options (sequential)";

/* Functions of libavutil's expressions and of drawtext. Those evaluated once, when the graph is
 * built, give every process the same, but for the time. */
static const char *judge_expression(const char *text, enum fw_class filter_class)
{
    if (fw_expr_calls(text, "time"))
        return clock_text;
    if (filter_class == FW_CLASS_PURE)
        return NULL;
    if (fw_expr_calls(text, "random") || fw_expr_calls(text, "rand"))
        return random_text;
    if (fw_expr_calls(text, "st") || fw_expr_calls(text, "ld"))
        return memory_text;
    return fw_expr_calls(text, "print") ? "prints with these options" : NULL;
}

/* What drawtext's texts expand: %{function:arguments}. */
static const char *judge_drawn(const char *text, enum fw_class filter_class)
{
    const char *reason = NULL;
    for (const char *at = strstr(text, "%{"); at && !reason; at = strstr(at + 2, "%{")) {
        const char *name = at + 2 + strspn(at + 2, " \t");
        if (strncmp(name, "localtime", 9) == 0 || strncmp(name, "gmtime", 6) == 0)
            reason = clock_text;
        else if (strncmp(name, "metadata", 8) == 0 || strncmp(name, "pict_type", 9) == 0)
            reason = tags_text;
        else if (*name == 'e')
            reason = judge_expression(name, filter_class);
    }
    return reason;
}

static const char *judge_drawtext(const struct fw_lavfi_option *option)
{
    if (strcmp(option->key, "expansion") == 0 &&
        (strcmp(option->value, "strftime") == 0 || strcmp(option->value, "2") == 0))
        return clock_text;
    if (strcmp(option->key, "reload") == 0 && strcmp(option->value, "0") != 0)
        return "reads its file again and again with these options";
    if (strcmp(option->key, "text") == 0 || strcmp(option->key, "fontcolor_expr") == 0)
        return judge_drawn(option->value, FW_CLASS_INDEXED);
    return NULL;
}

/* Values that are words for people or names of files, not expressions. */
static bool is_plain(const struct fw_lavfi_call *call, const struct fw_lavfi_option *option)
{
    static const char names[] = " text textfile fontfile font fontcolor_expr filename f fontsdir "
                                "force_style charenc wrap_unicode enable file psfile ";
    char word[40];
    int written = snprintf(word, sizeof(word), " %s ", option->key);
    bool known = written > 0 && (size_t)written < sizeof(word);
    return call->row->file_option && known && strstr(names, word);
}

static const char *judge_option(const struct fw_lavfi_call *call,
                                const struct fw_lavfi_option *option)
{
    const struct fw_lavfi_row *row = call->row;
    char word[64];
    int written = snprintf(word, sizeof(word), " %s=%s ", option->key, option->value);
    if (row->never && written > 0 && (size_t)written < sizeof(word) && strstr(row->never, word))
        return state_text;
    const char *reason = strcmp(row->name, "drawtext") == 0 ? judge_drawtext(option) : NULL;
    if (reason || is_plain(call, option))
        return reason;
    if (strncasecmp(option->value, "random", 6) == 0 && option->value[6] != '(')
        return "takes a random colour with these options: every process would take another one";
    if (strncasecmp(option->value, "bikeshed", 8) == 0)
        return "takes a random colour with these options: every process would take another one";
    return judge_expression(option->value, row->filter_class);
}

const char *fw_lavfi_find_refusal(const struct fw_lavfi_call *call)
{
    const struct fw_lavfi_row *row = call->row;
    if (!row)
        return fw_lavfi_refusal(call->filter->name);
    for (uint32_t i = 0; i < call->option_count; i++) {
        const char *reason = judge_option(call, &call->options[i]);
        if (reason)
            return reason;
    }
    if (!row->only_option)
        return NULL;
    const char *value = fw_lavfi_option_value(call, row->only_option);
    bool good = value ? strcmp(value, row->only_value) == 0 : row->value_is_default;
    return good ? NULL : state_text;
}

/* Pixels of 8 bits and less may be dithered with the error of the row above, which libswscale keeps
 * over the end of a frame. */
static bool diffuses(const AVFilterContext *scale)
{
    switch (scale->outputs[0]->format) {
    case AV_PIX_FMT_RGB8:
    case AV_PIX_FMT_BGR8:
    case AV_PIX_FMT_RGB4_BYTE:
    case AV_PIX_FMT_BGR4_BYTE:
    case AV_PIX_FMT_MONOWHITE:
    case AV_PIX_FMT_MONOBLACK:
    case AV_PIX_FMT_PAL8: /* made as bgr8 */
        return true;
    default:
        return false;
    }
}

/* Odd sizes: some of libswscale's loops read RGB beyond a row's end, others leave the last chroma
 * unwritten. libavfilter's frames hold zeros there at first and something else when used again. */
static bool touches_padding(const AVFilterContext *scale)
{
    const AVFilterLink *in = scale->inputs[0];
    const AVFilterLink *out = scale->outputs[0];
    const AVPixFmtDescriptor *to = av_pix_fmt_desc_get(out->format);
    return (in->w % 2 || in->h % 2) && in->format != out->format &&
           (to->log2_chroma_w || to->log2_chroma_h);
}

bool fw_lavfi_graph_remembers(const AVFilterGraph *graph)
{
    for (unsigned i = 0; i < graph->nb_filters; i++) {
        const AVFilterContext *filter = graph->filters[i];
        if (strcmp(filter->filter->name, "scale") == 0 &&
            (diffuses(filter) || touches_padding(filter)))
            return true;
    }
    return false;
}

/* Files can be opened at the start only. */
int fw_lavfi_check_memory(const AVFilterGraph *graph, struct fw_lavfi_call *const *calls,
                          uint32_t count, struct fw_error *err)
{
    if (!fw_lavfi_graph_remembers(graph))
        return FW_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (calls[i]->reads_files)
            return fw_fail(err, FW_ERR_USAGE,
                           "filter '%s' reads files and cannot stand beside a conversion of "
                           "libavfilter that keeps state between frames (sequential); 'format' "
                           "converts without it",
                           calls[i]->filter->name);
    }
    return FW_OK;
}
