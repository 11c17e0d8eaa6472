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
#include <string.h>

#define VARIABLES "w h n pts r t tb"

enum part { ANGLE, CENTER_X, CENTER_Y, PARTS };

struct lens {
    double angle;
    double x0;
    double y0;
};

/* Samples of a row or rows of a plane of which those from `kept` on repeat those before them:
 * number i is as number axis - i. */
struct fold {
    int32_t kept;
    int32_t axis;
};

/* The factors of planes of one size, without what repeats. */
struct map {
    float *rows; /* across.kept in each */
    struct fold across;
    struct fold down;
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
    struct map maps[2]; /* of luma's and chroma's size; empty when each frame has its own */
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

/* What the expressions say of a frame, or before the first one. */
static struct lens lens_of(const struct vignette *vignette, const struct fw_frame *frame)
{
    const struct fw_video *in = &vignette->in;
    double tick = fw_expr_ratio(in->time_base, NAN);
    double pts = frame && frame->pts != FW_NOPTS ? (double)frame->pts : NAN;
    const double values[] = { in->width,
                              in->height,
                              frame ? (double)frame->index : 0,
                              pts,
                              fw_expr_ratio(in->frame_rate, NAN),
                              pts * tick,
                              tick };
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
        free(vignette->maps[i].rows);
        vignette->maps[i].rows = NULL;
    }
    free(vignette->steps);
    vignette->steps = NULL;
}

/* Around a centre that lies on a sample or between two, one side is the other's mirror image. */
static struct fold fold_of(double centre, int32_t shift, int32_t count)
{
    double axis = ldexp(2 * centre, -shift);
    if (axis != floor(axis) || !(axis >= count - 1) || !(axis < 2.0 * count - 2))
        return (struct fold){ count, 0 };
    return (struct fold){ (int32_t)axis / 2 + 1, (int32_t)axis };
}

