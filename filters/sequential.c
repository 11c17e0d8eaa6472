/*
 * Sequential segments: every frame once, in order, through stages that may hold frames back.
 *
 * Each stage has a turn: what it was given and what it is at. A pull lets the deepest stage that
 * has something to do take a step, until the last one has a frame. So a stage only works while all
 * behind it are idle, and what it puts out stays where it is until those are done with it.
 */
#include "stage.h"

#include "check.h"
#include "crew.h"

#include <stdlib.h>
#include <string.h>

enum doing {
    DOING_NOTHING, /* wants a frame */
    DOING_FRAME,   /* has one that it did not look at yet */
    DOING_MORE,    /* is asked for what else it has */
    DOING_LAST,    /* is asked for what it has at the end */
    DOING_END      /* is through */
};

struct fw_turn {
    enum doing doing;
    int32_t asked;         /* outputs that a stage with a rate of n/1 was asked for */
    uint64_t taken;        /* frames it was given */
    uint64_t made;         /* frames it put out */
    struct fw_frame in;    /* the one in work; its pixels lie before this stage */
    struct fw_hdr hdr;     /* of that, kept for outputs that come later */
    struct fw_image image; /* where it writes */
    void *block;
};

static uint32_t count_of(const struct fw_part *part)
{
    return part->stage_end - part->stage_first;
}

/* The last stage writes to the caller's image. */
size_t fw_sequential_bytes(const struct fw_chain *chain, const struct fw_part *part)
{
    size_t bytes = 0;
    for (uint32_t i = part->stage_first; i + 1 < part->stage_end; i++) {
        const struct fw_video *out = &chain->stages[i].out;
        struct fw_image_layout layout;
        FW_CHECK(fw_image_layout(&layout, out->format, out->width, out->height) == 0);
        bytes += layout.bytes;
    }
    return bytes;
}

/* Of a stage that can do them side by side; 0: there is none. */
static uint32_t most_planes(const struct fw_chain *chain, const struct fw_part *part)
{
    uint32_t planes = 0;
    for (uint32_t i = part->stage_first; i < part->stage_end; i++) {
        const struct fw_stage *stage = &chain->stages[i];
        if ((stage->caps.flags & FW_CAPS_PLANES) && stage->out.format->plane_count > planes)
            planes = stage->out.format->plane_count;
    }
    return planes;
}

int fw_sequential_open(struct fw_chain *chain, const struct fw_part *part, struct fw_error *err)
{
    /* One more than stages: a relay's only turn, or what is on its way out of the last one. */
    chain->turns = calloc(count_of(part) + 1, sizeof(*chain->turns));
    if (!chain->turns)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a line of filters");
    for (uint32_t i = 0; i + 1 < count_of(part); i++) {
        const struct fw_video *out = &chain->stages[part->stage_first + i].out;
        struct fw_image_layout layout;
        FW_CHECK(fw_image_layout(&layout, out->format, out->width, out->height) == 0);
        chain->turns[i].block = fw_block_take(layout.bytes);
        if (!chain->turns[i].block)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for intermediate images");
        fw_video_map(out, chain->turns[i].block, &chain->turns[i].image);
    }
    uint32_t planes = most_planes(chain, part);
    return planes > 0 ? fw_crew_open(&chain->crew, planes, err) : FW_OK;
}

void fw_sequential_close(struct fw_chain *chain, const struct fw_part *part)
{
    for (uint32_t i = 0; chain->turns && i < count_of(part); i++)
        free(chain->turns[i].block);
    free(chain->turns);
    chain->turns = NULL;
    fw_crew_close(chain->crew);
    chain->crew = NULL;
}

/* Hands a frame, or the end, to the next stage. */
static void give(struct fw_turn *turn, const struct fw_frame *frame)
{
    turn->doing = frame ? DOING_FRAME : DOING_LAST;
    turn->asked = 0;
    if (!frame)
        return;
    turn->in = *frame;
    turn->in.index = turn->taken++;
    if (frame->hdr) {
        turn->hdr = *frame->hdr;
        turn->in.hdr = &turn->hdr;
    }
}

/* What a filter without state does with a frame: rate_num outputs of it, or one of rate_den. */
static int step_parallel(struct fw_chain *chain, struct fw_stage *stage, struct fw_turn *turn,
                         struct fw_frame *out, struct fw_error *err)
{
    const struct fw_frame *in = &turn->in;
    turn->asked++;
    turn->doing = turn->asked < stage->caps.rate_num ? DOING_FRAME : DOING_NOTHING;
    if (in->index % (uint64_t)stage->caps.rate_den)
        return FW_DROP;
    return fw_stage_run(chain, stage, &in, out, err);
}

static int step_graph(struct fw_stage *stage, struct fw_turn *turn, struct fw_frame *out,
                      struct fw_error *err)
{
    int status = FW_OK;
    if (turn->doing == DOING_FRAME) {
        turn->doing = DOING_MORE;
        status = fw_lavfi_push(stage->graph, &turn->in, err);
    } else if (turn->doing == DOING_LAST && turn->asked == 0) {
        turn->asked = 1;
        status = fw_lavfi_push(stage->graph, NULL, err);
    }
    return status == FW_OK ? fw_lavfi_pull(stage->graph, out, err) : status;
}

