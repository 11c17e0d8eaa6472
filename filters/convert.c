/* libswscale, set up the way libavfilter 5.1's scale sets it up when ffmpeg inserts it. */
#include "convert.h"

#include "check.h"
#include "format.h"
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define MATRIX_UNSPECIFIED 2
#define MATRIX_BT601 6
#define RANGE_LIMITED 1
#define RANGE_FULL 2
#define SWS_DITHER_NONE 0 /* values of its option sws_dither */
#define SWS_DITHER_DIFFUSION 3

struct fw_convert {
    struct SwsContext *sws;
    struct fw_video in;
    struct fw_video out;
    bool diffuses; /* the error of the last frame's last row would run on into the next frame */
    bool clears;
    struct fw_image copy; /* of the input, where libswscale reads one pixel beyond a row */
    void *copy_block;
};

static enum AVPixelFormat to_av(const struct fw_format *format)
{
    return av_get_pix_fmt(format->name);
}

static bool is_rgb(const struct fw_format *format)
{
    return format->flags & (FW_FORMAT_RGB | FW_FORMAT_PALETTE | FW_FORMAT_XYZ);
}

static bool is_gray(const struct fw_format *format)
{
    return format->component_count <= 2 && !is_rgb(format);
}

int fw_convert_plan(const struct fw_video *in, const struct fw_format *format, struct fw_video *out,
                    struct fw_error *err)
{
    if (!sws_isSupportedInput(to_av(in->format)) || !sws_isSupportedOutput(to_av(format)))
        return fw_fail(err, FW_ERR_USAGE, "there is no conversion from %s to %s", in->format->name,
                       format->name);
    *out = *in;
    out->format = format;
    if (is_rgb(format)) {
        out->color.matrix = 0;
        out->color.range = RANGE_FULL;
    } else if (is_rgb(in->format)) {
        out->color.matrix = MATRIX_BT601;
        out->color.range = RANGE_LIMITED;
    } else if (in->color.range == RANGE_FULL && !is_gray(format)) {
        out->color.range = RANGE_LIMITED;
    }
    if ((format->flags & FW_FORMAT_FULL_RANGE) || is_gray(format))
        out->color.range = RANGE_FULL;
    return FW_OK;
}

/* ffmpeg's scale places chroma of 4:2:0 vertically at its usual 128 and leaves the rest open. */
static void set_sizes(struct SwsContext *sws, const struct fw_video *in, const struct fw_video *out)
{
    (void)av_opt_set_int(sws, "sws_flags", SWS_BICUBIC, 0);
    (void)av_opt_set_int(sws, "srcw", in->width, 0);
    (void)av_opt_set_int(sws, "srch", in->height, 0);
    (void)av_opt_set_int(sws, "src_format", to_av(in->format), 0);
    (void)av_opt_set_int(sws, "dstw", out->width, 0);
    (void)av_opt_set_int(sws, "dsth", out->height, 0);
    (void)av_opt_set_int(sws, "dst_format", to_av(out->format), 0);
    if (strcmp(in->format->name, "yuv420p") == 0)
        (void)av_opt_set_int(sws, "src_v_chr_pos", 128, 0);
    if (strcmp(out->format->name, "yuv420p") == 0)
        (void)av_opt_set_int(sws, "dst_v_chr_pos", 128, 0);
}

static void set_colors(struct SwsContext *sws, const struct fw_video *in)
{
    int *inverse;
    int *table;
    int in_full;
    int out_full;
    int brightness;
    int contrast;
    int saturation;
    if (sws_getColorspaceDetails(sws, &inverse, &in_full, &table, &out_full, &brightness, &contrast,
                                 &saturation) < 0)
        return;
    int matrix = in->color.matrix;
    if (matrix < 1 || matrix > 10 || matrix == 8)
        matrix = MATRIX_UNSPECIFIED;
    const int *coefficients = sws_getCoefficients(matrix);
    if (in->color.range != 0)
        in_full = in->color.range == RANGE_FULL;
    (void)sws_setColorspaceDetails(sws, coefficients, in_full, coefficients, out_full, brightness,
                                   contrast, saturation);
}

