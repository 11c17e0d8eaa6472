/*
 * sobel, prewitt, scharr, roberts and kirsch: the strength of edges. Options and pixels of
 * libavfilter's filters of those names, mirrored at the edges, without the edge on the
 * left and above, with it on the right and below.
 */
#include "filter.h"
#include "format.h"
#include "kernels/gradient.h"
#include "slide.h"

struct gradient {
    int64_t planes;
    double scale;
    double delta;
    int32_t cpu;
    int32_t peak;
    enum fw_gradient operation;
    const struct fw_gradient_kernels *kernels;
};

static const struct fw_option gradient_options[] = {
    { .name = "planes",
      .help = "planes to filter, one bit each",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct gradient, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "scale",
      .help = "factor on the result",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gradient, scale),
      .min = 0,
      .max = 65535,
      .default_text = "1" },
    { .name = "delta",
      .help = "what is added to the scaled result",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gradient, delta),
      .min = -65535,
      .max = 65535,
      .default_text = "0" },
    { .name = NULL },
};

static int gradient_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_slide_accepts(format);
}

static void pick_row(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width)
{
    const struct gradient *gradient = opaque;
    struct fw_gradient_rows rows = {
        .width = width,
        .scale = (float)gradient->scale,
        .delta = (float)gradient->delta,
        .peak = (float)gradient->peak,
    };
    for (int i = 0; i < 3; i++)
        rows.rows[i] = (const uint16_t *)(const void *)src[i];
    if (gradient->peak <= UINT8_MAX)
        gradient->kernels->row_u8[gradient->operation](dst[0], &rows);
    else
        gradient->kernels->row_u16[gradient->operation]((uint16_t *)(void *)dst[0], &rows);
}

static struct fw_slide slide_of(struct gradient *gradient)
{
    return (struct fw_slide){
        .radius_x = 1,
        .radius_y = 1,
        .batch = 1,
        .edge_x = FW_EDGE_SKEWED,
        .edge_y = FW_EDGE_SKEWED,
        .widen = true,
        .cpu = gradient->cpu,
        .emit = pick_row,
        .opaque = gradient,
    };
}

static int gradient_negotiate(struct gradient *gradient, enum fw_gradient operation,
                              const struct fw_video *in, struct fw_video *out, struct fw_caps *caps)
{
    struct fw_slide slide = slide_of(gradient);
    *out = *in;
    if (!fw_slide_accepts(in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    gradient->operation = operation;
    gradient->peak = (1 << fw_format_depth(in->format)) - 1;
    caps->flags |= FW_CAPS_BANDS;
    caps->halo_rows = fw_slide_halo(in->format, 1);
    caps->scratch_bytes = fw_slide_bytes(&slide, in->width);
    caps->cost_ns_per_pixel = 0.6f;
    return FW_OK;
}

static int gradient_start(void *self, struct fw_error *err)
{
    (void)err;
    struct gradient *gradient = self;
    gradient->kernels = fw_gradient_kernels(gradient->cpu);
    return FW_OK;
}

static int gradient_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                         int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    struct gradient *gradient = self;
    struct fw_slide slide = slide_of(gradient);
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(&in->image, plane, row_first, row_end);
        if (!(gradient->planes >> plane & 1))
            fw_rows_copy(&out->image, &in->image, plane, rows);
        else
            fw_slide_plane(&slide, &out->image, &in->image, plane, rows, scratch);
    }
    return FW_OK;
}

static int gradient_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                            void *scratch, struct fw_error *err)
{
    return gradient_band(self, in, out, 0, in->image.height, scratch, err);
}

#define GRADIENT_FILTER(word, kind)                                                                \
    static int word##_negotiate(void *self, const struct fw_video *in, struct fw_video *out,       \
                                struct fw_caps *caps, struct fw_error *err)                        \
    {                                                                                              \
        (void)err;                                                                                 \
        return gradient_negotiate(self, kind, in, out, caps);                                      \
    }                                                                                              \
    const struct fw_filter fw_filter_##word = {                                                    \
        .struct_size = sizeof(struct fw_filter),                                                   \
        .abi = FW_ABI_VERSION,                                                                     \
        .name = #word,                                                                             \
        .summary = "edges by the " #word " operator",                                              \
        .options = gradient_options,                                                               \
        .self_size = sizeof(struct gradient),                                                      \
        .negotiate = word##_negotiate,                                                             \
        .accepts = gradient_accepts,                                                               \
        .start = gradient_start,                                                                   \
        .process = gradient_process,                                                               \
        .band = gradient_band,                                                                     \
        .cpu_offset = FW_CPU_OFFSET(struct gradient, cpu),                                         \
    };

GRADIENT_FILTER(kirsch, FW_GRADIENT_KIRSCH)
GRADIENT_FILTER(prewitt, FW_GRADIENT_PREWITT)
GRADIENT_FILTER(roberts, FW_GRADIENT_ROBERTS)
GRADIENT_FILTER(scharr, FW_GRADIENT_SCHARR)
GRADIENT_FILTER(sobel, FW_GRADIENT_SOBEL)
