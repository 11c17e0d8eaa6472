/* PNG files: what is written is read back by libpng's own simple interface. */
#include "pipeline/png_write.h"

#include "filters/format.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <png.h>

#define WIDTH 37
#define HEIGHT 11
#define STRIDE 320

static void fill(uint8_t *pixels, size_t bytes)
{
    uint32_t state = 1;
    for (size_t i = 0; i < bytes; i++) {
        state = state * 1664525u + 1013904223u;
        pixels[i] = (uint8_t)(state >> 24);
    }
}

/* Whole files are compared by their rows: 8 bits straight, 16 bits as stored, big-endian. */
static void round_trip(const char *name, int channels, int depth)
{
    struct fw_error err = { 0 };
    static uint8_t pixels[HEIGHT * STRIDE];
    fill(pixels, sizeof(pixels));
    const struct fw_image image = { .format = fw_format_find(name),
                                    .width = WIDTH,
                                    .height = HEIGHT,
                                    .data = { pixels },
                                    .stride = { STRIDE } };
    int fd = memfd_create("png", MFD_CLOEXEC);
    cr_assert_eq(fw_png_write(fd, &image, 1, &err), FW_OK, "%s: %s", name, err.text);
    (void)lseek(fd, 0, SEEK_SET);
    FILE *file = fdopen(fd, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    cr_assert_eq(png_get_image_width(png, info), WIDTH);
    cr_assert_eq(png_get_image_height(png, info), HEIGHT);
    cr_assert_eq(png_get_channels(png, info), channels);
    cr_assert_eq(png_get_bit_depth(png, info), depth);
    const bool swapped = strstr(name, "le") != NULL;
    const size_t row_bytes = png_get_rowbytes(png, info);
    for (int y = 0; y < HEIGHT; y++) {
        const uint8_t *row = png_get_rows(png, info)[y];
        for (size_t i = 0; i < row_bytes; i++)
            cr_assert_eq(row[i], pixels[(size_t)y * STRIDE + (swapped ? i ^ 1u : i)], "%s", name);
    }
    png_destroy_read_struct(&png, &info, NULL);
    (void)fclose(file);
}

Test(png_write, keeps_every_sample)
{
    round_trip("gray", 1, 8);
    round_trip("ya8", 2, 8);
    round_trip("rgb24", 3, 8);
    round_trip("rgba", 4, 8);
    round_trip("gray16le", 1, 16);
    round_trip("gray16be", 1, 16);
    round_trip("ya16le", 2, 16);
    round_trip("rgb48le", 3, 16);
    round_trip("rgb48be", 3, 16);
    round_trip("rgba64le", 4, 16);
    round_trip("rgba64be", 4, 16);
}

Test(png_write, says_what_it_cannot)
{
    struct fw_error err = { 0 };
    static uint8_t pixels[HEIGHT * STRIDE];
    struct fw_image image = { .format = fw_format_find("yuv420p"),
                              .width = WIDTH,
                              .height = HEIGHT,
                              .data = { pixels },
                              .stride = { STRIDE } };
    cr_expect_eq(fw_png_write(1, &image, 1, &err), FW_ERR_USAGE);
    cr_expect_str_eq(err.text, "PNG cannot hold yuv420p");

    err = (struct fw_error){ 0 };
    image.format = fw_format_find("gray");
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    cr_expect_eq(fw_png_write(full, &image, 1, &err), FW_ERR_OUTPUT);
    cr_expect_not_null(strstr(err.text, "No space left"), "%s", err.text);
    (void)close(full);
    cr_expect_eq(fw_png_write(-1, &image, 1, NULL), FW_ERR_OUTPUT);
}