static int open_context(struct fw_convert *convert, struct fw_error *err)
{
    const struct fw_video *in = &convert->in;
    const struct fw_video *out = &convert->out;
    int64_t dither = SWS_DITHER_NONE;
    sws_freeContext(convert->sws);
    convert->sws = sws_alloc_context();
    if (!convert->sws)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a pixel conversion");
    set_sizes(convert->sws, in, out);
    if (sws_init_context(convert->sws, NULL, NULL) < 0)
        return fw_fail(err, FW_ERR_USAGE, "libswscale cannot convert %dx%d %s to %s", in->width,
                       in->height, in->format->name, out->format->name);
    set_colors(convert->sws, in);
    (void)av_opt_get_int(convert->sws, "sws_dither", 0, &dither);
    convert->diffuses = dither == SWS_DITHER_DIFFUSION;
    return FW_OK;
}

/* Between packed and planar 4:2:0 some of its loops leave the last chroma of odd sizes unwritten,
 * and from 4:2:0 to RGB the last column of odd widths; in ffmpeg it stays as a new frame has it. */
static bool leaves_holes(const struct fw_video *in, const struct fw_video *out)
{
    return (in->width % 2 || in->height % 2) &&
           (out->format->log2_chroma_w || out->format->log2_chroma_h ||
            ((is_rgb(out->format) || (out->format->flags & FW_FORMAT_BITSTREAM)) &&
             in->format->log2_chroma_w));
}

static void clear(const struct fw_image *image)
{
    for (uint32_t plane = 0; plane < image->format->plane_count; plane++) {
        size_t bytes = fw_format_row_bytes(image->format, plane, image->width);
        int32_t rows = fw_format_plane_height(image->format, plane, image->height);
        for (int32_t y = 0; y < rows; y++)
            memset(image->data[plane] + y * image->stride[plane], 0, bytes);
    }
}

int fw_convert_open(struct fw_convert **convert_out, const struct fw_video *in,
                    const struct fw_video *out, struct fw_error *err)
{
    struct fw_convert *convert = calloc(1, sizeof(*convert));
    *convert_out = NULL;
    if (!convert)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a pixel conversion");
    convert->in = *in;
    convert->out = *out;
    convert->clears = leaves_holes(in, out);
    int status = open_context(convert, err);
    if (status == FW_OK && fw_image_wants_edge(in)) {
        convert->copy_block = fw_image_take_with_edge(&convert->copy, in);
        if (!convert->copy_block)
            status = fw_fail(err, FW_ERR_MEMORY, "no memory for a pixel conversion");
    }
    if (status < 0) {
        fw_convert_close(convert);
        return status;
    }
    *convert_out = convert;
    return FW_OK;
}

int fw_convert_process(struct fw_convert *convert, const struct fw_image *in,
                       const struct fw_image *out, struct fw_error *err)
{
    const uint8_t *data[FW_PLANES_MAX];
    uint8_t *data_out[FW_PLANES_MAX];
    int stride[FW_PLANES_MAX];
    int stride_out[FW_PLANES_MAX];
    if (convert->diffuses) {
        int status = open_context(convert, err);
        if (status < 0)
            return status;
    }
    if (convert->clears)
        clear(out);
    if (convert->copy_block) {
        fw_image_copy_with_edge(&convert->copy, in);
        in = &convert->copy;
    }
    for (uint32_t i = 0; i < FW_PLANES_MAX; i++) {
        data[i] = in->data[i];
        data_out[i] = out->data[i];
        stride[i] = (int)in->stride[i];
        stride_out[i] = (int)out->stride[i];
    }
    if (sws_scale(convert->sws, data, stride, 0, in->height, data_out, stride_out) < 0)
        return fw_fail(err, FW_ERR_FILTER, "libswscale failed to convert %s to %s",
                       in->format->name, out->format->name);
    return FW_OK;
}

void fw_convert_close(struct fw_convert *convert)
{
    if (!convert)
        return;
    sws_freeContext(convert->sws);
    free(convert->copy_block);
    free(convert);
}

const struct fw_format *
fw_convert_nearest(const struct fw_format *from,
                   bool (*accepts)(void *opaque, const struct fw_format *format), void *opaque)
{
    /* libavfilter's own test for "has alpha" when it picks a format: an even component count. */
    int has_alpha = from->component_count % 2 == 0;
    enum AVPixelFormat best = AV_PIX_FMT_NONE;
    for (uint32_t i = 0; i < fw_format_count(); i++) {
        const struct fw_format *format = fw_format_at(i);
        if (format == from || !sws_isSupportedOutput(to_av(format)) || !accepts(opaque, format))
            continue;
        best = best == AV_PIX_FMT_NONE
                   ? to_av(format)
                   : av_find_best_pix_fmt_of_2(best, to_av(format), to_av(from), has_alpha, NULL);
    }
    return best == AV_PIX_FMT_NONE ? NULL : fw_format_find(av_get_pix_fmt_name(best));
}
