/*
 * overlay: a still picture, a PNG file, blended over the frames. Placement, formats and arithmetic
 * of libavfilter 5.1's overlay of a picture that `movie` reads; the picture is converted by
 * libswscale, as there, once.
 */
#include "convert.h"
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "image.h"
#include "kernels/cover.h"
#include "png_read.h"
#include "rows.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES "main_w W main_h H overlay_w w overlay_h h hsub vsub x y n pos t"
enum {
    VAR_MAIN_W,
    VAR_MW,
    VAR_MAIN_H,
    VAR_MH,
    VAR_OVERLAY_W,
    VAR_OW,
    VAR_OVERLAY_H,
    VAR_OH,
    VAR_HSUB,
    VAR_VSUB,
    VAR_X,
    VAR_Y,
    VAR_N,
    VAR_POS,
    VAR_T,
    VAR_COUNT
};

/* The picture over one plane, in samples of that plane. */
struct layer {
    int32_t width;
    int32_t height;
    uint16_t *keep;
    void *add; /* uint16_t for 8 bits, else uint32_t */
};

struct overlay {
    char *path;
    char *x_text;
    char *y_text;
    int64_t eval;
    int64_t format;
    int64_t alpha;

    int32_t cpu;
    const struct fw_cover_kernels *kernels;
    const struct fw_format *main;
    struct fw_expr *x_expr;
    struct fw_expr *y_expr;
    double values[VAR_COUNT];
    double time_unit;
    struct layer layers[FW_PLANES_MAX];
};

enum { AUTO = 7 };

static const struct fw_choice formats[] = {
    { "yuv420", 0, "planar YUV with quarter chroma" },
    { "yuv420p10", 1, "the same, 10 bits" },
    { "yuv422", 2, "planar YUV with half chroma" },
    { "yuv422p10", 3, "the same, 10 bits" },
    { "yuv444", 4, "planar YUV" },
    { "rgb", 5, "packed RGB" },
    { "gbrp", 6, "planar RGB" },
    { "auto", AUTO, "not supported" },
    { NULL, 0, NULL },
};

/* Formats of frames, under which choice, and that of the picture. */
static const struct {
    const char *main;
    const char *picture;
    int64_t choice;
} pairs[] = {
    { "yuv420p", "yuva420p", 0 },
    { "yuvj420p", "yuva420p", 0 },
    { "yuv420p10le", "yuva420p10le", 1 },
    { "yuv422p", "yuva422p", 2 },
    { "yuvj422p", "yuva422p", 2 },
    { "yuv422p10le", "yuva422p10le", 3 },
    { "yuv444p", "yuva444p", 4 },
    { "yuvj444p", "yuva444p", 4 },
    { "rgb24", "rgba", 5 },
    { "bgr24", "bgra", 5 },
    { "gbrp", "gbrap", 6 },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static const struct fw_choice evals[] = {
    { "init", 0, "once" },
    { "frame", 1, "for each frame" },
    { NULL, 0, NULL },
};

static const struct fw_choice alphas[] = {
    { "straight", 0, "colours are whole" },
    { "premultiplied", 1, "not supported" },
    { NULL, 0, NULL },
};

#define EXPRESSION(option_name, text, field)                                                       \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct overlay, field), .default_text = "0", .variables = VARIABLES     \
    }
#define CHOICE(option_name, text, field, last, preset, names)                                      \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_ENUM,                                 \
        .offset = offsetof(struct overlay, field), .min = 0, .max = last, .default_text = preset,  \
        .choices = names                                                                           \
    }

static const struct fw_option overlay_options[] = {
    { .name = "picture",
      .help = "PNG file",
      .type = FW_OPTION_PATH,
      .offset = offsetof(struct overlay, path) },
    EXPRESSION("x", "left edge of the picture", x_text),
    EXPRESSION("y", "upper edge of the picture", y_text),
    CHOICE("eval", "when to evaluate expressions", eval, 1, "frame", evals),
    CHOICE("format", "formats to blend in", format, AUTO, "yuv420", formats),
    CHOICE("alpha", "what the picture's alpha means", alpha, 1, "straight", alphas),
    { .name = NULL },
};

