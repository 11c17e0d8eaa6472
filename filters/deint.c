/* Fields of frames, in time. */
#include "deint.h"

#include "format.h"

#include <limits.h>

const struct fw_choice fw_deint_parities[] = {
    { "tff", 0, "top field first" },
    { "bff", 1, "bottom field first" },
    { "auto", -1, "as the frame says, else top" },
    { NULL, 0, NULL },
};

const struct fw_choice fw_deint_sets[] = {
    { "all", 0, "all frames" },
    { "interlaced", 1, "frames that say so" },
    { NULL, 0, NULL },
};

bool fw_deint_accepts(const struct fw_format *format)
{
    if (!fw_format_is_planar_int(format))
        return false;
    uint32_t depth = fw_format_depth(format);
    return format->component_count != 2 &&
           (format->component_count > 1 || depth == 8 || depth == 16);
}

int fw_deint_negotiate(const struct fw_deint *deint, const struct fw_video *in,
                       struct fw_video *out, struct fw_caps *caps, struct fw_error *err)
{
    bool fields = deint->mode & FW_DEINT_FIELD;
    if (in->width < 3 || in->height < 3)
        return fw_fail(err, FW_ERR_USAGE, "frames of %dx%d are too small, it takes 3x3 at least",
                       in->width, in->height);
    if (fields && deint->interlaced)
        return fw_fail(err, FW_ERR_USAGE,
                       "deint=interlaced takes mode=send_frame alone: with a frame for each field "
                       "the rate would depend on the frames");
    if (in->time_base.den > INT_MAX / 2 || in->frame_rate.num > INT_MAX / 2)
        return fw_fail(err, FW_ERR_USAGE, "the time base %d/%d cannot be halved", in->time_base.num,
                       in->time_base.den);
    out->time_base.den *= 2;
    if (fields)
        out->frame_rate.num *= 2;
    caps->filter_class = FW_CLASS_WINDOWED;
    caps->before = 1;
    caps->after = 1;
    caps->rate_num = fields ? 2 : 1;
    return FW_OK;
}

/* Material made from film says so by a repeated field; its frames are whole. */
static bool is_film(const struct fw_frame *frame)
{
    return !(frame->flags & FW_FRAME_INTERLACED) && (frame->flags & FW_FRAME_REPEAT);
}

/* Unknown where one of them is, or where a hostile file makes the sum too large. */
static int64_t sum_of(int64_t a, int64_t b)
{
    int64_t sum;
    if (a == FW_NOPTS || b == FW_NOPTS || __builtin_add_overflow(a, b, &sum))
        return FW_NOPTS;
    return sum;
}

static int64_t second_pts(const struct fw_frame *const *in)
{
    int64_t here = in[0]->pts;
    int64_t before = in[-1] ? in[-1]->pts : here;
    if (in[1])
        return sum_of(here, in[1]->pts);
    if (before == FW_NOPTS)
        return FW_NOPTS;
    /* Behind the last frame comes one as far away as that before it. */
    return sum_of(sum_of(here, here), sum_of(here, -before));
}

int fw_deint_begin(const struct fw_deint *deint, const struct fw_frame *const *in,
                   struct fw_frame *out, struct fw_deint_job *job)
{
    bool fields = deint->mode & FW_DEINT_FIELD;
    job->cur = in[0];
    job->prev = in[-1] ? in[-1] : in[0];
    job->next = in[1] ? in[1] : in[0];
    job->second = fields && out->index % 2 == 1;
    job->alone = job->second ? !in[1] : (!in[-1] && in[1]);
    out->pts = sum_of(in[0]->pts, in[0]->pts);
    out->duration = in[0]->duration;
    if (!fields && out->duration <= INT64_MAX / 2)
        out->duration *= 2;
    if (deint->interlaced &&
        (!(in[0]->flags & FW_FRAME_INTERLACED) || is_film(job->prev) || is_film(job->next)))
        return FW_IDENTITY;
    if (job->second)
        out->pts = second_pts(in);
    bool top_first = deint->parity == 0;
    if (deint->parity < 0)
        top_first = !(in[0]->flags & FW_FRAME_INTERLACED) || (in[0]->flags & FW_FRAME_TOP_FIRST);
    out->flags &= ~(uint32_t)FW_FRAME_INTERLACED;
    job->missing = job->second == top_first ? 0 : 1;
    return FW_OK;
}
