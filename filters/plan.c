/* Negotiation: from an input to stages, with the conversions between them. */
#include "stage.h"

#include "format.h"

#include <string.h>

static struct fw_stage *add_stage(struct fw_chain *chain, enum fw_stage_kind kind,
                                  const struct fw_video *in)
{
    struct fw_stage *stage = &chain->stages[chain->stage_count++];
    memset(stage, 0, sizeof(*stage));
    stage->kind = kind;
    stage->step = chain->step_count;
    stage->step_count = 1;
    stage->in = *in;
    stage->out = *in;
    stage->caps.struct_size = sizeof(stage->caps);
    stage->caps.rate_num = 1;
    stage->caps.rate_den = 1;
    return stage;
}

static struct fw_chain_step *add_step(struct fw_chain *chain, const struct fw_stage *stage)
{
    struct fw_chain_step *step = &chain->steps[chain->step_count++];
    memset(step, 0, sizeof(*step));
    step->name = "";
    step->args = "";
    step->in = stage->in;
    step->out = stage->out;
    step->filter_class = stage->caps.filter_class;
    step->flags = stage->caps.flags;
    step->before = stage->caps.before;
    step->after = stage->caps.after;
    return step;
}

static int add_convert(struct fw_chain *chain, struct fw_video *video,
                       const struct fw_format *format, struct fw_error *err)
{
    struct fw_stage *stage = add_stage(chain, FW_STAGE_CONVERT, video);
    int status = fw_convert_plan(video, format, &stage->out, err);
    if (status < 0)
        return status;
    stage->caps.flags = FW_CAPS_BANDS;
    struct fw_chain_step *step = add_step(chain, stage);
    step->name = "convert";
    step->args = format->name;
    step->engine = "libswscale";
    step->reason = "reads nothing but the frame";
    step->inserted = true;
    *video = stage->out;
    return FW_OK;
}

/* Also asks negotiate: accepts() is optional and may be wider than this input allows. */
static bool accepts_format(void *opaque, const struct fw_format *format)
{
    const struct fw_item *item = opaque;
    return !item->filter->accepts || item->filter->accepts(item->self, format);
}

/* What a filter says of itself must hold together: plugins say it, too. */
static int check_caps(const struct fw_item *item, const struct fw_caps *caps, struct fw_error *err)
{
    const struct fw_filter *filter = item->filter;
    bool windowed = caps->filter_class == FW_CLASS_WINDOWED;
    bool sequential = caps->filter_class == FW_CLASS_SEQUENTIAL;
    bool counted = caps->rate_num > 0 && caps->rate_den > 0;
    bool planes = (caps->flags & FW_CAPS_PLANES) && filter->plane;
    bool called = filter->process || (sequential ? planes : filter->band != NULL);
    if (windowed)
        called = filter->window;
    if (caps->filter_class > FW_CLASS_SEQUENTIAL || !called)
        return fw_fail(err, FW_ERR_USAGE, "filter '%s' has no function of its class", filter->name);
    if (caps->halo_rows < 0 || caps->halo_rows > FW_HALO_MAX ||
        caps->scratch_bytes > FW_SCRATCH_MAX)
        return fw_fail(err, FW_ERR_USAGE, "filter '%s' wants %d rows around a row and %zu bytes",
                       filter->name, caps->halo_rows, caps->scratch_bytes);
    if (caps->before < 0 || caps->after < 0 || caps->before > FW_CHAIN_NEIGHBOURS_MAX ||
        caps->after > FW_CHAIN_NEIGHBOURS_MAX || (!windowed && (caps->before || caps->after)))
        return fw_fail(err, FW_ERR_USAGE,
                       "filter '%s' reads %d frames before and %d after one; 0 to %d can be kept",
                       filter->name, caps->before, caps->after, FW_CHAIN_NEIGHBOURS_MAX);
    if (caps->lead < 0 || caps->lead > FW_CHAIN_NEIGHBOURS_MAX || (caps->lead && !windowed))
        return fw_fail(err, FW_ERR_USAGE, "filter '%s' begins with frame %d", filter->name,
                       caps->lead);
    if (counted ? caps->rate_num > 1 && caps->rate_den > 1
                : !sequential || caps->rate_num != 0 || caps->rate_den != 0)
        return fw_fail(err, FW_ERR_USAGE, "filter '%s' has a rate of %d/%d", filter->name,
                       caps->rate_num, caps->rate_den);
    return FW_OK;
}

