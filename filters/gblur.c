/*
 * gblur: a Gaussian approximated by two-sided exponential decays.
 *
 * Pixels of libavfilter 5.1's gblur within a rounding step: the same recursion in floats, across
 * and then down, one scale at the end. Rows are turned 64 at a time so that both directions run
 * over strips of columns.
 */
#include "filter.h"
#include "format.h"
#include "kernels/decay.h"
#include "kernels/turn.h"
#include "rows.h"

#include <math.h>
#include <string.h>

#define LANES FW_DECAY_LANES

struct gblur {
    double sigma;
    int64_t steps;
    int64_t planes;
    double sigma_v;
    int32_t cpu;
    const struct fw_decay_kernels *kernels;
    const struct fw_turn_kernels *turn;
};

static const struct fw_option gblur_options[] = {
    { .name = "sigma",
      .help = "standard deviation across",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gblur, sigma),
      .min = 0,
      .max = 1024,
      .default_text = "0.5",
      .unit = "px" },
    { .name = "steps",
      .help = "decays one after the other; more come nearer to a Gaussian",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct gblur, steps),
      .min = 1,
      .max = 6,
      .default_text = "1" },
    { .name = "planes",
      .help = "planes to blur, 1 for the first, 2, 4, 8 for the others, added",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct gblur, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "sigmaV",
      .help = "standard deviation down; below 0: as across",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gblur, sigma_v),
      .min = -1,
      .max = 1024,
      .default_text = "-1",
      .unit = "px" },
    { .name = NULL },
};

static int gblur_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static size_t lanes_up(int32_t count)
{
    return ((size_t)count + LANES - 1) / LANES * LANES;
}

static int gblur_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct gblur *gblur = self;
    *out = *in;
    if (!gblur_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if (gblur->sigma == 0 || (gblur->planes & ((1 << in->format->plane_count) - 1)) == 0)
        caps->flags |= FW_CAPS_IDENTITY;
    /* A plane and a strip of floats, and turned samples. */
    caps->scratch_bytes = lanes_up(in->width) * sizeof(float) * (size_t)in->height +
                          (size_t)in->width * LANES * (sizeof(float) + sizeof(uint16_t));
    caps->cost_ns_per_pixel = 1.0f + 0.3f * (float)gblur->steps;
    return FW_OK;
}

static int gblur_start(void *self, struct fw_error *err)
{
    (void)err;
    struct gblur *gblur = self;
    gblur->kernels = fw_decay_kernels(gblur->cpu);
    gblur->turn = fw_turn_kernels(gblur->cpu);
    return FW_OK;
}

/* Returns the scale that makes up for the sums of all steps. */
static float set_decay(struct fw_decay *decay, double sigma, int64_t steps)
{
    *decay = (struct fw_decay){ .edge = 1 };
    if (!(sigma > 0))
        return 1;
    double lambda = sigma * sigma / (2.0 * (double)steps);
    double nu = (1.0 + 2.0 * lambda - sqrt(1.0 + 4.0 * lambda)) / (2.0 * lambda);
    *decay = (struct fw_decay){ (float)nu, (float)(1.0 / (1.0 - nu)), (int32_t)steps };
    return (float)pow(nu / lambda, (double)steps);
}

struct plane {
    int32_t width;
    int32_t height;
    int32_t sample_bytes;
    float max;
    uint8_t *dst;
    ptrdiff_t dst_stride;
    const uint8_t *src;
    ptrdiff_t src_stride;
    float *floats; /* the plane in strips of 64 columns, one behind the other */
    float *strip;
    uint8_t *samples;
};

