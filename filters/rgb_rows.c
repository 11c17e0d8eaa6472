/* Rows of components, read in place or taken out of packed pixels piece by piece. */
#include "rgb_rows.h"

#include "format.h"

#include <string.h>

#define PIECE 512 /* pixels; sixteen rows of them stay in the first-level cache */

static bool is_packed(const struct fw_format *format)
{
    const struct fw_component *first = &format->components[0];
    int32_t bytes = first->depth / 8;
    if (first->depth != 8 && first->depth != 16)
        return false;
    for (uint32_t i = 0; i < format->component_count; i++) {
        const struct fw_component *component = &format->components[i];
        if (component->depth != first->depth || component->step != first->step ||
            component->shift != 0 || component->offset % bytes != 0)
            return false;
    }
    return first->step == 3 * bytes || first->step == 4 * bytes;
}

bool fw_rgb_rows_takes(const struct fw_format *format)
{
    const uint32_t refused = FW_FORMAT_BIG_ENDIAN | FW_FORMAT_FLOAT | FW_FORMAT_PALETTE |
                             FW_FORMAT_BITSTREAM | FW_FORMAT_BAYER | FW_FORMAT_XYZ;
    if (!(format->flags & FW_FORMAT_RGB) || (format->flags & refused) ||
        format->component_count < 3)
        return false;
    return format->flags & FW_FORMAT_PLANAR ? fw_format_is_planar_int(format)
                                            : format->plane_count == 1 && is_packed(format);
}

size_t fw_rgb_rows_scratch(const struct fw_format *format)
{
    return format->flags & FW_FORMAT_PLANAR ? 0 : (size_t)PIECE * 2 * 4 * 2;
}

void fw_rgb_rows_start(struct fw_rgb_rows *rows, const struct fw_format *format, int level)
{
    const struct fw_component *first = &format->components[0];
    *rows = (struct fw_rgb_rows){
        .planar = format->flags & FW_FORMAT_PLANAR,
        .sample_bytes = fw_format_depth(format) > 8 ? 2 : 1,
        .kernels = fw_interleave_kernels(level),
    };
    if (rows->planar)
        return;
    int32_t left = 0; /* the place that no component has */
    rows->plan.sample_bytes = rows->sample_bytes;
    rows->plan.parts = first->step / rows->sample_bytes;
    for (int32_t i = 0; i < rows->plan.parts; i++)
        left += i;
    for (int32_t i = 0; i < format->component_count; i++) {
        rows->plan.place[i] = format->components[i].offset / rows->sample_bytes;
        left -= rows->plan.place[i];
    }
    if (rows->plan.parts > format->component_count)
        rows->plan.place[3] = left;
    fw_interleave_init(&rows->plan);
}

static void run_planar(const struct fw_image *dst, const struct fw_image *src, int32_t y,
                       bool alpha, fw_rgb_row_call *call, const void *argument)
{
    const struct fw_format *format = src->format;
    uint8_t *to[4] = { NULL };
    const uint8_t *from[4] = { NULL };
    for (uint32_t i = 0; i < format->component_count; i++) {
        uint32_t plane = format->components[i].plane;
        to[i] = dst->data[plane] + y * dst->stride[plane];
        from[i] = src->data[plane] + y * src->stride[plane];
    }
    if (from[3] && !alpha) {
        memcpy(to[3], from[3],
               fw_format_row_bytes(format, format->components[3].plane, src->width));
        to[3] = NULL;
        from[3] = NULL;
    }
    call(argument, to, from, src->width);
}

static void run_packed(const struct fw_rgb_rows *rows, uint8_t *dst, const uint8_t *src,
                       int32_t width, uint8_t *scratch, bool alpha, fw_rgb_row_call *call,
                       const void *argument)
{
    ptrdiff_t piece_bytes = (ptrdiff_t)PIECE * rows->sample_bytes;
    ptrdiff_t pixel = (ptrdiff_t)rows->plan.parts * rows->sample_bytes;
    uint8_t *in[4];
    uint8_t *out[4];
    for (int i = 0; i < 4; i++) {
        in[i] = scratch + i * piece_bytes;
        out[i] = scratch + (i + 4) * piece_bytes;
    }
    bool mixes = alpha && rows->plan.parts == 4;
    uint8_t *const to[4] = { out[0], out[1], out[2], mixes ? out[3] : NULL };
    const uint8_t *const from[4] = { in[0], in[1], in[2], mixes ? in[3] : NULL };
    const uint8_t *const joined[4] = { out[0], out[1], out[2], mixes ? out[3] : in[3] };
    for (int32_t x = 0; x < width; x += PIECE) {
        int32_t count = width - x < PIECE ? width - x : PIECE;
        rows->kernels->split(&rows->plan, in, src + x * pixel, count);
        call(argument, to, from, count);
        rows->kernels->join(&rows->plan, dst + x * pixel, joined, count);
    }
}

void fw_rgb_rows_run(const struct fw_rgb_rows *rows, const struct fw_image *dst,
                     const struct fw_image *src, int32_t first, int32_t end, void *scratch,
                     bool alpha, fw_rgb_row_call *call, const void *argument)
{
    bool mixes = alpha && (src->format->flags & FW_FORMAT_ALPHA);
    for (int32_t y = first; y < end; y++) {
        if (rows->planar)
            run_planar(dst, src, y, mixes, call, argument);
        else
            run_packed(rows, dst->data[0] + y * dst->stride[0], src->data[0] + y * src->stride[0],
                       src->width, scratch, mixes, call, argument);
    }
}
