/*
 * libzimg behind scale and format.
 *
 * Components are copied into aligned planes, run through one graph for the colour planes and one
 * for alpha, and copied back. cpu_type is ZIMG_CPU_AUTO and never AUTO_64B: the 512-bit horizontal
 * resizer of zimg 3.0.4 draws wrong columns at ratios a little over 2 (854 -> 426).
 */
#include "zimage.h"

#include "check.h"
#include "format.h"
#include "image.h"
#include "kernels/interleave.h"
#include "pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zimg.h>

#define MATRIX_RGB 0
#define MATRIX_UNSPECIFIED 2
#define MATRIX_BT601 6
#define RANGE_FULL 2

/* The planes of one side. A gray side is one plane; `extra` columns and rows make odd sizes whole.
 */
struct side {
    const struct fw_format *format;
    zimg_color_family_e family;
    struct fw_samples planes[4];
    int32_t width; /* of the image */
    int32_t height;
    int32_t padded_width; /* whole chroma samples */
    int32_t padded_height;
    uint32_t depth;
    bool full;
    uint8_t matrix;
};

struct fw_zimage {
    struct side in;
    struct side out;
    zimg_filter_graph *colors;
    zimg_filter_graph *alpha;
    void *work;
    const struct fw_interleave_kernels *packing;
    struct fw_interleave in_pixel; /* parts 0: not packed, or not simply */
    struct fw_interleave out_pixel;
    bool neutral_chroma; /* gray to YUV */
    bool copy_gray;      /* gray to RGB */
};

static bool is_gray(const struct fw_format *format)
{
    return format->component_count <= 2;
}

static bool has_alpha(const struct fw_format *format)
{
    return format->component_count % 2 == 0;
}

bool fw_zimage_takes(const struct fw_format *format)
{
    const uint32_t other = FW_FORMAT_FLOAT | FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM |
                           FW_FORMAT_BAYER | FW_FORMAT_XYZ | FW_FORMAT_BIG_ENDIAN;
    if (format->flags & other)
        return false;
    if (format->plane_count == 1 && format->log2_chroma_w > 1)
        return false; /* uyyvyy411: its luma does not lie at one distance */
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        if (component->depth != format->components[0].depth || component->depth < 8 ||
            component->depth > 16)
            return false;
        if (component->depth == 8 && component->shift != 0)
            return false;
        if (component->depth > 8 &&
            (component->step % 2 || component->offset % 2 ||
             (component->shift != 0 && component->shift + component->depth != 16)))
            return false;
    }
    return true;
}

uint8_t fw_zimage_range(const struct fw_video *video)
{
    if ((video->format->flags & (FW_FORMAT_FULL_RANGE | FW_FORMAT_RGB)) || is_gray(video->format))
        return RANGE_FULL;
    return video->color.range == RANGE_FULL ? RANGE_FULL : 1;
}

static int32_t pad(int32_t size, uint32_t shift)
{
    return ((size + (1 << shift) - 1) >> shift) << shift;
}

static void set_side(struct side *side, const struct fw_video *video)
{
    const struct fw_format *format = video->format;
    bool rgb = format->flags & FW_FORMAT_RGB;
    side->format = format;
    side->family = is_gray(format) ? ZIMG_COLOR_GREY : (rgb ? ZIMG_COLOR_RGB : ZIMG_COLOR_YUV);
    side->width = video->width;
    side->height = video->height;
    side->padded_width = pad(video->width, format->log2_chroma_w);
    side->padded_height = pad(video->height, format->log2_chroma_h);
    side->depth = fw_format_depth(format);
    side->full = fw_zimage_range(video) == RANGE_FULL;
    side->matrix = rgb ? MATRIX_RGB : video->color.matrix;
    if (!rgb && (side->matrix == MATRIX_RGB || side->matrix == MATRIX_UNSPECIFIED))
        side->matrix = MATRIX_BT601;
}

static uint32_t color_planes(const struct side *side)
{
    return side->family == ZIMG_COLOR_GREY ? 1 : 3;
}

