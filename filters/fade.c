/*
 * fade: from or to black, a colour or transparency. Timing, formats and rounding of
 * libavfilter 5.1's fade, computed from the frame's own number and time, so that frames may come in
 * any order.
 */
#include "filter.h"
#include "format.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define FULL 65535
#define BLACK 0x000000FFu
#define MICROSECONDS 1000000.0

struct fade {
    int64_t out;
    int64_t start_frame;
    int64_t frame_count;
    int32_t alpha;
    int64_t start_time;
    int64_t duration;
    uint32_t color;

    int64_t start_ticks; /* start_time and duration in the link's time base */
    int64_t ticks;
    int64_t first_frame; /* start_frame, or the first frame at start_time */
    int64_t first_tick;  /* start_ticks, or the time of start_frame */
};

static const struct fw_choice fade_types[] = {
    { "in", 0, "from the colour" },
    { "out", 1, "to the colour" },
    { NULL, 0, NULL },
};

#define TYPE(option_name)                                                                          \
    {                                                                                              \
        .name = option_name, .help = "direction", .type = FW_OPTION_ENUM,                          \
        .offset = offsetof(struct fade, out), .min = 0, .max = 1, .default_text = "in",            \
        .choices = fade_types                                                                      \
    }
#define FRAMES(option_name, field, least, preset, text)                                            \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_INT,                                  \
        .offset = offsetof(struct fade, field), .min = least, .max = INT_MAX,                      \
        .default_text = preset, .unit = "frames"                                                   \
    }
#define SECONDS(option_name, field, text)                                                          \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_DURATION,                             \
        .offset = offsetof(struct fade, field), .default_text = "0", .unit = "s"                   \
    }
#define COLOR(option_name)                                                                         \
    {                                                                                              \
        .name = option_name, .help = "colour to fade from or to", .type = FW_OPTION_COLOR,         \
        .offset = offsetof(struct fade, color), .default_text = "black"                            \
    }

static const struct fw_option fade_options[] = {
    TYPE("type"),
    TYPE("t"),
    FRAMES("start_frame", start_frame, 0, "0", "number of the first frame of the fade"),
    FRAMES("s", start_frame, 0, "0", "number of the first frame of the fade"),
    FRAMES("nb_frames", frame_count, 1, "25", "length of the fade"),
    FRAMES("n", frame_count, 1, "25", "length of the fade"),
    { .name = "alpha",
      .help = "fade alpha alone",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct fade, alpha),
      .default_text = "0" },
    SECONDS("start_time", start_time, "time of the start of the fade"),
    SECONDS("st", start_time, "time of the start of the fade"),
    SECONDS("duration", duration, "length of the fade; 0: nb_frames counts"),
    SECONDS("d", duration, "length of the fade; 0: nb_frames counts"),
    COLOR("color"),
    COLOR("c"),
    { .name = NULL },
};

static bool is_rgb_8(const struct fw_format *format)
{
    if (!(format->flags & FW_FORMAT_RGB) || fw_format_depth(format) != 8 ||
        format->components[0].depth != 8)
        return false;
    return (format->flags & FW_FORMAT_PLANAR) ||
           (format->plane_count == 1 && format->components[0].step == format->component_count);
}

static int fade_accepts(const void *self, const struct fw_format *format)
{
    const struct fade *fade = self;
    bool yuv = fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_RGB) &&
               format->component_count >= 3 && strcmp(format->name, "yuvj411p") != 0 &&
               strcmp(format->name, "yuv440p10le") != 0;
    if (fade->alpha && !(format->flags & FW_FORMAT_ALPHA))
        return 0;
    bool planar_alpha = (format->flags & FW_FORMAT_PLANAR) && (format->flags & FW_FORMAT_ALPHA);
    if (!fade->alpha && fade->color != BLACK && planar_alpha)
        return 0;
    return is_rgb_8(format) || (yuv && fade->color == BLACK);
}

/* Microseconds in ticks of the link's time base, rounded to the nearest. */
static int64_t to_ticks(int64_t microseconds, struct fw_rational time_base)
{
    double ticks = (double)microseconds / MICROSECONDS * time_base.den / time_base.num;
    return fabs(ticks) < 9e15 ? llround(ticks) : 0;
}

