/* Layout rules and copies. */
#include "format.h"
#include "image.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(image, layout_keeps_its_rules_for_every_format)
{
    static const int32_t sizes[][2] = {
        { 1, 1 }, { 65, 47 }, { 1024, 3 }, { 2048, 2 }, { 16384, 1 }
    };
    for (uint32_t id = 0; id < fw_format_count(); id++) {
        const struct fw_format *format = fw_format_at(id);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct fw_image_layout layout;
            cr_assert_eq(fw_image_layout(&layout, format, sizes[i][0], sizes[i][1]), 0);
            size_t end = 0;
            for (uint32_t plane = 0; plane < format->plane_count; plane++) {
                cr_assert_eq(layout.stride[plane] % FW_IMAGE_ALIGN, 0);
                cr_assert_neq(layout.stride[plane] % 1024, 0);
                cr_assert_geq(layout.stride[plane],
                              fw_format_row_bytes(format, plane, sizes[i][0]));
                cr_assert_eq(layout.offset[plane] % FW_IMAGE_ALIGN, 0);
                cr_assert_geq(layout.offset[plane], end);
                size_t rows = (size_t)fw_format_plane_height(format, plane, sizes[i][1]);
                end = layout.offset[plane] + layout.stride[plane] * rows + FW_IMAGE_GUARD;
            }
            cr_assert_geq(layout.bytes, end);
            cr_assert_eq(layout.bytes % FW_IMAGE_ALIGN, 0);
        }
    }
}

Test(image, sizes_out_of_range_are_refused)
{
    struct fw_image_layout layout;
    const struct fw_format *format = fw_format_find("rgba64le");
    cr_assert_eq(fw_image_layout(&layout, format, 0, 5), -1);
    cr_assert_eq(fw_image_layout(&layout, format, 5, -1), -1);
    cr_assert_eq(fw_image_layout(&layout, format, 32769, 5), -1);
    cr_assert_eq(fw_image_layout(&layout, NULL, 5, 5), -1);
    cr_assert_eq(fw_image_layout(&layout, format, 32768, 32768), 0);
}

Test(image, copy_takes_negative_strides_and_leaves_padding_alone)
{
    const struct fw_format *format = fw_format_find("yuv420p");
    struct fw_image_layout layout;
    struct fw_image src;
    struct fw_image dst;
    cr_assert_eq(fw_image_layout(&layout, format, 5, 3), 0);
    uint8_t *from = aligned_alloc(64, layout.bytes);
    uint8_t *to = aligned_alloc(64, layout.bytes);
    for (size_t i = 0; i < layout.bytes; i++)
        from[i] = (uint8_t)i;
    memset(to, 0xEE, layout.bytes);
    fw_image_map(&src, &layout, format, 5, 3, from);
    fw_image_map(&dst, &layout, format, 5, 3, to);
    src.data[0] += 2 * src.stride[0];
    src.stride[0] = -src.stride[0];
    fw_image_copy(&dst, &src);
    cr_assert_eq(memcmp(dst.data[0], from + 2 * layout.stride[0], 5), 0);
    cr_assert_eq(memcmp(dst.data[0] + 2 * dst.stride[0], from, 5), 0);
    cr_assert_eq(dst.data[0][5], 0xEE);
    cr_assert_eq(memcmp(dst.data[2], src.data[2], 3), 0);
    free(from);
    free(to);
}