/* Planes as zimg sees them: gray, three colours or YUV, alpha last. */
static size_t place_planes(struct side *side, uint8_t *base)
{
    size_t used = 0;
    uint32_t count = side->format->component_count;
    /* RGB turned gray passes through three YUV planes of its own. */
    uint32_t planes = color_planes(side) + (has_alpha(side->format) ? 1u : 0u);
    for (uint32_t i = 0; i < planes; i++) {
        struct fw_samples *samples = &side->planes[i];
        uint32_t component = i < count ? i : 0;
        samples->width = fw_samples_width(side->format, component, side->padded_width);
        samples->height = fw_samples_height(side->format, component, side->padded_height);
        size_t stride = ((size_t)samples->width * (side->depth > 8 ? 2 : 1) + 127) / 64 * 64;
        samples->stride = (ptrdiff_t)stride;
        samples->data = base ? base + used : NULL;
        used += stride * (size_t)samples->height + FW_IMAGE_GUARD;
        used = (used + 63) / 64 * 64;
    }
    return used;
}

static zimg_chroma_location_e chroma_location(const struct fw_video *video)
{
    uint8_t tag = video->color.chroma_location;
    if (tag >= 1 && tag <= 6)
        return (zimg_chroma_location_e)(tag - 1);
    return video->format->flags & FW_FORMAT_FULL_RANGE ? ZIMG_CHROMA_CENTER : ZIMG_CHROMA_LEFT;
}

static void describe(zimg_image_format *format, const struct side *side,
                     const struct fw_video *video, zimg_color_family_e family)
{
    zimg_image_format_default(format, ZIMG_API_VERSION);
    bool grey = family == ZIMG_COLOR_GREY;
    format->width = (unsigned)(grey ? side->width : side->padded_width);
    format->height = (unsigned)(grey ? side->height : side->padded_height);
    format->pixel_type = side->depth > 8 ? ZIMG_PIXEL_WORD : ZIMG_PIXEL_BYTE;
    format->depth = side->depth;
    format->color_family = family;
    format->pixel_range = side->full ? ZIMG_RANGE_FULL : ZIMG_RANGE_LIMITED;
    format->matrix_coefficients = grey || family == ZIMG_COLOR_RGB
                                      ? (grey ? ZIMG_MATRIX_UNSPECIFIED : ZIMG_MATRIX_RGB)
                                      : (zimg_matrix_coefficients_e)side->matrix;
    if (family == ZIMG_COLOR_YUV) {
        format->subsample_w = side->format->log2_chroma_w;
        format->subsample_h = side->format->log2_chroma_h;
        format->chroma_location = chroma_location(video);
    }
}

static void set_kernel(zimg_graph_builder_params *params, enum fw_zimage_kernel kernel)
{
    static const zimg_resample_filter_e filters[] = {
        ZIMG_RESIZE_BICUBIC,  ZIMG_RESIZE_POINT,    ZIMG_RESIZE_BILINEAR, ZIMG_RESIZE_LANCZOS,
        ZIMG_RESIZE_SPLINE16, ZIMG_RESIZE_SPLINE36, ZIMG_RESIZE_SPLINE64,
    };
    params->resample_filter = filters[kernel];
    params->resample_filter_uv = filters[kernel];
    if (kernel == FW_ZIMAGE_BICUBIC) {
        params->filter_param_a = params->filter_param_a_uv = 0.0;
        params->filter_param_b = params->filter_param_b_uv = 0.6;
    } else if (kernel == FW_ZIMAGE_LANCZOS) {
        params->filter_param_a = params->filter_param_a_uv = 3.0;
    }
}

static int build(zimg_filter_graph **graph, const zimg_image_format *in,
                 const zimg_image_format *out, enum fw_zimage_kernel kernel, bool portable,
                 struct fw_error *err)
{
    char text[256] = "";
    zimg_graph_builder_params params;
    zimg_graph_builder_params_default(&params, ZIMG_API_VERSION);
    set_kernel(&params, kernel);
    params.cpu_type = portable ? ZIMG_CPU_NONE : ZIMG_CPU_AUTO;
    params.dither_type = in->depth > out->depth ? ZIMG_DITHER_ORDERED : ZIMG_DITHER_NONE;
    *graph = zimg_filter_graph_build(in, out, &params);
    if (*graph)
        return FW_OK;
    zimg_error_code_e code = zimg_get_last_error(text, sizeof(text));
    return fw_fail(err, code == ZIMG_ERROR_OUT_OF_MEMORY ? FW_ERR_MEMORY : FW_ERR_USAGE,
                   "zimg cannot do this conversion: %s", text);
}

