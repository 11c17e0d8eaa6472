/* transpose: rows become columns, with or without a flip. Options of libavfilter 5.1's transpose.
 */
#include "filter.h"
#include "format.h"
#include "kernels/turn.h"

enum { SOURCE_UPWARDS = 1, TARGET_UPWARDS = 2, LANDSCAPE_ONLY = 4 };
enum { PASS_NONE, PASS_LANDSCAPE, PASS_PORTRAIT };

struct transpose {
    int64_t dir;
    int64_t passthrough;
    int32_t cpu;
    const struct fw_turn_kernels *kernels;
};

static const struct fw_choice transpose_dirs[] = {
    { "cclock_flip", 0, "counter-clockwise, then upside down" },
    { "clock", 1, "90 degrees clockwise" },
    { "cclock", 2, "90 degrees counter-clockwise" },
    { "clock_flip", 3, "clockwise, then upside down" },
    { NULL, 0, NULL },
};

static const struct fw_choice transpose_passthroughs[] = {
    { "none", PASS_NONE, "always transpose" },
    { "portrait", PASS_PORTRAIT, "leave portrait pictures alone" },
    { "landscape", PASS_LANDSCAPE, "leave landscape pictures alone" },
    { NULL, 0, NULL },
};

static const struct fw_option transpose_options[] = {
    { .name = "dir",
      .help = "direction",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct transpose, dir),
      .min = 0,
      .max = 7,
      .default_text = "cclock_flip",
      .choices = transpose_dirs },
    { .name = "passthrough",
      .help = "pictures to leave alone",
      .type = FW_OPTION_ENUM,
      .offset = offsetof(struct transpose, passthrough),
      .min = 0,
      .max = 2,
      .default_text = "none",
      .choices = transpose_passthroughs },
    { .name = NULL },
};

static int transpose_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return !(format->flags & (FW_FORMAT_BITSTREAM | FW_FORMAT_PALETTE)) &&
           format->log2_chroma_w == format->log2_chroma_h;
}

static int transpose_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                               struct fw_caps *caps, struct fw_error *err)
{
    (void)err;
    const struct transpose *transpose = self;
    int64_t passthrough = transpose->dir & LANDSCAPE_ONLY ? PASS_LANDSCAPE : transpose->passthrough;
    *out = *in;
    if (!transpose_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    if ((in->width >= in->height && passthrough == PASS_LANDSCAPE) ||
        (in->width <= in->height && passthrough == PASS_PORTRAIT)) {
        caps->flags |= FW_CAPS_IDENTITY;
        return FW_OK;
    }
    out->width = in->height;
    out->height = in->width;
    if (in->sample_aspect.num) {
        out->sample_aspect.num = in->sample_aspect.den;
        out->sample_aspect.den = in->sample_aspect.num;
    }
    caps->cost_ns_per_pixel = 0.6f;
    return FW_OK;
}

static int transpose_start(void *self, struct fw_error *err)
{
    (void)err;
    struct transpose *transpose = self;
    transpose->kernels = fw_turn_kernels(transpose->cpu);
    return FW_OK;
}

static int transpose_process(void *self, const struct fw_frame *in, struct fw_frame *out,
                             void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct transpose *transpose = self;
    const struct fw_image *dst = &out->image;
    const struct fw_format *format = dst->format;
    for (uint32_t i = 0; i < format->plane_count; i++) {
        int32_t width = fw_format_plane_width(format, i, dst->width);
        int32_t height = fw_format_plane_height(format, i, dst->height);
        const uint8_t *src = in->image.data[i];
        ptrdiff_t src_stride = in->image.stride[i];
        uint8_t *to = dst->data[i];
        ptrdiff_t stride = dst->stride[i];
        if (transpose->dir & SOURCE_UPWARDS) {
            src += src_stride * (width - 1);
            src_stride = -src_stride;
        }
        if (transpose->dir & TARGET_UPWARDS) {
            to += stride * (height - 1);
            stride = -stride;
        }
        transpose->kernels->transpose(to, stride, src, src_stride, width, height,
                                      (int32_t)fw_format_row_bytes(format, i, 1));
    }
    return FW_OK;
}

const struct fw_filter fw_filter_transpose = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "transpose",
    .summary = "turn by 90 degrees, with or without a flip",
    .options = transpose_options,
    .self_size = sizeof(struct transpose),
    .negotiate = transpose_negotiate,
    .accepts = transpose_accepts,
    .start = transpose_start,
    .process = transpose_process,
    .cpu_offset = FW_CPU_OFFSET(struct transpose, cpu),
};
