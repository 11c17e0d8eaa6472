/*
 * median: each sample becomes the median, or another percentile, of a window around it. Options
 * and pixels of libavfilter's filter of that name: edge samples repeat, and a radius that does not
 * fit a filtered plane shrinks for all of them.
 */
#include "filter.h"
#include "format.h"
#include "kernels/median.h"
#include "slide.h"

#include <string.h>

struct median {
    int64_t radius;
    int64_t planes;
    int64_t radius_v;
    double percentile;
    int32_t cpu;
    struct fw_median_window window; /* of any stripe; width and scratch change */
    const struct fw_median_kernels *kernels;
    const struct fw_median_kernels *windows; /* the one that is used for windows */
};

static const struct fw_option median_options[] = {
    { .name = "radius",
      .help = "horizontal radius of the window",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct median, radius),
      .min = 1,
      .max = 127,
      .default_text = "1",
      .unit = "px" },
    { .name = "planes",
      .help = "planes to filter, one bit each",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct median, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = "radiusV",
      .help = "vertical radius; 0: as the horizontal one",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct median, radius_v),
      .min = 0,
      .max = 127,
      .default_text = "0",
      .unit = "px" },
    { .name = "percentile",
      .help = "which sample of the sorted window is taken",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct median, percentile),
      .min = 0,
      .max = 1,
      .default_text = "0.5" },
    { .name = NULL },
};

static int median_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_slide_accepts(format);
}

static void fit_radius(struct median *median, const struct fw_video *in)
{
    int32_t radius_x = (int32_t)median->radius;
    int32_t radius_y = (int32_t)(median->radius_v ? median->radius_v : median->radius);
    for (uint32_t plane = 0; plane < in->format->plane_count; plane++) {
        int32_t width = fw_format_plane_width(in->format, plane, in->width);
        int32_t height = fw_format_plane_height(in->format, plane, in->height);
        if (!(median->planes >> plane & 1))
            continue;
        if (width < 2 * radius_x + 1)
            radius_x = (width - 1) / 2;
        if (height < 2 * radius_y + 1)
            radius_y = (height - 1) / 2;
    }
    int32_t pairs = 2 * radius_x * radius_y + radius_y + radius_x;
    median->window.radius_x = radius_x;
    median->window.radius_y = radius_y;
    median->window.rank = (int32_t)((float)pairs * 2.0f * (float)median->percentile);
    median->window.bits = (int32_t)fw_format_depth(in->format);
}

/* 1 or 2 for a square window that has a network of its own, else 0. */
static int32_t network_radius(const struct fw_median_window *window)
{
    int32_t radius = window->radius_x;
    int32_t size = 2 * radius + 1;
    bool fits = (radius == 1 || radius == 2) && window->radius_y == radius;
    return fits && window->rank == size * size / 2 ? radius : 0;
}

static void pick_boxes(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width)
{
    const struct median *median = opaque;
    const struct fw_median_kernels *kernels = median->kernels;
    bool three = median->window.radius_x == 1;
    if (median->window.bits <= 8) {
        (three ? kernels->box3_u8 : kernels->box5_u8)(dst, src, width);
        return;
    }
    uint16_t *to[2] = { (uint16_t *)(void *)dst[0], (uint16_t *)(void *)dst[1] };
    const uint16_t *from[6];
    for (int32_t i = 0; i < 2 * median->window.radius_x + 2; i++)
        from[i] = (const uint16_t *)(const void *)src[i];
    (three ? kernels->box3_u16 : kernels->box5_u16)(to, from, width);
}

static struct fw_slide slide_of(struct median *median)
{
    return (struct fw_slide){
        .radius_x = median->window.radius_x,
        .radius_y = median->window.radius_y,
        .batch = 2,
        .edge_x = FW_EDGE_CLAMP,
        .edge_y = FW_EDGE_CLAMP,
        .emit = pick_boxes,
        .opaque = median,
    };
}

static int32_t stripe_of(const struct fw_median_window *window, int32_t width)
{
    int32_t stripe = fw_median_stripe(window->bits, window->radius_x);
    return stripe < width ? stripe : width;
}

/* A row of a stripe with its neighbours. */
static size_t stripe_row_bytes(const struct fw_median_window *window, int32_t stripe)
{
    return fw_rows_align((size_t)(stripe + 2 * window->radius_x) * sizeof(uint16_t));
}

static size_t scratch_of(struct median *median, int32_t width)
{
    const struct fw_median_window *window = &median->window;
    int32_t stripe = stripe_of(window, width);
    struct fw_slide slide = slide_of(median);
    if (network_radius(window))
        return fw_slide_bytes(&slide, width);
    return 64 + 2 * stripe_row_bytes(window, stripe) +
           fw_median_scratch(window->bits, window->radius_x, window->radius_y, stripe);
}