static int check_enable(const struct fw_item *item, const struct fw_stage *stage,
                        struct fw_error *err)
{
    const struct fw_video *in = &stage->in;
    const struct fw_video *out = &stage->out;
    const struct fw_caps *caps = &stage->caps;
    if (item->enable &&
        (in->format != out->format || in->width != out->width || in->height != out->height))
        return fw_fail(err, FW_ERR_USAGE,
                       "filter '%s' cannot take 'enable' here: it changes the size or the format",
                       item->call->name);
    if (item->enable && (caps->rate_num != 1 || caps->rate_den != 1))
        return fw_fail(err, FW_ERR_USAGE,
                       "filter '%s' cannot take 'enable' here: it changes the number of frames",
                       item->call->name);
    return FW_OK;
}

/* What a link can carry; a format is one of the host's, or none yet. */
static bool is_sound(const struct fw_video *video)
{
    bool known = !video->format || (video->format->id < fw_format_count() &&
                                    fw_format_at(video->format->id) == video->format);
    return known && video->width > 0 && video->height > 0 && video->time_base.num > 0 &&
           video->time_base.den > 0 && video->frame_rate.num >= 0 && video->frame_rate.den >= 0;
}

static int negotiate_item(struct fw_item *item, struct fw_stage *stage, struct fw_error *err)
{
    stage->out = stage->in;
    int status = item->filter->negotiate(item->self, &stage->in, &stage->out, &stage->caps, err);
    bool silent = status < 0 && err && err->status >= 0;
    if (silent || status > 0 || (status == FW_OK && !is_sound(&stage->out)))
        status = fw_fail(err, FW_ERR_USAGE, "it does not say what comes out of %s %dx%d",
                         stage->in.format->name, stage->in.width, stage->in.height);
    if (status < 0)
        fw_error_prefix(err, "filter '%s'", item->call->name);
    return status;
}

static int add_filter(struct fw_chain *chain, struct fw_item *item, struct fw_video *video,
                      struct fw_error *err)
{
    struct fw_stage *stage = add_stage(chain, FW_STAGE_FILTER, video);
    int status = negotiate_item(item, stage, err);
    if (status < 0)
        return status;
    if (!stage->out.format) {
        const struct fw_format *nearest = fw_convert_nearest(video->format, accepts_format, item);
        if (!nearest)
            return fw_fail(err, FW_ERR_USAGE, "filter '%s' takes no format near %s",
                           item->call->name, video->format->name);
        chain->stage_count--;
        status = add_convert(chain, video, nearest, err);
        if (status < 0)
            return status;
        stage = add_stage(chain, FW_STAGE_FILTER, video);
        status = negotiate_item(item, stage, err);
        if (status == FW_OK && !stage->out.format)
            status = fw_fail(err, FW_ERR_INTERNAL, "filter '%s' refuses %s, which it accepts",
                             item->call->name, nearest->name);
        if (status < 0)
            return status;
    }
    stage->item = item;
    stage->item_count = 1;
    if (item->enable && stage->caps.filter_class == FW_CLASS_PURE)
        stage->caps.filter_class = FW_CLASS_INDEXED;
    status = check_caps(item, &stage->caps, err);
    if (status < 0)
        return status;
    struct fw_chain_step *step = add_step(chain, stage);
    step->name = item->call->name;
    step->args = item->call->text;
    step->engine = fw_item_engine(item);
    step->reason = fw_class_reason(stage->caps.filter_class);
    *video = stage->out;
    return check_enable(item, stage, err);
}

static void add_traits(struct fw_caps *caps, const struct fw_lavfi_traits *traits)
{
    caps->flags |= traits->flags;
    if (traits->filter_class > caps->filter_class)
        caps->filter_class = traits->filter_class;
    caps->before += traits->before;
    caps->after += traits->after;
    caps->rate_num *= traits->rate_num;
    caps->rate_den *= traits->rate_den;
}

/* Filters that may share a graph: all in order or none, and a window has one for itself. */
static bool groups_with(const struct fw_item *item, const struct fw_item *next)
{
    struct fw_lavfi_traits a;
    struct fw_lavfi_traits b;
    if (!next->foreign)
        return false;
    fw_lavfi_call_traits(item->foreign, &a);
    fw_lavfi_call_traits(next->foreign, &b);
    if (a.filter_class == FW_CLASS_SEQUENTIAL || b.filter_class == FW_CLASS_SEQUENTIAL)
        return a.filter_class == b.filter_class;
    return a.filter_class != FW_CLASS_WINDOWED && b.filter_class != FW_CLASS_WINDOWED &&
           a.rate_num == 1 && b.rate_num == 1 && a.rate_den == 1 && b.rate_den == 1;
}

