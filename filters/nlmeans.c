/*
 * nlmeans: each sample becomes the mean of those around it whose patches look alike.
 *
 * Pixels of libavfilter 5.1's nlmeans within a rounding step: squared differences of patches with
 * edges repeated, weights exp(-d / (10 s)^2) down to 1/255. A distance serves both samples of a
 * pair, so that half of the offsets do; all offsets of a band of rows are done before the next.
 */
#include "filter.h"
#include "format.h"
#include "kernels/nlmeans.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BAND_ROWS 48

struct nlmeans {
    double strength;
    int64_t patch[2]; /* luma, chroma */
    int64_t research[2];
    int32_t cpu;
    const struct fw_nlmeans_kernels *kernels;
    float *table;
    uint32_t most; /* distances from here on weigh nothing */
};

#define SIZE(option_name, field, set, text, preset)                                                \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_INT,                                  \
        .offset = offsetof(struct nlmeans, field) + (set) * sizeof(int64_t), .min = 0, .max = 99,  \
        .default_text = preset, .unit = "px"                                                       \
    }

static const struct fw_option nlmeans_options[] = {
    { .name = "s",
      .help = "strength",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct nlmeans, strength),
      .min = 1,
      .max = 30,
      .default_text = "1" },
    SIZE("p", patch, 0, "side of a patch; made odd", "7"),
    SIZE("pc", patch, 1, "side of a patch of chroma; 0: as luma", "0"),
    SIZE("r", research, 0, "side of the window that is searched; made odd", "15"),
    SIZE("rc", research, 1, "side of the window for chroma; 0: as luma", "0"),
    { .name = NULL },
};

static int nlmeans_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && fw_format_depth(format) == 8 &&
           !(format->flags & FW_FORMAT_ALPHA);
}

/* Half sizes of patch and window: of the first plane, and of the others. */
static void half_sizes(const struct nlmeans *nlmeans, uint32_t plane, int32_t *patch,
                       int32_t *research)
{
    int set = plane > 0;
    int64_t p = set && nlmeans->patch[1] ? nlmeans->patch[1] : nlmeans->patch[0];
    int64_t r = set && nlmeans->research[1] ? nlmeans->research[1] : nlmeans->research[0];
    *patch = (int32_t)p / 2;
    *research = (int32_t)r / 2;
}

/* Columns of a padded row. */
static size_t padded_width(int32_t width, int32_t patch, int32_t research)
{
    return fw_rows_align((size_t)width + 2 * (size_t)(patch + research) + 2 * FW_NLMEANS_PAD);
}

static size_t scratch_bytes(int32_t width, int32_t patch, int32_t research)
{
    size_t padded = padded_width(width, patch, research);
    size_t rows = BAND_ROWS + 2 * (size_t)research;
    size_t samples = (rows + 2 * (size_t)patch + 1) * padded;
    size_t combined = rows * padded * sizeof(uint32_t);
    return samples + combined + 2 * BAND_ROWS * padded * sizeof(float) +
           3 * padded * sizeof(uint32_t);
}

static int nlmeans_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct nlmeans *nlmeans = self;
    *out = *in;
    if (!nlmeans_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    for (uint32_t set = 0; set < 2; set++) {
        int32_t patch;
        int32_t research;
        half_sizes(nlmeans, set, &patch, &research);
        size_t bytes = scratch_bytes(in->width, patch, research);
        caps->scratch_bytes = bytes > caps->scratch_bytes ? bytes : caps->scratch_bytes;
        caps->cost_ns_per_pixel += 0.3f * (float)((2 * research + 1) * (2 * research + 1));
    }
    return FW_OK;
}

