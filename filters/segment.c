/* Cutting the line of stages into segments, and those that run in parallel into spans. */
#include "stage.h"

#include "check.h"

#include <string.h>

/* A relay costs a copy of every frame: the reading and writing of its bytes by one process. */
#define COPY_NS_PER_BYTE 0.2
/* Of a filter that does not say. */
#define UNKNOWN_NS_PER_PIXEL 5.0
#define CONVERT_NS_PER_PIXEL 1.5
/* Outputs in a row, in multiples of the neighbours that are recomputed at their edges. */
#define RANGE_PER_NEIGHBOUR 4
#define RANGE_BEST_MAX 32

static bool is_sequential(const struct fw_stage *stage)
{
    return stage->caps.filter_class == FW_CLASS_SEQUENTIAL;
}

uint64_t fw_number_before(const struct fw_chain *chain, uint32_t first, uint32_t end,
                          uint64_t number)
{
    for (uint32_t i = end; i-- > first;) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        if (caps->rate_num > 1)
            number /= (uint64_t)caps->rate_num;
        else if (caps->rate_den > 1)
            number *= (uint64_t)caps->rate_den;
        number += (uint64_t)caps->lead;
    }
    return number;
}

bool fw_part_number(const struct fw_chain *chain, const struct fw_part *part, uint64_t asked,
                    uint64_t *number_out)
{
    uint64_t radix = (uint64_t)part->shown.rate_num;
    uint64_t number = asked / radix;
    uint64_t rest = asked % radix;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        uint64_t num = (uint64_t)caps->rate_num;
        uint64_t den = (uint64_t)caps->rate_den;
        if (number < (uint64_t)caps->lead || (number - (uint64_t)caps->lead) % den)
            return false;
        number -= (uint64_t)caps->lead;
        radix /= num;
        number = number / den * num + rest / radix;
        rest %= radix;
    }
    *number_out = number;
    return true;
}

static double pixels_of(const struct fw_video *video)
{
    return (double)video->width * video->height;
}

static double stage_cost(const struct fw_stage *stage)
{
    double pixels = pixels_of(&stage->in) > pixels_of(&stage->out) ? pixels_of(&stage->in)
                                                                   : pixels_of(&stage->out);
    double cost = (double)stage->caps.cost_ns_per_pixel;
    if (stage->caps.flags & FW_CAPS_IDENTITY)
        return 0;
    if (cost <= 0)
        cost = stage->kind == FW_STAGE_CONVERT ? CONVERT_NS_PER_PIXEL : UNKNOWN_NS_PER_PIXEL;
    return cost * pixels;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static struct fw_part *add_part(struct fw_chain *chain, bool sequential, uint32_t stage)
{
    struct fw_part *part = &chain->parts[chain->part_count++];
    memset(part, 0, sizeof(*part));
    part->shown.sequential = sequential;
    part->stage_first = stage;
    part->stage_end = stage;
    part->span_first = chain->span_count;
    return part;
}

static struct fw_part *last_part(struct fw_chain *chain)
{
    return &chain->parts[chain->part_count - 1];
}

static bool is_followed_by_sequential(const struct fw_chain *chain, uint32_t stage)
{
    while (stage < chain->stage_count && chain->stages[stage].kind == FW_STAGE_CONVERT)
        stage++;
    return stage < chain->stage_count && is_sequential(&chain->stages[stage]);
}

static bool any_sequential_from(const struct fw_chain *chain, uint32_t stage)
{
    while (stage < chain->stage_count && !is_sequential(&chain->stages[stage]))
        stage++;
    return stage < chain->stage_count;
}

/* Whether a stage goes to the single process: sequential ones, conversions between them, and what
 * else lies between them where the segments have run out. */
static bool belongs_to_sequential(struct fw_chain *chain, uint32_t stage)
{
    const struct fw_part *part = last_part(chain);
    if (is_sequential(&chain->stages[stage]))
        return true;
    if (!part->shown.sequential)
        return false;
    if (chain->stages[stage].kind == FW_STAGE_CONVERT && is_followed_by_sequential(chain, stage))
        return true;
    return chain->part_count + 1 == FW_CHAIN_SEGMENTS_MAX && any_sequential_from(chain, stage);
}

/* Stages of the part that do something, in front of stage `end`: time of one frame, or 0. */
static double cost_before(const struct fw_chain *chain, const struct fw_part *part, uint32_t end)
{
    double cost = 0;
    for (uint32_t i = part->stage_first; i < end; i++)
        cost += stage_cost(&chain->stages[i]);
    return cost;
}

/*
 * Whether frames should be handed over in front of a windowed stage instead of computed again by
 * every worker that needs them. A range of RANGE_PER_NEIGHBOUR outputs per neighbour computes its
 * neighbours' share, 1/RANGE_PER_NEIGHBOUR of what lies before the window, twice; the relay copies
 * each frame once, in one process. The dearer one is avoided.
 */
static bool wants_relay(const struct fw_chain *chain, uint32_t stage)
{
    const struct fw_part *part = &chain->parts[chain->part_count - 1];
    const struct fw_video *in = &chain->stages[stage].in;
    struct fw_image_layout layout;
    if (chain->stages[stage].caps.filter_class != FW_CLASS_WINDOWED ||
        chain->part_count + 2 > FW_CHAIN_SEGMENTS_MAX)
        return false;
    FW_CHECK(fw_image_layout(&layout, in->format, in->width, in->height) == 0);
    return cost_before(chain, part, stage) / RANGE_PER_NEIGHBOUR >
           COPY_NS_PER_BYTE * (double)layout.bytes;
}

static void add_stage_to_part(struct fw_chain *chain, uint32_t stage)
{
    bool sequential = belongs_to_sequential(chain, stage);
    if (sequential != last_part(chain)->shown.sequential) {
        (void)add_part(chain, sequential, stage);
    } else if (!sequential && wants_relay(chain, stage)) {
        (void)add_part(chain, true, stage);
        (void)add_part(chain, false, stage);
    }
    last_part(chain)->stage_end = stage + 1;
}

/* ---- spans ----------------------------------------------------------------------------------- */

static bool changes_before(const struct fw_chain *chain, const struct fw_span *span, uint32_t stage)
{
    for (uint32_t i = span->stage_first; i < stage; i++) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        if (!(caps->flags & FW_CAPS_IDENTITY) || caps->rate_num != 1 || caps->rate_den != 1 ||
            caps->lead != 0)
            return true;
    }
    return false;
}

