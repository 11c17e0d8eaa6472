/*
 * bilateral: smooths along edges, not across them.
 *
 * Pixels of libavfilter 5.1's recursive bilateral filter within one step: both directions of the
 * rows, then both of the columns, values and their weights side by side.
 */
#include "filter.h"
#include "format.h"
#include "kernels/bilateral.h"
#include "kernels/decay.h"
#include "kernels/turn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES FW_BILATERAL_LANES
#define TABLE_COUNT 65536

struct bilateral {
    double sigma_s;
    double sigma_r;
    int64_t planes;
    int32_t cpu;
    const struct fw_bilateral_kernels *kernels;
    const struct fw_decay_kernels *decay; /* widens samples */
    const struct fw_turn_kernels *turn;
    uint32_t depth;
    float *table;
};

static const struct fw_option bilateral_options[] = {
    { .name = "sigmaS",
      .help = "standard deviation in space",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct bilateral, sigma_s),
      .min = 0,
      .max = 512,
      .default_text = "0.1",
      .unit = "px" },
    { .name = "sigmaR",
      .help = "standard deviation of sample values, 1 for the whole range",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct bilateral, sigma_r),
      .min = 0,
      .max = 1,
      .default_text = "0.1" },
    { .name = "planes",
      .help = "planes to smooth, 1 for the first, 2, 4, 8 for the others, added",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct bilateral, planes),
      .min = 0,
      .max = 15,
      .default_text = "1" },
    { .name = NULL },
};

static int bilateral_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static size_t lanes_up(int32_t count)
{
    return ((size_t)count + LANES - 1) / LANES * LANES;
}

static int bilateral_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                               struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct bilateral *bilateral = self;
    *out = *in;
    if (!bilateral_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if ((bilateral->planes & ((1 << in->format->plane_count) - 1)) == 0)
        caps->flags |= FW_CAPS_IDENTITY;
    bilateral->depth = fw_format_depth(in->format);
    /* Two planes of floats, five strips, and their samples. */
    size_t longest = (size_t)(in->width > in->height ? in->width : in->height);
    caps->scratch_bytes = 2 * lanes_up(in->width) * sizeof(float) * (size_t)in->height +
                          longest * LANES * (5 * sizeof(float) + sizeof(uint16_t));
    caps->cost_ns_per_pixel = 3.0f;
    return FW_OK;
}

static int bilateral_start(void *self, struct fw_error *err)
{
    struct bilateral *bilateral = self;
    float most = (float)((1u << bilateral->depth) - 1);
    float scale = 1.0f / ((float)bilateral->sigma_r * most);
    float share = expf(-sqrtf(2.0f) / (float)bilateral->sigma_s);
    bilateral->kernels = fw_bilateral_kernels(bilateral->cpu);
    bilateral->decay = fw_decay_kernels(bilateral->cpu);
    bilateral->turn = fw_turn_kernels(bilateral->cpu);
    bilateral->table = calloc(TABLE_COUNT, sizeof(float));
    if (!bilateral->table)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the table of shares");
    bilateral->table[0] = share;
    for (int32_t i = 1; i < TABLE_COUNT; i++)
        bilateral->table[i] = share * expf((float)-i * scale);
    return FW_OK;
}

static void bilateral_stop(void *self)
{
    struct bilateral *bilateral = self;
    free(bilateral->table);
    bilateral->table = NULL;
}

struct plane {
    int32_t width;
    int32_t height;
    int32_t sample_bytes;
    uint8_t *dst;
    ptrdiff_t dst_stride;
    const uint8_t *src;
    ptrdiff_t src_stride;
    float *values; /* of the plane */
    float *factors;
    size_t stride;
    float *strip; /* values, factors, work */
    uint8_t *samples;
};

