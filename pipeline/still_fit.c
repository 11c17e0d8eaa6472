/* The nearest of the formats that a kind of picture takes, and what it leaves out. */
#include "still_tools.h"

#include "filters/check.h"
#include "filters/format.h"

#include <string.h>

/* What matters of a format to somebody who looks at the picture. */
struct holds {
    bool color;
    bool alpha;
    bool floating;
    uint32_t depth;
};

static struct holds holds_of(const struct fw_format *format)
{
    bool palette = format->flags & FW_FORMAT_PALETTE;
    return (struct holds){ .color = palette || format->component_count >= 3,
                           .alpha = format->flags & FW_FORMAT_ALPHA,
                           .floating = format->flags & FW_FORMAT_FLOAT,
                           .depth = fw_format_depth(format) };
}

/* Lower is nearer. Losses weigh more than any waste, and colour more than alpha, depth, float. */
static uint32_t distance(const struct holds *have, const struct fw_format *format,
                         const struct fw_format *from)
{
    struct holds to = holds_of(format);
    if (format == from)
        return 0;
    uint32_t far = 1;
    far += have->color && !to.color ? 1u << 24 : 0;
    far += have->alpha && !to.alpha ? 1u << 20 : 0;
    far += have->depth > to.depth ? (have->depth - to.depth) << 12 : 0;
    far += have->floating && !to.floating ? 1u << 10 : 0;
    far += !have->color && to.color ? 64 : 0;
    far += !have->alpha && to.alpha ? 32 : 0;
    far += to.depth > have->depth ? 1 + (to.depth - have->depth) / 4 : 0;
    far += !have->floating && to.floating ? 16 : 0;
    return far;
}

/* A format of few bits a colour, or of another model, is taken by who has it and by no other. */
static bool only_itself(const struct fw_format *format)
{
    bool model = !(format->flags & FW_FORMAT_RGB) && format->component_count >= 3;
    return (format->flags & FW_FORMAT_PALETTE) || model;
}

static void list_losses(const struct holds *have, const struct fw_format *format, const char *kind,
                        struct fw_losses *losses)
{
    struct holds to = holds_of(format);
    if (have->color && !to.color)
        fw_losses_add(losses, "converted", -1, "colour: %s takes none here", kind);
    if (have->alpha && !to.alpha)
        fw_losses_add(losses, "converted", -1, "alpha: %s holds none", kind);
    if (have->floating && !to.floating)
        fw_losses_add(losses, "converted", -1, "float samples to %u bits", to.depth);
    else if (have->depth > to.depth)
        fw_losses_add(losses, "converted", -1, "%u bits a sample to %u", have->depth, to.depth);
}

const struct fw_format *fw_still_nearest(const char *const *names, const struct fw_still_wish *wish,
                                         const struct fw_video *have,
                                         const struct fw_still_head *source,
                                         struct fw_losses *losses)
{
    const struct fw_format *best = NULL;
    uint32_t best_far = UINT32_MAX;
    struct holds holds = holds_of(have->format);
    if ((have->format->flags & FW_FORMAT_PALETTE) && source)
        holds.alpha = source->has_alpha;
    for (; *names; names++) {
        const struct fw_format *format = fw_format_find(*names);
        FW_CHECK(format);
        uint32_t far = distance(&holds, format, have->format);
        if (far > 0 && only_itself(format))
            continue;
        if (far < best_far) {
            best = format;
            best_far = far;
        }
    }
    FW_CHECK(best);
    if (best_far > 0)
        list_losses(&holds, best, fw_still_kind_name(wish->kind), losses);
    return best;
}