/* A window opens a span, unless nothing before it changes frames: then it reads the input. */
static void cut_spans(struct fw_chain *chain, struct fw_part *part)
{
    struct fw_span *span = NULL;
    part->span_first = chain->span_count;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        bool windowed = caps->filter_class == FW_CLASS_WINDOWED;
        bool opens = !span || (windowed && changes_before(chain, span, i));
        if (opens) {
            span = &chain->spans[chain->span_count++];
            memset(span, 0, sizeof(*span));
        }
        if (opens || windowed)
            span->stage_first = i;
        if (windowed) {
            span->before = caps->before;
            span->after = caps->after;
        }
        span->stage_end = i + 1;
    }
    part->span_count = chain->span_count - part->span_first;
}

/* ---- what a part is ----------------------------------------------------------------------------
 */

/* Neighbours of the part's input, from its last stage to its first. */
static int measure_window(const struct fw_chain *chain, struct fw_part *part, struct fw_error *err)
{
    struct fw_chain_segment *shown = &part->shown;
    for (uint32_t i = part->stage_end; i-- > part->stage_first;) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        int64_t num = caps->rate_num > 1 ? caps->rate_num : 1;
        int64_t den = caps->rate_den > 1 ? caps->rate_den : 1;
        int64_t before = (shown->before * den + num - 1) / num + caps->before;
        int64_t after = (shown->after * den + num - 1) / num + caps->after;
        if (before > FW_CHAIN_NEIGHBOURS_MAX || after > FW_CHAIN_NEIGHBOURS_MAX)
            return fw_fail(err, FW_ERR_USAGE,
                           "filter '%s' and those behind it read more than %d frames around one",
                           chain->steps[chain->stages[i].step].name, FW_CHAIN_NEIGHBOURS_MAX);
        shown->before = (int32_t)before;
        shown->after = (int32_t)after;
    }
    return FW_OK;
}

static int measure_rate(const struct fw_chain *chain, struct fw_part *part, struct fw_error *err)
{
    struct fw_chain_segment *shown = &part->shown;
    shown->rate_num = 1;
    shown->rate_den = 1;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_caps *caps = &chain->stages[i].caps;
        shown->cost_ns += stage_cost(&chain->stages[i]) * shown->rate_num /
                          (shown->rate_den ? shown->rate_den : 1);
        int64_t num = (int64_t)shown->rate_num * caps->rate_num;
        int64_t den = (int64_t)shown->rate_den * caps->rate_den;
        if (num > FW_CHAIN_RATE_MAX || den > FW_CHAIN_STEP_MAX)
            return fw_fail(err, FW_ERR_USAGE,
                           "with filter '%s' the chain makes more than %d frames of one, or keeps "
                           "one of more than %d",
                           chain->steps[chain->stages[i].step].name, FW_CHAIN_RATE_MAX,
                           FW_CHAIN_STEP_MAX);
        shown->rate_num = (int32_t)num;
        shown->rate_den = (int32_t)den;
        if (shown->rate_den == 0)
            shown->rate_num = 0;
    }
    return FW_OK;
}