static int call_filter(struct fw_chain *chain, struct fw_stage *stage, struct fw_turn *turn,
                       struct fw_frame *out, struct fw_error *err)
{
    const struct fw_filter *filter = stage->item->filter;
    void *self = stage->item->self;
    if (turn->doing != DOING_FRAME)
        return filter->more
                   ? filter->more(self, out, turn->doing == DOING_LAST, chain->scratch, err)
                   : FW_END;
    turn->doing = DOING_MORE;
    if ((stage->caps.flags & FW_CAPS_PLANES) && filter->plane)
        return fw_crew_run(chain->crew, filter, self, &turn->in, out, err);
    return filter->process(self, &turn->in, out, chain->scratch, err);
}

static int step_filter(struct fw_chain *chain, struct fw_stage *stage, struct fw_turn *turn,
                       struct fw_frame *out, struct fw_error *err)
{
    return fw_stage_settle(stage, call_filter(chain, stage, turn, out, err), err);
}

/* A frame that passes as it is; a filter that sees all writes to where nothing is taken from. */
static int step_disabled(struct fw_chain *chain, struct fw_stage *stage, struct fw_turn *turn,
                         struct fw_frame *out, struct fw_error *err)
{
    const uint32_t both = FW_CAPS_SEES_ALL | FW_CAPS_IDENTITY;
    int status = FW_OK;
    if (stage->kind == FW_STAGE_FILTER && (stage->caps.flags & both) == FW_CAPS_SEES_ALL) {
        struct fw_frame unused = *out;
        fw_chain_note(chain, stage);
        status = fw_stage_blame(chain, stage, step_filter(chain, stage, turn, &unused, err), err);
    }
    turn->doing = DOING_NOTHING;
    return status < 0 ? status : FW_IDENTITY;
}

/* One step of a stage; FW_OK, FW_VIEW and FW_IDENTITY: *out is a frame. FW_END: it is through with
 * what it was given. FW_DROP: nothing came of this step. */
static int step(struct fw_chain *chain, struct fw_stage *stage, struct fw_turn *turn,
                struct fw_frame *out, struct fw_error *err)
{
    bool sequential = stage->caps.filter_class == FW_CLASS_SEQUENTIAL;
    out->index = turn->made;
    fw_stage_inherit(stage, &turn->in, out);
    if (turn->doing == DOING_FRAME && !fw_stage_is_active(stage, &turn->in))
        return step_disabled(chain, stage, turn, out, err);
    if (!sequential)
        return turn->doing == DOING_FRAME ? step_parallel(chain, stage, turn, out, err) : FW_END;
    fw_chain_note(chain, stage);
    int status = stage->kind == FW_STAGE_LAVFI ? step_graph(stage, turn, out, err)
                                               : step_filter(chain, stage, turn, out, err);
    return fw_stage_blame(chain, stage, status, err);
}

/* The deepest stage with something to do; `count` when there is none. */
static uint32_t find_busy(const struct fw_turn *turns, uint32_t count)
{
    for (uint32_t i = count; i-- > 0;)
        if (turns[i].doing != DOING_NOTHING && turns[i].doing != DOING_END)
            return i;
    return count;
}

/* What came out of a step goes to the turn behind it; index `count` is the way out. */
static void pass_on(struct fw_turn *turns, uint32_t index, int status, struct fw_frame *out,
                    const struct fw_image *image)
{
    struct fw_turn *turn = &turns[index];
    if (status == FW_END) {
        bool over = turn->doing == DOING_LAST;
        turn->doing = over ? DOING_END : DOING_NOTHING;
        if (over)
            give(&turns[index + 1], NULL);
        return;
    }
    if (status == FW_DROP)
        return;
    if (status == FW_IDENTITY)
        out->image = turn->in.image;
    if (status == FW_OK)
        out->image = *image;
    turn->made++;
    give(&turns[index + 1], out);
}

/* The frame that is on its way out into the caller's image. */
static void take_out(struct fw_turn *turn, struct fw_frame *out)
{
    struct fw_image target = out->image;
    if (turn->in.image.data[0] != target.data[0])
        fw_image_copy(&target, &turn->in.image);
    *out = turn->in;
    out->struct_size = sizeof(*out);
    out->image = target;
    turn->doing = DOING_NOTHING;
}

int fw_chain_push(struct fw_chain *chain, const struct fw_frame *in, struct fw_error *err)
{
    (void)err;
    const struct fw_part *part = chain->running;
    FW_CHECK(part && part->shown.sequential);
    FW_CHECK(find_busy(chain->turns, count_of(part) + 1) == count_of(part) + 1);
    give(&chain->turns[0], in);
    return FW_OK;
}

int fw_chain_pull(struct fw_chain *chain, struct fw_frame *out, struct fw_error *err)
{
    const struct fw_part *part = chain->running;
    FW_CHECK(part && part->shown.sequential);
    const uint32_t count = count_of(part);
    struct fw_turn *turns = chain->turns;
    for (;;) {
        uint32_t index = find_busy(turns, count + 1);
        if (index == count + 1)
            return FW_END;
        if (index == count && turns[count].doing == DOING_LAST) {
            turns[count].doing = DOING_END;
            return FW_END;
        }
        if (index == count) {
            take_out(&turns[count], out);
            return FW_OK;
        }
        struct fw_image image = index + 1 == count ? out->image : turns[index].image;
        struct fw_frame frame = { .image = image };
        int status = step(chain, &chain->stages[part->stage_first + index], &turns[index], &frame,
                          err);
        if (status < 0)
            return status;
        pass_on(turns, index, status, &frame, &image);
    }
}
