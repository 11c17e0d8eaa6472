/*
 * hqdn3d: recursive smoothing along rows, down columns and through frames, where neighbours differ
 * little. Written from FFmpeg's documentation and from what its command answers: a sample goes
 * (1 - d / 255)^g of the way to the one before it that it differs from by d, with g such that a
 * quarter of the way is gone where d is the strength. Same pixels as libavfilter's.
 */
#include "filter.h"
#include "format.h"
#include "kernels/hqdn3d.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 4 /* that go across together, and stay in the first-level cache */
#define STRONGEST 252.0

enum { SPACE, TIME };

struct hqdn3d_plane {
    int32_t width;
    int32_t height;
    bool begun;
    uint16_t *past;  /* the frame before */
    uint16_t *above; /* the row above */
    uint16_t *rows;  /* ROWS of them, smoothed across */
};

struct hqdn3d {
    double strength[2][2]; /* luma, chroma; in space, in time */
    int32_t cpu;
    const struct fw_hqdn3d_kernels *kernels;
    uint32_t plane_count;
    int32_t depth;
    int16_t *tables;
    const int16_t *no_steps; /* a table of zeros */
    uint16_t *memory;
    struct hqdn3d_plane planes[FW_PLANES_MAX];
    struct fw_hqdn3d jobs[2]; /* luma, chroma */
};

#define STRENGTH(option_name, chroma, which, text)                                                 \
    {                                                                                              \
        .name = (option_name), .help = (text), .type = FW_OPTION_FLOAT,                            \
        .offset = offsetof(struct hqdn3d, strength[chroma][which]), .max = 1e9,                    \
        .default_text = "0"                                                                        \
    }

static const struct fw_option hqdn3d_options[] = {
    STRENGTH("luma_spatial", 0, SPACE, "within a frame, of luma; 0: 4"),
    STRENGTH("chroma_spatial", 1, SPACE, "within a frame, of chroma; 0: 3/4 of luma's"),
    STRENGTH("luma_tmp", 0, TIME, "between frames, of luma; 0: 6/4 of that within"),
    STRENGTH("chroma_tmp", 1, TIME, "between frames, of chroma; 0: in proportion"),
    { .name = NULL },
};

static int hqdn3d_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && format->plane_count == 3 &&
           !(format->flags & FW_FORMAT_RGB);
}

static int hqdn3d_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct hqdn3d *hqdn3d = self;
    *out = *in;
    if (!hqdn3d_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    hqdn3d->plane_count = in->format->plane_count;
    hqdn3d->depth = (int32_t)fw_format_depth(in->format);
    for (uint32_t i = 0; i < hqdn3d->plane_count; i++) {
        hqdn3d->planes[i].width = fw_format_plane_width(in->format, i, in->width);
        hqdn3d->planes[i].height = fw_format_plane_height(in->format, i, in->height);
    }
    caps->filter_class = FW_CLASS_SEQUENTIAL;
    caps->flags = FW_CAPS_PLANES | FW_CAPS_SEES_ALL;
    caps->cost_ns_per_pixel = 2.5f;
    return FW_OK;
}

/* Steps of the differences that share an entry are that of the middle one. */
static void fill_steps(int16_t *steps, double strength, int32_t drop)
{
    const int32_t span = FW_HQDN3D_SPAN(drop);
    const double top = 255.0 * 256.0; /* as a difference of states */
    const double gamma = log(0.25) / log(1.0 - fmin(strength, STRONGEST) / 255.0 - 0.00001);
    for (int32_t i = -span; i < span; i++) {
        double difference = i * (double)(1 << drop) + ((1 << drop) - 1) / 2.0;
        double part = fmax(1.0 - fabs(difference) / top, 0.0);
        steps[i] = (int16_t)floor(difference * pow(part, gamma) + 0.5);
    }
}

static void fill_tables(struct hqdn3d *hqdn3d, int32_t drop)
{
    double(*given)[2] = hqdn3d->strength;
    const double luma = given[0][SPACE] != 0 ? given[0][SPACE] : 4.0;
    const double chroma = given[1][SPACE] != 0 ? given[1][SPACE] : 3.0 * luma / 4.0;
    const double luma_time = given[0][TIME] != 0 ? given[0][TIME] : 6.0 * luma / 4.0;
    const double chroma_time = given[1][TIME] != 0 ? given[1][TIME] : luma_time * chroma / luma;
    const double strengths[2][2] = { { luma, luma_time }, { chroma, chroma_time } };
    const int32_t span = FW_HQDN3D_SPAN(drop);
    for (int i = 0; i < 2; i++) {
        struct fw_hqdn3d *job = &hqdn3d->jobs[i];
        int16_t *space = hqdn3d->tables + (4 * i + 1) * span;
        int16_t *time = hqdn3d->tables + (4 * i + 3) * span;
        fill_steps(space, strengths[i][SPACE], drop);
        fill_steps(time, strengths[i][TIME], drop);
        job->space = space;
        job->time = time;
        job->shift = 16 - hqdn3d->depth;
        job->bias = ((1 << job->shift) - 1) / 2;
        job->drop = drop;
    }
    hqdn3d->no_steps = hqdn3d->tables + 9 * span;
}

