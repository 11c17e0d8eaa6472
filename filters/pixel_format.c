/* format: the first of a list of pixel formats, or the nearest of them: by own kernels where chroma
 * alone moves, else through libzimg. */
#include "convert.h"
#include "filter.h"
#include "format.h"
#include "resize.h"
#include "zimage.h"

#include <stdio.h>
#include <string.h>

#define MATRIX_RGB 0
#define MATRIX_BT601 6
#define RANGE_LIMITED 1
#define RANGE_FULL 2

struct format_filter {
    char *list;
    struct fw_video in;
    struct fw_video out;
    struct fw_resize *resize; /* one of the two */
    struct fw_zimage *zimage;
    int32_t cpu;
};

static const struct fw_option format_options[] = {
    { .name = "pix_fmts",
      .help = "pixel formats separated by '|'",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct format_filter, list) },
    { .name = NULL },
};

/* Whether `format` stands in the list; *unknown gets the first name that is no format. */
static bool is_listed(const char *list, const struct fw_format *format, char *unknown, size_t room)
{
    bool found = false;
    while (list && *list) {
        char name[40];
        size_t bytes = strcspn(list, "|");
        (void)snprintf(name, sizeof(name), "%.*s", (int)(bytes < 39 ? bytes : 39), list);
        const struct fw_format *listed = fw_format_find(name);
        if (!listed && unknown && !*unknown)
            (void)snprintf(unknown, room, "%s", name);
        found = found || (listed && listed == format);
        list += bytes + (list[bytes] == '|');
    }
    return found;
}

struct pick {
    const char *list;
    bool with_zimg;
};

static bool picks(void *opaque, const struct fw_format *format)
{
    const struct pick *pick = opaque;
    return is_listed(pick->list, format, NULL, 0) && (!pick->with_zimg || fw_zimage_takes(format));
}

static void set_colors(const struct fw_video *in, struct fw_video *out)
{
    bool rgb_in = in->format->flags & FW_FORMAT_RGB;
    bool rgb_out = out->format->flags & FW_FORMAT_RGB;
    bool gray_in = in->format->component_count <= 2;
    bool gray_out = out->format->component_count <= 2;
    if (rgb_out || gray_out || (out->format->flags & FW_FORMAT_FULL_RANGE))
        out->color.range = RANGE_FULL;
    else if (rgb_in || gray_in || (in->format->flags & FW_FORMAT_FULL_RANGE))
        out->color.range = RANGE_LIMITED;
    if (rgb_out)
        out->color.matrix = MATRIX_RGB;
    else if (rgb_in)
        out->color.matrix = MATRIX_BT601;
}

static int format_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    struct format_filter *filter = self;
    char unknown[40] = "";
    *out = *in;
    filter->out.format = NULL;
    if (!filter->list || !*filter->list)
        return fw_fail(err, FW_ERR_USAGE, "no pixel format is given");
    bool listed = is_listed(filter->list, in->format, unknown, sizeof(unknown));
    if (*unknown)
        return fw_fail(err, FW_ERR_USAGE, "unknown pixel format '%s'", unknown);
    if (listed) {
        caps->flags |= FW_CAPS_IDENTITY;
        return FW_OK;
    }
    struct pick pick = { filter->list, true };
    out->format = fw_zimage_takes(in->format) ? fw_convert_nearest(in->format, picks, &pick) : NULL;
    if (!out->format)
        return FW_OK; /* libswscale converts to what accepts() names */
    set_colors(in, out);
    filter->in = *in;
    filter->out = *out;
    caps->cost_ns_per_pixel = 2.0f;
    return FW_OK;
}

static int format_accepts(const void *self, const struct fw_format *format)
{
    const struct format_filter *filter = self;
    return is_listed(filter->list, format, NULL, 0);
}

/* Whether chroma alone moves, in a way that the own kernels can do. */
static bool is_plain(const struct format_filter *filter)
{
    return filter->in.color.matrix == filter->out.color.matrix &&
           fw_zimage_range(&filter->in) == fw_zimage_range(&filter->out) &&
           fw_resize_takes(&filter->in, &filter->out, FW_ZIMAGE_BICUBIC);
}

static int format_start(void *self, struct fw_error *err)
{
    struct format_filter *filter = self;
    if (!filter->out.format)
        return FW_OK;
    if (is_plain(filter))
        return fw_resize_open(&filter->resize, &filter->in, &filter->out, FW_ZIMAGE_BICUBIC,
                              filter->cpu, err);
    return fw_zimage_open(&filter->zimage, &filter->in, &filter->out, FW_ZIMAGE_BICUBIC, false,
                          err);
}

static int format_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    (void)scratch;
    struct format_filter *filter = self;
    if (!filter->resize)
        return fw_zimage_process(filter->zimage, &in->image, &out->image, err);
    fw_resize_process(filter->resize, &in->image, &out->image);
    return FW_OK;
}

static void format_stop(void *self)
{
    struct format_filter *filter = self;
    fw_resize_close(filter->resize);
    fw_zimage_close(filter->zimage);
    filter->resize = NULL;
    filter->zimage = NULL;
}

const struct fw_filter fw_filter_format = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "format",
    .summary = "another pixel format",
    .options = format_options,
    .self_size = sizeof(struct format_filter),
    .negotiate = format_negotiate,
    .accepts = format_accepts,
    .start = format_start,
    .process = format_process,
    .stop = format_stop,
    .cpu_offset = FW_CPU_OFFSET(struct format_filter, cpu),
};
