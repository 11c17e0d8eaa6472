/*
 * libavfilter graphs at work: frames in and out.
 *
 * Where no filter keeps a frame, a graph works on the caller's memory; windows and sequences are
 * fed copies (lavfi_feed.c).
 */
#include "lavfi_graph.h"

#include "format.h"

#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>

static int check_output(struct fw_lavfi *lavfi, const struct fw_video *in,
                        const struct fw_video *out, struct fw_error *err)
{
    struct fw_video last;
    int status = fw_lavfi_read_link(lavfi->sink->inputs[0], in, &last, err);
    if (status == FW_OK &&
        (last.format != out->format || last.width != out->width || last.height != out->height))
        status = fw_fail(
            err, FW_ERR_FILTER, "libavfilter puts out %s %dx%d where %s %dx%d was planned",
            last.format->name, last.width, last.height, out->format->name, out->width, out->height);
    return status;
}

/* tonemap copies alpha by the length of the rows it writes, and ends the process when the input's
 * are shorter. */
static bool wants_long_rows(const struct fw_video *in)
{
    const uint32_t both = FW_FORMAT_FLOAT | FW_FORMAT_ALPHA;
    return (in->format->flags & both) == both;
}

/* Room for an input whose own rows will not do. */
static void *take_copy(struct fw_image *image_out, const struct fw_video *in)
{
    struct fw_video video = *in;
    if (wants_long_rows(in))
        video.width = fw_lavfi_row_pixels(in->width);
    void *block = fw_image_take_with_edge(image_out, &video);
    image_out->width = in->width;
    return block;
}

int fw_lavfi_open(struct fw_lavfi **graph_out, struct fw_lavfi_call *const *calls, uint32_t count,
                  const struct fw_video *in, const struct fw_video *out, struct fw_error *err)
{
    struct fw_lavfi *lavfi = calloc(1, sizeof(*lavfi));
    *graph_out = NULL;
    if (!lavfi)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    lavfi->video_in = *in;
    lavfi->video_out = *out;
    lavfi->call_count = count;
    memcpy(lavfi->calls, calls, count * sizeof(struct fw_lavfi_call *));
    int status = fw_lavfi_build(lavfi, in, FW_LAVFI_WITH_FILES, err);
    if (status == FW_OK)
        status = check_output(lavfi, in, out, err);
    if (status == FW_OK && (fw_image_wants_edge(in) || wants_long_rows(in))) {
        lavfi->edged_block = take_copy(&lavfi->edged, in);
        if (!lavfi->edged_block)
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for a libavfilter graph");
    }
    if (status < 0) {
        fw_lavfi_close(lavfi);
        return status;
    }
    lavfi->forgets = calls[0]->filter_class != FW_CLASS_SEQUENTIAL &&
                     fw_lavfi_graph_remembers(lavfi->graph);
    *graph_out = lavfi;
    return FW_OK;
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

/* One frame through the graph into lavfi->out. */
static int run_frame(struct fw_lavfi *lavfi, uint64_t index, struct fw_error *err)
{
    fw_lavfi_set_frame_number(lavfi->graph, index);
    int code = av_buffersrc_add_frame_flags(lavfi->source, lavfi->in, AV_BUFFERSRC_FLAG_PUSH);
    av_frame_unref(lavfi->in);
    if (code >= 0)
        code = av_buffersink_get_frame(lavfi->sink, lavfi->out);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
        return fw_fail(err, FW_ERR_FILTER, "libavfilter put out no frame for frame %llu",
                       (unsigned long long)index);
    return code < 0 ? fw_lavfi_fail_frame(err, code) : FW_OK;
}

static int64_t duration_of(const struct fw_lavfi *lavfi)
{
    AVRational rate = av_buffersink_get_frame_rate(lavfi->sink);
    AVRational base = av_buffersink_get_time_base(lavfi->sink);
    return rate.num > 0 && rate.den > 0 ? av_rescale_q(1, av_inv_q(rate), base) : 0;
}

/* A parallel filter that leaves time and number alone leaves the frame's own duration. */
static bool keeps_duration(const struct fw_lavfi *lavfi)
{
    const struct fw_rational *in = &lavfi->video_in.time_base;
    const struct fw_rational *out = &lavfi->video_out.time_base;
    const struct fw_lavfi_call *first = lavfi->calls[0];
    return first->filter_class != FW_CLASS_SEQUENTIAL && first->rate_num == 1 &&
           first->rate_den == 1 && in->num == out->num && in->den == out->den;
}

int fw_lavfi_take(struct fw_lavfi *lavfi, struct fw_frame *out, struct fw_error *err)
{
    const AVFrame *frame = lavfi->out;
    const struct fw_video *planned = &lavfi->video_out;
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
    out->pts = frame->pts == AV_NOPTS_VALUE
                   ? FW_NOPTS
                   : av_rescale_q(frame->pts, av_buffersink_get_time_base(lavfi->sink),
                                  fw_lavfi_time_base(planned));
    if (!keeps_duration(lavfi))
        out->duration = duration_of(lavfi);
    out->sample_aspect = (struct fw_rational){ frame->sample_aspect_ratio.num,
                                               frame->sample_aspect_ratio.den };
    bool family_changed = fw_lavfi_is_rgb(planned->format) !=
                          fw_lavfi_is_rgb(lavfi->video_in.format);
    if (!family_changed)
        out->color = fw_lavfi_frame_color(frame);
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
        int status = fw_lavfi_build(lavfi, &video, FW_LAVFI_WITH_FILES, err);
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

static int process_one(struct fw_lavfi *lavfi, const struct fw_frame *in, struct fw_frame *out,
                       struct fw_error *err)
{
    int status = prepare(lavfi, in, err);
    if (status < 0) {
        av_frame_unref(lavfi->in);
        return status;
    }
    status = run_frame(lavfi, in->index, err);
    if (status == FW_OK)
        status = fw_lavfi_take(lavfi, out, err);
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

int fw_lavfi_process(struct fw_lavfi *lavfi, const struct fw_frame *const *in, int32_t before,
                     int32_t after, struct fw_frame *out, struct fw_error *err)
{
    const struct fw_lavfi_call *first = lavfi->calls[0];
    if (first->filter_class != FW_CLASS_WINDOWED)
        return process_one(lavfi, in[0], out, err);
    if (first->rate_den > 1 && in[0]->index % (uint64_t)first->rate_den != 0)
        return FW_DROP;
    return before || after || first->rate_num > 1
               ? fw_lavfi_window(lavfi, in, before, after, out, err)
               : process_one(lavfi, in[0], out, err);
}

int fw_lavfi_push(struct fw_lavfi *lavfi, const struct fw_frame *in, struct fw_error *err)
{
    return fw_lavfi_feed(lavfi, in, err);
}

int fw_lavfi_pull(struct fw_lavfi *lavfi, struct fw_frame *out, struct fw_error *err)
{
    int status = fw_lavfi_fetch(lavfi, err);
    if (status != FW_OK)
        return status;
    out->flags = (lavfi->out->key_frame ? FW_FRAME_KEY : 0u) |
                 (lavfi->out->repeat_pict ? FW_FRAME_REPEAT : 0u);
    out->color = lavfi->video_out.color;
    out->hdr = fw_lavfi_frame_hdr(lavfi->out, &lavfi->hdr) ? &lavfi->hdr : NULL;
    status = fw_lavfi_take(lavfi, out, err);
    av_frame_unref(lavfi->out);
    return status;
}
