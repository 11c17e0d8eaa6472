/*
 * fade: from or to black, a colour or transparency. Timing, formats and rounding of
 * libavfilter 5.1's fade, computed from the frame's own number and time, so that frames may come in
 * any order.
 */
#include "filter.h"
#include "format.h"
#include "kernels/fade.h"
#include "rows.h"

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
    int32_t cpu;

    const struct fw_fade_kernels *kernels;
    int64_t start_ticks; /* start_time and duration in the link's time base */
    int64_t ticks;
    int64_t first_frame; /* start_frame, or the first frame at start_time */
    int64_t first_tick;  /* start_ticks, or the time of start_frame */
};

/* What one call of band() is about. */
struct fade_band {
    const struct fw_fade_kernels *kernels;
    const struct fw_image *dst;
    const struct fw_image *src;
    int32_t row_first;
    int32_t row_end;
    int32_t factor; /* below FULL where rows are scaled */
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
    caps->flags |= FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = 0.2f;
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

/* out = ((in - from) * factor + add) >> 16 for the rows of a band. */
static void fade_plane(const struct fade_band *band, uint32_t plane, int32_t from, int64_t add)
{
    const struct fw_image *dst = band->dst;
    const struct fw_image *src = band->src;
    bool wide = fw_format_depth(src->format) > 8;
    struct fw_rows rows = fw_rows_of(src, plane, band->row_first, band->row_end);
    int32_t bytes = (int32_t)fw_format_row_bytes(src->format, plane, src->width);
    uint32_t factor = (uint32_t)band->factor;
    /* `from` is at most what `add` holds in its upper half, so this is not negative. */
    uint32_t rest = (uint32_t)(add - (int64_t)from * band->factor);
    for (int32_t y = rows.first; y < rows.end; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *row = src->data[plane] + y * src->stride[plane];
        if (wide)
            band->kernels->scale_u16((uint16_t *)(void *)to, (const uint16_t *)(const void *)row,
                                     factor, rest, bytes / 2);
        else
            band->kernels->scale_u8(to, row, factor, rest, bytes);
    }
}

static void copy_plane(const struct fade_band *band, uint32_t plane)
{
    fw_rows_copy(band->dst, band->src, plane,
                 fw_rows_of(band->src, plane, band->row_first, band->row_end));
}

static void copy_planes(const struct fade_band *band)
{
    for (uint32_t plane = 0; plane < band->src->format->plane_count; plane++)
        copy_plane(band, plane);
}

static void fade_yuv(const struct fade_band *band)
{
    const struct fw_format *format = band->src->format;
    int32_t depth = (int32_t)fw_format_depth(format);
    int32_t middle = 1 << (depth - 1);
    /* libavfilter takes 8-bit pictures with alpha for full range. */
    bool full = (format->flags & FW_FORMAT_FULL_RANGE) ||
                (depth == 8 && (format->flags & FW_FORMAT_ALPHA));
    int32_t black = full ? 0 : 16 << (depth - 8);
    /* libavfilter's constant for 8 bits is nine less than 128.5 in 16.16. */
    int64_t add = depth == 8 ? 8421367 : ((int64_t)middle << 16) + (1 << 15);
    fade_plane(band, 0, black, ((int64_t)black << 16) + (1 << 15));
    fade_plane(band, 1, middle, add);
    fade_plane(band, 2, middle, add);
    if (format->plane_count > 3)
        copy_plane(band, 3);
}

static void blend_component(const struct fade_band *band, const struct fw_component *component,
                            int32_t color)
{
    uint32_t plane = component->plane;
    for (int32_t y = band->row_first; y < band->row_end; y++) {
        uint8_t *to = band->dst->data[plane] + y * band->dst->stride[plane] + component->offset;
        const uint8_t *from = band->src->data[plane] + y * band->src->stride[plane] +
                              component->offset;
        for (int32_t x = 0; x < band->src->width; x++) {
            ptrdiff_t at = (ptrdiff_t)x * component->step;
            to[at] = (uint8_t)((color * 65536 + (from[at] - color) * band->factor + (1 << 15)) >>
                               16);
        }
    }
}

static void fade_rgb(const struct fade *fade, const struct fade_band *band)
{
    const struct fw_format *format = band->src->format;
    if (fade->color == BLACK && format->plane_count == 1) {
        fade_plane(band, 0, 0, 1 << 15); /* alpha with the rest, as in libavfilter */
        return;
    }
    bool planar = format->flags & FW_FORMAT_PLANAR;
    if (!planar || format->component_count > 3)
        copy_planes(band);
    for (uint32_t i = 0; i < 3; i++) {
        const struct fw_component *component = &format->components[i];
        int32_t color = (int32_t)(fade->color >> (24 - 8 * i)) & 255;
        if (planar)
            fade_plane(band, component->plane, color, ((int64_t)color << 16) + (1 << 15));
        else
            blend_component(band, component, color);
    }
}

static void fade_alpha(const struct fade_band *band)
{
    const struct fw_format *format = band->src->format;
    const struct fw_component *alpha = &format->components[format->component_count - 1];
    copy_planes(band);
    if (format->flags & FW_FORMAT_PLANAR)
        fade_plane(band, alpha->plane, 0, 1 << 15);
    else
        blend_component(band, alpha, 0);
}

static int fade_start(void *self, struct fw_error *err)
{
    (void)err;
    struct fade *fade = self;
    fade->kernels = fw_fade_kernels(fade->cpu);
    return FW_OK;
}

static int fade_band(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                     int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct fade *fade = self;
    const struct fade_band band = { fade->kernels, &out->image, &in->image,
                                    row_first,     row_end,     factor_of(fade, in) };
    if (band.factor == FULL)
        copy_planes(&band);
    else if (fade->alpha)
        fade_alpha(&band);
    else if (in->image.format->flags & FW_FORMAT_RGB)
        fade_rgb(fade, &band);
    else
        fade_yuv(&band);
    return FW_OK;
}

static int fade_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                        struct fw_error *err)
{
    if (factor_of(self, in) == FULL)
        return FW_IDENTITY;
    return fade_band(self, in, out, 0, in->image.height, scratch, err);
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
    .start = fade_start,
    .process = fade_process,
    .band = fade_band,
    .cpu_offset = FW_CPU_OFFSET(struct fade, cpu),
};
