/* What makes the conversions inside of a libavfilter graph depend on earlier frames. */
#include "lavfi_graph.h"

#include <string.h>

#include <libavutil/pixdesc.h>

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
