/* scale: another size, by own kernels where nothing else changes, else through libzimg. Options and
 * size rules of libavfilter 5.1's scale. */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "image.h"
#include "resize.h"
#include "zimage.h"

#include <math.h>
#include <string.h>

#define VARIABLES "in_w iw in_h ih out_w ow out_h oh a sar dar hsub vsub ohsub ovsub"
enum {
    VAR_IN_W,
    VAR_IW,
    VAR_IN_H,
    VAR_IH,
    VAR_OUT_W,
    VAR_OW,
    VAR_OUT_H,
    VAR_OH,
    VAR_A,
    VAR_SAR,
    VAR_DAR,
    VAR_HSUB,
    VAR_VSUB,
    VAR_OHSUB,
    VAR_OVSUB,
    VAR_COUNT
};
enum { KEEP_NOTHING, DECREASE, INCREASE };
enum {
    FLAG_BICUBIC = 1 << FW_ZIMAGE_BICUBIC,
    FLAG_POINT = 1 << FW_ZIMAGE_POINT,
    FLAG_BILINEAR = 1 << FW_ZIMAGE_BILINEAR,
    FLAG_LANCZOS = 1 << FW_ZIMAGE_LANCZOS,
    FLAG_SPLINE16 = 1 << FW_ZIMAGE_SPLINE16,
    FLAG_SPLINE36 = 1 << FW_ZIMAGE_SPLINE36,
    FLAG_SPLINE64 = 1 << FW_ZIMAGE_SPLINE64,
    FLAG_AREA = 1 << FW_ZIMAGE_AREA,
    FLAG_KERNELS = (1 << 8) - 1,
    FLAG_IMPLIED = 1 << 9 /* exactness that zimg always has */
};

struct scale {
    char *w_text;
    char *h_text;
    int64_t flags;
    char *size_text;
    int64_t in_matrix;
    int64_t out_matrix;
    int64_t in_range;
    int64_t out_range;
    int64_t keep_aspect;
    int64_t divisible;

    struct fw_video in;
    struct fw_video out;
    struct fw_resize *resize; /* one of the two */
    struct fw_zimage *zimage;
    int32_t cpu;
};

static const struct fw_choice scale_flags[] = {
    { "bicubic", FLAG_BICUBIC, "cubic, the default" },
    { "bilinear", FLAG_BILINEAR, "linear" },
    { "fast_bilinear", FLAG_BILINEAR, "as bilinear" },
    { "neighbor", FLAG_POINT, "nearest pixel" },
    { "lanczos", FLAG_LANCZOS, "Lanczos, 3 lobes" },
    { "spline", FLAG_SPLINE36, "as spline36" },
    { "spline16", FLAG_SPLINE16, "spline over 4 pixels" },
    { "spline36", FLAG_SPLINE36, "spline over 6 pixels" },
    { "spline64", FLAG_SPLINE64, "spline over 8 pixels" },
    { "area", FLAG_AREA, "mean of what a pixel covers" },
    { "accurate_rnd", FLAG_IMPLIED, "always so here" },
    { "full_chroma_int", FLAG_IMPLIED, "always so here" },
    { "full_chroma_inp", FLAG_IMPLIED, "always so here" },
    { "bitexact", FLAG_IMPLIED, "always so here" },
    { NULL, 0, NULL },
};

static const struct fw_choice scale_matrices[] = {
    { "auto", -1, "from the stream" }, { "bt709", 1, "BT.709" },       { "fcc", 4, "FCC" },
    { "bt601", 6, "BT.601" },          { "bt470", 5, "BT.470" },       { "smpte170m", 6, "BT.601" },
    { "smpte240m", 7, "SMPTE 240M" },  { "bt2020", 9, "BT.2020 NCL" }, { NULL, 0, NULL },
};