static int fill_map(struct vignette *vignette, uint32_t plane, struct fw_error *err)
{
    const struct fw_format *format = vignette->in.format;
    const struct lens lens = lens_of(vignette, NULL);
    int32_t shift_x = plane ? format->log2_chroma_w : 0;
    int32_t shift_y = plane ? format->log2_chroma_h : 0;
    int32_t width = fw_format_plane_width(format, plane, vignette->in.width);
    int32_t height = fw_format_plane_height(format, plane, vignette->in.height);
    struct map *map = &vignette->maps[plane];
    map->across = fold_of(lens.x0, shift_x, width);
    map->down = fold_of(lens.y0, shift_y, height);
    int32_t kept = map->across.kept;
    map->rows = malloc((size_t)kept * (size_t)map->down.kept * sizeof(float));
    if (!map->rows)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for %d x %d factors", kept, map->down.kept);
    for (int32_t y = 0; y < map->down.kept; y++)
        fill_row(vignette, &lens, map->rows + (ptrdiff_t)y * kept, y << shift_y, shift_x, kept);
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

/* Factors of a row of a plane: out of the map, or made in `row`; there must be room for three. */
static const float *row_of(const struct vignette *vignette, const struct lens *lens, bool small,
                           int32_t y, int32_t width, float *row)
{
    const struct map *map = &vignette->maps[small];
    if (vignette->each_frame) {
        const struct fw_format *format = vignette->in.format;
        fill_row(vignette, lens, row, small ? y << format->log2_chroma_h : y,
                 small ? format->log2_chroma_w : 0, width);
    } else {
        const struct fold *across = &map->across;
        int32_t at = y < map->down.kept ? y : map->down.axis - y;
        const float *kept = map->rows + (ptrdiff_t)at * across->kept;
        if (across->kept == width)
            return kept;
        memcpy(row, kept, (size_t)across->kept * sizeof(float));
        vignette->kernels->unfold(row, across->kept, across->axis, width);
    }
    return row;
}

/* Every factor three times, in the scratch, where they may be already: hence from the end. */
static const float *three_of_each(float *scratch, const float *factors, int32_t width)
{
    for (int32_t x = width - 1; x >= 0; x--) {
        float factor = factors[x];
        scratch[3 * x + 2] = factor;
        scratch[3 * x + 1] = factor;
        scratch[3 * x] = factor;
    }
    return scratch;
}

/* Planes of one size: where they begin in the run of the dither. */
struct shaded {
    const struct fw_image *dst;
    const struct fw_image *src;
    uint32_t plane_first;
    uint32_t plane_end;
    bool chroma;
    int32_t samples; /* of a pixel */
    struct fw_rows rows;
    uint32_t states[FW_PLANES_MAX];
};

/* The next rows of this kind lie in the direction of `step`. */
static void shade_rows(const struct vignette *vignette, const struct shaded *shaded,
                       const float *factors, int32_t y, int32_t step)
{
    int32_t max = (1 << fw_format_depth(shaded->src->format)) - 1;
    int32_t count = shaded->rows.width * shaded->samples;
    for (uint32_t plane = shaded->plane_first; plane < shaded->plane_end; plane++) {
        uint8_t *to = shaded->dst->data[plane] + y * shaded->dst->stride[plane];
        const uint8_t *from = shaded->src->data[plane] + y * shaded->src->stride[plane];
        struct fw_shade shade = {
            .steps = vignette->steps,
            .state = fw_shade_skip(shaded->states[plane], (uint64_t)y * (uint64_t)count),
            .middle = shaded->chroma ? max / 2 : 0,
            .max = max,
            .unit = !vignette->backward,
            .ahead = 2 * step * shaded->src->stride[plane],
        };
        if (max > 255)
            vignette->kernels->shade_u16((uint16_t *)(void *)to,
                                         (const uint16_t *)(const void *)from, factors, &shade,
                                         count);
        else
            vignette->kernels->shade_u8(to, from, factors, &shade, count);
    }
}

/* A row and the one that has the same factors are done together. */
static void shade_planes(const struct vignette *vignette, const struct shaded *shaded,
                         const struct lens *lens, float *scratch)
{
    const struct fw_rows *rows = &shaded->rows;
    bool small = shaded->chroma && has_small_chroma(shaded->src->format);
    const struct fold *down = &vignette->maps[small].down;
    for (int32_t y = rows->first; y < rows->end; y++) {
        int32_t twin = vignette->each_frame || down->kept == rows->height ? y : down->axis - y;
        if (twin >= rows->first && twin < y)
            continue;
        const float *factors = row_of(vignette, lens, small, y, rows->width, scratch);
        if (shaded->samples == 3)
            factors = three_of_each(scratch, factors, rows->width);
        shade_rows(vignette, shaded, factors, y, 1);
        if (twin > y && twin < rows->end)
            shade_rows(vignette, shaded, factors, twin, -1);
    }
}

static int vignette_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                         int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct vignette *vignette = self;
    const struct fw_image *src = &in->image;
    const struct fw_format *format = src->format;
    const struct lens lens = vignette->each_frame ? lens_of(vignette, in) : (struct lens){ 0 };
    struct shaded shaded = {
        .dst = &out->image,
        .src = src,
        .samples = format->plane_count == 1 && format->component_count == 3 ? 3 : 1,
    };
    uint64_t before[FW_PLANES_MAX + 1] = { 0 }; /* samples of a frame before each plane */
    for (uint32_t plane = 0; plane < format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(src, plane, row_first, row_end);
        before[plane + 1] = before[plane] +
                            (uint64_t)rows.width * (uint64_t)rows.height * (uint64_t)shaded.samples;
    }
    uint32_t first = fw_shade_skip(0, in->index * before[format->plane_count]);
    for (uint32_t plane = 0; plane < format->plane_count; plane++)
        shaded.states[plane] = fw_shade_skip(first, before[plane]);
    while (shaded.plane_end < format->plane_count) { /* the first one, then all others */
        shaded.plane_first = shaded.plane_end;
        shaded.plane_end = shaded.plane_first ? format->plane_count : 1;
        shaded.chroma = shaded.plane_first && !(format->flags & FW_FORMAT_RGB);
        shaded.rows = fw_rows_of(src, shaded.plane_first, row_first, row_end);
        shade_planes(vignette, &shaded, &lens, scratch);
    }
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
    .cpu_offset = FW_CPU_OFFSET(struct vignette, cpu),
};
