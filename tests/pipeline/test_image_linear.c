/* Linear light: the curve, both ways, and that a mean of light is one. */
#include "pipeline/image_linear.h"

#include "filters/format.h"

#include <criterion/criterion.h>
#include <math.h>

static struct fw_linear *linear;

static void open_tables(void)
{
    cr_assert_eq(fw_linear_create(&linear, NULL), FW_OK);
}

static void close_tables(void)
{
    fw_linear_destroy(linear);
}

static struct fw_image image_of(const char *format, int32_t width, void *row, size_t bytes)
{
    return (struct fw_image){ .format = fw_format_find(format),
                              .width = width,
                              .height = 1,
                              .data = { row },
                              .stride = { (ptrdiff_t)bytes } };
}

TestSuite(image_linear, .init = open_tables, .fini = close_tables);

Test(image_linear, every_code_of_8_bits_comes_back)
{
    uint8_t codes[256], back[256];
    uint16_t light[256];
    for (int i = 0; i < 256; i++)
        codes[i] = (uint8_t)i;
    struct fw_image in = image_of("gray", 256, codes, sizeof(codes));
    struct fw_image middle = image_of("gray16le", 256, light, sizeof(light));
    struct fw_image out = image_of("gray", 256, back, sizeof(back));
    fw_linear_expand(linear, &in, &middle);
    fw_linear_compress(linear, &middle, &out);
    cr_expect_arr_eq(back, codes, sizeof(codes));
    for (int i = 0; i < 256; i++) {
        double stored = i / 255.0;
        double wanted = stored <= 0.04045 ? stored / 12.92 : pow((stored + 0.055) / 1.055, 2.4);
        cr_expect_lt(fabs(light[i] - 65535 * wanted), 0.51, "code %d: %u", i, light[i]);
    }
}

Test(image_linear, black_and_white_are_half_the_light_together)
{
    uint16_t mean = (0 + 65535) / 2;
    uint8_t code = 0;
    struct fw_image middle = image_of("gray16le", 1, &mean, 2);
    struct fw_image out = image_of("gray", 1, &code, 1);
    fw_linear_compress(linear, &middle, &out);
    cr_expect_eq(code, 188, "%u", code);
}

Test(image_linear, alpha_is_no_light)
{
    uint8_t pixel[4] = { 255, 0, 188, 128 }, back[4];
    uint16_t light[4];
    struct fw_image in = image_of("rgba", 1, pixel, 4);
    struct fw_image middle = image_of("rgba64le", 1, light, 8);
    struct fw_image out = image_of("rgba", 1, back, 4);
    fw_linear_expand(linear, &in, &middle);
    cr_expect_eq(light[3], 128 * 257);
    cr_expect_eq(light[0], 65535);
    fw_linear_compress(linear, &middle, &out);
    cr_expect_arr_eq(back, pixel, 4);
}

Test(image_linear, formats_have_a_counterpart_or_none)
{
    cr_expect_str_eq(fw_linear_format(fw_format_find("ya8"))->name, "ya16le");
    cr_expect_str_eq(fw_linear_format(fw_format_find("rgb48le"))->name, "rgb48le");
    cr_expect_null(fw_linear_format(fw_format_find("yuvj420p")));
    cr_expect_null(fw_linear_format(fw_format_find("pal8")));
    cr_expect_str_eq(fw_linear_stored(fw_format_find("gbrap16le"), 8)->name, "rgba");
    cr_expect_str_eq(fw_linear_stored(fw_format_find("gray16le"), 16)->name, "gray16le");
}