static const char *picture_format(const struct overlay *overlay, const struct fw_format *format)
{
    for (size_t i = 0; i < PAIRS; i++) {
        if (overlay->format == pairs[i].choice && strcmp(format->name, pairs[i].main) == 0)
            return pairs[i].picture;
    }
    return NULL;
}

static int overlay_accepts(const void *self, const struct fw_format *format)
{
    return picture_format(self, format) != NULL;
}

static bool mentions(const struct overlay *overlay, const char *name)
{
    return fw_expr_mentions(overlay->x_text, name) || fw_expr_mentions(overlay->y_text, name);
}

static int overlay_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    struct overlay *overlay = self;
    *out = *in;
    if (!overlay->path || !*overlay->path)
        return fw_fail(err, FW_ERR_USAGE, "the picture is missing: overlay=FILE.png:x=..:y=..");
    if (overlay->format == AUTO)
        return fw_fail(err, FW_ERR_USAGE, "format=auto is not supported; name the format");
    if (overlay->alpha)
        return fw_fail(err, FW_ERR_USAGE, "alpha=premultiplied is not supported");
    if (in->format->flags & FW_FORMAT_ALPHA)
        return fw_fail(err, FW_ERR_USAGE,
                       "frames with alpha (%s) are not supported; format=yuv420p before it, or a "
                       "graph 'movie=..[l];[in][l]overlay' takes them",
                       in->format->name);
    if (!overlay_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    for (int i = 0; i < VAR_COUNT; i++)
        overlay->values[i] = NAN;
    overlay->main = in->format;
    overlay->values[VAR_MAIN_W] = overlay->values[VAR_MW] = in->width;
    overlay->values[VAR_MAIN_H] = overlay->values[VAR_MH] = in->height;
    overlay->values[VAR_HSUB] = 1 << in->format->log2_chroma_w;
    overlay->values[VAR_VSUB] = 1 << in->format->log2_chroma_h;
    overlay->time_unit = fw_expr_ratio(in->time_base, NAN);
    bool moves = overlay->eval && (mentions(overlay, "n") || mentions(overlay, "t"));
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    caps->flags |= FW_CAPS_READS_FILES | FW_CAPS_BANDS | FW_CAPS_IN_PLACE;
    caps->cost_ns_per_pixel = 0.1f;
    return FW_OK;
}

static void overlay_stop(void *self)
{
    struct overlay *overlay = self;
    fw_expr_destroy(overlay->x_expr);
    fw_expr_destroy(overlay->y_expr);
    overlay->x_expr = NULL;
    overlay->y_expr = NULL;
    for (int i = 0; i < FW_PLANES_MAX; i++) {
        free(overlay->layers[i].keep);
        free(overlay->layers[i].add);
        overlay->layers[i].keep = NULL;
        overlay->layers[i].add = NULL;
    }
}

static int32_t sample(const struct fw_image *image, const struct fw_component *component, int32_t x,
                      int32_t y)
{
    const uint8_t *at = image->data[component->plane] + y * image->stride[component->plane] +
                        (ptrdiff_t)x * component->step + component->offset;
    return component->depth > 8 ? at[0] | at[1] << 8 : at[0];
}

/* Alpha over sample x, y of a plane: the mean of the pixels under it, at the far edges of fewer.
 * With more than 8 bits libavfilter takes a row two below for the next one. */
static int32_t alpha_over(const struct fw_image *picture, const struct layer *layer, int32_t x,
                          int32_t y, uint32_t shift_w, uint32_t shift_h)
{
    const struct fw_component *alpha = &picture->format->components[3];
    int32_t left = x << shift_w;
    int32_t top = y << shift_h;
    int32_t next = top + (alpha->depth > 8 ? 2 : 1);
    int32_t corner = sample(picture, alpha, left, top);
    bool wide = shift_w && x + 1 < layer->width;
    bool high = shift_h && y + 1 < layer->height;
    if (!shift_w && !shift_h)
        return corner;
    int32_t right = wide ? sample(picture, alpha, left + 1, top) : corner;
    int32_t below = high ? sample(picture, alpha, left, next) : corner;
    if (wide && high)
        return (corner + below + right + sample(picture, alpha, left + 1, next)) >> 2;
    return (((corner + below) >> 1) + ((corner + right) >> 1)) >> 1;
}

