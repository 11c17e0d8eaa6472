/*
 * hue: the chroma of a picture turned and stretched, its luma moved. Expressions and fixed-point
 * arithmetic of libavfilter 5.1's hue, at every depth (there 8 and 10 bits).
 */
#include "expr.h"
#include "filter.h"
#include "format.h"
#include "kernels/chroma.h"
#include "rows.h"

#include <math.h>
#include <string.h>

#define VARIABLES "n pts r t tb"
#define LIMIT 10.0f /* of saturation and brightness, either way */

enum part { DEGREES, SATURATION, RADIANS, BRIGHTNESS, PARTS };

struct hue {
    char *texts[PARTS];
    int32_t cpu;

    struct fw_video in;
    const struct fw_chroma_kernels *kernels;
    struct fw_expr *exprs[PARTS];
};

#define PART(option_name, part, preset, text)                                                      \
    {                                                                                              \
        .name = option_name, .help = text, .type = FW_OPTION_EXPR,                                 \
        .offset = offsetof(struct hue, texts) + (part) * sizeof(char *), .default_text = preset,   \
        .variables = VARIABLES                                                                     \
    }

static const struct fw_option hue_options[] = {
    PART("h", DEGREES, NULL, "angle in degrees"),
    PART("s", SATURATION, "1", "saturation, -10 to 10"),
    PART("H", RADIANS, NULL, "angle in radians"),
    PART("b", BRIGHTNESS, "0", "brightness, -10 to 10"),
    { .name = NULL },
};

static int hue_accepts(const void *self, const struct fw_format *format)
{
    (void)self;
    return fw_format_is_planar_int(format) && !(format->flags & FW_FORMAT_RGB) &&
           format->component_count >= 3;
}

static int hue_negotiate(void *self, const struct fw_video *in, struct fw_video *out,
                         struct fw_caps *caps, struct fw_error *err)
{
    struct hue *hue = self;
    *out = *in;
    if (hue->texts[DEGREES] && hue->texts[RADIANS])
        return fw_fail(err, FW_ERR_USAGE, "h and H are the same angle: give one of them");
    if (!hue_accepts(self, in->format)) {
        out->format = NULL;
        return FW_OK;
    }
    hue->in = *in;
    bool moves = false;
    for (int i = 0; i < PARTS; i++) {
        const char *text = hue->texts[i];
        moves = moves || (text && (fw_expr_mentions(text, "n") || fw_expr_mentions(text, "t") ||
                                   fw_expr_mentions(text, "pts")));
    }
    caps->filter_class = moves ? FW_CLASS_INDEXED : FW_CLASS_PURE;
    caps->flags |= FW_CAPS_BANDS;
    caps->cost_ns_per_pixel = 0.2f;
    return FW_OK;
}

static void hue_stop(void *self)
{
    struct hue *hue = self;
    for (int i = 0; i < PARTS; i++) {
        fw_expr_destroy(hue->exprs[i]);
        hue->exprs[i] = NULL;
    }
}

static int hue_start(void *self, struct fw_error *err)
{
    struct hue *hue = self;
    int status = FW_OK;
    hue->kernels = fw_chroma_kernels(hue->cpu);
    for (int i = 0; i < PARTS && status == FW_OK; i++) {
        if (hue->texts[i])
            status = fw_expr_create(&hue->exprs[i], hue->texts[i], VARIABLES, err);
    }
    return status;
}

static float limited(float value)
{
    if (!isfinite(value))
        return 0;
    return value < -LIMIT ? -LIMIT : (value > LIMIT ? LIMIT : value);
}

