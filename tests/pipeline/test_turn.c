/* Orientations, against their definition, in formats of every shape. */
#include "pipeline/turn.h"

#include "filters/format.h"
#include "filters/image.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[] = { "gray",    "rgb24",   "rgba",     "rgb48le",  "rgba64le",
                                       "yuv420p", "yuv444p", "yuvj420p", "gbrpf32le" };

/* Where a sample of the turned plane comes from. */
static void origin(uint32_t orientation, int32_t x, int32_t y, int32_t width, int32_t height,
                   int32_t *column, int32_t *row)
{
    const int32_t columns[9] = { 0, x, width - 1 - x, width - 1 - x, x,
                                 y, y, width - 1 - y, width - 1 - y };
    const int32_t rows[9] = {
        0, y, y, height - 1 - y, height - 1 - y, x, height - 1 - x, height - 1 - x, x
    };
    *column = columns[orientation];
    *row = rows[orientation];
}

static void *make(struct fw_image *image, const struct fw_format *format, int32_t width,
                  int32_t height)
{
    struct fw_image_layout layout;
    cr_assert_eq(fw_image_layout(&layout, format, width, height), 0);
    uint8_t *bytes = aligned_alloc(FW_IMAGE_ALIGN, layout.bytes);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < layout.bytes; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    fw_image_map(image, &layout, format, width, height, bytes);
    return bytes;
}

static void check_plane(const struct fw_image *from, const struct fw_image *to, uint32_t plane,
                        uint32_t orientation)
{
    size_t bytes = fw_format_row_bytes(from->format, plane, 1);
    int32_t width = fw_format_plane_width(from->format, plane, from->width);
    int32_t height = fw_format_plane_height(from->format, plane, from->height);
    for (int32_t y = 0; y < fw_format_plane_height(to->format, plane, to->height); y++) {
        for (int32_t x = 0; x < fw_format_plane_width(to->format, plane, to->width); x++) {
            int32_t column, row;
            origin(orientation, x, y, width, height, &column, &row);
            cr_assert_arr_eq(to->data[plane] + y * to->stride[plane] + (size_t)x * bytes,
                             from->data[plane] + row * from->stride[plane] + (size_t)column * bytes,
                             bytes, "%s orientation %u at %d, %d", from->format->name, orientation,
                             x, y);
        }
    }
}

Test(turn, every_orientation)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const struct fw_format *format = fw_format_find(formats[i]);
        cr_assert_not_null(format, "%s", formats[i]);
        for (uint32_t orientation = 1; orientation <= 8; orientation++) {
            struct fw_image from, to;
            struct fw_video video = {
                .format = format, .width = 7, .height = 5, .sample_aspect = { 4, 3 }
            };
            cr_assert(fw_turn_fits(format, orientation));
            fw_turn_video(&video, orientation);
            bool swapped = orientation >= 5;
            cr_assert_eq(video.width, swapped ? 5 : 7);
            cr_assert_eq(video.height, swapped ? 7 : 5);
            cr_assert_eq(video.sample_aspect.num, swapped ? 3 : 4);
            void *source = make(&from, format, 7, 5);
            void *target = make(&to, format, video.width, video.height);
            fw_turn_image(&from, &to, orientation);
            for (uint32_t plane = 0; plane < format->plane_count; plane++)
                check_plane(&from, &to, plane, orientation);
            free(source);
            free(target);
        }
    }
}

Test(turn, formats_that_cannot)
{
    cr_assert_not(fw_turn_fits(fw_format_find("yuv422p"), 6));
    cr_assert(fw_turn_fits(fw_format_find("yuv422p"), 3));
    cr_assert_not(fw_turn_fits(fw_format_find("yuyv422"), 2));
    cr_assert_not(fw_turn_fits(fw_format_find("monob"), 2));
    cr_assert_not(fw_turn_fits(fw_format_find("pal8"), 2));
    cr_assert(fw_turn_fits(fw_format_find("pal8"), 1));
}