/* One graph for all neighbours, so that libavfilter negotiates between them as in ffmpeg. */
static int add_group(struct fw_chain *chain, uint32_t first, uint32_t count, struct fw_video *video,
                     struct fw_error *err)
{
    struct fw_lavfi_call *calls[FW_CHAIN_FILTERS_MAX] = { NULL };
    struct fw_video links[FW_CHAIN_FILTERS_MAX];
    for (uint32_t i = 0; i < count; i++)
        calls[i] = chain->items[first + i].foreign;
    int status = fw_lavfi_plan(calls, count, video, links, err);
    if (status < 0)
        return status;
    struct fw_stage *stage = add_stage(chain, FW_STAGE_LAVFI, video);
    stage->item = &chain->items[first];
    stage->item_count = count;
    stage->step_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct fw_lavfi_traits traits;
        fw_lavfi_call_traits(calls[i], &traits);
        struct fw_chain_step *step = add_step(chain, stage);
        step->name = chain->items[first + i].call->name;
        step->args = chain->items[first + i].call->text;
        step->engine = "libavfilter";
        step->reason = traits.reason;
        step->filter_class = traits.filter_class;
        step->flags = traits.flags;
        step->before = traits.before;
        step->after = traits.after;
        step->in = i ? links[i - 1] : *video;
        step->out = links[i];
        add_traits(&stage->caps, &traits);
    }
    stage->out = links[count - 1];
    *video = stage->out;
    return FW_OK;
}

/* Formats are a matter of the whole chain: a filter that takes few of them has pictures converted
 * in front of those before it that take anything. */
static void agree(const struct fw_chain *chain, const struct fw_video *in,
                  struct fw_lavfi_need *needs)
{
    struct fw_lavfi_word words[FW_CHAIN_FILTERS_MAX];
    memset(needs, 0, FW_CHAIN_FILTERS_MAX * sizeof(*needs));
    if (chain->item_count < 2)
        return;
    for (uint32_t i = 0; i < chain->item_count; i++)
        words[i] = (struct fw_lavfi_word){ chain->items[i].call, chain->items[i].foreign };
    if (fw_lavfi_agree(words, chain->item_count, in, needs) != FW_OK)
        memset(needs, 0, FW_CHAIN_FILTERS_MAX * sizeof(*needs));
}

static int convert_as_agreed(struct fw_chain *chain, struct fw_item *item,
                             const struct fw_lavfi_need *need, struct fw_video *video,
                             struct fw_error *err)
{
    bool wanted = need->converted && need->format && need->format != video->format;
    if (!wanted || (item->filter && !accepts_format(item, need->format)))
        return FW_OK;
    return add_convert(chain, video, need->format, err);
}

static int add_items(struct fw_chain *chain, struct fw_video *video, struct fw_error *err)
{
    struct fw_lavfi_need needs[FW_CHAIN_FILTERS_MAX];
    uint32_t i = 0;
    agree(chain, video, needs);
    while (i < chain->item_count) {
        uint32_t count = chain->items[i].foreign ? 1 : 0;
        while (count && i + count < chain->item_count && !needs[i + count].converted &&
               groups_with(&chain->items[i], &chain->items[i + count]))
            count++;
        int status = convert_as_agreed(chain, &chain->items[i], &needs[i], video, err);
        if (status == FW_OK)
            status = count ? add_group(chain, i, count, video, err)
                           : add_filter(chain, &chain->items[i], video, err);
        if (status < 0)
            return status;
        i += count ? count : 1;
    }
    if (chain->output_format && chain->output_format != video->format)
        return add_convert(chain, video, chain->output_format, err);
    return FW_OK;
}

/* Every link must be an image that can be laid out. */
static int check_sizes(struct fw_chain *chain, const struct fw_video *in, struct fw_error *err)
{
    struct fw_image_layout layout;
    if (fw_image_layout(&layout, in->format, in->width, in->height) < 0)
        return fw_fail(err, FW_ERR_USAGE, "no chain can take frames of %dx%d", in->width,
                       in->height);
    for (uint32_t i = 0; i < chain->stage_count; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        if (fw_image_layout(&layout, stage->out.format, stage->out.width, stage->out.height) < 0)
            return fw_fail(err, FW_ERR_USAGE, "filter '%s' would make frames of %dx%d",
                           chain->steps[stage->step].name, stage->out.width, stage->out.height);
    }
    return FW_OK;
}

int fw_chain_negotiate(struct fw_chain *chain, const struct fw_video *in, struct fw_video *out,
                       struct fw_error *err)
{
    struct fw_video video = *in;
    fw_chain_stop(chain);
    chain->negotiated = false;
    chain->stage_count = 0;
    chain->step_count = 0;
    int status = in->format ? FW_OK : fw_fail(err, FW_ERR_USAGE, "the input has no pixel format");
    if (status == FW_OK)
        status = add_items(chain, &video, err);
    if (status == FW_OK)
        status = check_sizes(chain, in, err);
    if (status == FW_OK)
        status = fw_chain_cut(chain, in, err);
    if (status < 0) {
        chain->stage_count = 0;
        fw_chain_list_items(chain);
        return status;
    }
    *out = video;
    chain->negotiated = true;
    return FW_OK;
}