/* One component, at every step-th sample of the layer from `offset` on. */
static void fill_layer(const struct overlay *overlay, const struct fw_image *picture,
                       uint32_t index, struct layer *layer)
{
    const struct fw_component *to = &overlay->main->components[index];
    const struct fw_component *from = &picture->format->components[index];
    bool packed = overlay->main->plane_count == 1;
    bool chroma = !(overlay->main->flags & FW_FORMAT_RGB) && index > 0;
    int32_t max = (1 << to->depth) - 1;
    int32_t step = packed ? to->step : 1;
    int32_t offset = packed ? to->offset : 0;
    for (int32_t y = 0; y < layer->height; y++) {
        for (int32_t x = 0; x < layer->width / step; x++) {
            ptrdiff_t at = (ptrdiff_t)y * layer->width + x * step + offset;
            int32_t alpha = alpha_over(picture, layer, x, y,
                                       chroma ? overlay->main->log2_chroma_w : 0,
                                       chroma ? overlay->main->log2_chroma_h : 0);
            int32_t value = sample(picture, from, x, y) * alpha;
            layer->keep[at] = (uint16_t)(max - alpha);
            if (to->depth > 8)
                ((uint32_t *)layer->add)[at] = (uint32_t)value;
            else
                ((uint16_t *)layer->add)[at] = (uint16_t)(value + 128);
        }
    }
}

static int make_layers(struct overlay *overlay, const struct fw_image *picture,
                       struct fw_error *err)
{
    const struct fw_format *format = overlay->main;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        struct layer *layer = &overlay->layers[i];
        layer->width = fw_format_plane_width(format, i, picture->width);
        layer->height = fw_format_plane_height(format, i, picture->height);
        if (format->plane_count == 1)
            layer->width *= format->components[0].step;
        size_t count = (size_t)layer->width * (size_t)layer->height;
        layer->keep = malloc(count * sizeof(uint16_t));
        layer->add = malloc(count * (fw_format_depth(format) > 8 ? 4 : 2));
        if (!layer->keep || !layer->add)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for the picture");
    }
    for (uint32_t i = 0; i < 3; i++)
        fill_layer(overlay, picture, i, &overlay->layers[format->components[i].plane]);
    return FW_OK;
}

/* The picture as it is read, in the format that it is blended in. */
static int convert_picture(struct overlay *overlay, const struct fw_image *read,
                           struct fw_error *err)
{
    const struct fw_format *format = fw_format_find(picture_format(overlay, overlay->main));
    struct fw_video from = { .format = read->format,
                             .width = read->width,
                             .height = read->height,
                             .sample_aspect = { 1, 1 },
                             .time_base = { 1, 25 },
                             .color = { .range = 2, .matrix = 2, .primaries = 2, .transfer = 2 } };
    struct fw_video to;
    struct fw_image_layout layout;
    struct fw_image picture;
    struct fw_convert *convert = NULL;
    if (format == read->format)
        return make_layers(overlay, read, err);
    if (fw_image_layout(&layout, format, read->width, read->height) < 0)
        return fw_fail(err, FW_ERR_USAGE, "the picture is too large");
    int status = fw_convert_plan(&from, format, &to, err);
    if (status == FW_OK)
        status = fw_convert_open(&convert, &from, &to, err);
    void *block = status == FW_OK ? aligned_alloc(FW_IMAGE_ALIGN, layout.bytes) : NULL;
    if (status == FW_OK && !block)
        status = fw_fail(err, FW_ERR_MEMORY, "no memory for the picture");
    if (status == FW_OK) {
        fw_image_map(&picture, &layout, format, read->width, read->height, block);
        status = fw_convert_process(convert, read, &picture, err);
    }
    if (status >= 0)
        status = make_layers(overlay, &picture, err);
    fw_convert_close(convert);
    free(block);
    return status;
}