static const struct fw_choice scale_ranges[] = {
    { "auto", 0, "from the stream" },
    { "unknown", 0, "from the stream" },
    { "limited", 1, "16..235" },
    { "tv", 1, "16..235" },
    { "mpeg", 1, "16..235" },
    { "full", 2, "0..255" },
    { "pc", 2, "0..255" },
    { "jpeg", 2, "0..255" },
    { NULL, 0, NULL },
};

static const struct fw_choice scale_keeps[] = {
    { "disable", KEEP_NOTHING, "use the size as it is" },
    { "decrease", DECREASE, "fit into the size" },
    { "increase", INCREASE, "cover the size" },
    { NULL, 0, NULL },
};

#define TEXT(option_name, field, text, kind)                                                       \
    {                                                                                              \
        .name = option_name, .help = text, .type = kind, .offset = offsetof(struct scale, field)   \
    }
#define PICK(option_name, field, list, preset, text)                                               \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_ENUM,                                 \
        .offset = offsetof(struct scale, field), .default_text = preset, .choices = list           \
    }

static const struct fw_option scale_options[] = {
    TEXT("w", w_text,
         "width: an expression; 0 the input's, -1 by aspect, -n by aspect, divisible by n",
         FW_OPTION_STRING),
    TEXT("width", w_text, "as w", FW_OPTION_STRING),
    TEXT("h", h_text, "height, as w", FW_OPTION_STRING),
    TEXT("height", h_text, "as h", FW_OPTION_STRING),
    { .name = "flags",
      .help = "resampling kernel",
      .type = FW_OPTION_FLAGS,
      .offset = offsetof(struct scale, flags),
      .default_text = "bicubic",
      .choices = scale_flags },
    TEXT("size", size_text, "WxH or a name such as hd720", FW_OPTION_STRING),
    TEXT("s", size_text, "WxH or a name such as hd720", FW_OPTION_STRING),
    PICK("in_color_matrix", in_matrix, scale_matrices, "auto", "matrix of the input"),
    PICK("out_color_matrix", out_matrix, scale_matrices, "auto", "matrix of the output"),
    PICK("in_range", in_range, scale_ranges, "auto", "range of the input"),
    PICK("out_range", out_range, scale_ranges, "auto", "range of the output"),
    PICK("force_original_aspect_ratio", keep_aspect, scale_keeps, "disable",
         "shrink or grow the size to keep the aspect"),
    { .name = "force_divisible_by",
      .help = "make both sizes multiples",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct scale, divisible),
      .min = 1,
      .max = 256,
      .default_text = "1" },
    { .name = NULL },
};

static int scale_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_zimage_takes(format);
}

static void set_values(double *values, const struct fw_video *in)
{
    values[VAR_IN_W] = values[VAR_IW] = in->width;
    values[VAR_IN_H] = values[VAR_IH] = in->height;
    values[VAR_OUT_W] = values[VAR_OW] = values[VAR_OUT_H] = values[VAR_OH] = NAN;
    values[VAR_A] = (double)in->width / in->height;
    values[VAR_SAR] = fw_expr_ratio(in->sample_aspect, 1.0);
    values[VAR_DAR] = values[VAR_A] * values[VAR_SAR];
    values[VAR_HSUB] = values[VAR_OHSUB] = 1 << in->format->log2_chroma_w;
    values[VAR_VSUB] = values[VAR_OVSUB] = 1 << in->format->log2_chroma_h;
}

static int to_size(double value, const char *what, int64_t whole, int64_t *size_out,
                   struct fw_error *err)
{
    if (isnan(value) || fabs(value) > 1e6)
        return fw_fail(err, FW_ERR_USAGE, "the %s is not a usable number", what);
    *size_out = (int64_t)value == 0 ? whole : (int64_t)value;
    return FW_OK;
}