static size_t samples_of(const struct hqdn3d_plane *plane)
{
    return (size_t)plane->width * ((size_t)plane->height + 1 + ROWS);
}

static int hqdn3d_start(void *self, struct fw_error *err)
{
    struct hqdn3d *hqdn3d = self;
    const int32_t drop = hqdn3d->depth == 16 ? 0 : 4;
    size_t samples = 0;
    for (uint32_t i = 0; i < hqdn3d->plane_count; i++)
        samples += samples_of(&hqdn3d->planes[i]);
    hqdn3d->memory = malloc(samples * sizeof(uint16_t));
    hqdn3d->tables = calloc(10 * (size_t)FW_HQDN3D_SPAN(drop), sizeof(int16_t));
    if (!hqdn3d->memory || !hqdn3d->tables)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the frame before");
    memset(hqdn3d->memory, 0, samples * sizeof(uint16_t)); /* first touch here */
    fill_tables(hqdn3d, drop);
    uint16_t *free_part = hqdn3d->memory;
    for (uint32_t i = 0; i < hqdn3d->plane_count; i++) {
        struct hqdn3d_plane *plane = &hqdn3d->planes[i];
        plane->past = free_part;
        plane->above = plane->past + (size_t)plane->width * (size_t)plane->height;
        plane->rows = plane->above + plane->width;
        plane->begun = false;
        free_part += samples_of(plane);
    }
    hqdn3d->kernels = fw_hqdn3d_kernels(hqdn3d->cpu);
    return FW_OK;
}

static void hqdn3d_stop(void *self)
{
    struct hqdn3d *hqdn3d = self;
    free(hqdn3d->memory);
    free(hqdn3d->tables);
    hqdn3d->memory = NULL;
    hqdn3d->tables = NULL;
}

/* States of samples as they are: what the first frame and the first row have before them. */
static void load_row(uint16_t *to, const uint8_t *from, const struct fw_hqdn3d *job, int32_t width)
{
    if (job->shift == 8) {
        for (int32_t x = 0; x < width; x++)
            to[x] = (uint16_t)((from[x] << job->shift) + job->bias);
        return;
    }
    const uint16_t *deep = (const uint16_t *)from;
    for (int32_t x = 0; x < width; x++)
        to[x] = (uint16_t)((deep[x] << job->shift) + job->bias);
}

static int hqdn3d_plane(void *self, const struct fw_frame *in, struct fw_frame *out, uint32_t index,
                        void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    struct hqdn3d *hqdn3d = self;
    struct hqdn3d_plane *plane = &hqdn3d->planes[index];
    const struct fw_hqdn3d_kernels *kernels = hqdn3d->kernels;
    const struct fw_hqdn3d *job = &hqdn3d->jobs[index > 0];
    const uint8_t *from = in->image.data[index];
    uint8_t *to = out->image.data[index];
    const ptrdiff_t from_stride = in->image.stride[index], to_stride = out->image.stride[index];
    for (int32_t y = 0; y < plane->height && !plane->begun; y++)
        load_row(plane->past + (ptrdiff_t)y * plane->width, from + y * from_stride, job,
                 plane->width);
    plane->begun = true;
    /* The first row has none above it, and its first sample goes a step from itself. */
    const struct fw_hqdn3d first = { hqdn3d->no_steps, job->time, job->shift, job->bias,
                                     job->drop };
    for (int32_t y = 0, count = 1; y < plane->height; y += count) {
        count = y == 0 ? 1 : (plane->height - y < ROWS ? plane->height - y : ROWS);
        (job->shift == 8 ? kernels->across_u8 : kernels->across_u16)(
            plane->rows, plane->width * (ptrdiff_t)sizeof(uint16_t), from + y * from_stride,
            from_stride, job, y == 0 ? job->space[0] : 0, plane->width, count);
        for (int32_t k = 0; k < count; k++)
            (job->shift == 8 ? kernels->down_u8 : kernels->down_u16)(
                to + (y + k) * to_stride, plane->past + (ptrdiff_t)(y + k) * plane->width,
                plane->above, plane->rows + k * plane->width, y == 0 ? &first : job, plane->width);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_hqdn3d = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "hqdn3d",
    .summary = "take noise out by smoothing within and between frames",
    .options = hqdn3d_options,
    .self_size = sizeof(struct hqdn3d),
    .negotiate = hqdn3d_negotiate,
    .accepts = hqdn3d_accepts,
    .start = hqdn3d_start,
    .stop = hqdn3d_stop,
    .plane = hqdn3d_plane,
    .cpu_offset = FW_CPU_OFFSET(struct hqdn3d, cpu),
};
