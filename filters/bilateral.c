/*
 * bilateral: smooths along edges, not across them.
 *
 * Pixels of libavfilter 5.1's recursive bilateral filter within one step: both directions of the
 * rows, then both of the columns, values and their weights side by side.
 */
#include "filter.h"
#include "format.h"
#include "kernels/bilateral.h"
#include "kernels/turn.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES FW_BILATERAL_LANES
#define ROW FW_BILATERAL_ROW
#define TABLE_COUNT 65536

struct bilateral {
    double sigma_s;
    double sigma_r;
    int64_t planes;
    int32_t cpu;
    const struct fw_bilateral_kernels *kernels;
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
    /* The plane's strips of floats, one more, its shares and samples. */
    size_t longest = (size_t)(in->width > in->height ? in->width : in->height);
    caps->scratch_bytes = lanes_up(in->width) * 2 * sizeof(float) * (size_t)in->height +
                          longest * LANES * (3 * sizeof(float) + sizeof(uint16_t));
    caps->cost_ns_per_pixel = 2.1f;
    return FW_OK;
}

static int bilateral_start(void *self, struct fw_error *err)
{
    struct bilateral *bilateral = self;
    float most = (float)((1u << bilateral->depth) - 1);
    float scale = 1.0f / ((float)bilateral->sigma_r * most);
    float share = expf(-sqrtf(2.0f) / (float)bilateral->sigma_s);
    bilateral->kernels = fw_bilateral_kernels(bilateral->cpu);
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
    float *strips; /* of the whole plane, 32 columns each, one behind the other */
    float *strip;
    float *shares;
    uint8_t *samples;
};

/* 32 rows from `y` on: turned, smoothed, turned back into the plane's strips. */
static void smooth_across(const struct bilateral *bilateral, const struct plane *plane, int32_t y)
{
    int32_t rows = plane->height - y < LANES ? plane->height - y : LANES;
    int32_t bytes = plane->sample_bytes;
    const struct fw_bilateral job = { plane->samples, plane->shares, plane->strip, plane->width,
                                      1.0f - bilateral->table[0] };
    if (rows < LANES)
        memset(plane->samples, 0, (size_t)LANES * (size_t)bytes * (size_t)plane->width);
    bilateral->turn->transpose(plane->samples, (ptrdiff_t)LANES * bytes,
                               plane->src + y * plane->src_stride, plane->src_stride, rows,
                               plane->width, bytes);
    bilateral->kernels->share[bytes - 1](plane->shares, job.samples, job.count, bilateral->table);
    bilateral->kernels->first[bytes - 1](&job);
    for (int32_t x = 0; x < plane->width; x += LANES) {
        int32_t columns = plane->width - x < LANES ? plane->width - x : LANES;
        float *to = plane->strips + (size_t)x * 2 * (size_t)plane->height + (size_t)y * ROW;
        const float *from = plane->strip + (size_t)x * ROW;
        if (columns < LANES)
            memset(to, 0, (size_t)rows * ROW * sizeof(float));
        for (int32_t part = 0; part < ROW; part += LANES)
            bilateral->turn->transpose((uint8_t *)(to + part), ROW * sizeof(float),
                                       (const uint8_t *)(from + part), ROW * sizeof(float), columns,
                                       rows, sizeof(float));
    }
}

static void smooth_down(const struct bilateral *bilateral, const struct plane *plane, int32_t x)
{
    int32_t columns = plane->width - x < LANES ? plane->width - x : LANES;
    int32_t bytes = plane->sample_bytes;
    size_t row_bytes = (size_t)LANES * (size_t)bytes;
    ptrdiff_t offset = (ptrdiff_t)x * bytes;
    const struct fw_bilateral job = { plane->samples, plane->shares,
                                      plane->strips + (size_t)x * 2 * (size_t)plane->height,
                                      plane->height, 1.0f - bilateral->table[0] };
    for (int32_t y = 0; y < plane->height; y++) {
        uint8_t *row = plane->samples + (size_t)y * row_bytes;
        const uint8_t *from = plane->src + y * plane->src_stride + offset;
        if (columns == LANES && bytes == 1) {
            memcpy(row, from, LANES);
        } else {
            memcpy(row, from, (size_t)columns * (size_t)bytes);
            memset(row + (size_t)columns * (size_t)bytes, 0,
                   row_bytes - (size_t)columns * (size_t)bytes);
        }
    }
    bilateral->kernels->share[bytes - 1](plane->shares, job.samples, job.count, bilateral->table);
    bilateral->kernels->second[bytes - 1](&job, plane->strip, plane->dst + offset,
                                          plane->dst_stride, columns);
}

static void smooth_plane(const struct bilateral *bilateral, struct plane *plane, void *scratch)
{
    size_t longest = (size_t)(plane->width > plane->height ? plane->width : plane->height);
    plane->strips = scratch;
    plane->strip = plane->strips + lanes_up(plane->width) * 2 * (size_t)plane->height;
    plane->shares = plane->strip + longest * ROW;
    plane->samples = (uint8_t *)(plane->shares + longest * LANES);
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
        if (bilateral->planes >> i & 1)
            smooth_plane(bilateral, &plane, scratch);
        else
            fw_rows_copy(dst, src, i, fw_rows_of(src, i, 0, src->height));
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
    .cpu_offset = FW_CPU_OFFSET(struct bilateral, cpu),
};