static int nlmeans_start(void *self, struct fw_error *err)
{
    struct nlmeans *nlmeans = self;
    double scale = 1.0 / (nlmeans->strength * 10.0 * (nlmeans->strength * 10.0));
    nlmeans->kernels = fw_nlmeans_kernels(nlmeans->cpu);
    nlmeans->most = (uint32_t)(log(255.0) / scale);
    nlmeans->table = calloc((size_t)nlmeans->most + 1, sizeof(float));
    if (!nlmeans->table)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the table of weights");
    for (uint32_t i = 0; i < nlmeans->most; i++)
        nlmeans->table[i] = (float)exp(-(double)i * scale);
    return FW_OK;
}

static void nlmeans_stop(void *self)
{
    struct nlmeans *nlmeans = self;
    free(nlmeans->table);
    nlmeans->table = NULL;
}

struct plane {
    const struct nlmeans *nlmeans;
    int32_t width;
    int32_t height;
    int32_t patch;
    int32_t research;
    const uint8_t *src;
    ptrdiff_t src_stride;
    size_t padded;
    int32_t first; /* rows of the band */
    int32_t end;
    uint8_t *samples;   /* rows from first - research - patch on, edges repeated */
    uint32_t *combined; /* rows from first - research on: y + patch + 1, and y - patch */
    float *totals;
    float *values;
    uint32_t *sums;
    uint32_t *fours;
    float *weights;
};

static void place_scratch(struct plane *plane, uint8_t *scratch)
{
    size_t rows = BAND_ROWS + 2 * (size_t)plane->research;
    plane->padded = padded_width(plane->width, plane->patch, plane->research);
    plane->combined = (uint32_t *)scratch;
    plane->totals = (float *)(plane->combined + rows * plane->padded);
    plane->values = plane->totals + BAND_ROWS * plane->padded;
    plane->sums = (uint32_t *)(plane->values + BAND_ROWS * plane->padded);
    plane->fours = plane->sums + plane->padded;
    plane->weights = (float *)(plane->fours + plane->padded);
    plane->samples = (uint8_t *)(plane->weights + plane->padded);
}

/* Sample 0 of padded row y, and of the combined one. */
static const uint8_t *sample_row(const struct plane *plane, int32_t y)
{
    int32_t at = y - plane->first + plane->research + plane->patch;
    return plane->samples + (size_t)at * plane->padded + plane->research + plane->patch;
}

static const uint32_t *combined_row(const struct plane *plane, int32_t y)
{
    int32_t at = y - plane->first + plane->research;
    return plane->combined + (size_t)at * plane->padded + plane->research + plane->patch;
}

static void prepare_band(const struct plane *plane)
{
    int32_t margin = plane->research + plane->patch;
    int32_t rows = plane->end - plane->first;
    for (int32_t i = 0; i < rows + 2 * margin + 1; i++) {
        int32_t y = plane->first - margin + i;
        y = y < 0 ? 0 : (y < plane->height ? y : plane->height - 1);
        const uint8_t *from = plane->src + y * plane->src_stride;
        uint8_t *to = plane->samples + (size_t)i * plane->padded;
        memset(to, from[0], (size_t)margin);
        memcpy(to + margin, from, (size_t)plane->width);
        memset(to + margin + plane->width, from[plane->width - 1],
               plane->padded - (size_t)(margin + plane->width));
    }
    for (int32_t i = 0; i < rows + 2 * plane->research; i++) {
        const uint8_t *out = plane->samples + (size_t)i * plane->padded;
        const uint8_t *in = out + (size_t)(2 * plane->patch + 1) * plane->padded;
        plane->nlmeans->kernels->combine(plane->combined + (size_t)i * plane->padded, in, out,
                                         (int32_t)plane->padded);
    }
    memset(plane->totals, 0, 2 * BAND_ROWS * plane->padded * sizeof(float));
}