/* A start given in one unit and a length in the other meet where the frame rate says. */
static int join_units(struct fade *fade, const struct fw_video *in, struct fw_error *err)
{
    bool timed = in->time_base.num > 0 && in->time_base.den > 0;
    fade->start_ticks = timed ? to_ticks(fade->start_time, in->time_base) : 0;
    fade->ticks = timed ? to_ticks(fade->duration, in->time_base) : 0;
    fade->first_frame = fade->start_frame;
    fade->first_tick = fade->start_ticks;
    bool frames_from_time = !fade->duration && fade->start_ticks && !fade->start_frame;
    bool time_from_frames = fade->duration && !fade->start_ticks && fade->start_frame;
    double rate = in->frame_rate.den ? (double)in->frame_rate.num / in->frame_rate.den : 0;
    if ((frames_from_time || time_from_frames) && (rate <= 0 || !timed))
        return fw_fail(err, FW_ERR_USAGE,
                       "start and length are in different units and this input has no constant "
                       "frame rate; give both in frames or both in seconds");
    double frames_per_tick = timed ? rate * in->time_base.num / in->time_base.den : 0;
    if (frames_from_time)
        fade->first_frame = (int64_t)ceil((double)fade->start_ticks * frames_per_tick - 1e-6);
    if (time_from_frames)
        fade->first_tick = llround((double)fade->start_frame / frames_per_tick);
    return FW_OK;
}

static int fade_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                          struct fw_caps *caps, struct fw_error *err)
{
    struct fade *fade = self;
    *out = *in;
    if (!fade_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    caps->filter_class = FW_CLASS_INDEXED;
    caps->cost_ns_per_pixel = 0.3f;
    return join_units(fade, in, err);
}

/* How much of the picture shows: 0..FULL. */
static int32_t factor_of(const struct fade *fade, const struct fw_frame *frame)
{
    int64_t number = (int64_t)frame->index;
    int64_t factor = 0;
    if (frame->pts >= fade->start_ticks && number >= fade->start_frame) {
        if (fade->duration == 0) {
            factor = (number - fade->first_frame) * ((1 << 16) / fade->frame_count);
            if (number > fade->first_frame + fade->frame_count)
                factor = FULL;
        } else {
            int64_t passed = frame->pts - fade->first_tick;
            bool done = passed > fade->ticks;
            factor = done ? FULL : (fade->ticks ? passed * FULL / fade->ticks : 0);
        }
    }
    int32_t clipped = factor < 0 ? 0 : (factor > FULL ? FULL : (int32_t)factor);
    return fade->out ? FULL - clipped : clipped;
}

/* out = ((in - from) * factor + add) >> 16 */
#define SCALE_ROW(type)                                                                            \
    static void scale_row_##type(type *restrict dst, const type *restrict src, int32_t count,      \
                                 int32_t from, int32_t factor, int64_t add)                        \
    {                                                                                              \
        for (int32_t i = 0; i < count; i++)                                                        \
            dst[i] = (type)(((int64_t)(src[i] - from) * factor + add) >> 16);                      \
    }
SCALE_ROW(uint16_t)

static void scale_row_uint8_t(uint8_t *restrict dst, const uint8_t *restrict src, int32_t count,
                              int32_t from, int32_t factor, int32_t add)
{
    for (int32_t i = 0; i < count; i++)
        dst[i] = (uint8_t)(((src[i] - from) * factor + add) >> 16);
}

static void copy_plane(const struct fw_image *dst, const struct fw_image *src, uint32_t plane)
{
    size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
    int32_t rows = fw_format_plane_height(src->format, plane, src->height);
    for (int32_t y = 0; y < rows; y++)
        memcpy(dst->data[plane] + y * dst->stride[plane], src->data[plane] + y * src->stride[plane],
               bytes);
}