/* 64 rows from `y` on: turned, blurred, turned back into the strips of the plane. */
static void blur_across(const struct gblur *gblur, const struct plane *plane, int32_t y,
                        const struct fw_decay *decay)
{
    int32_t rows = plane->height - y < LANES ? plane->height - y : LANES;
    size_t row_bytes = (size_t)LANES * (size_t)plane->sample_bytes;
    if (rows < LANES)
        memset(plane->samples, 0, row_bytes * (size_t)plane->width);
    gblur->turn->transpose(plane->samples, (ptrdiff_t)row_bytes, plane->src + y * plane->src_stride,
                           plane->src_stride, rows, plane->width, plane->sample_bytes);
    gblur->kernels->begin[plane->sample_bytes - 1](plane->strip, plane->samples, plane->width,
                                                   decay);
    for (int32_t x = 0; x < plane->width; x += LANES) {
        int32_t columns = plane->width - x < LANES ? plane->width - x : LANES;
        float *to = plane->floats + (size_t)x * (size_t)plane->height + (size_t)y * LANES;
        if (columns < LANES) /* what lay in the columns behind might be slow to add */
            memset(to, 0, (size_t)rows * LANES * sizeof(float));
        gblur->turn->transpose((uint8_t *)to, LANES * sizeof(float),
                               (const uint8_t *)(plane->strip + (size_t)x * LANES),
                               LANES * sizeof(float), columns, rows, sizeof(float));
    }
}

static void blur_down(const struct gblur *gblur, const struct plane *plane, int32_t x,
                      const struct fw_decay *decay, float scale)
{
    int32_t columns = plane->width - x < LANES ? plane->width - x : LANES;
    const struct fw_decay_target target = {
        .data = plane->dst + (ptrdiff_t)x * plane->sample_bytes,
        .stride = plane->dst_stride,
        .columns = columns,
        .scale = scale,
        .max = plane->max,
    };
    gblur->kernels->finish[plane->sample_bytes - 1](
        &target, plane->floats + (size_t)x * (size_t)plane->height, plane->height, decay);
}

static void blur_plane(const struct gblur *gblur, struct plane *plane, void *scratch)
{
    struct fw_decay across;
    struct fw_decay down;
    double sigma_v = gblur->sigma_v < 0 ? gblur->sigma : gblur->sigma_v;
    float scale = set_decay(&across, gblur->sigma, gblur->steps);
    scale *= set_decay(&down, sigma_v, gblur->steps);
    plane->floats = scratch;
    plane->strip = plane->floats + lanes_up(plane->width) * (size_t)plane->height;
    plane->samples = (uint8_t *)(plane->strip + (size_t)plane->width * LANES);
    for (int32_t y = 0; y < plane->height; y += LANES)
        blur_across(gblur, plane, y, &across);
    for (int32_t x = 0; x < plane->width; x += LANES)
        blur_down(gblur, plane, x, &down, scale);
}

static int gblur_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    (void)err;
    const struct gblur *gblur = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    uint32_t depth = fw_format_depth(src->format);
    for (uint32_t i = 0; i < src->format->plane_count; i++) {
        struct plane plane = {
            .width = fw_format_plane_width(src->format, i, src->width),
            .height = fw_format_plane_height(src->format, i, src->height),
            .sample_bytes = depth > 8 ? 2 : 1,
            .max = (float)((1u << depth) - 1),
            .dst = dst->data[i],
            .dst_stride = dst->stride[i],
            .src = src->data[i],
            .src_stride = src->stride[i],
        };
        if (gblur->planes >> i & 1)
            blur_plane(gblur, &plane, scratch);
        else
            fw_rows_copy(dst, src, i, fw_rows_of(src, i, 0, src->height));
    }
    return FW_OK;
}

const struct fw_filter fw_filter_gblur = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "gblur",
    .summary = "blur with exponential decays, near to a Gaussian",
    .options = gblur_options,
    .self_size = sizeof(struct gblur),
    .negotiate = gblur_negotiate,
    .accepts = gblur_accepts,
    .start = gblur_start,
    .process = gblur_process,
    .cpu_offset = FW_CPU_OFFSET(struct gblur, cpu),
};