/* The part of the padded input that becomes the padded output, so that the scale stays in/out. */
static void set_region(zimg_image_format *format, const struct side *in, const struct side *out)
{
    format->active_region.left = 0;
    format->active_region.top = 0;
    format->active_region.width = (double)in->width * out->padded_width / out->width;
    format->active_region.height = (double)in->height * out->padded_height / out->height;
}

static int build_graphs(struct fw_zimage *zimage, const struct fw_video *in,
                        const struct fw_video *out, enum fw_zimage_kernel kernel, bool portable,
                        struct fw_error *err)
{
    zimg_image_format from;
    zimg_image_format to;
    zimg_color_family_e in_family = zimage->in.family;
    zimg_color_family_e out_family = zimage->out.family;
    if (in_family == ZIMG_COLOR_GREY ||
        (out_family == ZIMG_COLOR_GREY && in_family == ZIMG_COLOR_YUV))
        in_family = out_family = ZIMG_COLOR_GREY;
    describe(&from, &zimage->in, in, in_family);
    describe(&to, &zimage->out, out,
             out_family == ZIMG_COLOR_GREY && in_family == ZIMG_COLOR_RGB ? ZIMG_COLOR_YUV
                                                                          : out_family);
    if (in_family != ZIMG_COLOR_GREY)
        set_region(&from, &zimage->in, &zimage->out);
    int status = build(&zimage->colors, &from, &to, kernel, portable, err);
    if (status < 0 || !has_alpha(in->format) || !has_alpha(out->format))
        return status;
    describe(&from, &zimage->in, in, ZIMG_COLOR_GREY);
    describe(&to, &zimage->out, out, ZIMG_COLOR_GREY);
    from.pixel_range = to.pixel_range = ZIMG_RANGE_FULL;
    return build(&zimage->alpha, &from, &to, kernel, portable, err);
}

/* Gray out of RGB needs somewhere for the chroma that nobody wants: it is given alpha-sized planes
 * behind the luma plane. */
static void widen_gray_target(struct side *out)
{
    if (out->family == ZIMG_COLOR_GREY)
        out->family = ZIMG_COLOR_YUV;
}

static int take_work(struct fw_zimage *zimage, struct fw_error *err)
{
    size_t tmp = 0;
    size_t more = 0;
    (void)zimg_filter_graph_get_tmp_size(zimage->colors, &tmp);
    if (zimage->alpha)
        (void)zimg_filter_graph_get_tmp_size(zimage->alpha, &more);
    tmp = ((tmp > more ? tmp : more) + 127) / 64 * 64;
    size_t in_bytes = place_planes(&zimage->in, NULL);
    size_t out_bytes = place_planes(&zimage->out, NULL);
    zimage->work = aligned_alloc(64, tmp + in_bytes + out_bytes);
    if (!zimage->work)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a conversion");
    memset(zimage->work, 0, tmp + in_bytes + out_bytes);
    (void)place_planes(&zimage->in, (uint8_t *)zimage->work + tmp);
    (void)place_planes(&zimage->out, (uint8_t *)zimage->work + tmp + in_bytes);
    return FW_OK;
}

/* Packed RGB whose pixel holds its components and nothing else. */
static void set_pixel(struct fw_interleave *pixel, const struct fw_format *format)
{
    int32_t parts = format->component_count;
    int32_t bytes = format->components[0].depth > 8 ? 2 : 1;
    bool packed = format->plane_count == 1 && (parts == 3 || parts == 4) &&
                  (format->flags & FW_FORMAT_RGB) && format->components[0].step == parts * bytes &&
                  format->components[0].shift == 0;
    if (!packed)
        return;
    pixel->parts = parts;
    pixel->sample_bytes = bytes;
    for (int32_t i = 0; i < parts; i++)
        pixel->place[i] = format->components[i].offset / bytes;
    fw_interleave_init(pixel);
}

