/*
 * thumb: a small picture with square pixels. Shrinking by much is done in two steps, as image
 * libraries do: the mean over whole areas down to twice the size, then Lanczos.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "image.h"
#include "resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TWO_STEPS 4.0 /* from this ratio on */
#define SECOND_STEP 2.0

enum { FIT, FILL, CROP };

struct thumb {
    char *size_text;
    int64_t mode;
    int32_t enlarge;

    int32_t left; /* of the part that is shown */
    int32_t top;
    struct fw_video part;
    struct fw_video between;
    struct fw_video out;
    struct fw_resize *first; /* NULL: one step */
    struct fw_resize *last;
    struct fw_image middle;
    void *memory;
    int32_t cpu;
};

static const struct fw_choice thumb_modes[] = {
    { "fit", FIT, "all of the picture, at most of this size" },
    { "fill", FILL, "exactly this size, stretched" },
    { "crop", CROP, "exactly this size, the middle of the picture" },
    { NULL, 0, NULL },
};

static const struct fw_option thumb_options[] = {
    { .name = "size",
      .help = "WxH or a name such as hd480",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct thumb, size_text),
      .default_text = "320x320",
      .unit = "px" },
    { .name = "mode",
      .help = "what of the picture is shown",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct thumb, mode),
      .default_text = "fit",
      .choices = thumb_modes },
    { .name = "enlarge",
      .help = "make smaller pictures larger, too",
      .type = FW_OPTION_BOOL,
      .offset = offsetof(struct thumb, enlarge),
      .default_text = "0" },
    { .name = NULL },
};

static int thumb_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_resize_takes_format(format);
}

static int32_t whole(double size)
{
    return size < 1 ? 1 : (int32_t)lrint(size);
}

/* Where the middle part of the box's aspect begins, on whole chroma samples. */
static void choose_part(struct thumb *thumb, const struct fw_video *in, double pixel, double aspect)
{
    const struct fw_format *format = in->format;
    double width = in->width * pixel, height = in->height;
    if (width > height * aspect)
        thumb->part.width = whole(height * aspect / pixel);
    else
        thumb->part.height = whole(width / aspect);
    thumb->left = (in->width - thumb->part.width) / 2 >> format->log2_chroma_w
                                                             << format->log2_chroma_w;
    thumb->top = (in->height - thumb->part.height) / 2 >> format->log2_chroma_h
                                                              << format->log2_chroma_h;
}

static void choose_size(struct thumb *thumb, const struct fw_video *in, int32_t w, int32_t h)
{
    bool known = in->sample_aspect.num > 0 && in->sample_aspect.den > 0;
    double pixel = known ? (double)in->sample_aspect.num / in->sample_aspect.den : 1;
    struct fw_video *out = &thumb->out;
    thumb->part = *in;
    if (thumb->mode == CROP)
        choose_part(thumb, in, pixel, (double)w / h);
    double width = thumb->part.width * pixel, height = thumb->part.height;
    double scale_w = w / width, scale_h = h / height;
    if (thumb->mode == FIT)
        scale_w = scale_h = fmin(scale_w, scale_h);
    if (!thumb->enlarge && scale_w > 1)
        scale_w = 1;
    if (!thumb->enlarge && scale_h > 1)
        scale_h = 1;
    out->width = whole(width * scale_w);
    out->height = whole(height * scale_h);
    out->sample_aspect = (struct fw_rational){ 1, 1 };
}

/* The size after the first step; that of the part when one step is enough. */
static int32_t between(int32_t part, int32_t out)
{
    return (double)part / out < TWO_STEPS ? part : whole(out * SECOND_STEP);
}