/* What the expressions say of a frame: the matrix, and what is added to luma. */
static int32_t settle(const struct hue *hue, const struct fw_frame *frame, struct fw_chroma *chroma)
{
    float parts[PARTS] = { 0, 1, 0, 0 };
    double tick = fw_expr_ratio(hue->in.time_base, NAN);
    double pts = frame->pts == FW_NOPTS ? NAN : (double)frame->pts;
    const double values[] = { (double)frame->index, pts, fw_expr_ratio(hue->in.frame_rate, NAN),
                              pts * tick, tick };
    for (int i = 0; i < PARTS; i++) {
        if (hue->exprs[i])
            parts[i] = (float)fw_expr_value(hue->exprs[i], values);
    }
    float angle = hue->exprs[DEGREES] ? (float)((double)parts[DEGREES] * M_PI / 180)
                                      : parts[RADIANS];
    double saturation = (double)limited(parts[SATURATION]);
    double turn = isfinite(angle) ? (double)angle : 0;
    int32_t sine = (int32_t)lrint(sin(turn) * (1 << 16) * saturation);
    int32_t cosine = (int32_t)lrint(cos(turn) * (1 << 16) * saturation);
    int32_t levels = 1 << fw_format_depth(hue->in.format);
    *chroma = (struct fw_chroma){ cosine, -sine, sine, cosine, levels - 1 };
    double offset = (double)limited(parts[BRIGHTNESS]) * (levels == 256 ? 25.5 : levels / 10.0);
    return (int32_t)floor(offset);
}

static void lift_rows(const struct hue *hue, const struct fw_image *dst, const struct fw_image *src,
                      struct fw_rows rows, uint32_t plane, int32_t offset)
{
    bool wide = fw_format_depth(src->format) > 8;
    int32_t max = (1 << fw_format_depth(src->format)) - 1;
    size_t bytes = fw_format_row_bytes(src->format, plane, src->width);
    for (int32_t y = rows.first; y < rows.end; y++) {
        uint8_t *to = dst->data[plane] + y * dst->stride[plane];
        const uint8_t *from = src->data[plane] + y * src->stride[plane];
        if (offset == 0)
            memcpy(to, from, bytes);
        else if (wide)
            hue->kernels->lift_u16((uint16_t *)(void *)to, (const uint16_t *)(const void *)from,
                                   offset, max, rows.width);
        else
            hue->kernels->lift_u8(to, from, offset, rows.width);
    }
}

static void turn_rows(const struct hue *hue, const struct fw_image *dst, const struct fw_image *src,
                      struct fw_rows rows, const struct fw_chroma *chroma)
{
    for (int32_t y = rows.first; y < rows.end; y++) {
        uint8_t *u_to = dst->data[1] + y * dst->stride[1];
        uint8_t *v_to = dst->data[2] + y * dst->stride[2];
        const uint8_t *u = src->data[1] + y * src->stride[1];
        const uint8_t *v = src->data[2] + y * src->stride[2];
        if (chroma->max > 255)
            hue->kernels->turn_u16((uint16_t *)(void *)u_to, (uint16_t *)(void *)v_to,
                                   (const uint16_t *)(const void *)u,
                                   (const uint16_t *)(const void *)v, chroma, rows.width);
        else
            hue->kernels->turn_u8(u_to, v_to, u, v, chroma, rows.width);
    }
}

static int hue_band(void *self, const struct fw_frame *in, struct fw_frame *out, int32_t row_first,
                    int32_t row_end, void *scratch, struct fw_error *err)
{
    (void)scratch;
    (void)err;
    const struct hue *hue = self;
    const struct fw_image *src = &in->image;
    const struct fw_image *dst = &out->image;
    struct fw_chroma chroma;
    int32_t offset = settle(hue, in, &chroma);
    lift_rows(hue, dst, src, fw_rows_of(src, 0, row_first, row_end), 0, offset);
    turn_rows(hue, dst, src, fw_rows_of(src, 1, row_first, row_end), &chroma);
    if (src->format->plane_count > 3)
        lift_rows(hue, dst, src, fw_rows_of(src, 3, row_first, row_end), 3, 0);
    return FW_OK;
}

static int hue_process(void *self, const struct fw_frame *in, struct fw_frame *out, void *scratch,
                       struct fw_error *err)
{
    return hue_band(self, in, out, 0, in->image.height, scratch, err);
}

const struct fw_filter fw_filter_hue = {
    .struct_size = sizeof(struct fw_filter),
    .abi = FW_ABI_VERSION,
    .name = "hue",
    .summary = "turn hue, change saturation and brightness",
    .options = hue_options,
    .self_size = sizeof(struct hue),
    .negotiate = hue_negotiate,
    .accepts = hue_accepts,
    .start = hue_start,
    .process = hue_process,
    .band = hue_band,
    .stop = hue_stop,
    .cpu_offset = FW_CPU_OFFSET(struct hue, cpu),
};
