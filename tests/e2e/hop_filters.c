/*
 * Filters for the tests of hops: neighbours, rates, state and numbers, on bytes of planar formats.
 * Each depends on what it is named for, so that frames mixed up anywhere show in the picture.
 */
#include <framewheel/filter.h>

#include <string.h>

struct options {
    int64_t value;
    uint64_t count; /* frames seen */
    int64_t left;   /* more outputs of the last one */
    struct fw_frame last;
};

static const struct fw_option options[] = {
    { .name = "value",
      .help = "how much",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct options, value),
      .min = 1,
      .max = 64,
      .default_text = "1" },
    { .name = NULL },
};

static int rows(const struct fw_image *image, int plane)
{
    int shift = plane == 1 || plane == 2 ? image->format->log2_chroma_h : 0;
    return (image->height + (1 << shift) - 1) >> shift;
}

static int columns(const struct fw_image *image, int plane)
{
    int shift = plane == 1 || plane == 2 ? image->format->log2_chroma_w : 0;
    return (image->width + (1 << shift) - 1) >> shift;
}

static int accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return (format->flags & FW_FORMAT_PLANAR) && format->components[0].depth == 8;
}

static int negotiate(const struct fw_video *in, struct fw_video *out, struct fw_caps *caps,
                     enum fw_class filter_class)
{
    if (!accepts(NULL, in->format))
        out->format = NULL;
    caps->filter_class = filter_class;
    caps->rate_num = caps->rate_den = 1;
    return FW_OK;
}

static void copy(const struct fw_image *to, const struct fw_image *from, int add)
{
    for (int plane = 0; plane < from->format->plane_count; plane++) {
        for (int y = 0; y < rows(from, plane); y++) {
            const uint8_t *src = from->data[plane] + y * from->stride[plane];
            uint8_t *dst = to->data[plane] + y * to->stride[plane];
            for (int x = 0; x < columns(from, plane); x++)
                dst[x] = (uint8_t)(src[x] + add);
        }
    }
}

/* ---- around: a sum over neighbours, each with its own weight ------------------------------- */

static int around_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    caps->before = (int32_t)((struct options *)self)->value;
    caps->after = 1;
    return negotiate(in, out, caps, FW_CLASS_WINDOWED);
}

static int around_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                         void *scratch, struct fw_error *err)
{
    int32_t before = (int32_t)((struct options *)self)->value;
    (void)scratch, (void)err;
    copy(&out->image, &in[0]->image, 0);
    for (int32_t i = -before; i <= 1; i++) {
        for (int y = 0; y < out->image.height; y++) {
            uint8_t *dst = out->image.data[0] + y * out->image.stride[0];
            const uint8_t *src = in[i] ? in[i]->image.data[0] + y * in[i]->image.stride[0] : NULL;
            for (int x = 0; x < out->image.width; x++)
                dst[x] = (uint8_t)(dst[x] * 3 + (src ? src[x] : 17) * (i + before + 1));
        }
    }
    return FW_OK;
}

/* ---- times: value frames of each, with the next one in them -------------------------------- */

static int times_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    int32_t value = (int32_t)((struct options *)self)->value;
    int status = negotiate(in, out, caps, FW_CLASS_WINDOWED);
    (void)err;
    caps->after = 1;
    caps->rate_num = value;
    out->time_base.den *= value;
    out->frame_rate.num *= value;
    return status;
}

static int times_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                        void *scratch, struct fw_error *err)
{
    int64_t value = ((struct options *)self)->value;
    int64_t turn = (int64_t)(out->index % (uint64_t)value);
    const struct fw_frame *from = turn > 0 && in[1] ? in[1] : in[0];
    (void)scratch, (void)err;
    copy(&out->image, &from->image, (int)turn);
    out->duration /= value;
    out->pts += turn * out->duration;
    return FW_OK;
}

/* ---- nth: every value-th frame -------------------------------------------------------------- */

