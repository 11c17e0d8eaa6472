/* tmix: the weighted mean of a frame and those before it. Options and rounding of libavfilter 5.1's
 * tmix; before the first frame stand copies of it. */
#include "filter.h"
#include "format.h"
#include "kernels/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 1024

struct tmix {
    int64_t frames;
    char *weights_text;
    double scale;
    int64_t planes;

    int32_t cpu;
    const struct fw_mix_kernels *kernels;
    float factor;
    int32_t plain; /* every weight is 1 */
    float weights[FRAMES_MAX];
};

static const struct fw_option tmix_options[] = {
    { .name = "frames",
      .help = "frames to mix",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct tmix, frames),
      .min = 1,
      .max = FRAMES_MAX,
      .default_text = "3" },
    { .name = "weights",
      .help = "weight of each frame, the oldest first; the last one is repeated",
      .type = FW_OPTION_STRING,
      .offset = offsetof(struct tmix, weights_text),
      .default_text = "1 1 1" },
    { .name = "scale",
      .help = "what the sum is multiplied by; 0: 1 over the sum of the weights",
      .type = FW_OPTION_FLOAT,
      .offset = offsetof(struct tmix, scale),
      .min = 0,
      .max = 32767,
      .default_text = "0" },
    { .name = "planes",
      .help = "planes to mix, as a sum of 1, 2, 4 and 8",
      .type = FW_OPTION_INT,
      .offset = offsetof(struct tmix, planes),
      .min = 0,
      .max = 15,
      .default_text = "15" },
    { .name = NULL },
};

/* Rows are taken for samples of 8 or of 16 bits. */
static int tmix_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    const uint32_t unfit = FW_FORMAT_BITSTREAM | FW_FORMAT_PALETTE | FW_FORMAT_FLOAT |
                           FW_FORMAT_BIG_ENDIAN | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        if (component->depth < 8 || component->depth > 16 || component->shift ||
            component->depth != format->components[0].depth ||
            (component->depth > 8 && component->step % 2))
            return 0;
    }
    return !(format->flags & unfit);
}

static int read_weights(struct tmix *tmix, struct fw_error *err)
{
    const char *at = tmix->weights_text ? tmix->weights_text : "";
    float sum = 0;
    float weight = 0;
    tmix->plain = 1;
    for (int64_t i = 0; i < tmix->frames; i++) {
        at += strspn(at, " |");
        if (*at) {
            char *end = NULL;
            weight = strtof(at, &end);
            if (end == at)
                return fw_fail(err, FW_ERR_USAGE, "weights: '%.40s' is not a number", at);
            at = end + strcspn(end, " |");
        }
        tmix->weights[i] = weight;
        tmix->plain = tmix->plain && weight == 1.0f;
        sum += weight;
    }
    tmix->factor = tmix->scale > 0 ? (float)tmix->scale : 1 / sum;
    return FW_OK;
}

static int tmix_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                          struct fw_caps *caps, struct fw_error *err)
{
    struct tmix *tmix = self;
    *out = *in;
    if (!tmix_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    int64_t max = ((int64_t)1 << fw_format_depth(in->format)) - 1;
    int status = read_weights(tmix, err);
    if (tmix->frames > 256 || tmix->frames * max >= 1 << 24)
        tmix->plain = 0;
    caps->filter_class = FW_CLASS_WINDOWED;
    caps->before = (int32_t)tmix->frames - 1;
    caps->scratch_bytes = (size_t)tmix->frames * sizeof(void *);
    caps->cost_ns_per_pixel = 0.1f + 0.05f * (float)tmix->frames;
    if (tmix->frames == 1)
        caps->flags |= FW_CAPS_IDENTITY;
    return status;
}

static int tmix_start(void *self, struct fw_error *err)
{
    (void)err;
    struct tmix *tmix = self;
    tmix->kernels = fw_mix_kernels(tmix->cpu);
    return FW_OK;
}

static void mix_plane(const struct tmix *tmix, const struct fw_frame *const *in,
                      const struct fw_image *dst, uint32_t plane, const void **rows)
{
    const struct fw_format *format = dst->format;
    size_t bytes = fw_format_row_bytes(format, plane, dst->width);
    int32_t height = fw_format_plane_height(format, plane, dst->height);
    int32_t depth = (int32_t)fw_format_depth(format);
    int32_t before = (int32_t)tmix->frames - 1;
    const struct fw_mix mix = { rows, tmix->plain ? NULL : tmix->weights, (int32_t)tmix->frames,
                                (1 << depth) - 1, tmix->factor };
    int32_t first = 0; /* the oldest frame there is */
    while (first > -before && in[first - 1])
        first--;
    for (int32_t y = 0; y < height; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        for (int32_t i = -before; i <= 0; i++) {
            const struct fw_image *src = &in[i < first ? first : i]->image;
            rows[i + before] = src->data[plane] + y * src->stride[plane];
        }
        if (!(tmix->planes >> plane & 1))
            memcpy(to, rows[0], bytes);
        else if (depth > 8)
            tmix->kernels->u16(to, &mix, (int32_t)(bytes / 2));
        else
            tmix->kernels->u8(to, &mix, (int32_t)bytes);
    }
}

static int tmix_window(void *self, const struct fw_frame *const *in, struct fw_frame *out,
                       void *scratch, struct fw_error *err)
{
    (void)err;
    const struct tmix *tmix = self;
    if (tmix->frames == 1)
        return FW_IDENTITY;
    for (uint32_t plane = 0; plane < out->image.format->plane_count; plane++)
        mix_plane(tmix, in, &out->image, plane, scratch);
    out->flags &= ~(uint32_t)FW_FRAME_INTERLACED;
    return FW_OK;
}

const struct fw_filter fw_filter_tmix = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "tmix",
    .summary = "mean of successive frames",
    .options = tmix_options,
    .self_size = sizeof(struct tmix),
    .negotiate = tmix_negotiate,
    .accepts = tmix_accepts,
    .start = tmix_start,
    .window = tmix_window,
    .cpu_offset = FW_CPU_OFFSET(struct tmix, cpu),
};
