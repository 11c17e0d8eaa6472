/* What libavfilter's filters put out for an input, without a picture and without files. */
#include "lavfi_graph.h"

#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

/* Some filters say what colours they put out in their frames alone. */
static int probe_colors(struct fw_lavfi *lavfi, const struct fw_video *in, struct fw_video *out,
                        struct fw_error *err)
{
    struct fw_frame tags = { .sample_aspect = in->sample_aspect, .color = in->color };
    fw_lavfi_frame_tag(lavfi->in, &tags);
    lavfi->in->format = av_get_pix_fmt(in->format->name);
    lavfi->in->width = in->width;
    lavfi->in->height = in->height;
    if (fw_lavfi_frame_take(lavfi->in) < 0)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
    for (uint32_t plane = 0; plane < in->format->plane_count; plane++) {
        int32_t rows = fw_format_plane_height(in->format, plane, in->height);
        size_t bytes = plane == 1 && in->format->flags & FW_FORMAT_PALETTE
                           ? 1024
                           : (size_t)lavfi->in->linesize[plane] * (size_t)rows;
        memset(lavfi->in->data[plane], 0, bytes);
    }
    int code = av_buffersrc_add_frame_flags(lavfi->source, lavfi->in, 0);
    av_frame_unref(lavfi->in);
    if (code >= 0)
        code = av_buffersrc_add_frame_flags(lavfi->source, NULL, 0);
    if (code >= 0)
        code = av_buffersink_get_frame(lavfi->sink, lavfi->out);
    /* A filter may hold back a single frame for good: then the links have said all there is. */
    if (code >= 0)
        out->color = fw_lavfi_frame_color(lavfi->out);
    av_frame_unref(lavfi->out);
    return FW_OK;
}

static bool tells_by_frame(const struct fw_lavfi_call *call)
{
    return call->row && call->row->colors;
}

static int read_links(struct fw_lavfi *lavfi, const struct fw_video *in, struct fw_video *links_out,
                      struct fw_error *err)
{
    bool colors = false;
    int status = FW_OK;
    if (lavfi->calls[0]->graph_text)
        return fw_lavfi_read_link(lavfi->sink->inputs[0], in, links_out, err);
    for (uint32_t i = 0; i < lavfi->call_count && status == FW_OK; i++) {
        colors = colors || tells_by_frame(lavfi->calls[i]);
        status = fw_lavfi_read_link(lavfi->filters[i]->outputs[0], i ? &links_out[i - 1] : in,
                                    &links_out[i], err);
    }
    if (status == FW_OK && colors)
        status = probe_colors(lavfi, in, &links_out[lavfi->call_count - 1], err);
    return status;
}

/* Whether calls[0..count) can be built for `in`, and what comes out of them then. */
static bool fits(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in,
                 bool strict, struct fw_video *out)
{
    struct fw_error unsaid = { 0 };
    struct fw_lavfi *lavfi = calloc(1, sizeof(*lavfi));
    if (!lavfi)
        return false;
    lavfi->strict = strict;
    lavfi->call_count = count;
    memcpy(lavfi->calls, calls, count * sizeof(struct fw_lavfi_call *));
    int status = fw_lavfi_build(lavfi, in, FW_LAVFI_WITHOUT_FILES, &unsaid);
    if (status == FW_OK)
        status = fw_lavfi_read_link(lavfi->sink->inputs[0], in, out, &unsaid);
    fw_lavfi_close(lavfi);
    return status == FW_OK;
}

/* The first few formats that a call takes as they are. */
static void name_formats(char *text, size_t bytes, struct fw_lavfi_call *call,
                         const struct fw_video *in)
{
    size_t used = 0;
    uint32_t found = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < fw_format_count() && found < 5; i++) {
        struct fw_video video = *in;
        struct fw_video out;
        video.format = fw_format_at(i);
        if (!fits(&call, 1, &video, true, &out))
            continue;
        int written = snprintf(text + used, bytes - used, "%s%s", found ? ", " : "",
                               found < 4 ? video.format->name : "...");
        used += written > 0 && used + (size_t)written < bytes ? (size_t)written : 0;
        found++;
    }
}

/* A line of filters that libavfilter does not build: which one it is, and whether it is the format.
 * Replaces what libavfilter said where more is known. */
static void explain(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in,
                    struct fw_error *err)
{
    struct fw_video before = *in;
    struct fw_video out;
    char taken[160];
    uint32_t i = 0;
    while (i < count && fits(calls, i + 1, in, false, &out)) {
        before = out;
        i++;
    }
    if (i == count)
        return;
    const char *name = calls[i]->filter->name;
    name_formats(taken, sizeof(taken), calls[i], &before);
    struct fw_error said = *err;
    *err = (struct fw_error){ 0 };
    if (*taken && !fits(&calls[i], 1, &before, true, &out))
        (void)fw_fail(err, FW_ERR_USAGE,
                      "filter '%s' takes %s, and there is no conversion to that from %s", name,
                      taken, before.format->name);
    else if (count > 1)
        (void)fw_fail(err, said.status, "filter '%s': %s", name, said.text);
    else
        *err = said;
}

int fw_lavfi_plan(struct fw_lavfi_call *const *calls, uint32_t count, const struct fw_video *in,
                  struct fw_video *links_out, struct fw_error *err)
{
    struct fw_lavfi *lavfi = calloc(1, sizeof(*lavfi));
    if (!lavfi)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    lavfi->call_count = count;
    memcpy(lavfi->calls, calls, count * sizeof(struct fw_lavfi_call *));
    int status = fw_lavfi_build(lavfi, in, FW_LAVFI_WITHOUT_FILES, err);
    if (status == FW_ERR_USAGE && !calls[0]->graph_text && err)
        explain(calls, count, in, err);
    if (status == FW_OK && calls[0]->filter_class != FW_CLASS_SEQUENTIAL)
        status = fw_lavfi_check_memory(lavfi->graph, calls, count, err);
    if (status == FW_OK)
        status = read_links(lavfi, in, links_out, err);
    fw_lavfi_close(lavfi);
    return status;
}
