/* A frame through stages, one after the other. */
#include "stage.h"

#include "check.h"

#include <string.h>

/* A frame on its way. */
struct pass {
    struct fw_chain *chain;
    uint32_t first;
    uint32_t end;
    uint64_t number;
    struct fw_image target;
    uint32_t last;       /* stage that is expected to write the target */
    struct fw_frame now; /* what the stages so far made of it */
    int32_t held;        /* the chain's image that `now` lies in; -1: none of them */
    bool changed;
};

/* Number that a frame has behind stage `stage`. */
static uint64_t number_behind(const struct pass *pass, uint32_t stage)
{
    return fw_number_before(pass->chain, stage + 1, pass->end, pass->number);
}

static uint32_t find_last(const struct pass *pass)
{
    struct fw_frame frame = pass->now;
    uint32_t last = pass->end;
    for (uint32_t i = pass->first; i < pass->end; i++) {
        if (fw_stage_is_active(&pass->chain->stages[i], &frame))
            last = i;
        frame.index = number_behind(pass, i);
    }
    return last;
}

/* Where a stage writes: the caller's image if nothing follows, else the image not in use. */
static int32_t place(const struct pass *pass, uint32_t index, struct fw_image *image_out)
{
    int32_t turn = pass->held == 0 ? 1 : 0;
    if (index == pass->last) {
        *image_out = pass->target;
        return -1;
    }
    fw_video_map(&pass->chain->stages[index].out, pass->chain->images[turn], image_out);
    return turn;
}

static int run_stage(struct pass *pass, uint32_t index, const struct fw_frame *const *in,
                     struct fw_error *err)
{
    struct fw_stage *stage = &pass->chain->stages[index];
    struct fw_frame next = { .index = number_behind(pass, index) };
    int32_t held = place(pass, index, &next.image);
    const struct fw_image image = next.image;
    fw_stage_inherit(stage, in[0], &next);
    int status = fw_stage_run(pass->chain, stage, in, &next, err);
    if (status < 0 || status == FW_DROP)
        return status;
    if (status == FW_OK) {
        next.image = image; /* whatever a filter did to its copy */
        pass->held = held;
    }
    if (status == FW_IDENTITY)
        next.image = in[0]->image;
    else
        pass->changed = true;
    pass->now = next;
    return FW_OK;
}

/* Stages from *index that go together in bands; moves it behind them, if there are any. */
static int run_bands(struct pass *pass, uint32_t *index, struct fw_error *err)
{
    struct fw_bands bands;
    if (fw_bands_gather(pass->chain, *index, pass->end, &pass->now, &bands) < 2)
        return FW_OK;
    uint32_t last = bands.stages[bands.count - 1];
    struct fw_frame next = { .index = number_behind(pass, last) };
    int32_t held = place(pass, last, &next.image);
    int status = fw_bands_run(pass->chain, &bands, &pass->now, &next, err);
    if (status < 0)
        return status;
    pass->held = held;
    pass->changed = true;
    pass->now = next;
    *index = last + 1;
    return FW_OK;
}

/* A stage that has nothing to do. */
static void skip(struct pass *pass, uint32_t index)
{
    struct fw_frame same = { .image = pass->now.image, .index = number_behind(pass, index) };
    fw_stage_inherit(&pass->chain->stages[index], &pass->now, &same);
    pass->now = same;
}

/* Into the caller's image, if the stage that should have written it had nothing to do. */
static void settle(struct pass *pass, struct fw_frame *out)
{
    uint64_t index = out->index;
    if (pass->changed && pass->now.image.data[0] != pass->target.data[0])
        fw_image_copy(&pass->target, &pass->now.image);
    *out = pass->now;
    out->struct_size = sizeof(*out);
    out->image = pass->target;
    out->index = index;
}

int fw_pass_run(struct fw_chain *chain, uint32_t first, uint32_t end,
                const struct fw_frame *const *in, uint64_t number, struct fw_frame *out,
                struct fw_error *err)
{
    struct pass pass = { .chain = chain,
                         .first = first,
                         .end = end,
                         .number = number,
                         .target = out->image,
                         .now = *in[0],
                         .held = -1 };
    pass.last = find_last(&pass);
    for (uint32_t i = first; i < end;) {
        const struct fw_frame *now = &pass.now;
        const struct fw_frame *const *from = i == first ? in : &now;
        uint32_t next = i;
        int status = run_bands(&pass, &next, err);
        if (status == FW_OK && next == i && !fw_stage_is_active(&chain->stages[i], &pass.now))
            skip(&pass, next++);
        else if (status == FW_OK && next == i)
            status = run_stage(&pass, next++, from, err);
        if (status != FW_OK)
            return status;
        i = next;
    }
    settle(&pass, out);
    return pass.changed ? FW_OK : FW_IDENTITY;
}
