/*
 * gaussian: a true Gaussian blur, with edges repeated.
 *
 * The window is cut where the rest is lost in the rounding of 10 bits (4 sigma; mode fast: 2.5).
 * Samples of up to 10 bits go through integers while sigma is small, all others through floats.
 */
#include "filter.h"
#include "format.h"
#include "kernels/gauss.h"
#include "rows.h"

#include <stdlib.h>

#define BAND_HALO_MAX 64
#define WORK_BITS 15 /* of rows of integers between the axes */
#define WEIGHT_BITS 14

struct gaussian {
    double sigma;
    double sigma_y;
    int64_t planes;
    int64_t mode;
    int32_t cpu;
    const struct fw_gauss_kernels *kernels;
    struct fw_gauss_axis *axes; /* x, y */
};

static const struct fw_choice gaussian_modes[] = {
    { "exact", 1, "within a rounding step of the formula" },
    { "fast", 0, "shorter windows, about 50 dB from it" },
    { NULL, 0, NULL },
};

static const struct fw_option gaussian_options[] = {
    { .name = "sigma",
      .help = "standard deviation across",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gaussian, sigma),
      .min = 0,
      .max = FW_GAUSS_SIGMA_MAX,
      .default_text = "1",
      .unit = "px" },
    { .name = "sigma_y",
      .help = "standard deviation down; below 0: as across",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct gaussian, sigma_y),
      .min = -1,
      .max = FW_GAUSS_SIGMA_MAX,
      .default_text = "-1",
      .unit = "px" },
    { .name = "planes",
      .help = "planes to blur, 1 for the first, 2, 4, 8 for the others, added",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct gaussian, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "mode",
      .help = "accuracy",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct gaussian, mode),
      .default_text = "exact",
      .choices = gaussian_modes },
    { .name = NULL },
};

static int gaussian_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static size_t row_bytes(int32_t width)
{
    return fw_rows_align(((size_t)width + FW_GAUSS_PAD) * sizeof(float));
}

static size_t kept_rows(const struct fw_gauss_axis *axis, int32_t height)
{
    return (size_t)((height - 1) / axis->step + 1 + 2 * fw_gauss_margin(axis));
}

static void init_axes(const struct gaussian *gaussian, struct fw_gauss_axis *axes)
{
    double sigma_y = gaussian->sigma_y < 0 ? gaussian->sigma : gaussian->sigma_y;
    fw_gauss_axis_init(&axes[0], gaussian->sigma, gaussian->mode != 0);
    fw_gauss_axis_init(&axes[1], sigma_y, gaussian->mode != 0);
}

static size_t scratch_bytes(const struct fw_gauss_axis *axes, const struct fw_video *in)
{
    size_t row = row_bytes(in->width);
    size_t integers = fw_rows_align(((size_t)in->width + 2 * FW_GAUSS_RADIUS_MAX + FW_GAUSS_PAD) *
                                    2);
    size_t kept = row_bytes(fw_gauss_kept(&axes[0], in->width));
    size_t floats = 2 * row + kept + fw_rows_align(fw_gauss_row_bytes(&axes[0], in->width));
    if (axes[1].step > 1)
        floats += 2 * kept_rows(&axes[1], in->height) * kept + FW_GAUSS_UP_MAX * row;
    return integers > floats ? integers : floats;
}

