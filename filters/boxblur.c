/*
 * boxblur: mean over a (2r+1)x(2r+1) box, repeated.
 *
 * Written from FFmpeg's documentation and from the output of its boxblur: all horizontal passes of
 * a row, then all vertical ones; the picture is mirrored at its edges (edge pixel repeated); each
 * pass rounds through a 16.16 reciprocal of the box length.
 */
#include "expr.h"
#include "filter.h"
#include "format.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define VARIABLES "w h cw ch hsub vsub"
#define SETS 3 /* luma, chroma, alpha */

struct boxblur {
    char *radius_text[SETS];
    int64_t power[SETS];
    int32_t radius[SETS];
    int64_t passes[SETS];
};

static const char *const set_names[SETS] = { "luma", "chroma", "alpha" };

#define RADIUS(option_name, set, text)                                                             \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct boxblur, radius_text) + (set) * sizeof(char *),                  \
        .default_text = (set) ? NULL : "2", .variables = VARIABLES, .unit = "px"                   \
    }
#define POWER(option_name, set, text)                                                              \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_INT,                                  \
        .offset = offsetof(struct boxblur, power) + (set) * sizeof(int64_t),                       \
        .min = (set) ? -1 : 0, .max = INT_MAX, .default_text = (set) ? "-1" : "2"                  \
    }

static const struct fw_option boxblur_options[] = {
    RADIUS("luma_radius", 0, "radius of the box for luma"),
    RADIUS("lr", 0, "radius of the box for luma"),
    POWER("luma_power", 0, "how often luma is blurred"),
    POWER("lp", 0, "how often luma is blurred"),
    RADIUS("chroma_radius", 1, "radius for chroma; luma's when absent"),
    RADIUS("cr", 1, "radius for chroma; luma's when absent"),
    POWER("chroma_power", 1, "how often chroma is blurred; -1: as luma"),
    POWER("cp", 1, "how often chroma is blurred; -1: as luma"),
    RADIUS("alpha_radius", 2, "radius for alpha; luma's when absent"),
    RADIUS("ar", 2, "radius for alpha; luma's when absent"),
    POWER("alpha_power", 2, "how often alpha is blurred; -1: as luma"),
    POWER("ap", 2, "how often alpha is blurred; -1: as luma"),
    { .name = NULL },
};

static int boxblur_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static int read_radius(struct boxblur *blur, int set, const struct fw_video *in,
                       struct fw_error *err)
{
    int32_t chroma_width = in->width >> in->format->log2_chroma_w;
    int32_t chroma_height = in->height >> in->format->log2_chroma_h;
    const double values[] = { in->width,
                              in->height,
                              chroma_width,
                              chroma_height,
                              1 << in->format->log2_chroma_w,
                              1 << in->format->log2_chroma_h };
    const char *text = blur->radius_text[set] ? blur->radius_text[set] : blur->radius_text[0];
    int32_t width = set == 1 ? chroma_width : in->width;
    int32_t height = set == 1 ? chroma_height : in->height;
    int32_t limit = (width < height ? width : height) / 2;
    double value;
    int status = fw_expr_once(&value, text, VARIABLES, values, err);
    if (status < 0)
        return status;
    if (isnan(value) || value <= -1 || value >= limit + 1.0)
        return fw_fail(err, FW_ERR_USAGE, "the %s radius is %g; this input allows 0..%d",
                       set_names[set], value, limit);
    blur->radius[set] = (int32_t)value;
    blur->passes[set] = blur->power[set] < 0 ? blur->power[0] : blur->power[set];
    if (blur->radius[set] == 0)
        blur->passes[set] = 0;
    return FW_OK;
}

static size_t scratch_stride(int32_t width)
{
    return ((size_t)width * sizeof(uint16_t) + 63) / 64 * 64;
}