static int overlay_start(void *self, struct fw_error *err)
{
    struct overlay *overlay = self;
    struct fw_image read;
    void *block = NULL;
    overlay->kernels = fw_cover_kernels(overlay->cpu);
    int status = fw_expr_create(&overlay->x_expr, overlay->x_text, VARIABLES, err);
    if (status == FW_OK)
        status = fw_expr_create(&overlay->y_expr, overlay->y_text, VARIABLES, err);
    if (status == FW_OK)
        status = fw_png_read(overlay->path, &read, &block, err);
    if (status == FW_OK) {
        overlay->values[VAR_OVERLAY_W] = overlay->values[VAR_OW] = read.width;
        overlay->values[VAR_OVERLAY_H] = overlay->values[VAR_OH] = read.height;
        status = convert_picture(overlay, &read, err);
    }
    free(block);
    return status;
}

static int32_t place(double value, uint32_t chroma_shift)
{
    if (isnan(value) || fabs(value) > 1 << 24)
        return 1 << 24; /* beyond every frame */
    return (int32_t)value & ~((1 << chroma_shift) - 1);
}

static void find_corner(const struct overlay *overlay, const struct fw_frame *in, int32_t *x_out,
                        int32_t *y_out)
{
    double values[VAR_COUNT];
    memcpy(values, overlay->values, sizeof(values));
    values[VAR_N] = 0;
    if (overlay->eval) {
        values[VAR_N] = (double)in->index + 1; /* libavfilter counts what it has taken */
        values[VAR_T] = in->pts == FW_NOPTS ? NAN : (double)in->pts * overlay->time_unit;
    }
    values[VAR_X] = fw_expr_value(overlay->x_expr, values);
    values[VAR_Y] = fw_expr_value(overlay->y_expr, values);
    values[VAR_X] = fw_expr_value(overlay->x_expr, values); /* it may be written in terms of y */
    *x_out = place(values[VAR_X], overlay->main->log2_chroma_w);
    *y_out = place(values[VAR_Y], overlay->main->log2_chroma_h);
}

/* Rows [first, end) of a plane, with the picture's corner at x, y of it, in samples. */
static void cover_rows(const struct overlay *overlay, const struct layer *layer, uint8_t *data,
                       ptrdiff_t stride, int32_t width, struct fw_rows rows, int32_t x, int32_t y)
{
    int32_t skip = x < 0 ? -x : 0;
    int32_t left = x < 0 ? 0 : x;
    int32_t count = layer->width - skip;
    int32_t top = rows.first > y ? rows.first : y;
    int32_t end = rows.end < y + layer->height ? rows.end : y + layer->height;
    if (count > width - left)
        count = width - left;
    for (int32_t row = top; row < end && count > 0; row++) {
        ptrdiff_t at = (ptrdiff_t)(row - y) * layer->width + skip;
        uint8_t *to = data + row * stride;
        if (fw_format_depth(overlay->main) > 8)
            overlay->kernels->u10((uint16_t *)(void *)to + left, layer->keep + at,
                                  (const uint32_t *)layer->add + at, count);
        else
            overlay->kernels->u8(to + left, layer->keep + at, (const uint16_t *)layer->add + at,
                                 count);
    }
}

static int overlay_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                        int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct overlay *overlay = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    int32_t x;
    int32_t y;
    find_corner(overlay, in, &x, &y);
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        bool chroma = plane > 0 && !(format->flags & FW_FORMAT_RGB);
        int32_t unit = format->plane_count == 1 ? format->components[0].step : 1;
        if (dst->data[plane] != src->data[plane])
            fw_rows_copy(dst, src, plane, rows);
        cover_rows(overlay, &overlay->layers[plane], dst->data[plane], dst->stride[plane],
                   rows.width * unit, rows, (x >> (chroma ? format->log2_chroma_w : 0)) * unit,
                   y >> (chroma ? format->log2_chroma_h : 0));
    }
    return FW_OK;
}

const struct fw_filter fw_filter_overlay = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "overlay",
    .summary = "blend a still picture over the frames",
    .options = overlay_options,
    .self_size = sizeof(struct overlay),
    .negotiate = overlay_negotiate,
    .accepts = overlay_accepts,
    .start = overlay_start,
    .stop = overlay_stop,
    .band = overlay_band,
    .cpu_offset = FW_CPU_OFFSET(struct overlay, cpu),
};
