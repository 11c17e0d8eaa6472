/*
 * tmedian: the median, or another percentile, of successive frames. Options, count and times of
 * frames of libavfilter 5.1's tmedian: a frame for each whole window of 2 * radius + 1 frames, with
 * the time of the window's first.
 */
#include "filter.h"
#include "format.h"
#include "kernels/nth.h"

#include <string.h>

struct tmedian {
    int64_t radius;
    int64_t planes;
    double percentile;

    int32_t cpu;
    const struct fw_nth_kernels *kernels;
};

static const struct fw_option tmedian_options[] = {
    { .name = "radius",
      .help = "frames on each side of the middle one",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct tmedian, radius),
      .min = 1,
      .max = 127,
      .default_text = "1" },
    { .name = "planes",
      .help = "planes to filter, as a sum of 1, 2, 4 and 8",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct tmedian, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "percentile",
      .help = "0.5 is the median, 0 the least, 1 the greatest",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct tmedian, percentile),
      .min = 0,
      .max = 1,
      .default_text = "0.5" },
    { .name = NULL },
};

static int tmedian_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && format->component_count != 2;
}

static int tmedian_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct tmedian *tmedian = self;
    *out = *in;
    if (!tmedian_accepts(self, in->format))
        out->format = NULL;
    caps->filter_class = FW_CLASS_WINDOWED;
    caps->after = 2 * (int32_t)tmedian->radius;
    caps->cost_ns_per_pixel = 0.2f * (float)tmedian->radius;
    return FW_OK;
}

static int tmedian_start(void *self, struct fw_error *err)
{
    (void)err;
    struct tmedian *tmedian = self;
    tmedian->kernels = fw_nth_kernels(tmedian->cpu);
    return FW_OK;
}

static void filter_plane(const struct tmedian *tmedian, const struct fw_frame *const *in,
                         const struct fw_image *dst, uint32_t plane)
{
    const void *rows[255];
    const struct fw_format *format = dst->format;
    int32_t width = fw_format_plane_width(format, plane, dst->width);
    int32_t height = fw_format_plane_height(format, plane, dst->height);
    int32_t count = 2 * (int32_t)tmedian->radius + 1;
    float rank = (float)tmedian->radius * 2.0f * (float)tmedian->percentile;
    const struct fw_nth nth = { rows, count, (int32_t)rank, (int32_t)fw_format_depth(format) };
    for (int32_t y = 0; y < height; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        for (int32_t i = 0; i < count; i++)
            rows[i] = in[i]->image.data[plane] + y * in[i]->image.stride[plane];
        if (!(tmedian->planes >> plane & 1))
            memcpy(to, rows[tmedian->radius], fw_format_row_bytes(format, plane, dst->width));
        else if (nth.bits > 8)
            tmedian->kernels->u16(to, &nth, width);
        else
            tmedian->kernels->u8(to, &nth, width);
    }
}

static int tmedian_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct tmedian *tmedian = self;
    if (!in[2 * tmedian->radius])
        return FW_DROP;
    for (uint32_t plane = 0; plane < out->image.format->plane_count; plane++)
        filter_plane(tmedian, in, &out->image, plane);
    out->flags &= ~(uint32_t)FW_FRAME_INTERLACED;
    return FW_OK;
}

const struct fw_filter fw_filter_tmedian = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "tmedian",
    .summary = "median of successive frames",
    .options = tmedian_options,
    .self_size = sizeof(struct tmedian),
    .negotiate = tmedian_negotiate,
    .accepts = tmedian_accepts,
    .start = tmedian_start,
    .window = tmedian_window,
    .cpu_offset = FW_CPU_OFFSET(struct tmedian, cpu),
};
