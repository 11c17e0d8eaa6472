/*
 * Resizing plane by plane: for every output row, the input rows that it covers are blended into one
 * row of 16-bit samples, which stays in the first cache and is stretched to the output's width.
 * Pixels of several samples are taken apart in between.
 */
#include "resize.h"

#include "format.h"
#include "weights.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 12
#define ALIGN 64
#define UNITS_MAX 4

/* Planes of the same size share it. */
struct direction {
    struct fw_weights columns;
    struct fw_weights rows;
    bool copies; /* nothing moves */
};

struct fw_resize {
    const struct fw_format *format;
    int32_t depth;
    const struct fw_resample_kernels *kernels;
    struct direction luma;
    struct direction chroma;
    uint8_t *memory;
    int16_t *blended;           /* a row as it is in the image */
    int16_t *split[UNITS_MAX];  /* its components, with room for repeated edges around them */
    uint8_t *narrow[UNITS_MAX]; /* stretched components */
};

bool fw_resize_takes_format(const struct fw_format *format)
{
    const uint32_t other = FW_FORMAT_FLOAT | FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM |
                           FW_FORMAT_BAYER | FW_FORMAT_XYZ | FW_FORMAT_BIG_ENDIAN;
    bool shared_chroma = format->plane_count == 1 && format->component_count >= 3 &&
                         format->log2_chroma_w > 0;
    bool fits = !(format->flags & other) && !shared_chroma;
    for (uint32_t i = 0; i < format->component_count && fits; i++) {
        const struct fw_component *component = &format->components[i];
        int32_t bytes = component->depth > 8 ? 2 : 1;
        fits = component->depth == format->components[0].depth && component->shift == 0 &&
               component->depth >= 8 && component->depth <= DEPTH_MAX &&
               component->step % bytes == 0 && component->offset % bytes == 0 &&
               component->step / bytes <= UNITS_MAX;
    }
    return fits;
}

/* The same, or planar YUV that has its chroma in other places. */
static bool is_near(const struct fw_format *a, const struct fw_format *b)
{
    const uint32_t other = FW_FORMAT_RGB | FW_FORMAT_PLANAR;
    return a == b ||
           (a->flags == b->flags && (a->flags & other) == FW_FORMAT_PLANAR &&
            a->component_count == b->component_count && a->component_count >= 3 &&
            a->plane_count == b->plane_count && a->components[0].depth == b->components[0].depth &&
            fw_resize_takes_format(b));
}