static int nth_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                         struct fw_caps *caps, struct fw_error *err)
{
    int32_t value = (int32_t)((struct options *)self)->value;
    int status = negotiate(in, out, caps, FW_CLASS_INDEXED);
    (void)err;
    caps->rate_den = value;
    out->frame_rate.den *= value;
    return status;
}

static int nth_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                       struct fw_error *err)
{
    int64_t value = ((struct options *)self)->value;
    (void)scratch, (void)err;
    out->duration *= value;
    return in->index % (uint64_t)value ? FW_DROP : FW_IDENTITY;
}

/* ---- stamp: the frame's number -------------------------------------------------------------- */

static int stamp_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)self, (void)err;
    return negotiate(in, out, caps, FW_CLASS_INDEXED);
}

static int stamp_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)scratch, (void)err;
    copy(&out->image, &in->image, (int)(in->index * (uint64_t)((struct options *)self)->value));
    return FW_OK;
}

/* ---- trail and pick: what was before -------------------------------------------------------- */

static int trail_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)self, (void)err;
    return negotiate(in, out, caps, FW_CLASS_SEQUENTIAL);
}

static int pick_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                          struct fw_caps *caps, struct fw_error *err)
{
    int status = trail_negotiate(self, in, out, caps, err);
    caps->rate_num = caps->rate_den = 0;
    out->time_base.den *= 6; /* a frame is cut in two or three */
    return status;
}

/* A sum that every frame so far has a part in. */
static int trail_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    struct options *state = self;
    (void)scratch, (void)err;
    state->count = state->count * 31 + in->image.data[0][0] + in->index + 1;
    copy(&out->image, &in->image, (int)(state->count >> 3));
    return FW_OK;
}

/* Leaves out a third of the frames, as the pixels say, and shows others twice or more. */
static int pick_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                        struct fw_error *err)
{
    struct options *state = self;
    (void)scratch, (void)err;
    state->count = state->count * 31 + in->image.data[0][0] + in->index + 1;
    state->left = (int64_t)(state->count >> 5) % 3;
    state->last = *out;
    if (state->left == 0)
        return FW_DROP;
    copy(&out->image, &in->image, 0);
    out->duration /= state->left;
    return FW_OK;
}

static int pick_more(void *self, struct fw_frame *out, int at_end, void *scratch,
                     struct fw_error *err)
{
    struct options *state = self;
    (void)scratch, (void)err, (void)at_end;
    if (state->left < 2)
        return FW_END;
    out->duration = state->last.duration / state->left;
    out->pts = state->last.pts + out->duration;
    state->left = 0;
    for (int plane = 0; plane < out->image.format->plane_count; plane++)
        for (int y = 0; y < rows(&out->image, plane); y++)
            memset(out->image.data[plane] + y * out->image.stride[plane], (int)(state->count & 255),
                   (size_t)columns(&out->image, plane));
    return FW_OK;
}

#define FILTER(filter_name, ...)                                                                   \
    static const struct fw_filter filter_name = { .struct_size = sizeof(struct fw_filter),         \
                                                  .abi = FW_ABI_VERSION,                           \
                                                  .name = "hop_" #filter_name,                     \
                                                  .summary = "For the tests of hops.",             \
                                                  .options = options,                              \
                                                  .self_size = sizeof(struct options),             \
                                                  .negotiate = filter_name##_negotiate,            \
                                                  .accepts = accepts,                              \
                                                  __VA_ARGS__ }
FILTER(around, .window = around_window);
FILTER(times, .window = times_window);
FILTER(nth, .process = nth_process);
FILTER(stamp, .process = stamp_process);
FILTER(trail, .process = trail_process);
FILTER(pick, .process = pick_process, .more = pick_more);

static const struct fw_filter *const filters[] = { &around, &times, &nth, &stamp,
                                                   &trail,  &pick,  NULL };
FW_PLUGIN(filters, "1", "BSD-2-Clause")