static int median_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                            struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct median *median = self;
    *out = *in;
    if (!median_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    fit_radius(median, in);
    /* Each band begins with the histograms of a whole window's rows. */
    if (median->window.radius_y <= 4)
        caps->flags |= FW_CAPS_BANDS;
    caps->halo_rows = fw_slide_halo(in->format, median->window.radius_y);
    caps->scratch_bytes = scratch_of(median, in->width);
    int32_t radius = network_radius(&median->window);
    caps->cost_ns_per_pixel = radius == 1 ? 0.3f : (radius == 2 ? 0.9f : 15.0f);
    return FW_OK;
}

static int median_start(void *self, struct fw_error *err)
{
    (void)err;
    struct median *median = self;
    median->kernels = fw_median_kernels(median->cpu);
    /* Histograms of columns with 65536 bins fit no cache: one for the window is faster. */
    median->windows = fw_median_kernels(median->window.bits > 14 ? FW_CPU_C : median->cpu);
    return FW_OK;
}

struct stripe {
    const uint8_t *data; /* of the plane */
    ptrdiff_t stride;
    int32_t width; /* of the plane */
    int32_t height;
    int32_t left;
    struct fw_median_window window;
};

/* The samples of row `y` that the stripe's windows reach, in memory of their own. */
static const void *take_row(const struct stripe *stripe, int32_t y, uint8_t *row)
{
    const struct fw_median_window *window = &stripe->window;
    size_t unit = window->bits > 8 ? 2 : 1;
    const uint8_t *src = stripe->data +
                         fw_edge_at(FW_EDGE_CLAMP, y, stripe->height) * stripe->stride;
    int32_t first = stripe->left - window->radius_x;
    int32_t end = stripe->left + window->width + window->radius_x;
    int32_t from = first > 0 ? first : 0;
    int32_t to = end < stripe->width ? end : stripe->width;
    for (int32_t x = first; x < from; x++)
        memcpy(row + (size_t)(x - first) * unit, src, unit);
    memcpy(row + (size_t)(from - first) * unit, src + (size_t)from * unit,
           (size_t)(to - from) * unit);
    for (int32_t x = to; x < end; x++)
        memcpy(row + (size_t)(x - first) * unit, src + (size_t)(stripe->width - 1) * unit, unit);
    return row + (size_t)window->radius_x * unit;
}

static void filter_stripe(const struct median *median, const struct stripe *stripe, uint8_t *dst,
                          ptrdiff_t dst_stride, struct fw_rows rows, uint8_t *scratch)
{
    const struct fw_median_window *window = &stripe->window;
    size_t row_bytes = stripe_row_bytes(window, window->width);
    uint8_t *enter = scratch;
    uint8_t *leave = scratch + row_bytes;
    median->windows->window_start(window);
    for (int32_t y = rows.first - window->radius_y; y < rows.first + window->radius_y; y++)
        median->windows->window_add(window, take_row(stripe, y, enter));
    for (int32_t y = rows.first; y < rows.end; y++)
        median->windows->window_row(window, dst + y * dst_stride,
                                    take_row(stripe, y + window->radius_y, enter),
                                    take_row(stripe, y - window->radius_y, leave));
}

static void filter_plane(const struct median *median, const struct fw_image *dst,
                         const struct fw_image *src, uint32_t plane, struct fw_rows rows,
                         uint8_t *scratch)
{
    int32_t step = stripe_of(&median->window, rows.width);
    size_t unit = median->window.bits > 8 ? 2 : 1;
    scratch += (64 - (uintptr_t)scratch % 64) % 64;
    struct stripe stripe = {
        .data = src->data[plane],
        .stride = src->stride[plane],
        .width = rows.width,
        .height = rows.height,
        .window = median->window,
    };
    for (; stripe.left < rows.width; stripe.left += step) {
        int32_t left = rows.width - stripe.left;
        stripe.window.width = left < step ? left : step;
        stripe.window.scratch = scratch + 2 * stripe_row_bytes(&median->window, step);
        filter_stripe(median, &stripe, dst->data[plane] + (size_t)stripe.left * unit,
                      dst->stride[plane], rows, scratch);
    }
}

static int median_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                       int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    struct median *median = self;
    struct fw_slide slide = slide_of(median);
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(&in->image, plane, row_first, row_end);
        if (!(median->planes >> plane & 1))
            fw_rows_copy(&out->image, &in->image, plane, rows);
        else if (network_radius(&median->window))
            fw_slide_plane(&slide, &out->image, &in->image, plane, rows, scratch);
        else
            filter_plane(median, &out->image, &in->image, plane, rows, scratch);
    }
    return FW_OK;
}

static int median_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                          void *scratch, struct fw_error *err)
{
    return median_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_median = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "median",
    .summary = "median or another percentile of a window",
    .options = median_options,
    .self_size = sizeof(struct median),
    .negotiate = median_negotiate,
    .accepts = median_accepts,
    .start = median_start,
    .process = median_process,
    .band = median_band,
    .cpu_offset = FW_CPU_OFFSET(struct median, cpu),
};