/* 64 rows from `y` on: turned, smoothed, turned back into the planes of floats. */
static void smooth_across(const struct bilateral *bilateral, const struct plane *plane, int32_t y)
{
    int32_t rows = plane->height - y < LANES ? plane->height - y : LANES;
    size_t row_bytes = (size_t)LANES * (size_t)plane->sample_bytes;
    size_t strip = (size_t)plane->width * LANES;
    size_t at = (size_t)y * plane->stride;
    const struct fw_bilateral job = { plane->strip,     plane->strip + strip,      LANES,
                                      plane->samples,   plane->strip + 2 * strip,  plane->width,
                                      bilateral->table, 1.0f - bilateral->table[0] };
    if (rows < LANES)
        memset(plane->samples, 0, row_bytes * (size_t)plane->width);
    bilateral->turn->transpose(plane->samples, (ptrdiff_t)row_bytes,
                               plane->src + y * plane->src_stride, plane->src_stride, rows,
                               plane->width, plane->sample_bytes);
    bilateral->decay->widen[plane->sample_bytes - 1](job.values, plane->samples, strip);
    for (size_t i = 0; i < strip; i++)
        job.factors[i] = 1;
    bilateral->kernels->smooth[plane->sample_bytes - 1](&job);
    bilateral->turn->transpose((uint8_t *)(plane->values + at),
                               (ptrdiff_t)(plane->stride * sizeof(float)), (uint8_t *)job.values,
                               LANES * sizeof(float), plane->width, rows, sizeof(float));
    bilateral->turn->transpose((uint8_t *)(plane->factors + at),
                               (ptrdiff_t)(plane->stride * sizeof(float)), (uint8_t *)job.factors,
                               LANES * sizeof(float), plane->width, rows, sizeof(float));
    size_t behind = (plane->stride - (size_t)plane->width) * sizeof(float);
    for (int32_t i = 0; i < rows; i++) {
        memset(plane->values + at + (size_t)i * plane->stride + plane->width, 0, behind);
        memset(plane->factors + at + (size_t)i * plane->stride + plane->width, 0, behind);
    }
}

static void smooth_down(const struct bilateral *bilateral, const struct plane *plane, int32_t x)
{
    int32_t columns = plane->width - x < LANES ? plane->width - x : LANES;
    size_t row_bytes = (size_t)LANES * (size_t)plane->sample_bytes;
    ptrdiff_t offset = (ptrdiff_t)x * plane->sample_bytes;
    const struct fw_bilateral job = {
        plane->values + x, plane->factors + x, (ptrdiff_t)plane->stride, plane->samples,
        plane->strip,      plane->height,      bilateral->table,         1.0f - bilateral->table[0]
    };
    for (int32_t y = 0; y < plane->height; y++) {
        uint8_t *row = plane->samples + (size_t)y * row_bytes;
        size_t bytes = (size_t)columns * (size_t)plane->sample_bytes;
        memcpy(row, plane->src + y * plane->src_stride + offset, bytes);
        memset(row + bytes, 0, row_bytes - bytes);
    }
    bilateral->kernels->smooth[plane->sample_bytes - 1](&job);
    for (int32_t y = 0; y < plane->height; y++)
        bilateral->kernels->divide[plane->sample_bytes - 1](
            plane->dst + y * plane->dst_stride + offset, job.values + y * job.stride,
            job.factors + y * job.stride, columns);
}

static void smooth_plane(const struct bilateral *bilateral, struct plane *plane, void *scratch)
{
    size_t longest = (size_t)(plane->width > plane->height ? plane->width : plane->height);
    plane->stride = lanes_up(plane->width);
    plane->values = scratch;
    plane->factors = plane->values + plane->stride * (size_t)plane->height;
    plane->strip = plane->factors + plane->stride * (size_t)plane->height;
    plane->samples = (uint8_t *)(plane->strip + 5 * longest * LANES);
    for (int32_t y = 0; y < plane->height; y += LANES)
        smooth_across(bilateral, plane, y);
    for (int32_t x = 0; x < plane->width; x += LANES)
        smooth_down(bilateral, plane, x);
}

static int bilateral_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                             void *scratch, struct fw_error *err)
{
    (void)err;
    const struct bilateral *bilateral = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    uint32_t depth = fw_format_depth(src->format);
    for (uint32_t i = 0; i < src->format->plane_count; i++) {
        struct plane plane = {
            .width = fw_format_plane_width(src->format, i, src->width),
            .height = fw_format_plane_height(src->format, i, src->height),
            .sample_bytes = depth > 8 ? 2 : 1,
            .dst = dst->data[i],
            .dst_stride = dst->stride[i],
            .src = src->data[i],
            .src_stride = src->stride[i],
        };
        if (bilateral->planes >> i & 1) {
            smooth_plane(bilateral, &plane, scratch);
            continue;
        }
        for (int32_t y = 0; y < plane.height; y++)
            memcpy(plane.dst + y * plane.dst_stride, plane.src + y * plane.src_stride,
                   fw_format_row_bytes(src->format, i, src->width));
    }
    return FW_OK;
}

const struct fw_filter fw_filter_bilateral = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "bilateral",
    .summary = "smooth along edges",
    .options = bilateral_options,
    .self_size = sizeof(struct bilateral),
    .negotiate = bilateral_negotiate,
    .accepts = bilateral_accepts,
    .start = bilateral_start,
    .process = bilateral_process,
    .stop = bilateral_stop,
    .cpu_offset = offsetof(struct bilateral, cpu),
};
