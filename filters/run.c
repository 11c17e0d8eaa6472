/* Frames through the stages of a chain. */
#include "stage.h"

#include "check.h"
#include "image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int start_filter(const struct fw_chain *chain, const struct fw_item *item,
                        struct fw_error *err)
{
    const struct fw_filter *filter = item->filter;
    if (filter->cpu_offset)
        memcpy((char *)item->self + filter->cpu_offset, &chain->cpu, sizeof(chain->cpu));
    return filter->start ? filter->start(item->self, err) : FW_OK;
}

static int start_stage(const struct fw_chain *chain, struct fw_stage *stage, struct fw_error *err)
{
    switch (stage->kind) {
    case FW_STAGE_CONVERT:
        return fw_convert_open(&stage->convert, &stage->in, &stage->out, err);
    case FW_STAGE_FILTER:
        return start_filter(chain, stage->item, err);
    case FW_STAGE_LAVFI: {
        struct fw_lavfi_call *calls[FW_CHAIN_FILTERS_MAX] = { NULL };
        for (uint32_t i = 0; i < stage->item_count; i++)
            calls[i] = stage->item[i].foreign;
        return fw_lavfi_open(&stage->graph, calls, stage->item_count, &stage->in, &stage->out, err);
    }
    }
    return FW_ERR_INTERNAL;
}

static void *take_block(size_t bytes)
{
    size_t rounded = (bytes + FW_IMAGE_ALIGN - 1) / FW_IMAGE_ALIGN * FW_IMAGE_ALIGN;
    void *block = aligned_alloc(FW_IMAGE_ALIGN, rounded);
    if (block)
        memset(block, 0, rounded); /* first touch here, not in the first frame */
    return block;
}

static int take_memory(struct fw_chain *chain, struct fw_error *err)
{
    bool taken = true;
    for (uint32_t i = 0; i < 2 && chain->image_bytes; i++) {
        chain->images[i] = take_block(chain->image_bytes);
        taken = taken && chain->images[i];
    }
    if (chain->scratch_bytes) {
        chain->scratch = take_block(chain->scratch_bytes);
        taken = taken && chain->scratch;
    }
    return taken ? FW_OK : fw_fail(err, FW_ERR_MEMORY, "no memory for intermediate images");
}

int fw_chain_start(struct fw_chain *chain, struct fw_error *err)
{
    FW_CHECK(chain->negotiated);
    fw_chain_stop(chain);
    chain->started = true;
    int status = take_memory(chain, err);
    for (uint32_t i = 0; i < chain->stage_count && status == FW_OK; i++) {
        struct fw_stage *stage = &chain->stages[i];
        stage->started = true;
        status = start_stage(chain, stage, err);
        if (status < 0)
            fw_error_prefix(err, "filter '%s'", chain->steps[stage->step].name);
    }
    if (status < 0)
        fw_chain_stop(chain);
    return status;
}

void fw_chain_stop(struct fw_chain *chain)
{
    if (!chain || !chain->started)
        return;
    for (uint32_t i = 0; i < chain->stage_count; i++) {
        struct fw_stage *stage = &chain->stages[i];
        if (stage->started && stage->kind == FW_STAGE_FILTER && stage->item->filter->stop)
            stage->item->filter->stop(stage->item->self);
        fw_convert_close(stage->convert);
        fw_lavfi_close(stage->graph);
        stage->convert = NULL;
        stage->graph = NULL;
        stage->started = false;
    }
    free(chain->images[0]);
    free(chain->images[1]);
    free(chain->scratch);
    chain->images[0] = NULL;
    chain->images[1] = NULL;
    chain->scratch = NULL;
    chain->started = false;
}

/* Whether a stage will do anything to this frame, as far as is known before it runs. */
static bool is_active(const struct fw_stage *stage, const struct fw_frame *frame)
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

static int run_stage(struct fw_chain *chain, struct fw_stage *stage, const struct fw_frame *in,
                     struct fw_frame *out, struct fw_error *err)
{
    switch (stage->kind) {
    case FW_STAGE_CONVERT:
        return fw_convert_process(stage->convert, &in->image, &out->image, err);
    case FW_STAGE_LAVFI:
        return fw_lavfi_process(stage->graph, in, out, err);
    case FW_STAGE_FILTER:
        return stage->item->filter->process(stage->item->self, in, out, chain->scratch, err);
    }
    return FW_ERR_INTERNAL;
}

static void inherit(struct fw_frame *out, const struct fw_frame *in, const struct fw_stage *stage)
{
    struct fw_image image = out->image;
    *out = *in;
    out->struct_size = sizeof(*out);
    out->image = image;
    /* A link's values replace the frame's only where the stage changed them. */
    if (memcmp(&stage->in.color, &stage->out.color, sizeof(out->color)) != 0)
        out->color = stage->out.color;
    if (stage->in.sample_aspect.num != stage->out.sample_aspect.num ||
        stage->in.sample_aspect.den != stage->out.sample_aspect.den)
        out->sample_aspect = stage->out.sample_aspect;
}

static uint32_t last_active(const struct fw_chain *chain, const struct fw_frame *in)
{
    uint32_t last = chain->stage_count;
    for (uint32_t i = 0; i < chain->stage_count; i++) {
        if (is_active(&chain->stages[i], in))
            last = i;
    }
    return last;
}

/* Where a stage writes: the caller's image if nothing follows, else the scratch image not in use.
 */
static void place_output(struct fw_chain *chain, const struct fw_stage *stage, bool last,
                         const struct fw_image *out, uint32_t turn, struct fw_image *image)
{
    struct fw_image_layout layout;
    if (last) {
        *image = *out;
        return;
    }
    FW_CHECK(fw_image_layout(&layout, stage->out.format, stage->out.width, stage->out.height) == 0);
    fw_image_map(image, &layout, stage->out.format, stage->out.width, stage->out.height,
                 chain->images[turn]);
}

/* Stages over `now`; the count of images written comes back in *turns_out. */
static int run_stages(struct fw_chain *chain, struct fw_frame *now, const struct fw_image *out,
                      uint32_t *turns_out, struct fw_error *err)
{
    uint32_t last = last_active(chain, now);
    uint32_t turns = 0;
    for (uint32_t i = 0; i < chain->stage_count; i++) {
        struct fw_stage *stage = &chain->stages[i];
        if (!is_active(stage, now))
            continue;
        if (chain->cell)
            *chain->cell = stage->step;
        struct fw_frame next = { 0 };
        place_output(chain, stage, i == last, out, turns % 2, &next.image);
        inherit(&next, now, stage);
        int status = run_stage(chain, stage, now, &next, err);
        if (status < 0)
            fw_error_prefix(err, "filter '%s'", chain->steps[stage->step].name);
        if (status < 0 || status == FW_DROP)
            return status;
        if (status == FW_IDENTITY)
            continue;
        *now = next;
        turns++;
    }
    *turns_out = turns;
    return FW_OK;
}

int fw_chain_process(struct fw_chain *chain, const struct fw_frame *in, struct fw_frame *out,
                     struct fw_error *err)
{
    FW_CHECK(chain->started);
    struct fw_frame now = *in;
    struct fw_image target = out->image;
    uint32_t turns = 0;
    int status = run_stages(chain, &now, &target, &turns, err);
    if (status != FW_OK)
        return status;
    /* The stage that should have written the result may have found nothing to do. */
    if (turns > 0 && now.image.data[0] != target.data[0])
        fw_image_copy(&target, &now.image);
    *out = now;
    out->struct_size = sizeof(*out);
    out->image = target;
    return turns > 0 ? FW_OK : FW_IDENTITY;
}
