/*
 * cas: contrast adaptive sharpening. Options and pixels of libavfilter's filter of that name; edge
 * samples repeat.
 */
#include "filter.h"
#include "format.h"
#include "kernels/cas.h"
#include "slide.h"

struct cas {
    double strength;
    int64_t planes;
    int32_t cpu;
    int32_t peak;
    const struct fw_cas_kernels *kernels;
};

static const struct fw_option cas_options[] = {
    { .name = "strength",
      .help = "how much to sharpen",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct cas, strength),
      .min = 0,
      .max = 1,
      .default_text = "0" },
    { .name = "planes",
      .help = "planes to filter, one bit each",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct cas, planes),
      .min = 0,
      .max = 15,
      .default_text = "7" },
    { .name = NULL },
};

static int cas_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format);
}

static void pick_row(void *opaque, uint8_t *const *dst, const uint8_t *const *src, int32_t width)
{
    const struct cas *cas = opaque;
    struct fw_cas_rows rows = {
        .width = width,
        .peak = cas->peak,
        .strength = -(16.0f + (4.01f - 16.0f) * (float)cas->strength),
    };
    for (int i = 0; i < 3; i++)
        rows.rows[i] = (const uint16_t *)(const void *)src[i];
    if (cas->peak <= UINT8_MAX)
        cas->kernels->row_u8(dst[0], &rows);
    else
        cas->kernels->row_u16((uint16_t *)(void *)dst[0], &rows);
}

static struct fw_slide slide_of(struct cas *cas)
{
    return (struct fw_slide){
        .radius_x = 1,
        .radius_y = 1,
        .batch = 1,
        .edge_x = FW_EDGE_CLAMP,
        .edge_y = FW_EDGE_CLAMP,
        .widen = true,
        .cpu = cas->cpu,
        .emit = pick_row,
        .opaque = cas,
    };
}

static int cas_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                         struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    struct cas *cas = self;
    struct fw_slide slide = slide_of(cas);
    *out = *in;
    if (!cas_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    cas->peak = (1 << fw_format_depth(in->format)) - 1;
    caps->flags |= FW_CAPS_BANDS;
    caps->halo_rows = fw_slide_halo(in->format, 1);
    caps->scratch_bytes = fw_slide_bytes(&slide, in->width);
    caps->cost_ns_per_pixel = 1.5f;
    return FW_OK;
}

static int cas_start(void *self, struct fw_error *err)
{
    (void)err;
    struct cas *cas = self;
    cas->kernels = fw_cas_kernels(cas->cpu);
    return FW_OK;
}

static int cas_band(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                    int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)err;
    struct cas *cas = self;
    struct fw_slide slide = slide_of(cas);
    for (uint32_t plane = 0; plane < in->image.format->plane_count; plane++) {
        struct fw_rows rows = fw_rows_of(&in->image, plane, row_first, row_end);
        if (!(cas->planes >> plane & 1))
            fw_rows_copy(&out->image, &in->image, plane, rows);
        else
            fw_slide_plane(&slide, &out->image, &in->image, plane, rows, scratch);
    }
    return FW_OK;
}

static int cas_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                       struct fw_error *err)
{
    return cas_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_cas = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "cas",
    .summary = "contrast adaptive sharpening",
    .options = cas_options,
    .self_size = sizeof(struct cas),
    .negotiate = cas_negotiate,
    .accepts = cas_accepts,
    .start = cas_start,
    .process = cas_process,
    .band = cas_band,
    .cpu_offset = FW_CPU_OFFSET(struct cas, cpu),
};