/* Whether two stages could go together. */
static bool any_bands(const struct fw_chain *chain, const struct fw_part *part)
{
    uint32_t count = 0;
    for (uint32_t i = part->stage_first; i < part->stage_end && count < 2; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        if (!(stage->caps.flags & FW_CAPS_IDENTITY))
            count = fw_stage_has_bands(stage) ? count + 1 : 0;
    }
    return count >= 2;
}

static void measure_memory(const struct fw_chain *chain, struct fw_part *part)
{
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        struct fw_image_layout layout;
        FW_CHECK(fw_image_layout(&layout, stage->out.format, stage->out.width, stage->out.height) ==
                 0);
        bool alone = part->stage_end - part->stage_first == 1;
        if (!alone && !part->shown.sequential && layout.bytes > part->image_bytes)
            part->image_bytes = layout.bytes;
        if (stage->caps.scratch_bytes > part->work_bytes)
            part->work_bytes = stage->caps.scratch_bytes;
    }
    if (!part->shown.sequential && any_bands(chain, part))
        part->band_bytes = part->image_bytes < FW_BANDS_BYTES / 2 ? part->image_bytes
                                                                  : FW_BANDS_BYTES / 2;
    part->shown.scratch_bytes = 2 * (part->image_bytes + part->band_bytes) + part->work_bytes +
                                (part->shown.sequential ? fw_sequential_bytes(chain, part)
                                                        : fw_window_bytes(chain, part));
}

/* Neighbours that a range computes beside its own outputs cost little in long ranges only. */
static void measure_range(const struct fw_chain *chain, struct fw_part *part)
{
    struct fw_chain_segment *shown = &part->shown;
    int32_t recomputed = 0;
    for (uint32_t i = 1; i < part->span_count; i++)
        recomputed += chain->spans[part->span_first + i].before +
                      chain->spans[part->span_first + i].after;
    int32_t best = recomputed * RANGE_PER_NEIGHBOUR;
    if (best > RANGE_BEST_MAX)
        best = RANGE_BEST_MAX;
    shown->range_multiple = 1;
    if (!shown->sequential)
        shown->range_multiple = (uint32_t)(shown->rate_num *
                                           (recomputed > 0 ? shown->rate_den : 1));
    shown->range_best = (uint32_t)(best > 1 ? best : 1) * shown->range_multiple;
}

static void list_part(const struct fw_chain *chain, struct fw_part *part,
                      const struct fw_video *link)
{
    struct fw_chain_segment *shown = &part->shown;
    shown->in = *link;
    shown->out = *link;
    shown->step_first = part->stage_first < chain->stage_count
                            ? chain->stages[part->stage_first].step
                            : chain->step_count;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        shown->step_count += stage->step_count;
        shown->flags |= stage->caps.flags & ~(uint32_t)FW_CAPS_IDENTITY;
        if (stage->caps.filter_class > shown->filter_class)
            shown->filter_class = stage->caps.filter_class;
        shown->out = stage->out;
    }
}

static int finish_part(struct fw_chain *chain, struct fw_part *part, const struct fw_video *link,
                       struct fw_error *err)
{
    list_part(chain, part, link);
    if (part->shown.sequential) {
        for (uint32_t i = part->stage_first; i < part->stage_end; i++)
            if (chain->stages[i].caps.filter_class == FW_CLASS_WINDOWED)
                return fw_fail(err, FW_ERR_USAGE,
                               "filter '%s' lies between too many filters that keep state",
                               chain->steps[chain->stages[i].step].name);
    } else {
        cut_spans(chain, part);
    }
    int status = part->shown.sequential ? FW_OK : measure_window(chain, part, err);
    if (status == FW_OK)
        status = measure_rate(chain, part, err);
    if (status == FW_OK) {
        measure_memory(chain, part);
        measure_range(chain, part);
    }
    return status;
}

int fw_chain_cut(struct fw_chain *chain, const struct fw_video *in, struct fw_error *err)
{
    const struct fw_video *link = in;
    chain->part_count = 0;
    chain->span_count = 0;
    (void)add_part(chain, false, 0);
    for (uint32_t i = 0; i < chain->stage_count; i++)
        add_stage_to_part(chain, i);
    if (last_part(chain)->shown.sequential)
        (void)add_part(chain, false, chain->stage_count);
    int status = FW_OK;
    for (uint32_t i = 0; i < chain->part_count && status == FW_OK; i++) {
        status = finish_part(chain, &chain->parts[i], link, err);
        link = &chain->parts[i].shown.out;
    }
    return status;
}

uint32_t fw_chain_segment_count(const struct fw_chain *chain)
{
    return chain->negotiated ? chain->part_count : 0;
}

void fw_chain_segment_at(const struct fw_chain *chain, uint32_t index,
                         struct fw_chain_segment *segment_out)
{
    FW_CHECK(chain->negotiated && index < chain->part_count);
    *segment_out = chain->parts[index].shown;
}
