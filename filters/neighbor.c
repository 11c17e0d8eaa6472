/*
 * erosion, dilation, deflate and inflate: the least, the most or the mean of the samples around
 * one. Options and pixels of libavfilter's filters of those names, which mirror columns without
 * repeating the edge and repeat rows; a threshold of 0 leaves a plane alone.
 */
#include "filter.h"
#include "format.h"
#include "kernels/neighbor.h"
#include "slide.h"

struct neighbor {
    int64_t coordinates;
    int64_t threshold[FW_PLANES_MAX];
    int32_t cpu;
    int32_t peak;
    enum fw_neighbor operation;
    uint32_t plane; /* the one that is worked on */
    const struct fw_neighbor_kernels *kernels;
};

#define THRESHOLD(text)                                                                            \
    {                                                                                              \
        .name = "threshold" #text, .help = "how far samples of plane " #text " may move",          \
        .type = FW_OPTION_INT,                                                                     \
        .offset = offsetof(struct neighbor, threshold) + (text) * sizeof(int64_t), .min = 0,       \
        .max = 65535, .default_text = "65535"                                                      \
    }

static const struct fw_option rank_options[] = {
    { .name = "coordinates",
      .help = "which of the eight neighbours count, one bit each in reading order",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct neighbor, coordinates),
      .min = 0,
      .max = 255,
      .default_text = "255" },
    THRESHOLD(0),
    THRESHOLD(1),
    THRESHOLD(2),
    THRESHOLD(3),
    { .name = NULL },
};

static const struct fw_option mean_options[] = {
    THRESHOLD(0), THRESHOLD(1), THRESHOLD(2), THRESHOLD(3), { .name = NULL },
};

static int neighbor_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_slide_accepts(format);
}

static void pick_row(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width)
{
    const struct neighbor *neighbor = opaque;
    const struct fw_neighbor_rows rows = {
        .rows = { src[0], src[1], src[2] },
        .width = width,
        .chosen = (uint32_t)neighbor->coordinates,
        .threshold = (int32_t)neighbor->threshold[neighbor->plane],
        .peak = neighbor->peak,
    };
    if (neighbor->peak <= UINT8_MAX)
        neighbor->kernels->row_u8[neighbor->operation](dst[0], &rows);
    else
        neighbor->kernels->row_u16[neighbor->operation]((uint16_t *)(void *)dst[0], &rows);
}

static struct fw_slide slide_of(struct neighbor *neighbor)
{
    return (struct fw_slide){
        .radius_x = 1,
        .radius_y = 1,
        .batch = 1,
        .edge_x = FW_EDGE_MIRROR,
        .edge_y = FW_EDGE_CLAMP,
        .emit = pick_row,
        .opaque = neighbor,
    };
}

static int neighbor_negotiate(struct neighbor *neighbor, enum fw_neighbor operation,
                              const struct fw_video *in, struct fw_video *out, struct fw_caps *caps)
{
    struct fw_slide slide = slide_of(neighbor);
    *out = *in;
    if (!fw_slide_accepts(in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    neighbor->operation = operation;
    neighbor->peak = (1 << fw_format_depth(in->format)) - 1;
    caps->flags |= FW_CAPS_BANDS;
    caps->halo_rows = fw_slide_halo(in->format, 1);
    caps->scratch_bytes = fw_slide_bytes(&slide, in->width);
    caps->cost_ns_per_pixel = 0.15f;
    return FW_OK;
}

static int neighbor_start(void *self, struct fw_error *err)
{
    (void)err;
    struct neighbor *neighbor = self;
    neighbor->kernels = fw_neighbor_kernels(neighbor->cpu);
    return FW_OK;
}

static int neighbor_band(void *self, const struct fw_frame *in, struct fw_frame *out,
                         int32_t row_first, int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    struct neighbor *neighbor = self;
    struct fw_slide slide = slide_of(neighbor);
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(&in->image, plane, row_first, row_end);
        neighbor->plane = plane;
        if (neighbor->threshold[plane] == 0)
            fw_rows_copy(&out->image, &in->image, plane, rows);
        else
            fw_slide_plane(&slide, &out->image, &in->image, plane, rows, scratch);
    }
    return FW_OK;
}

static int neighbor_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                            void *scratch, struct fw_error *err)
{
    return neighbor_band(self, in, out, 0, in->image.height, scratch, err);
}

#define NEIGHBOR_FILTER(word, kind, text, table)                                                   \
    static int word##_negotiate(void *self, const struct fw_video *in, struct fw_video *out,       \
                                struct fw_caps *caps, struct fw_error *err)                        \
    {                                                                                              \
        (void)err;                                                                                 \
        return neighbor_negotiate(self, kind, in, out, caps);                                      \
    }                                                                                              \
    const struct fw_filter fw_filter_##word = {                                                    \
        .struct_size = sizeof(struct fw_filter),                                                   \
        .abi = FW_ABI_VERSION,                                                                     \
        .name = #word,                                                                             \
        .summary = text,                                                                           \
        .options = table,                                                                          \
        .self_size = sizeof(struct neighbor),                                                      \
        .negotiate = word##_negotiate,                                                             \
        .accepts = neighbor_accepts,                                                               \
        .start = neighbor_start,                                                                   \
        .process = neighbor_process,                                                               \
        .band = neighbor_band,                                                                     \
        .cpu_offset = FW_CPU_OFFSET(struct neighbor, cpu),                                         \
    };

NEIGHBOR_FILTER(deflate, FW_NEIGHBOR_DEFLATE, "lower samples to their neighbours' mean",
                mean_options)
NEIGHBOR_FILTER(dilation, FW_NEIGHBOR_DILATE, "replace samples by the brightest one around",
                rank_options)
NEIGHBOR_FILTER(erosion, FW_NEIGHBOR_ERODE, "replace samples by the darkest one around",
                rank_options)
NEIGHBOR_FILTER(inflate, FW_NEIGHBOR_INFLATE, "raise samples to their neighbours' mean",
                mean_options)
