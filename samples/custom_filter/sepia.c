/* A filter in a file of its own: turns a picture to brown by moving its two colour planes. */
#include <framewheel/filter.h>

#include <string.h>

struct sepia {
    double strength;
};

static const struct fw_option sepia_options[] = {
    { .name = "strength",
      .help = "0 leaves the picture as it is, 1 takes all of its own colour away",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct sepia, strength),
      .min = 0,
      .max = 1,
      .default_text = "0.8" },
    { .name = NULL },
};

/* 8-bit planar YUV of any subsampling; the host converts other pictures to the nearest of these. */
static int sepia_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return format->component_count >= 3 && (format->flags & FW_FORMAT_PLANAR) &&
           !(format->flags & (FW_FORMAT_RGB | FW_FORMAT_FLOAT)) && format->components[0].depth == 8;
}

static int sepia_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                           struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    if (!sepia_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    caps->filter_class = FW_CLASS_PURE;
    return FW_OK;
}

static int sepia_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                         struct fw_error *err)
{
    static const int brown[] = { 0, 112, 150 };
    const int keep = 256 - (int)(256 * ((const struct sepia *)self)->strength);
    const struct fw_image *from = &in->image, *to = &out->image;
    (void)scratch, (void)err;
    for (int plane = 0; plane < from->format->plane_count; plane++) {
        int chroma = plane == 1 || plane == 2;
        int shift_w = chroma ? from->format->log2_chroma_w : 0;
        int shift_h = chroma ? from->format->log2_chroma_h : 0;
        int width = (from->width + (1 << shift_w) - 1) >> shift_w;
        int height = (from->height + (1 << shift_h) - 1) >> shift_h;
        for (int y = 0; y < height; y++) {
            const uint8_t *src = from->data[plane] + y * from->stride[plane];
            uint8_t *dst = to->data[plane] + y * to->stride[plane];
            memcpy(dst, src, (size_t)width);
            for (int x = 0; chroma && x < width; x++)
                dst[x] = (uint8_t)((src[x] * keep + brown[plane] * (256 - keep) + 128) >> 8);
        }
    }
    return FW_OK;
}

static const struct fw_filter sepia = {
    .struct_size = sizeof(sepia),
    .abi = FW_ABI_VERSION,
    .name = "sepia",
    .summary = "Turn the picture to brown.",
    .options = sepia_options,
    .self_size = sizeof(struct sepia),
    .negotiate = sepia_negotiate,
    .accepts = sepia_accepts,
    .process = sepia_process,
};

static const struct fw_filter *const filters[] = { &sepia, NULL };
FW_PLUGIN(filters, "1.0", "BSD-2-Clause")
