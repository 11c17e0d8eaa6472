/*
 * unsharp: adds (or takes away) the difference between a picture and its binomial blur.
 *
 * Pixels of libavfilter 5.1's unsharp: a cascade of pair sums in 32 bits without rounding between
 * the two directions, edges repeated, the difference scaled by the amount in 16.16. Above 8 bits
 * the product is shifted by 24 and the result clipped to 16 bits, as there.
 */
#include "filter.h"
#include "format.h"

#include <stdlib.h>
#include <string.h>

#define SETS 3       /* luma, chroma, alpha */
#define STEPS_MAX 12 /* of both directions together: larger sums do not fit 32 bits */
#define TAPS_MAX 23
#define PAD 16

struct unsharp {
    int64_t size_x[SETS];
    int64_t size_y[SETS];
    double amount[SETS];
};

#define SIZE(option_name, field, set, text)                                                        \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_INT,                                  \
        .offset = offsetof(struct unsharp, field) + (set) * sizeof(int64_t), .min = 3, .max = 23,  \
        .default_text = "5", .unit = "px"                                                          \
    }
#define AMOUNT(option_name, set, text)                                                             \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_FLOAT,                                \
        .offset = offsetof(struct unsharp, amount) + (set) * sizeof(double), .min = -2, .max = 5,  \
        .default_text = (set) ? "0" : "1"                                                          \
    }
#define OPTIONS(long_name, letter, set)                                                            \
    SIZE(long_name "_msize_x", size_x, set, "width of the " long_name " matrix"),                  \
        SIZE(letter "x", size_x, set, "width of the " long_name " matrix"),                        \
        SIZE(long_name "_msize_y", size_y, set, "height of the " long_name " matrix"),             \
        SIZE(letter "y", size_y, set, "height of the " long_name " matrix"),                       \
        AMOUNT(long_name "_amount", set, "strength for " long_name "; below 0 it blurs"),          \
        AMOUNT(letter "a", set, "strength for " long_name "; below 0 it blurs")

static const struct fw_option unsharp_options[] = {
    OPTIONS("luma", "l", 0),
    OPTIONS("chroma", "c", 1),
    OPTIONS("alpha", "a", 2),
    { .name = NULL },
};

static int unsharp_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_RGB) &&
           format->component_count >= 3 && fw_format_depth(format) != 14 &&
           strcmp(format->name, "yuvj411p") != 0;
}

static size_t row_bytes(int32_t width)
{
    return ((size_t)width + 2 * PAD) * sizeof(uint32_t);
}

static int unsharp_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    const struct unsharp *unsharp = self;
    static const char *const names[SETS] = { "luma", "chroma", "alpha" };
    bool changes = false;
    *out = *in;
    if (!unsharp_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    for (int set = 0; set < SETS; set++) {
        if (unsharp->size_x[set] % 2 == 0 || unsharp->size_y[set] % 2 == 0)
            return fw_fail(err, FW_ERR_USAGE, "the %s matrix is %dx%d; both sizes must be odd",
                           names[set], (int)unsharp->size_x[set], (int)unsharp->size_y[set]);
        if (unsharp->size_x[set] / 2 + unsharp->size_y[set] / 2 > STEPS_MAX)
            return fw_fail(err, FW_ERR_USAGE,
                           "the %s matrix is %dx%d; width and height together may be %d at most",
                           names[set], (int)unsharp->size_x[set], (int)unsharp->size_y[set],
                           2 * STEPS_MAX + 2);
        changes = changes || (int)(unsharp->amount[set] * 65536.0) != 0;
    }
    if (!changes)
        caps->flags |= FW_CAPS_IDENTITY;
    caps->scratch_bytes = (TAPS_MAX + 2) * row_bytes(in->width);
    caps->cost_ns_per_pixel = 2.0f;
    return FW_OK;
}

struct plane {
    int32_t width;
    int32_t height;
    int32_t steps_x;
    int32_t steps_y;
    int32_t amount;
    uint32_t weights[TAPS_MAX + 1];
    uint32_t *work; /* one padded row */
    uint32_t *sums; /* one row */
    uint32_t *ring; /* 2 * steps_y + 1 rows of horizontal sums */
    size_t ring_stride;
};

/* Binomial weights of 2 * steps + 1 taps. */
static void set_weights(uint32_t *weights, int32_t steps)
{
    weights[0] = 1;
    for (int32_t n = 1; n <= 2 * steps; n++) {
        weights[n] = 1;
        for (int32_t k = n - 1; k > 0; k--)
            weights[k] += weights[k - 1];
    }
}

static void add_pairs(uint32_t *restrict row, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        row[i] += row[i + 1];
}

