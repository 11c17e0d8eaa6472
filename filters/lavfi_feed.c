/*
 * Graphs that hold frames back: fed copies, in order.
 *
 * A window's graph is kept fed while the outputs asked for follow one another. Elsewhere it is
 * built again and fed from the first input that the output reads; what comes out before that output
 * was made without its neighbours and is thrown away. So every output has seen its own neighbours
 * and no other frame, and the stream's first and last frames are the graph's, too.
 */
#include "lavfi_graph.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>

int fw_lavfi_fail_frame(struct fw_error *err, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    (void)av_strerror(code, text, sizeof(text));
    return fw_fail(err, code == AVERROR(ENOMEM) ? FW_ERR_MEMORY : FW_ERR_FILTER, "%s", text);
}

static int copy_image(struct fw_lavfi *lavfi, const struct fw_image *image)
{
    AVFrame *frame = lavfi->in;
    struct fw_image view = { .format = image->format,
                             .width = image->width,
                             .height = image->height };
    frame->format = av_get_pix_fmt(image->format->name);
    frame->width = image->width;
    frame->height = image->height;
    if (fw_lavfi_frame_take(frame) < 0)
        return -1;
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        view.data[plane] = frame->data[plane];
        view.stride[plane] = frame->linesize[plane];
    }
    if (fw_image_wants_edge(&lavfi->video_in))
        fw_image_copy_with_edge(&view, image);
    else
        fw_image_copy(&view, image);
    return 0;
}

/* Where the last frame ends is what some filters make of how long it is shown. */
static int64_t end_of(const struct fw_lavfi *lavfi, const struct fw_frame *in)
{
    AVRational rate = fw_lavfi_rational(lavfi->video_in.frame_rate);
    if (in->pts == FW_NOPTS)
        return AV_NOPTS_VALUE;
    if (in->duration > 0)
        return in->pts + in->duration;
    return rate.num > 0
               ? in->pts + av_rescale_q(1, av_inv_q(rate), fw_lavfi_time_base(&lavfi->video_in))
               : in->pts + 1;
}

int fw_lavfi_feed(struct fw_lavfi *lavfi, const struct fw_frame *in, struct fw_error *err)
{
    int code;
    if (in) {
        if (copy_image(lavfi, &in->image) < 0 || fw_lavfi_frame_set_hdr(lavfi->in, in->hdr) < 0) {
            av_frame_unref(lavfi->in);
            return fw_fail(err, FW_ERR_MEMORY, "no memory for a frame");
        }
        fw_lavfi_frame_tag(lavfi->in, in);
        lavfi->end_pts = end_of(lavfi, in);
        code = av_buffersrc_add_frame_flags(lavfi->source, lavfi->in, 0);
        av_frame_unref(lavfi->in);
    } else {
        code = av_buffersrc_close(lavfi->source, lavfi->end_pts, 0);
    }
    /* A filter that has seen enough says so by an end, and takes no more. */
    return code < 0 && code != AVERROR_EOF ? fw_lavfi_fail_frame(err, code) : FW_OK;
}

int fw_lavfi_fetch(struct fw_lavfi *lavfi, struct fw_error *err)
{
    int code = av_buffersink_get_frame(lavfi->sink, lavfi->out);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
        return FW_END;
    return code < 0 ? fw_lavfi_fail_frame(err, code) : FW_OK;
}

/* From the first neighbour on. */
static int restart(struct fw_lavfi *lavfi, const struct fw_frame *const *in, int32_t before,
                   struct fw_error *err)
{
    const struct fw_lavfi_call *call = lavfi->calls[0];
    const struct fw_video video = lavfi->video_in;
    int32_t first = -before;
    while (!in[first])
        first++;
    uint64_t index = in[first]->index;
    if (lavfi->used) {
        avfilter_graph_free(&lavfi->graph);
        int status = fw_lavfi_build(lavfi, &video, FW_LAVFI_WITH_FILES, err);
        if (status < 0)
            return status;
    }
    lavfi->used = true;
    lavfi->fed = true;
    lavfi->ended = false;
    lavfi->next_in = index;
    lavfi->next_out = index * (uint64_t)call->rate_num / (uint64_t)call->rate_den;
    fw_lavfi_set_frame_number(lavfi->graph, index);
    return FW_OK;
}

/* The input lavfi->next_in, which is one of those around `here`. */
static int feed_next(struct fw_lavfi *lavfi, const struct fw_frame *const *in, uint64_t here,
                     struct fw_error *err)
{
    const struct fw_frame *next = in[(int64_t)(lavfi->next_in - here)];
    int status = fw_lavfi_feed(lavfi, next, err);
    lavfi->ended = !next;
    lavfi->next_in += next ? 1 : 0;
    return status;
}

static bool goes_on(const struct fw_lavfi *lavfi, uint64_t here, uint64_t wanted, int32_t before)
{
    return lavfi->fed && !lavfi->forgets && lavfi->next_out <= wanted &&
           lavfi->next_in + (uint64_t)before >= here;
}

/* Feeds until the output `wanted` is in lavfi->out; FW_DROP when the stream ends without it. */
static int reach(struct fw_lavfi *lavfi, const struct fw_frame *const *in, int32_t after,
                 uint64_t wanted, struct fw_error *err)
{
    uint64_t here = in[0]->index;
    for (;;) {
        int status = fw_lavfi_fetch(lavfi, err);
        if (status == FW_OK && lavfi->next_out++ == wanted)
            return FW_OK;
        av_frame_unref(lavfi->out);
        if (status == FW_END && lavfi->ended)
            return FW_DROP;
        if (status == FW_END && lavfi->next_in > here + (uint64_t)after)
            return fw_fail(err, FW_ERR_FILTER, "libavfilter held back the output for frame %llu",
                           (unsigned long long)here);
        if (status == FW_END)
            status = feed_next(lavfi, in, here, err);
        if (status < 0)
            return status;
    }
}

int fw_lavfi_window(struct fw_lavfi *lavfi, const struct fw_frame *const *in, int before, int after,
                    struct fw_frame *out, struct fw_error *err)
{
    const struct fw_lavfi_call *call = lavfi->calls[0];
    uint64_t here = in[0]->index;
    uint64_t wanted = call->rate_den > 1 ? here / (uint64_t)call->rate_den : out->index;
    int status = FW_OK;
    if (!goes_on(lavfi, here, wanted, before))
        status = restart(lavfi, in, before, err);
    if (status == FW_OK)
        status = reach(lavfi, in, after, wanted, err);
    if (status == FW_OK)
        status = fw_lavfi_take(lavfi, out, err);
    if (status < 0)
        lavfi->fed = false;
    av_frame_unref(lavfi->out);
    return status;
}
