#include "turn.h"

#include <string.h>

#include "filters/format.h"

/* Bit by bit, a turn is a mirror of columns, one of rows, and then rows taken for columns. */
struct turn {
    bool columns;
    bool rows;
    bool swap;
};

static struct turn turn_of(uint32_t orientation)
{
    static const struct turn turns[9] = {
        [2] = { .columns = true },
        [3] = { .columns = true, .rows = true },
        [4] = { .rows = true },
        [5] = { .swap = true },
        [6] = { .rows = true, .swap = true },
        [7] = { .columns = true, .rows = true, .swap = true },
        [8] = { .columns = true, .swap = true },
    };
    return orientation <= 8 ? turns[orientation] : turns[0];
}

/* Bytes from one sample, or group of them, to the next; 0: they are not whole bytes. */
static size_t step_bytes(const struct fw_format *format, uint32_t plane)
{
    size_t one = fw_format_row_bytes(format, plane, 1);
    return fw_format_row_bytes(format, plane, 64) ==
                   one * (size_t)fw_format_plane_width(format, plane, 64)
               ? one
               : 0;
}

bool fw_turn_fits(const struct fw_format *format, uint32_t orientation)
{
    const uint32_t odd = FW_FORMAT_PALETTE | FW_FORMAT_BITSTREAM | FW_FORMAT_BAYER;
    struct turn turn = turn_of(orientation);
    bool subsampled = format->log2_chroma_w > 0 || format->log2_chroma_h > 0;
    if (!turn.columns && !turn.rows && !turn.swap)
        return true;
    if ((format->flags & odd) || (subsampled && !(format->flags & FW_FORMAT_PLANAR)) ||
        (turn.swap && format->log2_chroma_w != format->log2_chroma_h))
        return false;
    bool whole = true;
    for (uint32_t i = 0; i < format->plane_count; i++)
        whole = whole && step_bytes(format, i) > 0;
    return whole;
}

void fw_turn_video(struct fw_video *video, uint32_t orientation)
{
    struct fw_rational aspect = video->sample_aspect;
    int32_t width = video->width;
    if (!turn_of(orientation).swap)
        return;
    video->width = video->height;
    video->height = width;
    if (aspect.num > 0 && aspect.den > 0)
        video->sample_aspect = (struct fw_rational){ aspect.den, aspect.num };
}

static void copy_sample(uint8_t *to, const uint8_t *from, size_t bytes)
{
    switch (bytes) {
    case 1:
        *to = *from;
        break;
    case 2:
        memcpy(to, from, 2);
        break;
    case 3:
        memcpy(to, from, 3);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    default:
        memcpy(to, from, bytes);
        break;
    }
}

static void turn_plane(const struct fw_image *from, const struct fw_image *to, uint32_t plane,
                       struct turn turn)
{
    size_t bytes = step_bytes(from->format, plane);
    int32_t from_width = fw_format_plane_width(from->format, plane, from->width);
    int32_t from_height = fw_format_plane_height(from->format, plane, from->height);
    int32_t width = fw_format_plane_width(to->format, plane, to->width);
    int32_t height = fw_format_plane_height(to->format, plane, to->height);
    for (int32_t y = 0; y < height; y++) {
        uint8_t *out = to->data[plane] + y * to->stride[plane];
        for (int32_t x = 0; x < width; x++, out += bytes) {
            int32_t column = turn.swap ? y : x;
            int32_t row = turn.swap ? x : y;
            column = turn.columns ? from_width - 1 - column : column;
            row = turn.rows ? from_height - 1 - row : row;
            copy_sample(out, from->data[plane] + row * from->stride[plane] + (size_t)column * bytes,
                        bytes);
        }
    }
}

void fw_turn_image(const struct fw_image *from, const struct fw_image *to, uint32_t orientation)
{
    for (uint32_t i = 0; i < from->format->plane_count; i++)
        turn_plane(from, to, i, turn_of(orientation));
}