/* Row y against row y + dy, the samples from x on against those from x + dx on. */
static void weigh_row(const struct plane *plane, int32_t y, int32_t dy, int32_t x, int32_t dx,
                      int32_t count)
{
    const struct fw_nlmeans_kernels *kernels = plane->nlmeans->kernels;
    if (!kernels->weigh(plane->weights, plane->sums, plane->fours, 2 * plane->patch + 1,
                        plane->nlmeans->table, plane->nlmeans->most, count))
        return;
    if (y >= plane->first) {
        size_t at = (size_t)(y - plane->first) * plane->padded + (size_t)x;
        kernels->gather(plane->totals + at, plane->values + at, plane->weights,
                        sample_row(plane, y + dy) + x + dx, count);
    }
    if (y + dy < plane->end) {
        size_t at = (size_t)(y + dy - plane->first) * plane->padded + (size_t)(x + dx);
        kernels->gather(plane->totals + at, plane->values + at, plane->weights,
                        sample_row(plane, y) + x, count);
    }
}

static void weigh_offset(const struct plane *plane, int32_t dx, int32_t dy)
{
    const struct fw_nlmeans_kernels *kernels = plane->nlmeans->kernels;
    int32_t x = dx < 0 ? -dx : 0;
    int32_t count = plane->width - (dx < 0 ? -dx : dx);
    int32_t y = plane->first - dy > 0 ? plane->first - dy : 0;
    int32_t end = plane->end < plane->height - dy ? plane->end : plane->height - dy;
    int32_t columns = count + 2 * plane->patch;
    if (count <= 0 || y >= end)
        return;
    memset(plane->sums, 0, plane->padded * sizeof(*plane->sums));
    for (int32_t j = -plane->patch; j <= plane->patch; j++)
        kernels->add(plane->sums, sample_row(plane, y + j) + x - plane->patch,
                     sample_row(plane, y + dy + j) + x + dx - plane->patch, columns);
    for (; y < end; y++) {
        weigh_row(plane, y, dy, x, dx, count);
        if (y + 1 < end)
            kernels->slide(plane->sums, combined_row(plane, y) + x - plane->patch,
                           combined_row(plane, y + dy) + x + dx - plane->patch, columns);
    }
}

static void denoise_plane(struct plane *plane, uint8_t *dst, ptrdiff_t dst_stride, void *scratch)
{
    place_scratch(plane, scratch);
    for (plane->first = 0; plane->first < plane->height; plane->first = plane->end) {
        int32_t left = plane->height - plane->first;
        plane->end = plane->first + (left < BAND_ROWS ? left : BAND_ROWS);
        prepare_band(plane);
        for (int32_t dy = 0; dy <= plane->research; dy++)
            for (int32_t dx = dy ? -plane->research : 1; dx <= plane->research; dx++)
                weigh_offset(plane, dx, dy);
        for (int32_t y = plane->first; y < plane->end; y++) {
            size_t at = (size_t)(y - plane->first) * plane->padded;
            plane->nlmeans->kernels->finish(dst + y * dst_stride,
                                            plane->src + y * plane->src_stride, plane->totals + at,
                                            plane->values + at, plane->width);
        }
    }
}

static int nlmeans_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    (void)err;
    const struct nlmeans *nlmeans = self;
    const struct fw_image *src = &in->image;
    for (uint32_t i = 0; i < src->format->plane_count; i++) {
        struct plane plane = { .nlmeans = nlmeans,
                               .width = fw_format_plane_width(src->format, i, src->width),
                               .height = fw_format_plane_height(src->format, i, src->height),
                               .src = src->data[i],
                               .src_stride = src->stride[i] };
        half_sizes(nlmeans, i, &plane.patch, &plane.research);
        denoise_plane(&plane, out->image.data[i], out->image.stride[i], scratch);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_nlmeans = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "nlmeans",
    .summary = "remove noise by the means of like patches",
    .options = nlmeans_options,
    .self_size = sizeof(struct nlmeans),
    .negotiate = nlmeans_negotiate,
    .accepts = nlmeans_accepts,
    .start = nlmeans_start,
    .process = nlmeans_process,
    .stop = nlmeans_stop,
    .cpu_offset = FW_CPU_OFFSET(struct nlmeans, cpu),
};