static int thumb_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    struct thumb *thumb = self;
    int32_t w = 0, h = 0;
    *out = *in;
    if (!thumb_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if (fw_size_read(thumb->size_text, &w, &h) < 0 || w < 1 || h < 1 || w > 32768 || h > 32768)
        return fw_fail(err, FW_ERR_USAGE, "'%s' is not a size of 1x1 to 32768x32768",
                       thumb->size_text);
    thumb->out = *in;
    choose_size(thumb, in, w, h);
    *out = thumb->out;
    thumb->between = thumb->part;
    thumb->between.width = between(thumb->part.width, out->width);
    thumb->between.height = between(thumb->part.height, out->height);
    if (!fw_resize_takes(&thumb->part, &thumb->between, FW_ZIMAGE_AREA) ||
        !fw_resize_takes(&thumb->between, &thumb->out, FW_ZIMAGE_LANCZOS))
        return fw_fail(err, FW_ERR_USAGE, "%dx%d is more than 250 times smaller than %dx%d",
                       out->width, out->height, in->width, in->height);
    caps->cost_ns_per_pixel = 0.3f;
    return FW_OK;
}

static int take_middle(struct thumb *thumb, struct fw_error *err)
{
    struct fw_image_layout layout;
    const struct fw_video *video = &thumb->between;
    if (fw_image_layout(&layout, video->format, video->width, video->height) < 0)
        return fw_fail(err, FW_ERR_USAGE, "a picture of %dx%d is too large", video->width,
                       video->height);
    thumb->memory = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    if (!thumb->memory)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for a picture");
    memset(thumb->memory, 0, layout.bytes);
    fw_image_map(&thumb->middle, &layout, video->format, video->width, video->height,
                 thumb->memory);
    return FW_OK;
}

static int thumb_start(void *self, struct fw_error *err)
{
    struct thumb *thumb = self;
    bool twice = thumb->between.width != thumb->part.width ||
                 thumb->between.height != thumb->part.height;
    int status = FW_OK;
    if (twice)
        status = take_middle(thumb, err);
    if (twice && status == FW_OK)
        status = fw_resize_open(&thumb->first, &thumb->part, &thumb->between, FW_ZIMAGE_AREA,
                                thumb->cpu, err);
    if (status == FW_OK)
        status = fw_resize_open(&thumb->last, &thumb->between, &thumb->out, FW_ZIMAGE_LANCZOS,
                                thumb->cpu, err);
    return status;
}

static void thumb_stop(void *self)
{
    struct thumb *thumb = self;
    fw_resize_close(thumb->first);
    fw_resize_close(thumb->last);
    free(thumb->memory);
    thumb->first = NULL;
    thumb->last = NULL;
    thumb->memory = NULL;
}

static int thumb_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)scratch;
    (void)err;
    struct thumb *thumb = self;
    const struct fw_format *format = in->image.format;
    struct fw_image part = in->image;
    part.width = thumb->part.width;
    part.height = thumb->part.height;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        int32_t columns = fw_format_plane_width(format, i, in->image.width);
        bool narrow = columns != in->image.width;
        bool low = fw_format_plane_height(format, i, in->image.height) != in->image.height;
        size_t unit = fw_format_row_bytes(format, i, in->image.width) / (size_t)columns;
        int32_t left = narrow ? thumb->left >> format->log2_chroma_w : thumb->left;
        int32_t top = low ? thumb->top >> format->log2_chroma_h : thumb->top;
        part.data[i] += top * part.stride[i] + left * (ptrdiff_t)unit;
    }
    if (thumb->first)
        fw_resize_process(thumb->first, &part, &thumb->middle);
    fw_resize_process(thumb->last, thumb->first ? &thumb->middle : &part, &out->image);
    return FW_OK;
}

const struct fw_filter fw_filter_thumb = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "thumb",
    .summary = "a small picture, fitted into a box or cut to it",
    .options = thumb_options,
    .self_size = sizeof(struct thumb),
    .negotiate = thumb_negotiate,
    .accepts = thumb_accepts,
    .start = thumb_start,
    .process = thumb_process,
    .stop = thumb_stop,
    .cpu_offset = FW_CPU_OFFSET(struct thumb, cpu),
};