/* Width and height may be written in terms of each other: width, height, then width again. */
static int evaluate(const struct scale *scale, const struct fw_video *in, int64_t *w, int64_t *h,
                    struct fw_error *err)
{
    double values[VAR_COUNT];
    double size = NAN;
    const char *w_text = scale->w_text ? scale->w_text : "iw";
    const char *h_text = scale->h_text ? scale->h_text : "ih";
    set_values(values, in);
    int status = fw_expr_once(&size, w_text, VARIABLES, values, err);
    values[VAR_OUT_W] = values[VAR_OW] = (int64_t)size == 0 ? in->width : size;
    if (status == FW_OK)
        status = fw_expr_once(&size, h_text, VARIABLES, values, err);
    if (status == FW_OK)
        status = to_size(size, "height", in->height, h, err);
    values[VAR_OUT_H] = values[VAR_OH] = (double)*h;
    if (status == FW_OK)
        status = fw_expr_once(&size, w_text, VARIABLES, values, err);
    if (status == FW_OK)
        status = to_size(size, "width", in->width, w, err);
    return status;
}

static int64_t rescale(int64_t value, int64_t num, int64_t den)
{
    return (value * num + den / 2) / den;
}

/* Negative sizes follow from the other one; then the aspect is kept, if asked. */
static void fit(const struct scale *scale, const struct fw_video *in, int64_t *w, int64_t *h)
{
    int64_t step_w = *w < -1 ? -*w : 1;
    int64_t step_h = *h < -1 ? -*h : 1;
    if (*w < 0 && *h < 0) {
        *w = in->width;
        *h = in->height;
    }
    if (*w < 0)
        *w = rescale(*h, in->width, in->height * step_w) * step_w;
    if (*h < 0)
        *h = rescale(*w, in->height, in->width * step_h) * step_h;
    if (scale->keep_aspect == KEEP_NOTHING)
        return;
    int64_t by_h = rescale(*h, in->width, in->height);
    int64_t by_w = rescale(*w, in->height, in->width);
    bool shrink = scale->keep_aspect == DECREASE;
    *w = (by_h < *w) == shrink ? by_h : *w;
    *h = (by_w < *h) == shrink ? by_w : *h;
    int64_t up = shrink ? 0 : scale->divisible - 1;
    *w = (*w + up) / scale->divisible * scale->divisible;
    *h = (*h + up) / scale->divisible * scale->divisible;
}

static int find_size(const struct scale *scale, const struct fw_video *in, struct fw_video *out,
                     struct fw_error *err)
{
    const char *size = scale->size_text;
    int64_t w = 0;
    int64_t h = 0;
    if (size && (scale->w_text || scale->h_text))
        return fw_fail(err, FW_ERR_USAGE, "size and width or height are both given");
    if (!size && scale->w_text && !scale->h_text)
        size = scale->w_text; /* scale=640x480 */
    if (size) {
        if (fw_size_read(size, &out->width, &out->height) < 0)
            return fw_fail(err, FW_ERR_USAGE, "'%s' is not a size (WxH, or w and h)", size);
        w = out->width;
        h = out->height;
    } else {
        int status = evaluate(scale, in, &w, &h, err);
        if (status < 0)
            return status;
    }
    fit(scale, in, &w, &h);
    if (w < 1 || h < 1 || w > 32768 || h > 32768)
        return fw_fail(err, FW_ERR_USAGE, "the size would be %lldx%lld; 1..32768 can be made",
                       (long long)w, (long long)h);
    out->width = (int32_t)w;
    out->height = (int32_t)h;
    return FW_OK;
}

/* The display aspect stays. */
static void set_aspect(const struct fw_video *in, struct fw_video *out)
{
    if (!in->sample_aspect.num || !in->sample_aspect.den)
        return;
    __extension__ typedef unsigned __int128 wide;
    wide a = (wide)in->sample_aspect.num * (uint32_t)out->height * (uint32_t)in->width;
    wide b = (wide)in->sample_aspect.den * (uint32_t)out->width * (uint32_t)in->height;
    wide x = a;
    for (wide y = b; y;) {
        wide rest = x % y;
        x = y;
        y = rest;
    }
    for (a /= x, b /= x; a > INT32_MAX || b > INT32_MAX; a /= 2, b /= 2) {
    }
    out->sample_aspect.num = (int32_t)(a ? a : 1);
    out->sample_aspect.den = (int32_t)(b ? b : 1);
}

