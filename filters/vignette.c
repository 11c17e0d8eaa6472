/*
 * vignette: darker towards the corners, by the fourth power of a cosine, or that undone. Options,
 * arithmetic and dither of libavfilter 5.1's vignette. Its dither is one generator that runs on
 * from sample to sample and frame to frame; here its state is computed from the frame's number, so
 * that frames and rows may come in any order. Depths above 8 bits, which it does not have, are
 * dithered by their own steps.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "kernels/shade.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>

#define VARIABLES "w h n pts r t tb"

enum part { ANGLE, CENTER_X, CENTER_Y, PARTS };

struct lens {
    double angle;
    double x0;
    double y0;
};

struct vignette {
    char *texts[PARTS];
    int64_t backward;
    int64_t each_frame;
    int32_t dither;
    char *aspect_text;
    int32_t cpu;

    struct fw_video in;
    double reach; /* from the middle to a corner */
    float x_scale;
    float y_scale;
    const struct fw_shade_kernels *kernels;
    struct fw_shade_steps *steps;
    struct fw_expr *exprs[PARTS];
    float *factors[2]; /* of luma's and chroma's size; NULL when each frame has its own */
};

static const struct fw_choice vignette_modes[] = {
    { "forward", 0, "darken" },
    { "backward", 1, "undo a vignette" },
    { NULL, 0, NULL },
};

static const struct fw_choice vignette_evals[] = {
    { "init", 0, "once, before the first frame" },
    { "frame", 1, "for each frame" },
    { NULL, 0, NULL },
};

#define PART(option_name, part, preset, text)                                                      \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct vignette, texts) + (part) * sizeof(char *),                      \
        .default_text = preset, .variables = VARIABLES                                             \
    }

static const struct fw_option vignette_options[] = {
    PART("angle", ANGLE, "PI/5", "angle of the lens, 0 to PI/2"),
    PART("a", ANGLE, "PI/5", "angle of the lens, 0 to PI/2"),
    PART("x0", CENTER_X, "w/2", "column of the centre"),
    PART("y0", CENTER_Y, "h/2", "row of the centre"),
    { .name = "mode",
      .help = "darken, or undo",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct vignette, backward),
      .min = 0,
      .max = 1,
      .default_text = "forward",
      .choices = vignette_modes },
    { .name = "eval",
      .help = "when the expressions are evaluated",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct vignette, each_frame),
      .min = 0,
      .max = 1,
      .default_text = "init",
      .choices = vignette_evals },
    { .name = "dither",
      .help = "hide the steps of the shade",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct vignette, dither),
      .default_text = "1" },
    { .name = "aspect",
      .help = "shape of the shade, width by height",
      .type = FW_OPTION_EXPR,
      .offset = offsetof(struct vignette, aspect_text),
      .default_text = "1/1",
      .variables = "" },
    { .name = NULL },
};

static int vignette_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    bool packed = (format->flags & FW_FORMAT_RGB) && format->plane_count == 1 &&
                  format->component_count == 3 && format->components[0].depth == 8 &&
                  format->components[0].step == 3;
    return packed || (fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_ALPHA) &&
                      format->component_count != 2);
}

static int set_shape(struct vignette *vignette, const struct fw_video *in, struct fw_error *err)
{
    double aspect = 0;
    struct fw_rational sample = in->sample_aspect;
    int status = fw_expr_once(&aspect, vignette->aspect_text, "", NULL, err);
    if (status != FW_OK)
        return status;
    if (!(aspect > 0))
        return fw_fail(err, FW_ERR_USAGE, "aspect is a ratio above 0, such as 4/3");
    double shape = sample.num > 0 && sample.den > 0 ? (double)sample.num / sample.den : 1.0;
    vignette->x_scale = shape > 1 ? (float)(shape / aspect) : 1.0f;
    vignette->y_scale = shape > 1 ? 1.0f : (float)(aspect / shape);
    vignette->reach = hypot(in->width / 2.0, in->height / 2.0);
    return FW_OK;
}