static void sum_row(struct plane *plane, uint32_t *restrict to, const uint8_t *src, bool wide)
{
    uint32_t *work = plane->work;
    int32_t steps = plane->steps_x;
    const uint16_t *words = (const uint16_t *)(const void *)src;
    for (int32_t x = 0; x < plane->width; x++)
        work[steps + x] = wide ? words[x] : src[x];
    for (int32_t x = 0; x < steps; x++) {
        work[x] = work[steps];
        work[steps + plane->width + x] = work[steps + plane->width - 1];
    }
    for (int32_t pass = 0; pass < 2 * steps; pass++)
        add_pairs(work, plane->width + 2 * steps - 1 - pass);
    memcpy(to, work, (size_t)plane->width * sizeof(*to));
}

static void add_weighted(uint32_t *restrict sums, const uint32_t *restrict row, uint32_t weight,
                         int32_t count)
{
    for (int32_t x = 0; x < count; x++)
        sums[x] += weight * row[x];
}

static void finish_u8(uint8_t *restrict dst, const uint8_t *restrict src,
                      const uint32_t *restrict sums, const struct plane *plane)
{
    int32_t shift = 2 * (plane->steps_x + plane->steps_y);
    for (int32_t x = 0; x < plane->width; x++) {
        int32_t blurred = (int32_t)(sums[x] >> shift);
        int32_t value = src[x] + (((src[x] - blurred) * plane->amount) >> 16);
        dst[x] = (uint8_t)(value < 0 ? 0 : (value > 255 ? 255 : value));
    }
}

static void finish_u16(uint16_t *restrict dst, const uint16_t *restrict src,
                       const uint32_t *restrict sums, const struct plane *plane)
{
    int32_t shift = 2 * (plane->steps_x + plane->steps_y);
    for (int32_t x = 0; x < plane->width; x++) {
        int32_t blurred = (int32_t)(sums[x] >> shift);
        /* The product may wrap around at 16 bits of depth, as it does in libavfilter. */
        uint32_t product = (uint32_t)(src[x] - blurred) * (uint32_t)plane->amount;
        int32_t value = src[x] + ((int32_t)product >> 24);
        dst[x] = (uint16_t)(value < 0 ? 0 : (value > 65535 ? 65535 : value));
    }
}

static int32_t clamp_row(int32_t y, int32_t rows)
{
    return y < 0 ? 0 : (y < rows ? y : rows - 1);
}

static void sharpen_plane(struct plane *plane, bool wide, uint8_t *dst, ptrdiff_t dst_stride,
                          const uint8_t *src, ptrdiff_t src_stride)
{
    int32_t taps = 2 * plane->steps_y + 1;
    uint32_t half = 1u << (2 * (plane->steps_x + plane->steps_y) - 1);
    for (int32_t y = -plane->steps_y; y < plane->height + plane->steps_y; y++) {
        uint32_t *row = plane->ring + (size_t)((y + plane->steps_y) % taps) * plane->ring_stride;
        sum_row(plane, row, src + clamp_row(y, plane->height) * src_stride, wide);
        int32_t centre = y - plane->steps_y;
        if (centre < 0)
            continue;
        for (int32_t x = 0; x < plane->width; x++)
            plane->sums[x] = half;
        for (int32_t k = 0; k < taps; k++)
            add_weighted(plane->sums,
                         plane->ring + (size_t)((centre + k) % taps) * plane->ring_stride,
                         plane->weights[k], plane->width);
        uint8_t *to = dst + centre * dst_stride;
        const uint8_t *from = src + centre * src_stride;
        if (wide)
            finish_u16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from, plane->sums,
                       plane);
        else
            finish_u8(to, from, plane->sums, plane);
    }
}

static int unsharp_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    (void)err;
    const struct unsharp *unsharp = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    size_t stride = row_bytes(src->width) / sizeof(uint32_t);
    for (uint32_t i = 0; i < format->plane_count; i++) {
        int set = i == 3 ? 2 : (i > 0 ? 1 : 0);
        struct plane plane = {
            .width = fw_format_plane_width(format, i, src->width),
            .height = fw_format_plane_height(format, i, src->height),
            .steps_x = (int32_t)unsharp->size_x[set] / 2,
            .steps_y = (int32_t)unsharp->size_y[set] / 2,
            .amount = (int32_t)(unsharp->amount[set] * 65536.0),
            .work = scratch,
            .sums = (uint32_t *)scratch + stride,
            .ring = (uint32_t *)scratch + 2 * stride,
            .ring_stride = stride,
        };
        if (plane.amount == 0) {
            for (int32_t y = 0; y < plane.height; y++)
                memcpy(dst->data[i] + y * dst->stride[i], src->data[i] + y * src->stride[i],
                       fw_format_row_bytes(format, i, src->width));
            continue;
        }
        set_weights(plane.weights, plane.steps_y);
        sharpen_plane(&plane, format->components[0].depth > 8, dst->data[i], dst->stride[i],
                      src->data[i], src->stride[i]);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_unsharp = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "unsharp",
    .summary = "sharpen or blur with a binomial matrix",
    .options = unsharp_options,
    .self_size = sizeof(struct unsharp),
    .negotiate = unsharp_negotiate,
    .accepts = unsharp_accepts,
    .process = unsharp_process,
};
