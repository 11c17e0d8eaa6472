/* The window of rows of slide.h. */
#include "slide.h"

#include "check.h"
#include "kernels/widen.h"

#include <string.h>

int32_t fw_edge_at(enum fw_edge edge, int32_t at, int32_t count)
{
    if (edge == FW_EDGE_MIRROR && count > 1) {
        int32_t period = 2 * (count - 1);
        at = (at % period + period) % period;
        return at < count ? at : period - at;
    }
    if (edge == FW_EDGE_SKEWED) {
        at = at < 0 ? -at : at;
        at = at < count ? at : 2 * count - 1 - at;
    }
    return at < 0 ? 0 : (at < count ? at : count - 1);
}

static int32_t ring_rows(const struct fw_slide *slide)
{
    return 2 * slide->radius_y + slide->batch;
}

/* The first sample of a row is aligned. */
static size_t lead_bytes(const struct fw_slide *slide)
{
    return fw_rows_align((size_t)slide->radius_x * sizeof(uint16_t));
}

static size_t stride_of(const struct fw_slide *slide, int32_t width)
{
    return lead_bytes(slide) +
           fw_rows_align(((size_t)width + (size_t)slide->radius_x) * sizeof(uint16_t));
}

size_t fw_slide_bytes(const struct fw_slide *slide, int32_t width)
{
    return stride_of(slide, width) * (size_t)(ring_rows(slide) + 1) + FW_ROWS_ALIGN;
}

/* Samples beyond both ends of a row of `width`. */
static void add_ends(const struct fw_slide *slide, uint8_t *row, int32_t width, size_t unit)
{
    for (int32_t i = 1; i <= slide->radius_x; i++) {
        int32_t left = fw_edge_at(slide->edge_x, -i, width);
        int32_t right = fw_edge_at(slide->edge_x, width - 1 + i, width);
        if (unit == 1) {
            row[-i] = row[left];
            row[width - 1 + i] = row[right];
        } else {
            uint16_t *wide = (uint16_t *)(void *)row;
            wide[-i] = wide[left];
            wide[width - 1 + i] = wide[right];
        }
    }
}

static void take_row(const struct fw_slide *slide, uint8_t *row, const uint8_t *src, int32_t width,
                     size_t unit)
{
    if (slide->widen && unit == 1)
        fw_widen_kernels(slide->cpu)->widen_u8((uint16_t *)(void *)row, src, width);
    else
        memcpy(row, src, (size_t)width * unit);
    add_ends(slide, row, width, slide->widen ? sizeof(uint16_t) : unit);
}

void fw_slide_plane(const struct fw_slide *slide, const struct fw_image *dst,
                    const struct fw_image *src, uint32_t plane, struct fw_rows rows, void *scratch)
{
    size_t unit = fw_format_depth(src->format) > 8 ? 2 : 1;
    int32_t ring = ring_rows(slide);
    size_t stride = stride_of(slide, rows.width);
    uint8_t *base = scratch;
    base += (FW_ROWS_ALIGN - (uintptr_t)base % FW_ROWS_ALIGN) % FW_ROWS_ALIGN + lead_bytes(slide);
    FW_CHECK(ring <= FW_SLIDE_ROWS_MAX);
    int32_t taken = rows.first - slide->radius_y; /* the next row to take */
    for (int32_t y = rows.first; y < rows.end; y += slide->batch) {
        const uint8_t *from[FW_SLIDE_ROWS_MAX];
        uint8_t *to[FW_SLIDE_ROWS_MAX];
        int32_t last = (y + slide->batch < rows.end ? y + slide->batch : rows.end) - 1;
        for (; taken <= last + slide->radius_y; taken++) {
            int32_t at = fw_edge_at(slide->edge_y, taken, rows.height);
            int32_t slot = (taken - rows.first + slide->radius_y) % ring;
            take_row(slide, base + (size_t)slot * stride,
                     src->data[plane] + at * src->stride[plane], rows.width, unit);
        }
        for (int32_t i = 0; i < ring; i++) {
            int32_t row = y - slide->radius_y + i;
            row = row < taken ? row : taken - 1;
            from[i] = base + (size_t)((row - rows.first + slide->radius_y) % ring) * stride;
        }
        for (int32_t i = 0; i < slide->batch; i++)
            to[i] = y + i <= last ? dst->data[plane] + (y + i) * dst->stride[plane]
                                  : base + (size_t)ring * stride;
        slide->emit(slide->opaque, to, from, rows.width);
    }
}

bool fw_slide_accepts(const struct fw_format *format)
{
    return fw_format_is_planar_int(format) && strcmp(format->name, "yuv440p10le") != 0;
}

int32_t fw_slide_halo(const struct fw_format *format, int32_t radius_y)
{
    return format->flags & FW_FORMAT_RGB ? radius_y : radius_y << format->log2_chroma_h;
}