static void fade_plane(const struct fw_image *dst, const struct fw_image *src, uint32_t plane,
                       int32_t from, int32_t factor, int64_t add)
{
    bool wide = fw_format_depth(src->format) > 8;
    int32_t bytes = (int32_t)fw_format_row_bytes(src->format, plane, src->width);
    int32_t rows = fw_format_plane_height(src->format, plane, src->height);
    for (int32_t y = 0; y < rows; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *row = src->data[plane] + y * src->stride[plane];
        if (wide)
            scale_row_uint16_t((uint16_t *)(void *)to, (const uint16_t *)(const void *)row,
                               bytes / 2, from, factor, add);
        else
            scale_row_uint8_t(to, row, bytes, from, factor, (int32_t)add);
    }
}

static void fade_yuv(const struct fw_image *dst, const struct fw_image *src, int32_t factor)
{
    const struct fw_format *format = src->format;
    int32_t depth = (int32_t)fw_format_depth(format);
    int32_t middle = 1 << (depth - 1);
    /* libavfilter takes 8-bit pictures with alpha for full range. */
    bool full = (format->flags & FW_FORMAT_FULL_RANGE) ||
                (depth == 8 && (format->flags & FW_FORMAT_ALPHA));
    int32_t black = full ? 0 : 16 << (depth - 8);
    /* libavfilter's constant for 8 bits is nine less than 128.5 in 16.16. */
    int64_t add = depth == 8 ? 8421367 : ((int64_t)middle << 16) + (1 << 15);
    fade_plane(dst, src, 0, black, factor, ((int64_t)black << 16) + (1 << 15));
    fade_plane(dst, src, 1, middle, factor, add);
    fade_plane(dst, src, 2, middle, factor, add);
    if (format->plane_count > 3)
        copy_plane(dst, src, 3);
}

static void blend_component(const struct fw_image *dst, const struct fw_image *src,
                            const struct fw_component *component, int32_t color, int32_t factor)
{
    uint32_t plane = component->plane;
    for (int32_t y = 0; y < src->height; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane] + component->offset;
        const uint8_t *from = src->data[plane] + y * src->stride[plane] + component->offset;
        for (int32_t x = 0; x < src->width; x++) {
            ptrdiff_t at = (ptrdiff_t)x * component->step;
            to[at] = (uint8_t)((color * 65536 + (from[at] - color) * factor + (1 << 15)) >> 16);
        }
    }
}

static void fade_rgb(const struct fade *fade, const struct fw_image *dst,
                     const struct fw_image *src, int32_t factor)
{
    const struct fw_format *format = src->format;
    if (fade->color == BLACK && format->plane_count == 1) {
        fade_plane(dst, src, 0, 0, factor, 1 << 15); /* alpha with the rest, as in libavfilter */
        return;
    }
    for (uint32_t plane = 0; plane < format->plane_count; plane++)
        copy_plane(dst, src, plane);
    for (uint32_t i = 0; i < 3; i++)
        blend_component(dst, src, &format->components[i],
                        (int32_t)(fade->color >> (24 - 8 * i)) & 255, factor);
}

static void fade_alpha(const struct fw_image *dst, const struct fw_image *src, int32_t factor)
{
    const struct fw_format *format = src->format;
    const struct fw_component *alpha = &format->components[format->component_count - 1];
    for (uint32_t plane = 0; plane < format->plane_count; plane++)
        copy_plane(dst, src, plane);
    if (format->flags & FW_FORMAT_PLANAR)
        fade_plane(dst, src, alpha->plane, 0, factor, 1 << 15);
    else
        blend_component(dst, src, alpha, 0, factor);
}

static int fade_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                        struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct fade *fade = self;
    int32_t factor = factor_of(fade, in);
    if (factor == FULL)
        return FW_IDENTITY;
    if (fade->alpha)
        fade_alpha(&out->image, &in->image, factor);
    else if (in->image.format->flags & FW_FORMAT_RGB)
        fade_rgb(fade, &out->image, &in->image, factor);
    else
        fade_yuv(&out->image, &in->image, factor);
    return FW_OK;
}

const struct fw_filter fw_filter_fade = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "fade",
    .summary = "fade from or to black, a colour or transparency",
    .options = fade_options,
    .self_size = sizeof(struct fade),
    .negotiate = fade_negotiate,
    .accepts = fade_accepts,
    .process = fade_process,
};