static void set_colors(const struct scale *scale, struct fw_video *in, struct fw_video *out)
{
    if (in->format->flags & FW_FORMAT_RGB)
        return;
    if (scale->in_matrix >= 0)
        in->color.matrix = (uint8_t)scale->in_matrix;
    if (scale->in_range)
        in->color.range = (uint8_t)scale->in_range;
    out->color = in->color;
    if (scale->out_matrix >= 0)
        out->color.matrix = (uint8_t)scale->out_matrix;
    if (scale->out_range)
        out->color.range = (uint8_t)scale->out_range;
}

static enum fw_zimage_kernel kernel_of(const struct scale *scale)
{
    int64_t flags = scale->flags & FLAG_KERNELS;
    int kernel = FW_ZIMAGE_BICUBIC;
    for (; flags > 1; flags >>= 1)
        kernel++;
    return (enum fw_zimage_kernel)kernel;
}

/* Whether the size alone changes, in a way that the own kernels can do. */
static bool is_plain(const struct scale *scale, const struct fw_video *in,
                     const struct fw_video *out)
{
    return in->color.matrix == out->color.matrix && fw_zimage_range(in) == fw_zimage_range(out) &&
           fw_resize_takes(in, out, kernel_of(scale));
}

static int scale_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    struct scale *scale = self;
    *out = *in;
    if (!scale_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    int status = find_size(scale, in, out, err);
    if (status < 0)
        return status;
    scale->in = *in;
    set_colors(scale, &scale->in, out);
    set_aspect(in, out);
    scale->out = *out;
    if (kernel_of(scale) == FW_ZIMAGE_AREA && !is_plain(scale, &scale->in, out))
        return fw_fail(
            err, FW_ERR_USAGE,
            "flags=area takes formats of 8 to 12 bits, shrinks by 127 at most, and changes "
            "neither matrix nor range");
    bool same_matrix = scale->in.color.matrix == out->color.matrix;
    if (in->width == out->width && in->height == out->height && same_matrix &&
        fw_zimage_range(&scale->in) == fw_zimage_range(out))
        caps->flags |= FW_CAPS_IDENTITY;
    caps->cost_ns_per_pixel = is_plain(scale, &scale->in, out) ? 0.3f : 3.0f;
    return FW_OK;
}

static int scale_start(void *self, struct fw_error *err)
{
    struct scale *scale = self;
    enum fw_zimage_kernel kernel = kernel_of(scale);
    if (is_plain(scale, &scale->in, &scale->out))
        return fw_resize_open(&scale->resize, &scale->in, &scale->out, kernel, scale->cpu, err);
    return fw_zimage_open(&scale->zimage, &scale->in, &scale->out, kernel, false, err);
}

static int scale_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)scratch;
    struct scale *scale = self;
    if (!scale->resize)
        return fw_zimage_process(scale->zimage, &in->image, &out->image, err);
    fw_resize_process(scale->resize, &in->image, &out->image);
    return FW_OK;
}

static void scale_stop(void *self)
{
    struct scale *scale = self;
    fw_resize_close(scale->resize);
    fw_zimage_close(scale->zimage);
    scale->resize = NULL;
    scale->zimage = NULL;
}

const struct fw_filter fw_filter_scale = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "scale",
    .summary = "another size",
    .options = scale_options,
    .self_size = sizeof(struct scale),
    .negotiate = scale_negotiate,
    .accepts = scale_accepts,
    .start = scale_start,
    .process = scale_process,
    .stop = scale_stop,
    .cpu_offset = FW_CPU_OFFSET(struct scale, cpu),
};
