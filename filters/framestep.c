/* framestep: every n-th frame, from the first on; the frame rate goes down with it. */
#include "filter.h"

#include <limits.h>

struct framestep {
    int64_t step;
};

static const struct fw_option framestep_options[] = {
    { .name = "step",
      .help = "one of how many frames is kept",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct framestep, step),
      .min = 1,
      .max = INT_MAX,
      .default_text = "1",
      .unit = "frames" },
    { .name = NULL },
};

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int framestep_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                               struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct framestep *framestep = self;
    *out = *in;
    caps->filter_class = FW_CLASS_INDEXED;
    caps->rate_den = (int32_t)framestep->step;
    if (framestep->step == 1)
        caps->flags |= FW_CAPS_IDENTITY;
    if (in->frame_rate.num > 0) {
        int64_t den = in->frame_rate.den * framestep->step;
        int64_t divisor = common_divisor(in->frame_rate.num, den);
        if (den / divisor <= INT_MAX) {
            out->frame_rate.num = (int32_t)(in->frame_rate.num / divisor);
            out->frame_rate.den = (int32_t)(den / divisor);
        }
    }
    return FW_OK;
}

static int framestep_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                             void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct framestep *framestep = self;
    if (in->duration > 0 && in->duration <= INT64_MAX / framestep->step)
        out->duration = in->duration * framestep->step; /* it is shown until the next one kept */
    return in->index % (uint64_t)framestep->step == 0 ? FW_IDENTITY : FW_DROP;
}

const struct fw_filter fw_filter_framestep = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "framestep",
    .summary = "keep one of every n frames",
    .options = framestep_options,
    .self_size = sizeof(struct framestep),
    .negotiate = framestep_negotiate,
    .process = framestep_process,
};