static int gaussian_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                              struct fw_caps *caps, struct fw_error *err)
{
    const struct gaussian *gaussian = self;
    *out = *in;
    if (!gaussian_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    struct fw_gauss_axis *axes = calloc(2, sizeof(*axes));
    if (!axes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the weights");
    init_axes(gaussian, axes);
    int32_t halo = axes[1].radius << in->format->log2_chroma_h;
    if (axes[1].step == 1 && halo <= BAND_HALO_MAX) {
        caps->flags |= FW_CAPS_BANDS;
        caps->halo_rows = halo;
    }
    if (axes[0].radius + axes[1].radius == 0 ||
        (gaussian->planes & ((1 << in->format->plane_count) - 1)) == 0)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->scratch_bytes = scratch_bytes(axes, in);
    caps->cost_ns_per_pixel = axes[1].step > 1 ? 1.9f : 0.8f;
    free(axes);
    return FW_OK;
}

static int gaussian_start(void *self, struct fw_error *err)
{
    struct gaussian *gaussian = self;
    gaussian->kernels = fw_gauss_kernels(gaussian->cpu);
    gaussian->axes = calloc(2, sizeof(*gaussian->axes));
    if (!gaussian->axes)
        return fw_fail(err, FW_ERR_MEMORY, "no memory for the weights");
    init_axes(gaussian, gaussian->axes);
    return FW_OK;
}

static void gaussian_stop(void *self)
{
    struct gaussian *gaussian = self;
    free(gaussian->axes);
    gaussian->axes = NULL;
}

struct plane {
    struct fw_rows rows;
    uint32_t depth;
    uint8_t *dst;
    ptrdiff_t dst_stride;
    const uint8_t *src;
    ptrdiff_t src_stride;
};

static void gather_rows(const struct plane *plane, const void **rows, int32_t first, int32_t count)
{
    for (int32_t k = 0; k < count; k++) {
        int32_t y = first + k;
        y = y < 0 ? 0 : (y < plane->rows.height ? y : plane->rows.height - 1);
        rows[k] = plane->src + y * plane->src_stride;
    }
}

static void blur_integers(const struct gaussian *gaussian, const struct plane *plane, void *scratch)
{
    const struct fw_gauss_axis *across = &gaussian->axes[0];
    const struct fw_gauss_axis *down = &gaussian->axes[1];
    const void *rows[2 * FW_GAUSS_RADIUS_MAX + 1];
    int kind = plane->depth > 8 ? FW_GAUSS_16 : FW_GAUSS_8;
    int32_t kept_bits = WORK_BITS - (int32_t)plane->depth;
    int32_t width = plane->rows.width;
    int16_t *row = (int16_t *)scratch + across->radius;
    for (int32_t y = plane->rows.first; y < plane->rows.end; y++) {
        gather_rows(plane, rows, y - down->radius, 2 * down->radius + 1);
        gaussian->kernels->columns[kind](row, rows, down, WEIGHT_BITS - kept_bits, width);
        for (int32_t i = 1; i <= across->radius; i++) {
            row[-i] = row[0];
            row[width - 1 + i] = row[width - 1];
        }
        gaussian->kernels->row[kind](plane->dst + y * plane->dst_stride, scratch, across,
                                     WEIGHT_BITS + kept_bits, width);
    }
}

static void blur_floats(const struct gaussian *gaussian, const struct plane *plane, float *scratch)
{
    const struct fw_gauss_kernels *kernels = gaussian->kernels;
    const struct fw_gauss_axis *across = &gaussian->axes[0];
    const struct fw_gauss_axis *down = &gaussian->axes[1];
    const void *rows[2 * FW_GAUSS_RADIUS_MAX + 1];
    int kind = plane->depth > 8 ? FW_GAUSS_16 : FW_GAUSS_8;
    int32_t width = plane->rows.width;
    float *row = scratch;
    float *result = row + row_bytes(width) / sizeof(float);
    float *kept = result + row_bytes(width) / sizeof(float);
    float *work = kept + row_bytes(fw_gauss_kept(across, width)) / sizeof(float);
    for (int32_t y = plane->rows.first; y < plane->rows.end; y++) {
        gather_rows(plane, rows, y - down->radius, 2 * down->radius + 1);
        kernels->pairs[kind](row, rows, down->weights, down->radius, width);
        fw_gauss_row_down(kernels, across, kept, row, width, work);
        fw_gauss_row_up(kernels, across, result, kept, width, work);
        kernels->store[kind](plane->dst + y * plane->dst_stride, result,
                             (float)((1u << plane->depth) - 1), width);
    }
}

/* What lies between two walks of blur_steps. */
struct steps {
    float *row;
    float *kept; /* kept samples of kept rows */
    float *mid;  /* the same, blurred down */
    float *ring; /* rows of all samples */
    float *work;
    size_t stride; /* of the ring's rows */
    size_t kept_stride;
    int32_t count; /* of kept rows */
};

static struct steps place_steps(const struct gaussian *gaussian, const struct plane *plane,
                                float *scratch)
{
    int32_t width = plane->rows.width;
    int32_t kept_width = fw_gauss_kept(&gaussian->axes[0], width);
    struct steps steps = {
        .row = scratch,
        .stride = row_bytes(width) / sizeof(float),
        .kept_stride = row_bytes(kept_width) / sizeof(float),
        .count = (int32_t)kept_rows(&gaussian->axes[1], plane->rows.height),
    };
    steps.kept = steps.row + steps.stride;
    steps.mid = steps.kept + (size_t)steps.count * steps.kept_stride;
    steps.ring = steps.mid + (size_t)steps.count * steps.kept_stride;
    steps.work = steps.ring + FW_GAUSS_UP_MAX * steps.stride;
    return steps;
}

/* The cache lines of rows that the next step reads first: nothing else would have them here. */
static void ask_ahead(const struct plane *plane, int32_t first, int32_t count)
{
    size_t bytes = (size_t)plane->rows.width * (plane->depth > 8 ? 2 : 1);
    for (int32_t y = first < 0 ? 0 : first; y < first + count && y < plane->rows.height; y++) {
        for (size_t i = 0; i < bytes; i += 64)
            __builtin_prefetch(plane->src + y * plane->src_stride + i, 0, 2);
    }
}

/* Kept samples of kept rows, then blurred down among themselves. */
static void shrink(const struct gaussian *gaussian, const struct plane *plane,
                   const struct steps *steps)
{
    const struct fw_gauss_kernels *kernels = gaussian->kernels;
    const struct fw_gauss_axis *down = &gaussian->axes[1];
    const void *rows[2 * FW_GAUSS_RADIUS_MAX + 1];
    int kind = plane->depth > 8 ? FW_GAUSS_16 : FW_GAUSS_8;
    int32_t width = plane->rows.width;
    for (int32_t j = 0; j < steps->count; j++) {
        int32_t first = (j - fw_gauss_margin(down)) * down->step - down->radius;
        ask_ahead(plane, first + 2 * down->radius + 1, down->step);
        gather_rows(plane, rows, first, 2 * down->radius + 1);
        kernels->pairs[kind](steps->row, rows, down->weights, down->radius, width);
        fw_gauss_row_down(kernels, &gaussian->axes[0], steps->kept + (size_t)j * steps->kept_stride,
                          steps->row, width, steps->work);
    }
    for (int32_t j = 0; j + 2 * down->mid_radius < steps->count; j++) {
        for (int32_t k = 0; k <= 2 * down->mid_radius; k++)
            rows[k] = steps->kept + (size_t)(j + k) * steps->kept_stride;
        kernels->pairs[FW_GAUSS_FLOAT](steps->mid + (size_t)j * steps->kept_stride, rows, down->mid,
                                       down->mid_radius, fw_gauss_kept(&gaussian->axes[0], width));
    }
}

/* The kept rows first, then all rows from them, each of which is brought up to all samples when
 * the first one needs it. */
static void blur_steps(const struct gaussian *gaussian, const struct plane *plane, float *scratch)
{
    const struct fw_gauss_kernels *kernels = gaussian->kernels;
    const struct fw_gauss_axis *down = &gaussian->axes[1];
    const struct steps steps = place_steps(gaussian, plane, scratch);
    int32_t width = plane->rows.width;
    int32_t next = 1;
    shrink(gaussian, plane, &steps);
    for (int32_t y = 0; y < plane->rows.height; y++) {
        const float *around[FW_GAUSS_UP_MAX];
        int32_t first = y / down->step + 1;
        for (; next < first + 2 * down->up_reach; next++)
            fw_gauss_row_up(kernels, &gaussian->axes[0],
                            steps.ring + (size_t)(next % FW_GAUSS_UP_MAX) * steps.stride,
                            steps.mid + (size_t)next * steps.kept_stride, width, steps.work);
        for (int32_t i = 0; i < 2 * down->up_reach; i++)
            around[i] = steps.ring + (size_t)((first + i) % FW_GAUSS_UP_MAX) * steps.stride;
        kernels->sum(steps.row, around, down->up[y % down->step], 2 * down->up_reach, width);
        kernels->store[plane->depth > 8 ? FW_GAUSS_16 : FW_GAUSS_8](
            plane->dst + y * plane->dst_stride, steps.row, (float)((1u << plane->depth) - 1),
            width);
    }
}

static int gaussian_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                         int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct gaussian *gaussian = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    bool steps = gaussian->axes[1].step > 1;
    bool floats = steps || gaussian->axes[0].step > 1 || fw_format_depth(src->format) > 10;
    for (uint32_t i = 0; i < src->format->plane_count; i++) {
        const struct plane plane = { .rows = fw_rows_of(src, i, row_first, row_end),
                                     .depth = fw_format_depth(src->format),
                                     .dst = dst->data[i],
                                     .dst_stride = dst->stride[i],
                                     .src = src->data[i],
                                     .src_stride = src->stride[i] };
        if (!(gaussian->planes >> i & 1)) {
            fw_rows_copy(dst, src, i, plane.rows);
        } else if (steps) {
            blur_steps(gaussian, &plane, scratch);
        } else if (floats) {
            blur_floats(gaussian, &plane, scratch);
        } else {
            blur_integers(gaussian, &plane, scratch);
        }
    }
    return FW_OK;
}

static int gaussian_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                            void *scratch, struct fw_error *err)
{
    return gaussian_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_gaussian = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "gaussian",
    .summary = "blur with a true Gaussian",
    .options = gaussian_options,
    .self_size = sizeof(struct gaussian),
    .negotiate = gaussian_negotiate,
    .accepts = gaussian_accepts,
    .start = gaussian_start,
    .process = gaussian_process,
    .band = gaussian_band,
    .stop = gaussian_stop,
    .cpu_offset = FW_CPU_OFFSET(struct gaussian, cpu),
};
