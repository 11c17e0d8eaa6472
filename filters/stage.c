/* One stage: starting, stopping, and one frame through it. */
#include "stage.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *fw_block_take(size_t bytes)
{
    size_t rounded = (bytes + FW_IMAGE_ALIGN - 1) / FW_IMAGE_ALIGN * FW_IMAGE_ALIGN;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, rounded);
    if (block)
        memset(block, 0, rounded); /* first touch here, not in the first frame */
    return block;
}

void fw_video_map(const struct fw_video *video, void *block, struct fw_image *image_out)
{
    struct fw_image_layout layout;
    FW_CHECK(fw_image_layout(&layout, video->format, video->width, video->height) == 0);
    fw_image_map(image_out, &layout, video->format, video->width, video->height, block);
}

void fw_chain_note(struct fw_chain *chain, const struct fw_stage *stage)
{
    if (chain->cell)
        *chain->cell = stage->step;
}

int fw_stage_settle(const struct fw_stage *stage, int status, struct fw_error *err)
{
    bool view = status == FW_VIEW && (stage->caps.flags & FW_CAPS_VIEW);
    bool ending = status == FW_END && stage->caps.filter_class == FW_CLASS_SEQUENTIAL;
    /* Elsewhere the numbers of all later frames would depend on it. */
    bool drop = status == FW_DROP &&
                (stage->caps.filter_class >= FW_CLASS_WINDOWED || stage->caps.rate_den != 1);
    bool known = status == FW_OK || status == FW_IDENTITY || drop || view || ending;
    if (known || (status < 0 && err && err->status < 0))
        return status;
    return status < 0
               ? fw_fail(err, FW_ERR_FILTER, "it failed and did not say why (%s)",
                         fw_status_name(status))
               : fw_fail(err, FW_ERR_FILTER, "it returned %d, which means nothing here", status);
}

int fw_stage_blame(const struct fw_chain *chain, const struct fw_stage *stage, int status,
                   struct fw_error *err)
{
    if (status < 0)
        fw_error_prefix(err, "filter '%s'", chain->steps[stage->step].name);
    return status;
}

static int start_graph(struct fw_stage *stage, struct fw_error *err)
{
    struct fw_lavfi_call *calls[FW_CHAIN_FILTERS_MAX] = { NULL };
    for (uint32_t i = 0; i < stage->item_count; i++)
        calls[i] = stage->item[i].foreign;
    return fw_lavfi_open(&stage->graph, calls, stage->item_count, &stage->in, &stage->out, err);
}

static int start_filter(const struct fw_chain *chain, const struct fw_item *item,
                        struct fw_error *err)
{
    const struct fw_filter *filter = item->filter;
    if (filter->cpu_offset)
        memcpy((char *)item->self + filter->cpu_offset, &chain->cpu, sizeof(chain->cpu));
    return filter->start ? filter->start(item->self, err) : FW_OK;
}

int fw_stage_start(const struct fw_chain *chain, struct fw_stage *stage, struct fw_error *err)
{
    stage->started = true;
    if (stage->kind == FW_STAGE_CONVERT)
        return fw_convert_open(&stage->convert, &stage->in, &stage->out, err);
    if (stage->kind == FW_STAGE_LAVFI)
        return start_graph(stage, err);
    return start_filter(chain, stage->item, err);
}

void fw_stage_stop(struct fw_stage *stage)
{
    if (stage->started && stage->kind == FW_STAGE_FILTER && stage->item->filter->stop)
        stage->item->filter->stop(stage->item->self);
    fw_convert_close(stage->convert);
    fw_lavfi_close(stage->graph);
    stage->convert = NULL;
    stage->graph = NULL;
    stage->started = false;
}

bool fw_stage_is_active(const struct fw_stage *stage, const struct fw_frame *frame)
{
    if (stage->caps.flags & FW_CAPS_IDENTITY)
        return false;
    if (stage->kind != FW_STAGE_FILTER || !stage->item->enable)
        return true;
    double seconds = NAN;
    if (frame->pts != FW_NOPTS && stage->in.time_base.den)
        seconds = (double)frame->pts * stage->in.time_base.num / stage->in.time_base.den;
    const double values[] = { seconds, (double)frame->index, NAN, stage->in.width,
                              stage->in.height };
    /* NaN counts as enabled, as in libavfilter: only a small magnitude disables. */
    return !(fabs(fw_expr_value(stage->item->enable, values)) < 0.5);
}

static bool is_same(struct fw_rational a, struct fw_rational b)
{
    return a.num == b.num && a.den == b.den;
}

/* To the nearest tick of another time base, halves away from zero. */
static int64_t rescale(int64_t value, struct fw_rational from, struct fw_rational to)
{
    __int128 den = (__int128)from.den * to.num;
    __int128 num = (__int128)value * from.num * to.den;
    __int128 half = num < 0 ? -(den / 2) : den / 2;
    return (int64_t)((num + half) / den);
}

void fw_stage_inherit(const struct fw_stage *stage, const struct fw_frame *in, struct fw_frame *out)
{
    const struct fw_video *before = &stage->in;
    const struct fw_video *behind = &stage->out;
    struct fw_image image = out->image;
    uint64_t index = out->index;
    *out = *in;
    out->struct_size = sizeof(*out);
    out->image = image;
    out->index = index;
    /* A link's values replace the frame's only where the stage changed them. */
    if (memcmp(&before->color, &behind->color, sizeof(out->color)) != 0)
        out->color = behind->color;
    if (!is_same(before->sample_aspect, behind->sample_aspect))
        out->sample_aspect = behind->sample_aspect;
    if (!is_same(before->time_base, behind->time_base) && before->time_base.den > 0 &&
        behind->time_base.num > 0) {
        if (out->pts != FW_NOPTS)
            out->pts = rescale(out->pts, before->time_base, behind->time_base);
        out->duration = rescale(out->duration, before->time_base, behind->time_base);
    }
}

static int run_filter(struct fw_chain *chain, const struct fw_stage *stage,
                      const struct fw_frame *const *in, struct fw_frame *out, struct fw_error *err)
{
    const struct fw_filter *filter = stage->item->filter;
    void *self = stage->item->self;
    if (stage->caps.filter_class == FW_CLASS_WINDOWED)
        return filter->window(self, in, out, chain->scratch, err);
    if (filter->process)
        return filter->process(self, in[0], out, chain->scratch, err);
    return filter->band(self, in[0], out, 0, out->image.height, chain->scratch, err);
}

int fw_stage_run(struct fw_chain *chain, struct fw_stage *stage, const struct fw_frame *const *in,
                 struct fw_frame *out, struct fw_error *err)
{
    const struct fw_caps *caps = &stage->caps;
    int status = FW_ERR_INTERNAL;
    fw_chain_note(chain, stage);
    switch (stage->kind) {
    case FW_STAGE_CONVERT:
        status = fw_convert_process(stage->convert, &in[0]->image, &out->image, err);
        break;
    case FW_STAGE_LAVFI:
        status = fw_lavfi_process(stage->graph, in, caps->before, caps->after, out, err);
        break;
    case FW_STAGE_FILTER:
        status = fw_stage_settle(stage, run_filter(chain, stage, in, out, err), err);
        break;
    }
    return fw_stage_blame(chain, stage, status, err);
}