static int vignette_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                              struct fw_caps *caps, struct fw_error *err)
{
    struct vignette *vignette = self;
    *out = *in;
    if (!vignette_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    vignette->in = *in;
    bool moves = vignette->dither || vignette->each_frame;
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    caps->flags |= FW_CAPS_BANDS;
    caps->scratch_bytes = (size_t)in->width * 3 * sizeof(float);
    caps->cost_ns_per_pixel = vignette->each_frame ? 60.0f : 0.8f;
    return set_shape(vignette, in, err);
}

static double ratio_of(struct fw_rational value)
{
    return value.num && value.den ? (double)value.num / value.den : NAN;
}

/* What the expressions say of a frame, or before the first one. */
static struct lens lens_of(const struct vignette *vignette, const struct fw_frame *frame)
{
    const struct fw_video *in = &vignette->in;
    double tick = ratio_of(in->time_base);
    double pts = frame && frame->pts != FW_NOPTS ? (double)frame->pts : NAN;
    const double values[] = {
        in->width,  in->height, frame ? (double)frame->index : 0, pts, ratio_of(in->frame_rate),
        pts * tick, tick
    };
    double angle = fw_expr_value(vignette->exprs[ANGLE], values);
    double end = (double)(float)M_PI_2;
    angle = (double)(float)angle;
    return (struct lens){ .angle = angle > 0 ? (angle < end ? angle : end) : 0,
                          .x0 = fw_expr_value(vignette->exprs[CENTER_X], values),
                          .y0 = fw_expr_value(vignette->exprs[CENTER_Y], values) };
}

/* Factors of every 2^shift-th sample of row y. */
static void fill_row(const struct vignette *vignette, const struct lens *lens, float *row,
                     int32_t y, int32_t shift, int32_t width)
{
    int32_t down = (int32_t)((y - lens->y0) * (double)vignette->y_scale);
    for (int32_t x = 0; x < width; x++) {
        int32_t across = (int32_t)(((x << shift) - lens->x0) * (double)vignette->x_scale);
        double distance = hypot(across, down) / vignette->reach;
        double cosine = cos(lens->angle * distance);
        double factor = distance > 1 ? 0 : (cosine * cosine) * (cosine * cosine);
        row[x] = (float)(vignette->backward ? 1.0 / factor : factor);
    }
}

static void vignette_stop(void *self)
{
    struct vignette *vignette = self;
    for (int i = 0; i < PARTS; i++) {
        fw_expr_destroy(vignette->exprs[i]);
        vignette->exprs[i] = NULL;
    }
    for (int i = 0; i < 2; i++) {
        free(vignette->factors[i]);
        vignette->factors[i] = NULL;
    }
    free(vignette->steps);
    vignette->steps = NULL;
}

/* The factors of all rows of planes of the size of `plane`. */
static int fill_map(struct vignette *vignette, uint32_t plane, struct fw_error *err)
{
    const struct fw_format *format = vignette->in.format;
    const struct lens lens = lens_of(vignette, NULL);
    int32_t width = fw_format_plane_width(format, plane, vignette->in.width);
    int32_t height = fw_format_plane_height(format, plane, vignette->in.height);
    float *map = malloc((size_t)width * (size_t)height * sizeof(float));
    vignette->factors[plane] = map;
    if (!map)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for %d x %d factors", width, height);
    for (int32_t y = 0; y < height; y++)
        fill_row(vignette, &lens, map + (ptrdiff_t)y * width,
                 plane ? y << format->log2_chroma_h : y, plane ? format->log2_chroma_w : 0, width);
    return FW_OK;
}

static bool has_small_chroma(const struct fw_format *format)
{
    return format->component_count > 1 && (format->log2_chroma_w || format->log2_chroma_h);
}

static int vignette_start(void *self, struct fw_error *err)
{
    struct vignette *vignette = self;
    int status = FW_OK;
    vignette->kernels = fw_shade_kernels(vignette->cpu);
    for (int i = 0; i < PARTS && status == FW_OK; i++)
        status = fw_expr_create(&vignette->exprs[i], vignette->texts[i], VARIABLES, err);
    if (status == FW_OK && vignette->dither) {
        vignette->steps = malloc(sizeof(*vignette->steps));
        if (!vignette->steps)
            return fw_fail(err, FW_ERR_MEMORY, "no memory for the dither");
        fw_shade_steps_init(vignette->steps);
    }
    if (status == FW_OK && !vignette->each_frame)
        status = fill_map(vignette, 0, err);
    if (status == FW_OK && !vignette->each_frame && has_small_chroma(vignette->in.format))
        status = fill_map(vignette, 1, err);
    return status;
}

/* Factors of a row of a plane: out of the map, or made in `row`. */
static const float *row_of(const struct vignette *vignette, const struct lens *lens, bool small,
                           int32_t y, int32_t width, float *row)
{
    const struct fw_format *format = vignette->in.format;
    if (!vignette->each_frame)
        return vignette->factors[small] + (ptrdiff_t)y * width;
    fill_row(vignette, lens, row, small ? y << format->log2_chroma_h : y,
             small ? format->log2_chroma_w : 0, width);
    return row;
}

static void shade_plane(const struct vignette *vignette, const struct fw_image *dst,
                        const struct fw_image *src, uint32_t plane, struct fw_rows rows,
                        uint32_t state, const struct lens *lens, float *scratch)
{
    const struct fw_format *format = src->format;
    bool chroma = plane > 0 && !(format->flags & FW_FORMAT_RGB);
    bool small = chroma && has_small_chroma(format);
    int32_t samples = format->plane_count == 1 && format->component_count == 3 ? 3 : 1;
    int32_t max = (1 << fw_format_depth(format)) - 1;
    struct fw_shade shade = { vignette->steps, 0, chroma ? max / 2 : 0, max };
    for (int32_t y = rows.first; y < rows.end; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *from = src->data[plane] + y * src->stride[plane];
        const float *factors = row_of(vignette, lens, small, y, rows.width, scratch);
        if (samples == 3) { /* from the end, as a row made in the scratch is read from it */
            for (int32_t x = rows.width - 1; x >= 0; x--) {
                float factor = factors[x];
                scratch[3 * x + 2] = factor;
                scratch[3 * x + 1] = factor;
                scratch[3 * x] = factor;
            }
            factors = scratch;
        }
        int32_t count = rows.width * samples;
        shade.state = fw_shade_skip(state, (uint64_t)y * (uint64_t)count);
        if (max > 255)
            vignette->kernels->shade_u16((uint16_t *)(void *)to,
                                         (const uint16_t *)(const void *)from, factors, &shade,
                                         count);
        else
            vignette->kernels->shade_u8(to, from, factors, &shade, count);
    }
}

static int vignette_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                         int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct vignette *vignette = self;
    const struct fw_image *src = &in->image;
    const struct lens lens = vignette->each_frame ? lens_of(vignette, in) : (struct lens){ 0 };
    uint64_t before[FW_PLANES_MAX + 1] = { 0 }; /* samples of a frame before each plane */
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        uint64_t samples = src->format->plane_count == 1 && src->format->component_count == 3;
        before[plane + 1] = before[plane] +
                            (uint64_t)rows.width * (uint64_t)rows.height * (samples ? 3 : 1);
    }
    uint32_t first = fw_shade_skip(0, in->index * before[src->format->plane_count]);
    for (uint32_t plane = 0; plane < src->format->plane_count; plane++)
        shade_plane(vignette, &out->image, src, plane, fw_rows_of(src, plane, row_first, row_end),
                    fw_shade_skip(first, before[plane]), &lens, scratch);
    return FW_OK;
}

static int vignette_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                            void *scratch, struct fw_error *err)
{
    return vignette_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_vignette = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "vignette",
    .summary = "darken the corners, or undo it",
    .options = vignette_options,
    .self_size = sizeof(struct vignette),
    .negotiate = vignette_negotiate,
    .accepts = vignette_accepts,
    .start = vignette_start,
    .process = vignette_process,
    .band = vignette_band,
    .stop = vignette_stop,
    .cpu_offset = offsetof(struct vignette, cpu),
};