static int boxblur_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                             struct fw_caps *caps, struct fw_error *err)
{
    struct boxblur *blur = self;
    bool changes = false;
    *out = *in;
    if (!boxblur_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    for (int set = 0; set < SETS; set++) {
        int status = read_radius(blur, set, in, err);
        if (status < 0)
            return status;
        changes = changes || blur->passes[set] > 0;
    }
    if (!changes)
        caps->flags |= FW_CAPS_IDENTITY;
    /* One plane, two rows mirrored at both ends, one row of sums. */
    caps->scratch_bytes = scratch_stride(in->width) * (size_t)in->height +
                          2 * scratch_stride(2 * in->width + 64) +
                          ((size_t)in->width + 32) * sizeof(uint32_t);
    caps->cost_ns_per_pixel = 2.0f;
    return FW_OK;
}

struct rows {
    void *row[2];
    uint32_t *sums;
};

/* 65535 times a reciprocal rounded up passes 2^32 for some lengths: hence the wide product. */
#define BLUR_FUNCTIONS(type)                                                                       \
    static type mean_##type(uint32_t sum, uint32_t reciprocal)                                     \
    {                                                                                              \
        uint64_t mean = ((uint64_t)sum * reciprocal + (1u << 15)) >> 16;                           \
        return (type)(mean > (type)-1 ? (type)-1 : mean);                                          \
    }                                                                                              \
    static void pass_row_##type(type *restrict dst, type *restrict padded, int32_t width,          \
                                int32_t radius, uint32_t reciprocal)                               \
    {                                                                                              \
        type *from = padded + radius;                                                              \
        for (int32_t i = 0; i < radius; i++) {                                                     \
            from[-1 - i] = from[i];                                                                \
            from[width + i] = from[width - 1 - i];                                                 \
        }                                                                                          \
        from[width + radius] = 0;                                                                  \
        uint32_t sum = 0;                                                                          \
        for (int32_t i = -radius; i <= radius; i++)                                                \
            sum += from[i];                                                                        \
        for (int32_t x = 0; x < width; x++) {                                                      \
            dst[x] = mean_##type(sum, reciprocal);                                                 \
            sum += (uint32_t)from[x + radius + 1] - from[x - radius];                              \
        }                                                                                          \
    }                                                                                              \
    static void sum_rows_##type(uint32_t *restrict sums, const type *restrict add,                 \
                                const type *restrict drop, int32_t width)                          \
    {                                                                                              \
        for (int32_t x = 0; x < width; x++)                                                        \
            sums[x] += (uint32_t)add[x] - drop[x];                                                 \
    }                                                                                              \
    static void store_row_##type(type *restrict dst, const uint32_t *restrict sums, int32_t width, \
                                 uint32_t reciprocal)                                              \
    {                                                                                              \
        for (int32_t x = 0; x < width; x++)                                                        \
            dst[x] = mean_##type(sums[x], reciprocal);                                             \
    }                                                                                              \
    static void start_sums_##type(uint32_t *restrict sums, const type *restrict row,               \
                                  int32_t width, uint32_t times)                                   \
    {                                                                                              \
        for (int32_t x = 0; x < width; x++)                                                        \
            sums[x] += times * row[x];                                                             \
    }                                                                                              \
    static void pass_columns_##type(struct plane *plane, uint8_t *dst, ptrdiff_t dst_stride,       \
                                    const uint8_t *src, ptrdiff_t src_stride)                      \
    {                                                                                              \
        int32_t radius = plane->radius;                                                            \
        uint32_t *sums = plane->rows.sums;                                                         \
        memset(sums, 0, (size_t)plane->width * sizeof(*sums));                                     \
        for (int32_t i = 0; i <= radius; i++) {                                                    \
            int32_t y = i < plane->height ? i : 2 * plane->height - 1 - i;                         \
            start_sums_##type(sums, (const type *)(const void *)(src + y * src_stride),            \
                              plane->width, i < radius ? 2 : 1);                                   \
        }                                                                                          \
        for (int32_t y = 0; y < plane->height; y++) {                                              \
            store_row_##type((type *)(void *)(dst + y * dst_stride), sums, plane->width,           \
                             plane->reciprocal);                                                   \
            int32_t add = mirror(y + radius + 1, plane->height);                                   \
            int32_t drop = mirror(y - radius, plane->height);                                      \
            sum_rows_##type(sums, (const type *)(const void *)(src + add * src_stride),            \
                            (const type *)(const void *)(src + drop * src_stride), plane->width);  \
        }                                                                                          \
    }                                                                                              \
    static void blur_row_##type(struct plane *plane, uint8_t *dst, const uint8_t *src)             \
    {                                                                                              \
        int32_t radius = plane->radius;                                                            \
        type *now = plane->rows.row[0];                                                            \
        type *next = plane->rows.row[1];                                                           \
        memcpy(now + radius, src, (size_t)plane->width * sizeof(type));                            \
        for (int64_t pass = 0; pass < plane->passes; pass++) {                                     \
            pass_row_##type(next + radius, now, plane->width, radius, plane->reciprocal);          \
            type *last = now;                                                                      \
            now = next;                                                                            \
            next = last;                                                                           \
        }                                                                                          \
        memcpy(dst, now + radius, (size_t)plane->width * sizeof(type));                            \
    }