int fw_zimage_open(struct fw_zimage **zimage_out, const struct fw_video *in,
                   const struct fw_video *out, enum fw_zimage_kernel kernel, bool portable,
                   struct fw_error *err)
{
    struct fw_zimage *zimage = calloc(1, sizeof(*zimage));
    *zimage_out = NULL;
    if (!zimage)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a conversion");
    set_side(&zimage->in, in);
    set_side(&zimage->out, out);
    set_pixel(&zimage->in_pixel, in->format);
    set_pixel(&zimage->out_pixel, out->format);
    zimage->packing = fw_interleave_kernels(portable ? FW_CPU_C : (int)fw_cpu_detect());
    if (zimage->out.format->flags & FW_FORMAT_RGB)
        zimage->out.matrix = MATRIX_RGB;
    else if (zimage->in.family == ZIMG_COLOR_RGB && out->color.matrix == MATRIX_UNSPECIFIED)
        zimage->out.matrix = MATRIX_BT601;
    int status = build_graphs(zimage, in, out, kernel, portable, err);
    bool gray_in = zimage->in.family == ZIMG_COLOR_GREY;
    zimage->neutral_chroma = gray_in && zimage->out.family == ZIMG_COLOR_YUV;
    zimage->copy_gray = gray_in && zimage->out.family == ZIMG_COLOR_RGB;
    if (zimage->in.family == ZIMG_COLOR_RGB)
        widen_gray_target(&zimage->out);
    if (status == FW_OK)
        status = take_work(zimage, err);
    if (status < 0) {
        fw_zimage_close(zimage);
        return status;
    }
    *zimage_out = zimage;
    return FW_OK;
}

static int run_graph(const zimg_filter_graph *graph, const struct side *in, const struct side *out,
                     uint32_t in_first, uint32_t out_first, void *tmp, struct fw_error *err)
{
    zimg_image_buffer_const from = { .version = ZIMG_API_VERSION };
    zimg_image_buffer to = { .version = ZIMG_API_VERSION };
    for (uint32_t i = 0; i < 3; i++) {
        const struct fw_samples *a = &in->planes[in_first + i < 4 ? in_first + i : 3];
        const struct fw_samples *b = &out->planes[out_first + i < 4 ? out_first + i : 3];
        from.plane[i].data = a->data;
        from.plane[i].stride = a->stride;
        from.plane[i].mask = ZIMG_BUFFER_MAX;
        to.plane[i].data = b->data;
        to.plane[i].stride = b->stride;
        to.plane[i].mask = ZIMG_BUFFER_MAX;
    }
    if (zimg_filter_graph_process(graph, &from, &to, tmp, NULL, NULL, NULL, NULL) == 0)
        return FW_OK;
    char text[256] = "";
    (void)zimg_get_last_error(text, sizeof(text));
    return fw_fail(err, FW_ERR_FILTER, "zimg failed: %s", text);
}

static void fill_plane(const struct fw_samples *samples, uint32_t depth, uint32_t value)
{
    for (int32_t y = 0; y < samples->height; y++) {
        uint8_t *row = samples->data + y * samples->stride;
        uint16_t *words = (uint16_t *)(void *)row;
        for (int32_t x = 0; x < samples->width; x++) {
            if (depth > 8)
                words[x] = (uint16_t)value;
            else
                row[x] = (uint8_t)value;
        }
    }
}

static uint32_t alpha_component(const struct fw_format *format)
{
    return format->component_count - 1u;
}

/* A plane that zimg can use where it is: aligned, of whole registers, and as large as it wants it.
 */
static bool lend(struct fw_samples *samples, const struct fw_image *image, uint32_t index)
{
    const struct fw_component *component = &image->format->components[index];
    size_t unit = component->depth > 8 ? 2 : 1;
    uint8_t *data = image->data[component->plane];
    ptrdiff_t stride = image->stride[component->plane];
    bool fits = component->step == unit && component->shift == 0 && component->offset == 0 &&
                samples->width == fw_samples_width(image->format, index, image->width) &&
                samples->height == fw_samples_height(image->format, index, image->height) &&
                (uintptr_t)data % 64 == 0 && stride > 0 && stride % 64 == 0 &&
                (size_t)samples->width * unit % 64 == 0;
    if (fits)
        *samples = (struct fw_samples){ data, stride, samples->width, samples->height };
    return fits;
}

