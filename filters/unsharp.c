/*
 * unsharp: adds (or takes away) the difference between a picture and its binomial blur.
 *
 * Pixels of libavfilter 5.1's unsharp: a cascade of pair sums in 32 bits without rounding between
 * the two directions, edges repeated, the difference scaled by the amount in 16.16. Above 8 bits
 * the product is shifted by 24 and the result clipped to 16 bits, as there.
 */
#include "filter.h"
#include "format.h"
#include "kernels/binomial.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define SETS 3       /* luma, chroma, alpha */
#define STEPS_MAX 12 /* of both directions together: larger sums do not fit 32 bits */

struct unsharp {
    int64_t size_x[SETS];
    int64_t size_y[SETS];
    double amount[SETS];
    int32_t cpu;
    const struct fw_binomial_kernels *kernels;
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

static int32_t amount_of(const struct unsharp *unsharp, int set)
{
    return (int32_t)(unsharp->amount[set] * 65536.0);
}

static int unsharp_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    const struct unsharp *unsharp = self;
    static const char *const names[SETS] = { "luma", "chroma", "alpha" };
    int32_t chroma = in->format->log2_chroma_h;
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
        if (amount_of(unsharp, set) == 0)
            continue;
        int32_t halo = (int32_t)unsharp->size_y[set] / 2 << (set == 1 ? chroma : 0);
        caps->halo_rows = halo > caps->halo_rows ? halo : caps->halo_rows;
        changes = true;
    }
    caps->flags |= changes ? FW_CAPS_BANDS : FW_CAPS_IDENTITY;
    caps->scratch_bytes = ((size_t)in->width + 2 * FW_BINOMIAL_PAD) * sizeof(uint32_t);
    caps->cost_ns_per_pixel = 0.4f;
    return FW_OK;
}

static int unsharp_start(void *self, struct fw_error *err)
{
    (void)err;
    struct unsharp *unsharp = self;
    unsharp->kernels = fw_binomial_kernels(unsharp->cpu);
    return FW_OK;
}

static int32_t clamp_row(int32_t y, int32_t rows)
{
    return y < 0 ? 0 : (y < rows ? y : rows - 1);
}

struct planes {
    uint8_t *dst;
    const uint8_t *src;
    ptrdiff_t dst_stride;
    ptrdiff_t src_stride;
};

static void sharpen_plane(const struct unsharp *unsharp, const struct planes *planes,
                          struct fw_rows rows, int set, uint32_t depth, void *scratch)
{
    struct fw_binomial binomial = {
        .width = rows.width,
        .steps_x = (int32_t)unsharp->size_x[set] / 2,
        .steps_y = (int32_t)unsharp->size_y[set] / 2,
        .amount = amount_of(unsharp, set),
    };
    enum fw_binomial_kind kind = fw_binomial_kind(depth, binomial.steps_x, binomial.steps_y);
    fw_binomial_weigh(&binomial);
    for (int32_t y = rows.first; y < rows.end; y++) {
        const uint8_t *around[2 * FW_BINOMIAL_STEPS_MAX + 1];
        for (int32_t k = 0; k <= 2 * binomial.steps_y; k++)
            around[k] = planes->src +
                        clamp_row(y + k - binomial.steps_y, rows.height) * planes->src_stride;
        unsharp->kernels->sharpen[kind](planes->dst + y * planes->dst_stride, around, &binomial,
                                        scratch);
    }
}

static int unsharp_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                        int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    const struct unsharp *unsharp = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        int set = i == 3 ? 2 : (i > 0 ? 1 : 0);
        struct fw_rows rows = fw_rows_of(src, i, row_first, row_end);
        struct planes planes = { dst->data[i], src->data[i], dst->stride[i], src->stride[i] };
        if (amount_of(unsharp, set))
            sharpen_plane(unsharp, &planes, rows, set, fw_format_depth(format), scratch);
        else
            fw_rows_copy(dst, src, i, rows);
    }
    return FW_OK;
}

static int unsharp_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    return unsharp_band(self, in, out, 0, in->image.height, scratch, err);
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
    .start = unsharp_start,
    .process = unsharp_process,
    .band = unsharp_band,
    .cpu_offset = FW_CPU_OFFSET(struct unsharp, cpu),
};
