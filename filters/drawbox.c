/*
 * drawbox: a box, filled or not, blended onto the picture. Options, expressions, colours and
 * rounding of libavfilter 5.1's drawbox, where a chroma sample is blended once for every pixel of
 * the box that it belongs to.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "image.h"
#include "paint.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define VARIABLES "dar hsub vsub in_h ih in_w iw sar x y h w t fill"
enum {
    VAR_DAR,
    VAR_HSUB,
    VAR_VSUB,
    VAR_IN_H,
    VAR_IH,
    VAR_IN_W,
    VAR_IW,
    VAR_SAR,
    VAR_X,
    VAR_Y,
    VAR_H,
    VAR_W,
    VAR_T,
    VAR_FILL,
    VAR_COUNT
};
#define TURNS 6      /* the expressions may use each other's values */
#define TIMES_MAX 16 /* pixels that share a chroma sample */

struct drawbox {
    char *x_text;
    char *y_text;
    char *w_text;
    char *h_text;
    char *color_text;
    char *thickness_text;
    int32_t replace;
    char *source;

    int32_t invert;
    uint32_t color;
    int32_t x;
    int32_t y;
    int32_t width;
    int32_t height;
    int32_t thickness;
};

#define EXPRESSION(option_name, text, field, preset)                                               \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct drawbox, field), .default_text = preset, .variables = VARIABLES  \
    }
#define COLOR(option_name)                                                                         \
    {                                                                                              \
        .name = option_name, .help = "colour, or invert", .type = FW_OPTION_STRING,                \
        .offset = offsetof(struct drawbox, color_text), .default_text = "black"                    \
    }

static const struct fw_option drawbox_options[] = {
    EXPRESSION("x", "left edge", x_text, "0"),
    EXPRESSION("y", "upper edge", y_text, "0"),
    EXPRESSION("width", "width; 0: the picture's", w_text, "0"),
    EXPRESSION("w", "width; 0: the picture's", w_text, "0"),
    EXPRESSION("height", "height; 0: the picture's", h_text, "0"),
    EXPRESSION("h", "height; 0: the picture's", h_text, "0"),
    COLOR("color"),
    COLOR("c"),
    EXPRESSION("thickness", "thickness of the edges, or fill", thickness_text, "3"),
    EXPRESSION("t", "thickness of the edges, or fill", thickness_text, "3"),
    { .name = "replace",
      .help = "replace colour and alpha instead of blending",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct drawbox, replace),
      .default_text = "0" },
    { .name = "box_source",
      .help = "not supported",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct drawbox, source) },
    { .name = NULL },
};

/* 8 bits: planar YUV, packed RGB. */
static int drawbox_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    const uint32_t unfit = FW_FORMAT_BITSTREAM | FW_FORMAT_PALETTE | FW_FORMAT_FLOAT |
                           FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    bool rgb = format->flags & FW_FORMAT_RGB;
    for (uint32_t i = 0; i < format->component_count; i++) {
        if (format->components[i].depth != 8)
            return 0;
    }
    return format->component_count >= 3 && !(format->flags & unfit) &&
           (rgb ? format->plane_count == 1 : (format->flags & FW_FORMAT_PLANAR) != 0);
}

static int number(const char *name, const char *text, double *values, int which, int32_t *value_out,
                  struct fw_error *err)
{
    double value = NAN;
    int status = fw_expr_once(&value, text, VARIABLES, values, err);
    if (status < 0) {
        fw_error_prefix(err, "%s", name);
        return status;
    }
    values[which] = value;
    double inside = isnan(value) ? 0 : fmin(fmax(value, -(1 << 28)), INT_MAX);
    *value_out = (int32_t)inside;
    return FW_OK;
}

static int measure(struct drawbox *box, const struct fw_video *in, struct fw_error *err)
{
    double values[VAR_COUNT];
    for (int i = 0; i < VAR_COUNT; i++)
        values[i] = NAN;
    values[VAR_IN_W] = values[VAR_IW] = in->width;
    values[VAR_IN_H] = values[VAR_IH] = in->height;
    values[VAR_SAR] = fw_expr_ratio(in->sample_aspect, 1.0);
    values[VAR_DAR] = (double)in->width / in->height * values[VAR_SAR];
    values[VAR_HSUB] = in->format->log2_chroma_w;
    values[VAR_VSUB] = in->format->log2_chroma_h;
    int status = FW_OK;
    for (int turn = 0; turn < TURNS && status == FW_OK; turn++) {
        values[VAR_FILL] = in->width;
        status = number("x", box->x_text, values, VAR_X, &box->x, err);
        values[VAR_FILL] = in->height;
        if (status == FW_OK)
            status = number("y", box->y_text, values, VAR_Y, &box->y, err);
        values[VAR_FILL] = in->width - box->x;
        if (status == FW_OK)
            status = number("width", box->w_text, values, VAR_W, &box->width, err);
        values[VAR_FILL] = in->height - box->y;
        if (status == FW_OK)
            status = number("height", box->h_text, values, VAR_H, &box->height, err);
        values[VAR_FILL] = INT_MAX;
        if (status == FW_OK)
            status = number("thickness", box->thickness_text, values, VAR_T, &box->thickness, err);
    }
    box->width = box->width > 0 ? box->width : in->width;
    box->height = box->height > 0 ? box->height : in->height;
    return status;
}

static int drawbox_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    struct drawbox *box = self;
    *out = *in;
    if (!drawbox_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if (box->source && *box->source)
        return fw_fail(err, FW_ERR_USAGE, "box_source: boxes of detectors are not supported");
    box->invert = strcmp(box->color_text, "invert") == 0;
    if (!box->invert && fw_color_read(box->color_text, &box->color) < 0)
        return fw_fail(err, FW_ERR_USAGE, "color: '%s' is no colour", box->color_text);
    caps->cost_ns_per_pixel = 0.2f;
    return measure(box, in, err);
}