bool fw_resize_takes(const struct fw_video *in, const struct fw_video *out,
                     enum fw_zimage_kernel kernel)
{
    double x = (double)in->width / out->width, y = (double)in->height / out->height;
    x *= (double)(1 << out->format->log2_chroma_w) / (1 << in->format->log2_chroma_w) > 1 ? 4 : 1;
    y *= (double)(1 << out->format->log2_chroma_h) / (1 << in->format->log2_chroma_h) > 1 ? 4 : 1;
    return kernel != FW_ZIMAGE_POINT && is_near(in->format, out->format) &&
           fw_resize_takes_format(in->format) &&
           fw_weights_taps(x, kernel) <= FW_WEIGHTS_TAPS_MAX &&
           fw_weights_taps(y, kernel) <= FW_WEIGHTS_TAPS_MAX;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Where in luma samples, from the edge, the middle of the first chroma sample of `1 << shift` lies:
 * on the first of them, on the last, or between. */
enum site { FIRST, MIDDLE, LAST };

static double site_of(uint32_t shift, enum site site)
{
    double unit = 1 << shift;
    return site == FIRST ? 0.5 : site == LAST ? unit - 0.5 : unit / 2;
}

static struct fw_weights_request request_for(int32_t in, int32_t out, uint32_t in_shift,
                                             uint32_t out_shift, enum site site)
{
    double ratio = (double)in / out, unit = 1 << in_shift;
    return (struct fw_weights_request){
        .source = (in + (1 << in_shift) - 1) >> in_shift,
        .count = (out + (1 << out_shift) - 1) >> out_shift,
        .offset = (site_of(out_shift, site) * ratio - site_of(in_shift, site)) / unit,
        .step = ratio * (1 << out_shift) / unit,
    };
}

static int plan(struct direction *direction, const struct fw_video *in, const struct fw_video *out,
                bool chroma, enum fw_zimage_kernel kernel, struct fw_error *err)
{
    const struct fw_format *a = in->format, *b = out->format;
    uint8_t place = in->color.chroma_location;
    bool left = place == 1 || place == 3 || place == 5 ||
                (place == 0 && !(a->flags & FW_FORMAT_FULL_RANGE));
    enum site down = place == 3 || place == 4 ? FIRST : place >= 5 ? LAST : MIDDLE;
    struct fw_weights_request columns = request_for(
        in->width, out->width, chroma ? a->log2_chroma_w : 0, chroma ? b->log2_chroma_w : 0,
        left ? FIRST : MIDDLE);
    struct fw_weights_request rows = request_for(in->height, out->height,
                                                 chroma ? a->log2_chroma_h : 0,
                                                 chroma ? b->log2_chroma_h : 0, down);
    columns.kernel = rows.kernel = kernel;
    direction->copies = columns.step == 1 && columns.offset == 0 && rows.step == 1 &&
                        rows.offset == 0;
    int status = fw_weights_init(&direction->columns, &columns, err);
    return status == FW_OK ? fw_weights_init(&direction->rows, &rows, err) : status;
}

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static int take_memory(struct fw_resize *resize, const struct fw_video *in,
                       const struct fw_video *out, struct fw_error *err)
{
    const struct fw_weights *a = &resize->luma.columns, *b = &resize->chroma.columns;
    int32_t before = a->before > b->before ? a->before : b->before;
    int32_t after = a->after > b->after ? a->after : b->after;
    size_t edges = round_up((size_t)before * 2);
    size_t whole = round_up((size_t)in->width * UNITS_MAX * 2);
    size_t split = edges + round_up(((size_t)in->width + (size_t)after + FW_RESAMPLE_SPARE) * 2);
    size_t narrow = round_up((size_t)out->width * 2);
    resize->memory = aligned_alloc(ALIGN, whole + UNITS_MAX * (split + narrow));
    if (!resize->memory)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a row");
    memset(resize->memory, 0, whole + UNITS_MAX * (split + narrow));
    uint8_t *at = resize->memory;
    resize->blended = (int16_t *)(void *)at;
    at += whole;
    for (uint32_t i = 0; i < UNITS_MAX; i++, at += split + narrow) {
        resize->split[i] = (int16_t *)(void *)(at + edges);
        resize->narrow[i] = at + split;
    }
    return FW_OK;
}

int fw_resize_open(struct fw_resize **resize_out, const struct fw_video *in,
                   const struct fw_video *out, enum fw_zimage_kernel kernel, int cpu,
                   struct fw_error *err)
{
    struct fw_resize *resize = calloc(1, sizeof(*resize));
    *resize_out = NULL;
    if (!resize)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a resizing");
    resize->format = in->format;
    resize->depth = (int32_t)fw_format_depth(in->format);
    resize->kernels = fw_resample_kernels(cpu);
    int status = plan(&resize->luma, in, out, false, kernel, err);
    if (status == FW_OK)
        status = plan(&resize->chroma, in, out, true, kernel, err);
    if (status == FW_OK)
        status = take_memory(resize, in, out, err);
    if (status < 0) {
        fw_resize_close(resize);
        return status;
    }
    *resize_out = resize;
    return FW_OK;
}

void fw_resize_close(struct fw_resize *resize)
{
    if (!resize)
        return;
    fw_weights_deinit(&resize->luma.columns);
    fw_weights_deinit(&resize->luma.rows);
    fw_weights_deinit(&resize->chroma.columns);
    fw_weights_deinit(&resize->chroma.rows);
    free(resize->memory);
    free(resize);
}

/* ---- one row -------------------------------------------------------------------------------- */

struct plane {
    const uint8_t *src;
    uint8_t *dst;
    ptrdiff_t src_stride;
    ptrdiff_t dst_stride;
    int32_t width; /* of the source, in pixels */
    int32_t height;
    int32_t units; /* samples of a pixel */
    const struct direction *direction;
};

static void blend_row(const struct fw_resize *resize, const struct plane *plane, int32_t y,
                      int16_t *to)
{
    const struct fw_resample_line *line = &plane->direction->rows.line;
    const uint8_t *rows[FW_WEIGHTS_TAPS_MAX];
    const uint16_t *words[FW_WEIGHTS_TAPS_MAX];
    const int16_t *weights = line->weights + (ptrdiff_t)y * line->row;
    int32_t count = plane->width * plane->units;
    for (int32_t k = 0; k < line->taps; k++) {
        int32_t row = line->first[y] + k;
        row = row < 0 ? 0 : row >= plane->height ? plane->height - 1 : row;
        rows[k] = plane->src + row * plane->src_stride;
        words[k] = (const uint16_t *)(const void *)rows[k];
    }
    if (resize->depth > 8)
        resize->kernels->blend_u16(to, words, weights, line->taps, count, resize->depth);
    else
        resize->kernels->blend_u8(to, rows, weights, line->taps, count);
}

static void repeat_edges(int16_t *row, int32_t width, const struct fw_weights *columns)
{
    for (int32_t x = 1; x <= columns->before; x++)
        row[-x] = row[0];
    for (int32_t x = 0; x < columns->after; x++)
        row[width + x] = row[width - 1];
}

static void split_row(const struct fw_resize *resize, const struct plane *plane)
{
    const int16_t *from = resize->blended;
    for (int32_t unit = 0; unit < plane->units; unit++) {
        int16_t *to = resize->split[unit];
        for (ptrdiff_t x = 0; x < plane->width; x++)
            to[x] = from[x * plane->units + unit];
    }
}

static void merge_row(const struct fw_resize *resize, const struct plane *plane, uint8_t *to)
{
    int32_t count = plane->direction->columns.line.count;
    for (int32_t unit = 0; unit < plane->units; unit++) {
        const uint8_t *from = resize->narrow[unit];
        const uint16_t *words = (const uint16_t *)(const void *)from;
        uint16_t *wide = (uint16_t *)(void *)to;
        for (ptrdiff_t x = 0; x < count && resize->depth > 8; x++)
            wide[x * plane->units + unit] = words[x];
        for (ptrdiff_t x = 0; x < count && resize->depth == 8; x++)
            to[x * plane->units + unit] = from[x];
    }
}

static void stretch_row(const struct fw_resize *resize, const int16_t *from, uint8_t *to,
                        const struct fw_resample_line *line)
{
    if (resize->depth > 8)
        resize->kernels->stretch_u16((uint16_t *)(void *)to, from, line, resize->depth);
    else
        resize->kernels->stretch_u8(to, from, line);
}

static void resize_plane(const struct fw_resize *resize, const struct plane *plane)
{
    const struct fw_weights *columns = &plane->direction->columns;
    int32_t rows = plane->direction->rows.line.count;
    for (int32_t y = 0; y < rows; y++) {
        uint8_t *to = plane->dst + y * plane->dst_stride;
        bool several = plane->units > 1;
        blend_row(resize, plane, y, several ? resize->blended : resize->split[0]);
        if (several)
            split_row(resize, plane);
        for (int32_t unit = 0; unit < plane->units; unit++) {
            repeat_edges(resize->split[unit], plane->width, columns);
            stretch_row(resize, resize->split[unit], several ? resize->narrow[unit] : to,
                        &columns->line);
        }
        if (several)
            merge_row(resize, plane, to);
    }
}

static void copy_plane(const struct plane *plane, size_t bytes)
{
    for (int32_t y = 0; y < plane->height; y++)
        memcpy(plane->dst + y * plane->dst_stride, plane->src + y * plane->src_stride, bytes);
}

void fw_resize_process(struct fw_resize *resize, const struct fw_image *in,
                       const struct fw_image *out)
{
    const struct fw_format *format = resize->format;
    int32_t sample = resize->depth > 8 ? 2 : 1;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        bool chroma = (i == 1 || i == 2) && !(format->flags & FW_FORMAT_RGB);
        struct plane plane = {
            .src = in->data[i],
            .dst = out->data[i],
            .src_stride = in->stride[i],
            .dst_stride = out->stride[i],
            .width = fw_format_plane_width(format, i, in->width),
            .height = fw_format_plane_height(format, i, in->height),
            .direction = chroma ? &resize->chroma : &resize->luma,
        };
        size_t bytes = fw_format_row_bytes(format, i, in->width);
        plane.units = (int32_t)(bytes / (size_t)plane.width) / sample;
        if (plane.direction->copies)
            copy_plane(&plane, bytes);
        else
            resize_plane(resize, &plane);
    }
}