/* Copies packed pixels to or from all planes at once. */
static void repack(const struct fw_zimage *zimage, const struct side *side,
                   const struct fw_image *image, bool join)
{
    const struct fw_interleave *pixel = join ? &zimage->out_pixel : &zimage->in_pixel;
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *rows[FW_INTERLEAVE_PARTS] = { NULL };
        uint8_t *row = image->data[0] + y * image->stride[0];
        for (int32_t i = 0; i < pixel->parts; i++)
            rows[i] = side->planes[i].data + y * side->planes[i].stride;
        if (join)
            zimage->packing->join(pixel, row, (const uint8_t *const *)rows, image->width);
        else
            zimage->packing->split(pixel, rows, row, image->width);
    }
}

static void put_result(struct fw_zimage *zimage, const struct side *side,
                       const struct fw_image *out, uint32_t lent)
{
    uint32_t colors = is_gray(side->format) ? 1 : 3;
    bool filler = side->format->plane_count == 1 &&
                  side->format->components[0].step >
                      side->format->component_count * (side->depth > 8 ? 2u : 1u) &&
                  (side->format->flags & FW_FORMAT_RGB);
    for (int32_t y = 0; filler && y < out->height; y++)
        memset(out->data[0] + y * out->stride[0], 0xFF,
               fw_format_row_bytes(side->format, 0, out->width));
    const struct fw_samples *alpha = &side->planes[color_planes(side)];
    if (has_alpha(side->format) && !zimage->alpha)
        fill_plane(alpha, side->depth, (1u << side->depth) - 1);
    if (zimage->out_pixel.parts && !zimage->copy_gray) {
        repack(zimage, side, out, true);
        return;
    }
    for (uint32_t i = 0; i < colors; i++) {
        uint32_t plane = zimage->copy_gray ? 0 : i;
        if (zimage->neutral_chroma && i > 0)
            fill_plane(&side->planes[i], side->depth, 1u << (side->depth - 1));
        if (!(lent & 1u << plane) || zimage->copy_gray)
            fw_samples_put(&side->planes[plane], out, i);
    }
    if (has_alpha(side->format))
        fw_samples_put(alpha, out, alpha_component(side->format));
}

static void take_colors(struct fw_zimage *zimage, struct side *side, const struct fw_image *in)
{
    if (zimage->in_pixel.parts) {
        repack(zimage, side, in, false);
        return;
    }
    for (uint32_t i = 0; i < color_planes(side); i++) {
        if (!lend(&side->planes[i], in, i))
            fw_samples_take(&side->planes[i], in, i);
    }
}

/* Colours that can go where they belong; the others, and alpha, by way of planes of this one's own.
 * A bit for each that does. */
static uint32_t lend_colors(const struct fw_zimage *zimage, struct side *side,
                            const struct fw_image *out)
{
    uint32_t lent = 0;
    uint32_t colors = is_gray(side->format) || zimage->copy_gray ? 1 : 3;
    for (uint32_t i = 0; i < colors && !zimage->copy_gray && !zimage->out_pixel.parts; i++)
        lent |= lend(&side->planes[i], out, i) ? 1u << i : 0;
    return lent;
}

int fw_zimage_process(struct fw_zimage *zimage, const struct fw_image *in,
                      const struct fw_image *out, struct fw_error *err)
{
    struct side from = zimage->in;
    struct side to = zimage->out;
    uint32_t colors = color_planes(&from);
    take_colors(zimage, &from, in);
    uint32_t lent = lend_colors(zimage, &to, out);
    int status = run_graph(zimage->colors, &from, &to, 0, 0, zimage->work, err);
    if (status == FW_OK && zimage->alpha) {
        if (!zimage->in_pixel.parts)
            fw_samples_take(&from.planes[colors], in, alpha_component(from.format));
        status = run_graph(zimage->alpha, &from, &to, colors, color_planes(&to), zimage->work, err);
    }
    if (status == FW_OK)
        put_result(zimage, &to, out, lent);
    return status;
}

void fw_zimage_close(struct fw_zimage *zimage)
{
    if (!zimage)
        return;
    zimg_filter_graph_free(zimage->colors);
    zimg_filter_graph_free(zimage->alpha);
    free(zimage->work);
    free(zimage);
}