/* What becomes of a sample that is drawn on so many times. */
typedef uint8_t tables[TIMES_MAX + 1][256];

static uint8_t blend(const struct drawbox *box, uint8_t value, int32_t color, bool rgb)
{
    double alpha = (double)(box->color & 255) / 255;
    float short_alpha = (float)(box->color & 255) / 255.0f;
    if (rgb) /* single precision there */
        return (uint8_t)((1.0f - short_alpha) * value + short_alpha * (float)color);
    return (uint8_t)((1 - alpha) * value + alpha * color);
}

static void fill_tables(const struct drawbox *box, int32_t color, bool luma, bool rgb, bool replace,
                        tables table)
{
    for (int32_t i = 0; i < 256; i++) {
        table[0][i] = (uint8_t)i;
        for (int times = 1; times <= TIMES_MAX; times++) {
            uint8_t value = table[times - 1][i];
            if (box->invert)
                table[times][i] = luma ? (uint8_t)(255 - value) : value;
            else
                table[times][i] = replace ? (uint8_t)color : blend(box, value, color, rgb);
        }
    }
}

/* Pixels of [first, first + count) that lie in [start, end). */
static int32_t overlap(int32_t first, int32_t count, int64_t start, int64_t end)
{
    int64_t from = first > start ? first : start;
    int64_t to = first + count < end ? first + count : end;
    return to > from ? (int32_t)(to - from) : 0;
}

/* One component of the picture; `shift_w` and `shift_h` are its subsampling. */
struct layer {
    uint8_t *data;
    ptrdiff_t stride;
    int32_t step;
    int32_t width; /* of the picture */
    int32_t height;
    uint32_t shift_w;
    uint32_t shift_h;
};

/* How many pixels under each sample of a row of the box are drawn, where the row is an edge, and
 * where it has two sides. */
static int32_t drawn(const struct drawbox *box, const struct layer *layer, int32_t x,
                     int32_t edge_rows, int32_t side_rows)
{
    int32_t first = x << layer->shift_w;
    int32_t left = layer->width - first;
    int32_t count = left < 1 << layer->shift_w ? left : 1 << layer->shift_w;
    int64_t end = (int64_t)box->x + box->width;
    int32_t all = overlap(first, count, box->x, end);
    int64_t inner = (int64_t)box->x + box->thickness;
    int64_t outer = end - box->thickness;
    int32_t hollow = inner < outer ? overlap(first, count, inner > box->x ? inner : box->x,
                                             outer < end ? outer : end)
                                   : 0;
    return edge_rows * all + side_rows * (all - hollow);
}

static void draw_row(const struct drawbox *box, const struct layer *layer, int32_t y, tables table)
{
    int32_t top = y << layer->shift_h;
    int32_t left = layer->height - top;
    int32_t count = left < 1 << layer->shift_h ? left : 1 << layer->shift_h;
    int32_t edges = 0;
    int32_t sides = 0;
    for (int32_t i = 0; i < count; i++) {
        int64_t at = (int64_t)top + i - box->y;
        if (at < 0 || at >= box->height)
            continue;
        bool edge = at < box->thickness || box->height - 1 - at < box->thickness;
        edges += edge;
        sides += !edge;
    }
    if (edges + sides == 0)
        return;
    int64_t end = (int64_t)box->x + box->width;
    int32_t first = box->x > 0 ? box->x >> layer->shift_w : 0;
    int32_t last = (int32_t)((end < layer->width ? end : layer->width) - 1) >> layer->shift_w;
    for (int32_t x = first; x <= last; x++) {
        uint8_t *sample = layer->data + y * layer->stride + (ptrdiff_t)x * layer->step;
        *sample = table[drawn(box, layer, x, edges, sides)][*sample];
    }
}

static void draw_component(const struct drawbox *box, const struct fw_image *image, uint32_t index,
                           int32_t color)
{
    const struct fw_format *format = image->format;
    const struct fw_component *component = &format->components[index];
    bool rgb = format->flags & FW_FORMAT_RGB;
    bool chroma = !rgb && (index == 1 || index == 2);
    const struct layer layer = { image->data[component->plane] + component->offset,
                                 image->stride[component->plane],
                                 component->step,
                                 image->width,
                                 image->height,
                                 chroma ? format->log2_chroma_w : 0,
                                 chroma ? format->log2_chroma_h : 0 };
    int32_t rows = fw_format_plane_height(format, component->plane, image->height);
    bool replace = box->replace && (format->flags & FW_FORMAT_ALPHA);
    tables table;
    if (index == 3 && (!replace || box->invert))
        return;
    fill_tables(box, color, !chroma, rgb, replace, table);
    for (int32_t y = 0; y < rows; y++)
        draw_row(box, &layer, y, table);
}

static int drawbox_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct drawbox *box = self;
    const struct fw_format *format = in->image.format;
    struct fw_paint paint = fw_paint_coarse(format, box->color);
    fw_image_copy(&out->image, &in->image);
    for (uint32_t i = 0; i < format->component_count; i++)
        draw_component(box, &out->image, i, paint.samples[i]);
    return FW_OK;
}

const struct fw_filter fw_filter_drawbox = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "drawbox",
    .summary = "draw a box",
    .options = drawbox_options,
    .self_size = sizeof(struct drawbox),
    .negotiate = drawbox_negotiate,
    .accepts = drawbox_accepts,
    .process = drawbox_process,
};