struct plane {
    int32_t width;
    int32_t height;
    int32_t radius;
    int64_t passes;
    uint32_t reciprocal;
    struct rows rows;
};

static int32_t mirror(int32_t at, int32_t count)
{
    if (at < 0)
        return -1 - at;
    return at < count ? at : 2 * count - 1 - at;
}

BLUR_FUNCTIONS(uint8_t)
BLUR_FUNCTIONS(uint16_t)

/* The passes go to and fro between dst and the scratch plane so that the last one ends in dst. */
static void blur_plane(struct plane *plane, bool wide, uint8_t *dst, ptrdiff_t dst_stride,
                       const uint8_t *src, ptrdiff_t src_stride, uint8_t *scratch)
{
    ptrdiff_t scratch_bytes = (ptrdiff_t)scratch_stride(plane->width);
    bool in_dst = plane->passes % 2 == 0;
    for (int32_t y = 0; y < plane->height; y++) {
        uint8_t *row = in_dst ? dst + y * dst_stride : scratch + y * scratch_bytes;
        if (wide)
            blur_row_uint16_t(plane, row, src + y * src_stride);
        else
            blur_row_uint8_t(plane, row, src + y * src_stride);
    }
    for (int64_t pass = 0; pass < plane->passes; pass++) {
        uint8_t *from = in_dst ? dst : scratch;
        uint8_t *to = in_dst ? scratch : dst;
        ptrdiff_t from_stride = in_dst ? dst_stride : scratch_bytes;
        ptrdiff_t to_stride = in_dst ? scratch_bytes : dst_stride;
        if (wide)
            pass_columns_uint16_t(plane, to, to_stride, from, from_stride);
        else
            pass_columns_uint8_t(plane, to, to_stride, from, from_stride);
        in_dst = !in_dst;
    }
}

static int boxblur_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                           void *scratch, struct fw_error *err)
{
    (void)err;
    const struct boxblur *blur = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = src->format;
    bool wide = fw_format_depth(format) > 8;
    uint8_t *rows = (uint8_t *)scratch + scratch_stride(src->width) * (size_t)src->height;
    size_t row_bytes = scratch_stride(2 * src->width + 64);
    for (uint32_t i = 0; i < format->plane_count; i++) {
        bool alpha = i == 3 || (i > 0 && format->plane_count == 2);
        int set = alpha ? 2 : (i > 0 ? 1 : 0);
        struct plane plane = {
            .width = fw_format_plane_width(format, i, src->width),
            .height = fw_format_plane_height(format, i, src->height),
            .radius = blur->radius[set],
            .passes = blur->passes[set],
            .rows = { { rows, rows + row_bytes }, (uint32_t *)(void *)(rows + 2 * row_bytes) },
        };
        uint32_t length = 2 * (uint32_t)plane.radius + 1;
        plane.reciprocal = ((1u << 16) + length / 2) / length;
        blur_plane(&plane, wide, dst->data[i], dst->stride[i], src->data[i], src->stride[i],
                   scratch);
    }
    return FW_OK;
}

const struct fw_filter fw_filter_boxblur = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "boxblur",
    .summary = "blur with a box, once or several times",
    .options = boxblur_options,
    .self_size = sizeof(struct boxblur),
    .negotiate = boxblur_negotiate,
    .accepts = boxblur_accepts,
    .process = boxblur_process,
};
